import pytest

from eahas_plugins.energy import (
    CpuTimeMeter,
    FakeMeter,
    MeterError,
    NvmlMeter,
    Provenance,
    Reading,
    RecordingMeter,
    ReplayMeter,
    Share,
    between,
)
from tests.eahas_plugins.energy.machines import Nvml


def test_what_was_recorded_is_replayed_exactly(tmp_path):
    path = tmp_path / "readings.jsonl"
    meter = RecordingMeter(CpuTimeMeter(watts_per_core=10.0, idle_watts=1.0), path)
    readings = [meter.read() for _ in range(3)]
    replay = ReplayMeter(path)
    assert replay.provenance == meter.provenance
    assert [replay.read() for _ in range(3)] == readings
    with pytest.raises(MeterError, match="all 3 recorded readings"):
        replay.read()


def test_readings_of_gpus_are_recorded_too(tmp_path):
    driver = Nvml(2)
    meter = RecordingMeter(NvmlMeter(nvml=driver), tmp_path / "readings.jsonl")
    before = meter.read()
    driver.mj[:] = [1_000, 2_000]
    measured = between(before, meter.read())
    replay = ReplayMeter(tmp_path / "readings.jsonl")
    assert between(replay.read(), replay.read()) == measured


BAD_LINES = ("[", "[" * 5000, "3", "{}", '{"provenance": 3}', '{"energy_kwh": NaN}', '"text"')


@pytest.mark.parametrize("line", BAD_LINES)
def test_a_line_that_is_no_reading_is_named(tmp_path, line):
    path = tmp_path / "readings.jsonl"
    meter = RecordingMeter(FakeMeter(), path)
    meter.read()
    with path.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(ValueError, match=r"readings\.jsonl, line 2"):
        ReplayMeter(path)


def test_epochs_of_known_power_and_time_give_their_energy():
    provenance = Provenance(kind="measured", meter="nvml", sampling="", scope="machine")
    epochs = [(10.0, 90.0), (2.5, 250.0), (0.125, 40.0), (3600.0, 1000.0)]  # seconds, watts
    readings = [Reading(energy_kwh=0.0, monotonic_s=0.0, provenance=provenance)]
    for seconds, watts in epochs:
        readings.append(
            Reading(
                energy_kwh=readings[-1].energy_kwh + seconds * watts / 3.6e6,
                monotonic_s=readings[-1].monotonic_s + seconds,
                provenance=provenance,
            )
        )
    meter = ReplayMeter(readings)
    before = first = meter.read()
    for seconds, watts in epochs:
        after = meter.read()
        assert between(before, after).watts == pytest.approx(watts)
        assert between(before, after).energy_kwh == pytest.approx(seconds * watts / 3.6e6)
        before = after
    assert between(first, before).energy_kwh == pytest.approx(1.0 + (900 + 625 + 5) / 3.6e6)


def test_no_reading_and_falling_readings_are_refused():
    meter = FakeMeter()
    first = meter.read()
    meter.advance(kwh=1.0)
    second = meter.read()
    with pytest.raises(ValueError, match="at least one reading"):
        ReplayMeter([])
    with pytest.raises(ValueError, match="reading 1 does"):
        ReplayMeter([second, first])


GOOD = (
    '{"energy_kwh": 1.0, "monotonic_s": 2.0, "provenance": {"kind": "measured", "meter": "nvml", '
    '"sampling": "", "scope": "machine"}}'
)


@pytest.mark.parametrize(
    "line",
    [
        "[" * 5000,
        "[]",
        GOOD.replace("1.0", "NaN"),
        GOOD.replace("1.0", "1" * 400),
        GOOD.replace("1.0", "null"),
        GOOD.replace("1.0", '"1"'),
        GOOD.replace('"energy_kwh"', '"kwh"'),
        GOOD.replace('"kind"', '"sort"'),
        GOOD.replace('"measured"', '"guessed"'),
        GOOD.replace("}}", '}, "parts_kwh": [1]}'),
        GOOD.replace("}}", '}, "devices_kwh": {"gpu": 1.0}}'),
        GOOD[:40],
    ],
)
def test_a_line_that_is_no_reading_is_a_value_error_that_names_it(tmp_path, line):
    path = tmp_path / "readings.jsonl"
    path.write_text(f"{GOOD}\n{line}\n")
    with pytest.raises(ValueError, match=r"readings\.jsonl, line 2"):
        ReplayMeter(path)
    path.write_text(f"{GOOD}\n")
    assert ReplayMeter(path).read().energy_kwh == 1.0


def test_each_fake_is_a_device_of_its_own():
    one, other = FakeMeter(), FakeMeter()
    shares = [Share(one), Share(other)]
    for meter in (one, other):
        meter.advance(kwh=1.0)
    assert [share.leave().energy_kwh for share in shares] == [1.0, 1.0]


def test_those_who_are_given_the_same_fake_share_it():
    meter = FakeMeter()
    shares = [Share(meter), Share(meter)]
    meter.advance(kwh=1.0)
    assert [share.leave().energy_kwh for share in shares] == [0.5, 0.5]
