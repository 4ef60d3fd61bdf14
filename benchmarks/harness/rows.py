"""The rows of a comparison: one file that is only ever appended to, and everything is redrawn from.

``rows.jsonl`` holds a header line (:class:`Header`) and then one line per trial (:class:`Row`). A
study's rows are appended in one write, and a crash can leave at most one half-written line, which
is reported and dropped. Rows of different tasks, budgets, versions or provenance never share a
file. In the file the columns are called by the task's metric: ``val_accuracy``, ``test_rmse``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from eahas_plugins.targets.metric import ACCURACY, Direction, Metric, metric_of

SCHEMA = 1
"""Version of the format.

1: first version.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What all rows of a file have in common.

    Args:
        task: Name of the problem.
        budget_kwh: Energy every study may spend, kWh.
        mean_training_kwh: Mean energy of a complete training over the space's prior, kWh.
        reference_test_metric: Best known noise-free test value of the task; None where nothing is
            known of it before its studies.
        reference: How that was found.
        provenance: Where the benchmark's numbers come from.
        versions: Versions of Python and of the packages that every study uses.
        mean_full_training_kwh: The same as ``mean_training_kwh`` of those with the longest
            schedule, where the budget counts these; None where it counts all schedules alike.
        metric: What trainings are judged by.
        direction: Whether it is maximised or minimised.
        incumbents_only: Whether studies have rows only of the trials that were better than all
            before them, and of their last; energies to a value need no others.
        schema: Version of the format.

    Raises:
        ValueError: If a number is out of range (NaN included).
    """

    task: str
    budget_kwh: float
    mean_training_kwh: float
    reference_test_metric: float | None
    reference: str
    provenance: Mapping[str, Any]
    versions: Mapping[str, str]
    mean_full_training_kwh: float | None = None
    metric: str = ACCURACY
    direction: Direction = "maximize"
    incumbents_only: bool = False
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        for name in ("budget_kwh", "mean_training_kwh", "mean_full_training_kwh"):
            value = getattr(self, name)
            if value is not None and not 0.0 < value < math.inf:
                raise ValueError(f"{name} must be positive and finite but is {value}")
        metric_of(self.metric, self.direction)
        _check(self, "reference_test_metric")

    @property
    def judged_by(self) -> Metric:
        """The metric and its direction."""
        return metric_of(self.metric, self.direction)

    @property
    def budget_trainings(self) -> float:
        """The budget in mean trainings of the kind that it counts."""
        return self.budget_kwh / (self.mean_full_training_kwh or self.mean_training_kwh)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One trial of one study.

    Args:
        method: Name of the method.
        energy_aware: Whether the method knows of energy; the others are the plain ones.
        host: The packages that only this method needs, with versions ("optuna 5.0.0").
        seed: Seed of the study.
        trial: Position in the study, from 0.
        final: Whether it is the study's last.
        kwh: Energy the study has spent when the trial ends, kWh; what runs on is part of it.
        runtime_s: Training time of the study until then, s; of several workers, simulated time.
        trial_kwh: Energy of this trial, kWh.
        epochs: Epochs trained.
        planned_epochs: Length of the trial's schedule.
        val_metric: Observed (noisy) validation value when the trial ended.
        test_metric: Test value of the same network: without noise where it comes from a
            benchmark, that of the very training where it was run.
        incumbent_test_metric: The same of the trial with the best observed validation value so
            far.
        inference_energy_kwh: Energy of one pass over the validation set, kWh.
        config: The configuration.
        workers: Trainings that the study ran at once.
        metric: What these values are; the header has it, and the names of the columns.

    Raises:
        ValueError: If an energy or a time is negative, an accuracy is no fraction, or a number
            is not finite.
    """

    method: str
    energy_aware: bool
    host: str
    seed: int
    trial: int
    final: bool
    kwh: float
    runtime_s: float | None
    trial_kwh: float
    epochs: int
    planned_epochs: int
    val_metric: float
    test_metric: float
    incumbent_test_metric: float
    inference_energy_kwh: float | None
    config: Mapping[str, Any]
    workers: int = 1
    metric: str = ACCURACY

    def __post_init__(self) -> None:
        if not self.kwh > 0.0:  # who has trained has spent; energy that nobody knows is not 0
            raise ValueError(f"kwh must be positive but is {self.kwh}")
        for name in ("kwh", "trial_kwh", "runtime_s", "inference_energy_kwh"):
            value = getattr(self, name)
            if value is not None and not 0.0 <= value < math.inf:
                raise ValueError(f"{name} must be finite and not negative but is {value}")
        for name in ("val_metric", "test_metric", "incumbent_test_metric"):
            _check(self, name)
        if not (self.epochs >= 1 and self.planned_epochs >= 1 and self.trial >= 0):
            raise ValueError("epochs must be at least 1, and trials are counted from 0")
        if not self.workers >= 1:
            raise ValueError(f"workers must be at least 1 but is {self.workers}")

    @property
    def study(self) -> tuple[str, int, int]:
        """Method, seed and number of workers."""
        return self.method, self.seed, self.workers


def _check(record: Header | Row, name: str) -> None:
    value, column = getattr(record, name), column_of(name, record.metric)
    if value is None:
        return
    if record.metric == ACCURACY and not 0.0 <= value <= 1.0:
        raise ValueError(f"{column} must lie in [0, 1] but is {value}")
    if not math.isfinite(value):
        raise ValueError(f"{column} must be finite but is {value}")


def column_of(field: str, metric: str) -> str:
    """What a file calls a field: ``val_metric`` is ``val_accuracy`` where that is the metric."""
    return f"{field.removesuffix('metric')}{metric}" if field.endswith("_metric") else field


def values_by_field(values: Mapping[str, Any], metric: str) -> dict[str, Any]:
    """The values of a file's line by the names of the fields."""
    names = _fields(metric)
    return {names.get(column, column): value for column, value in values.items()}


@cache
def _fields(metric: str) -> Mapping[str, str]:
    names = [field.name for kind in (Header, Row) for field in fields(kind)]
    return {column_of(name, metric): name for name in names}


class RowsError(ValueError):
    """A file of rows that cannot be used as asked."""


def refuse_mixing(new: Header, old: Header, where: Path, *, same: Iterable[str] = ()) -> None:
    """Check that two headers may stand behind rows of one comparison.

    Numbers agree to nine digits: the last ones of a mean or a best value depend on the processor
    and on how many threads add up.

    Args:
        new: Header of the rows to come.
        old: Header of the rows there are.
        where: Where the latter lie, for the message.
        same: Fields that must agree; all of them by default.

    Raises:
        RowsError: If a field differs.
    """
    names = tuple(same) or tuple(field.name for field in fields(Header))
    for name in names:
        ours, theirs = (_plain(getattr(header, name)) for header in (new, old))
        if (found := _difference(name, ours, theirs)) is not None:
            name, ours, theirs = found
            raise RowsError(
                f"{name} of all rows must be the same, but {where} has {theirs!r:.80} and this "
                f"comparison {ours!r:.80}: use another --out, or the settings of the recorded rows."
            )


def _difference(name: str, one: Any, other: Any) -> tuple[str, Any, Any] | None:
    """The first place at which they differ, with what is there; None where they are the same."""
    parts: list[tuple[Any, Any, Any]] = []
    if isinstance(one, dict) and isinstance(other, dict):
        parts = [(key, one.get(key), other.get(key)) for key in {**one, **other}]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        parts = [(place, *pair) for place, pair in enumerate(zip(one, other, strict=True))]
    elif one != other:
        return name, one, other
    inside = (_difference(f"{name}[{key!r}]", a, b) for key, a, b in parts)
    return next(filter(None, inside), None)


def _plain(value: Any) -> Any:
    return rounded(json.loads(json.dumps(value)))


def line_of(record: Header | Row) -> str:
    """The record's line of a rows file; a row's numbers with nine significant digits."""
    values = {column_of(name, record.metric): value for name, value in asdict(record).items()}
    if isinstance(record, Row):
        values = rounded(values)
        del values["metric"]
        if record.workers == 1:  # as before there were several
            del values["workers"]
    else:
        for name, usual in _USUAL.items():
            if values[name] == usual:
                del values[name]
    return json.dumps(values, allow_nan=False) + "\n"


_USUAL = {
    "mean_full_training_kwh": None,
    "metric": ACCURACY,
    "direction": "maximize",
    "incumbents_only": False,
}
"""What a header does not say. A maximised metric other than the accuracy says so by its name."""


def rounded(value: Any) -> Any:
    """The value with nine significant digits of each number in it."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value
