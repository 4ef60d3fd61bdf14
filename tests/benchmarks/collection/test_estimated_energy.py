from typing import Any

import pytest

from benchmarks.collection.estimated_energy import with_estimated_energy


def _record(**changes: Any) -> dict[str, Any]:
    return {
        "schema": 1,
        "config": {"depth": 4},
        "run": 3,
        "train_cpu_s": [2.0, 1.0],
        "inference_cpu_s": 0.5,
        "complexity": {"params": 1000, "flops": 10**6, "activations": 10**5},
        **changes,
    }


def test_the_estimate_adds_time_arithmetic_and_bytes() -> None:
    energy_kwh = with_estimated_energy(_record())["energy_kwh"]
    # 5 W x 1 s + 130 pJ x 3 x 4,000 x 1e6 + 244 pJ x (3 x 24 x 4,000 x 1e5 + 32 x 40 x 1,000)
    assert energy_kwh[1] * 3.6e6 == pytest.approx(5.0 + 1.56 + 244e-12 * (28.8e9 + 1.28e6))
    assert (energy_kwh[0] - energy_kwh[1]) * 3.6e6 == pytest.approx(5.0)


def test_the_record_says_that_its_energy_is_estimated() -> None:
    meter = with_estimated_energy(_record())["meter"]
    assert meter["kind"] == "estimated"
    assert 0.0 < meter["low_over_central"] < 1.0 < meter["high_over_central"]


def test_time_and_energy_are_different_axes() -> None:
    slow = with_estimated_energy(_record())
    dense = with_estimated_energy(
        _record(
            train_cpu_s=[1.5, 1.0],
            complexity={"params": 1000, "flops": 10**7, "activations": 10**5},
        )
    )
    assert sum(dense["train_cpu_s"]) < sum(slow["train_cpu_s"])
    assert sum(dense["energy_kwh"]) > sum(slow["energy_kwh"])
