"""What counters tell that is nonsense is never energy, whoever reads them."""

import math
import pickle

import pytest

from eahas_plugins.energy import (
    AboveIdleMeter,
    MeterError,
    NvmlMeter,
    Provenance,
    RaplMeter,
    Reading,
    Share,
    SumMeter,
    WholeDeviceMeter,
    ZeusMeter,
    between,
    power,
)
from eahas_plugins.energy.counter import Counter
from eahas_plugins.energy.roster import Roster
from tests.eahas_plugins.energy.machines import Cpus, Gpus, Nvml, add_zone

NO_STATES = [-1, -(2**31), 2**63 - 1, 2**64 - 1, math.nan, math.inf]


def joules(before, after):
    return 3.6e6 * (after.energy_kwh - before.energy_kwh)


def test_a_counter_that_was_away_is_no_energy():
    counter = Counter(5e9, 0.0, per_joule=1e3, max_watts=1e4, slack_j=1e4)
    assert counter.advance(0.0, 1.0)  # began anew, as far as one can tell
    assert not counter.advance(500.0, 1.0)
    assert not counter.advance(5e9 + 2_000.0, 1.0)  # it has come back
    assert counter.total == 2_000.0
    assert counter.advance(1_000.0, 1.0)  # and now it does begin anew
    assert not counter.advance(4_000.0, 1.0)
    assert counter.total == 6_000.0


@pytest.mark.parametrize("bad", NO_STATES)
def test_what_is_no_state_of_a_gpus_counter(bad):
    driver = Nvml(2)
    driver.mj[:] = [5_000, 5_000]
    meter = NvmlMeter(nvml=driver)
    before = meter.read()
    driver.mj[:] = [bad, 6_000]
    assert joules(before, meter.read()) == pytest.approx(1.0)
    driver.mj[:] = [8_000, 6_000]
    assert joules(before, meter.read()) == pytest.approx(4.0)
    driver.mj[:] = [bad, bad]
    with pytest.raises(MeterError, match="is no state of a counter"):
        meter.read()


@pytest.mark.parametrize("bad", ["-1", str(2**64 - 1), "nan", ""])
def test_what_is_no_state_of_a_rapl_counter(bad, tmp_path):
    package = add_zone(tmp_path, "intel-rapl:0", "package-0", uj=5_000_000)
    memory = add_zone(tmp_path, "intel-rapl:0:0", "dram")
    meter = RaplMeter(tmp_path)
    before = meter.read()
    package.write_text(bad)
    memory.write_text("1000000")
    assert joules(before, meter.read()) == pytest.approx(1.0)
    package.write_text("8000000")
    assert joules(before, meter.read()) == pytest.approx(4.0)


def test_a_rapl_counter_that_was_away_is_no_energy(tmp_path):
    package = add_zone(tmp_path, "intel-rapl:0", "package-0", uj=50_000_000_000)
    meter = RaplMeter(tmp_path)
    before = meter.read()
    package.write_text("0")
    meter.read()
    package.write_text("50000500000")
    assert joules(before, meter.read()) == pytest.approx(0.5)


def test_zones_of_one_name_are_two_devices(tmp_path):
    zones = [add_zone(tmp_path, f"intel-rapl:{i}", "package-0") for i in range(2)]
    meter = RaplMeter(tmp_path)
    before = meter.read()
    for zone, uj in zip(zones, (10_000_000, 20_000_000), strict=True):
        zone.write_text(str(uj))
    assert joules(before, meter.read()) == pytest.approx(30.0)
    assert len(set(meter.provenance.device_ids)) == 2


def test_a_counter_that_wraps_faster_than_it_can_be_read_is_left_out(tmp_path):
    add_zone(tmp_path, "intel-rapl:0", "package-0", range_uj=1_000)
    with pytest.raises(MeterError, match="wraps around sooner"):
        RaplMeter(tmp_path)


@pytest.mark.parametrize("bad", [math.nan, -1.0, 4_294_967_295.0, math.inf])
def test_what_is_no_power_is_not_summed_up(bad, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(power.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(power, "keep_reading", lambda *_: None)
    driver = Nvml(1)
    driver.mj[0], driver.milliwatts[0] = None, 100_000.0
    meter = NvmlMeter(nvml=driver)
    before = meter.read()
    now[0] += 1.0
    driver.milliwatts[0] = bad
    with pytest.raises(MeterError, match="no power of a device"):
        meter.read()
    now[0] += 1.0
    driver.milliwatts[0] = 100_000.0
    assert joules(before, meter.read()) == pytest.approx(200.0)


class Breaking(Nvml):
    """A driver that answers for GPU 1 in ways that are not NVML's."""

    def __init__(self, **answers):
        super().__init__(2)
        self.answers = answers

    def __getattribute__(self, name):
        answers = object.__getattribute__(self, "__dict__").get("answers", {})
        good = object.__getattribute__(self, name)
        if name not in answers:
            return good
        return lambda handle: answers[name]() if handle == 1 else good(handle)


def raises(error):
    def answer():
        raise error

    return answer


@pytest.mark.parametrize(
    ("answers", "counted"),
    [
        ({"nvmlDeviceGetName": lambda: b"\xff\xfeA100"}, 2),
        ({"nvmlDeviceGetUUID": raises(OSError("bus"))}, 1),
        ({"nvmlDeviceGetTotalEnergyConsumption": raises(RuntimeError("mismatch"))}, 1),
        ({"nvmlDeviceGetTotalEnergyConsumption": raises(AttributeError("no such"))}, 1),
    ],
)
def test_one_gpu_whose_driver_breaks_does_not_cost_the_others(answers, counted):
    meter = NvmlMeter(nvml=Breaking(**answers))
    assert len(meter.provenance.devices) == counted
    assert len(meter.provenance.left_out) == 2 - counted


@pytest.mark.parametrize("devices", [0, "GPU-0", "0", ["0"], [True], [1.0], [None], {0: 1}])
def test_what_names_no_gpu_is_refused(devices):
    with pytest.raises(ValueError, match="devices must be a list of numbers and UUIDs"):
        NvmlMeter(devices, nvml=Nvml(2))


class Library:
    """The module ``zeus.device``."""

    def __init__(self, gpus, cpus):
        self.gpus, self.cpus = gpus, cpus

    def get_gpus(self):
        return self.gpus

    def get_cpus(self):
        return self.cpus


def zeus(gpus, cpus):
    return ZeusMeter(cpus=True, devices=Library(gpus, cpus))


def test_a_device_of_zeus_that_begins_anew_is_an_error_once():
    gpus, cpus = Gpus("MI250"), Cpus(1)
    gpus.mj[0] = 10_000
    meter = zeus(gpus, cpus)
    before = meter.read()
    gpus.mj[0], cpus.mj = 0, 50_000
    with pytest.raises(MeterError, match="MI250 was reset"):
        meter.read()
    gpus.mj[0] = 3_000
    assert {
        k: round(3.6e6 * kwh) for k, kwh in between(before, meter.read()).parts_kwh.items()
    } == {
        "gpu": 3,
        "cpu": 50,
    }


@pytest.mark.parametrize("bad", [*NO_STATES, "nothing"])
def test_a_device_of_zeus_that_tells_nonsense_does_not_cost_the_others(bad):
    gpus = Gpus("A", "B")
    meter = zeus(gpus, Cpus(0))
    before = meter.read()
    gpus.mj = [bad, 1_000]
    assert joules(before, meter.read()) == pytest.approx(1.0)
    gpus.mj = [2_000, 1_000]
    assert joules(before, meter.read()) == pytest.approx(3.0)


class Own:
    """A meter of a user's own, that tells whatever it is told."""

    provenance = Provenance(
        kind="measured", meter="own", sampling="", scope="machine", device_ids=("gpu:a", "cpu:b")
    )

    def __init__(self):
        self.gpu, self.cpu, self.now_s = 1.0, 1.0, 10.0

    def read(self):
        self.now_s += 1.0
        return Reading.of_devices(
            {"gpu:a": {"gpu": self.gpu}, "cpu:b": {"cpu": self.cpu}},
            monotonic_s=self.now_s,
            provenance=self.provenance,
        )


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_number_that_is_none_is_an_error_and_made_up_for(bad, tmp_path):
    own = Own()
    share = Share(own, roster=Roster(folder=tmp_path))
    own.gpu = bad
    with pytest.raises(MeterError, match="gpu:a must be a finite number"):
        share.read()
    own.gpu = 3.0
    assert share.read().energy_kwh == 2.0
    own.gpu = bad
    with pytest.raises(MeterError, match="gpu:a must be a finite number"):
        Share(own, roster=Roster(folder=tmp_path))
    with pytest.raises(MeterError, match="gpu:a must be a finite number"):
        AboveIdleMeter(own, idle_watts={"gpu": 1.0})


def test_a_device_that_counts_backwards_is_an_error_once(tmp_path):
    own = Own()
    share = Share(own, roster=Roster(folder=tmp_path))
    before = own.read()
    own.gpu, own.cpu = 0.5, 3.0
    with pytest.raises(MeterError, match="gpu:a does"):
        between(before, own.read())
    with pytest.raises(MeterError, match="gpu:a ran backwards"):
        share.read()
    assert share.latest.parts_kwh == {"gpu": 0.0, "cpu": 2.0}
    own.gpu = 0.75
    assert share.read().parts_kwh == {"gpu": 0.25, "cpu": 2.0}


def test_a_clock_that_runs_backwards_is_refused(tmp_path):
    own = Own()
    share = Share(own, roster=Roster(folder=tmp_path))
    own.now_s, own.gpu = 0.0, 2.0
    with pytest.raises(MeterError, match=r"time.monotonic\(\)"):
        share.read()


def travelled(meter):
    return pickle.loads(pickle.dumps(meter))


def test_meters_travel_to_other_processes(tmp_path):
    counter = add_zone(tmp_path, "intel-rapl:0", "package-0")
    rapl = RaplMeter(tmp_path)
    wrapped = SumMeter(
        [
            AboveIdleMeter(rapl, idle_watts={"cpu": 0.0}),
            WholeDeviceMeter(NvmlMeter([1], nvml=Nvml(2)), pue=2.0),
        ]
    )
    for meter in (rapl, wrapped, zeus(Gpus("A"), Cpus(1))):
        there = travelled(meter)
        assert there.provenance == meter.provenance
        there.read()
    there = travelled(wrapped)
    before = there.read()
    counter.write_text("2000000")
    assert joules(before, there.read()) == pytest.approx(2.0)
