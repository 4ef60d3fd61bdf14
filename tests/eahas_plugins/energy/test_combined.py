"""A sum of meters of which one stops to answer."""

import pickle

import pytest

from eahas_plugins.energy import (
    FakeMeter,
    MeterError,
    NvmlMeter,
    RaplMeter,
    Share,
    SumMeter,
    combined,
    counter,
)
from eahas_plugins.energy.roster import Roster
from tests.eahas_plugins.energy.machines import Nvml, add_zone


class Machine:
    """One GPU and one CPU package; each used 1 J at every step."""

    def __init__(self, folder):
        self.driver = Nvml(1)
        self.file = add_zone(folder, "intel-rapl:0", "package-0")
        self.meter = SumMeter([NvmlMeter(nvml=self.driver), RaplMeter(folder)])
        self.steps = 0

    def step(self, *, lost=()):
        self.steps += 1
        self.driver.mj[0] = None if "gpu" in lost else 1_000 * self.steps
        self.file.unlink(missing_ok=True)
        if "cpu" not in lost:
            self.file.write_text(str(1_000_000 * self.steps))


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def joules(reading):
    return {part: pytest.approx(3.6e6 * kwh) for part, kwh in reading.parts_kwh.items()}


@pytest.mark.parametrize("lost", ["gpu", "cpu"])
def test_it_stands_still_until_it_answers_and_the_other_counts(
    machine, lost, tmp_path, caplog, monkeypatch
):
    monkeypatch.setattr(counter._log, "disabled", False)
    share = Share(machine.meter, roster=Roster(folder=tmp_path / "roster"))
    other = {"gpu": "cpu", "cpu": "gpu"}[lost]
    machine.step()
    times_s = [share.read().monotonic_s]
    for _ in range(2):
        machine.step(lost=lost)
        times_s.append(share.read().monotonic_s)
    assert joules(share.latest) == {lost: 1.0, other: 3.0}
    assert times_s == sorted(set(times_s))  # time does not stand still with it
    machine.step()
    assert joules(share.read()) == {"gpu": 4.0, "cpu": 4.0}
    (told,) = caplog.messages
    assert "is left out until it does" in told


def test_if_none_answers_that_is_an_error_and_made_up_for(machine):
    machine.meter.read()
    machine.step(lost=("gpu", "cpu"))
    with pytest.raises(MeterError, match="does not answer"):
        machine.meter.read()
    machine.step()
    assert joules(machine.meter.read()) == {"gpu": 2.0, "cpu": 2.0}


def test_what_has_never_answered_does_not_stand_anywhere(machine):
    machine.step(lost="cpu")
    with pytest.raises(MeterError, match="RAPL no longer answers"):
        machine.meter.read()


def test_a_counter_that_began_anew_is_an_error_once(machine):
    machine.step()
    machine.meter.read()
    machine.steps = -1
    machine.step()
    with pytest.raises(MeterError, match="was reset"):
        machine.meter.read()
    machine.step()
    assert joules(machine.meter.read()) == {"gpu": 2.0, "cpu": 2.0}


def test_a_share_that_begins_with_it_does_not_mind(machine, tmp_path):
    machine.step()
    machine.meter.read()
    machine.driver.mj[0] = 0  # reset between two trials
    share = Share(machine.meter, roster=Roster(folder=tmp_path / "roster"))
    machine.steps = 0
    machine.step()
    assert share.read().parts_kwh["gpu"] == pytest.approx(1.0 / 3.6e6)


@pytest.mark.parametrize("scope", ["machine", "process"])
def test_one_meter_given_twice_is_refused(scope):
    meter = FakeMeter(scope=scope)
    with pytest.raises(ValueError, match="each device must be counted by one meter but"):
        SumMeter([meter, meter])
    assert len(SumMeter([meter, FakeMeter(scope=scope)]).provenance.device_ids) == 2


def test_it_travels_after_it_was_read():
    driver = Nvml(1)
    meter = SumMeter([NvmlMeter(nvml=driver), FakeMeter()])
    meter.read()  # with what asks the driver for users
    assert pickle.loads(pickle.dumps(meter)).provenance == meter.provenance


def test_the_whole_is_an_estimate_if_a_part_is(machine):
    nvml, rapl = (part.meter.provenance for part in machine.meter._parts)
    estimate = FakeMeter(scope="machine").provenance
    assert combined.provenance_of_all([nvml]) is nvml
    assert combined.provenance_of_all([nvml, rapl]).kind == "measured"
    whole = combined.provenance_of_all([nvml, estimate, rapl])
    assert (whole.kind, whole.meter) == ("estimated", "nvml + fake + rapl")
    assert whole.part_kinds["gpu"] == "measured"
    assert len(whole.devices) == len(whole.device_ids) == 3
