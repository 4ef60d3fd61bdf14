"""Runs whose numbers are known."""

from __future__ import annotations

from typing import Any

from eahas_plugins.report import EnergySource, Objective, RunSummary, TrialSummary

METERED = EnergySource(kind="measured", meter="nvml", scope="machine", devices=("GPU 0",))
ESTIMATED = EnergySource(kind="estimated", meter="cpu-time")


def trial(number: int, state: Any = "complete", **given: Any) -> TrialSummary:
    values = given.pop("values", ())
    fields: dict[str, Any] = {
        "name": f"trial {number}",
        "state": state,
        "values": values,
        "eligible": bool(values) and state == "complete",
        "config": {"x": number},
        "group": str(number),
        "ended_s": float(number),
        "source": METERED,
    }
    return TrialSummary(**{**fields, **given})


def run(*trials: TrialSummary, **given: Any) -> RunSummary:
    fields: dict[str, Any] = {
        "name": "hand-made",
        "host": "Optuna",
        "objectives": (Objective(name="accuracy", maximize=True),),
    }
    return RunSummary(**{**fields, **given}, trials=trials)


def small(**given: Any) -> RunSummary:
    """0.01 kWh spent of 0.02: two complete, a pruned, a cut, a failed and a running trial."""
    return run(
        trial(0, energy_kwh=0.002, values=(0.8,)),
        trial(1, "pruned", energy_kwh=0.001, planned_kwh=0.003),
        trial(2, energy_kwh=0.004, values=(0.9,), source=ESTIMATED),
        trial(3, "cut", energy_kwh=0.0015),
        trial(4, "failed", energy_kwh=0.0005, by_expectation=True, source=ESTIMATED),
        trial(5, "running", energy_kwh=0.001, ended_s=float("inf")),
        **{"cap_kwh": 0.02, **given},
    )
