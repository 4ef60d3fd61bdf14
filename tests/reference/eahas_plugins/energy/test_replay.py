import csv

import pytest

from eahas_plugins.energy import Provenance, Reading, ReplayMeter, between


def test_recorded_v100_epochs_give_their_measured_energy(zeus):
    with (zeus / "summary_power_v100.csv").open() as file:
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
