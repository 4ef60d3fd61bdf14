"""The numbers of a report as JSON and CSV: in kWh, unrounded, unknown ones empty."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import asdict
from typing import Any

from eahas_plugins.report.numbers import Numbers
from eahas_plugins.report.run import TrialSummary
from eahas_plugins.report.statement import statement_of


def as_json(numbers: Numbers) -> dict[str, Any]:
    """The numbers as what JSON has, all of them finite."""
    run = numbers.run
    emissions = numbers.emissions
    found: dict[str, Any] = {
        "name": run.name,
        "host": run.host,
        "objectives": [asdict(objective) for objective in run.objectives],
        "spent_kwh": numbers.spent_kwh,
        "budget_kwh": run.cap_kwh,
        "n_trials": len(run.trials),
        "states": [asdict(state) for state in numbers.states],
        "unlisted_kwh": run.unlisted_kwh,
        "n_by_expectation": numbers.n_by_expectation,
        "mean_complete_kwh": numbers.mean_complete_kwh,
        "saved_by_pruning": None if numbers.pruning is None else asdict(numbers.pruning),
        "saved_by_short_trainings": None if numbers.short is None else asdict(numbers.short),
        "best": [trial.name for trial in numbers.best],
        "best_found_kwh": numbers.best_found_kwh,
        "energy_front": [trial.name for trial in numbers.front],
        "sources": [asdict(source) for source in numbers.sources],
        "emissions": None if emissions is None else asdict(emissions),
        "notes": list(run.notes),
        "statement": statement_of(numbers),
        "trials": [
            _trial(trial, kwh)
            for trial, kwh in zip(run.trials, numbers.cumulative_kwh, strict=True)
        ],
    }
    plain: dict[str, Any] = _plain(found)
    return plain


def as_csv(numbers: Numbers) -> str:
    """One line per trial, in the order in which they ended."""
    objectives = [objective.name for objective in numbers.run.objectives]
    rows = [
        _trial(trial, kwh)
        for trial, kwh in zip(numbers.run.trials, numbers.cumulative_kwh, strict=True)
    ]
    parameters = sorted({name for row in rows for name in row["config"]})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    fixed = [name for name in (rows[0] if rows else ()) if name not in ("values", "config")]
    writer.writerow(
        [*fixed, *(f"value.{name}" for name in objectives), *(f"config.{p}" for p in parameters)]
    )
    for row in rows:
        values = [*row["values"], *[None] * (len(objectives) - len(row["values"]))]
        cells = [*(row[name] for name in fixed), *values]
        cells += [row["config"].get(name) for name in parameters]
        writer.writerow(["" if cell is None else cell for cell in cells])
    return text.getvalue()


def _trial(trial: TrialSummary, cumulative_kwh: float) -> dict[str, Any]:
    return {
        "trial": trial.name,
        "state": trial.state,
        "energy_kwh": trial.energy_kwh,
        "cumulative_kwh": cumulative_kwh,
        "training_kwh": trial.training_kwh,
        "planned_kwh": trial.planned_kwh,
        "by_expectation": trial.by_expectation,
        "length": trial.length,
        "runtime_s": trial.runtime_s,
        "kind": trial.source.kind,
        "meter": trial.source.meter,
        "may_be_best": trial.eligible,
        "values": list(trial.values),
        "config": dict(trial.config),
    }


def _plain(value: Any) -> Any:
    """The value as JSON has it; numbers that are not finite, which it lacks, become text."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)
