import csv
from pathlib import Path

import pytest

from eahas_plugins.energy import (
    CpuTimeMeter,
    FakeMeter,
    MeterError,
    Provenance,
    Reading,
    RecordingMeter,
    ReplayMeter,
    between,
)

ZEUS = Path(__file__).parents[4] / "shared" / "data" / "zeus" / "summary_power_v100.csv"


def test_what_was_recorded_is_replayed_exactly(tmp_path):
    path = tmp_path / "readings.jsonl"
    meter = RecordingMeter(CpuTimeMeter(watts_per_core=10.0, idle_watts=1.0), path)
    readings = [meter.read() for _ in range(3)]
    replay = ReplayMeter(path)
    assert replay.provenance == meter.provenance
    assert [replay.read() for _ in range(3)] == readings
    with pytest.raises(MeterError, match="all 3 recorded readings"):
        replay.read()


def test_recorded_v100_epochs_give_their_measured_energy():
    with ZEUS.open() as file:
        rows = list(csv.DictReader(file))[:50]
    provenance = Provenance(kind="measured", meter="nvml", sampling="", scope="machine")
    readings = [Reading(energy_kwh=0.0, monotonic_s=0.0, provenance=provenance)]
    for row in rows:
        seconds, watts = float(row["time_per_epoch"]), float(row["average_power"])
        readings.append(
            Reading(
                energy_kwh=readings[-1].energy_kwh + seconds * watts / 3.6e6,
                monotonic_s=readings[-1].monotonic_s + seconds,
                provenance=provenance,
            )
        )
    meter = ReplayMeter(readings)
    before = meter.read()
    for row in rows:
        after = meter.read()
        assert between(before, after).watts == pytest.approx(float(row["average_power"]))
        before = after


def test_no_reading_and_falling_readings_are_refused():
    meter = FakeMeter()
    first = meter.read()
    meter.advance(kwh=1.0)
    second = meter.read()
    with pytest.raises(ValueError, match="at least one reading"):
        ReplayMeter([])
    with pytest.raises(ValueError, match="reading 1 does"):
        ReplayMeter([second, first])
