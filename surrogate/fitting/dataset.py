"""Records as arrays to learn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from surrogate.fitting.machine_speed import hours_of, slowness
from surrogate.models.benchmark import COSTS, CURVES
from surrogate.records import Complexity, Record
from surrogate.space.features import encode
from surrogate.space.tasks import get_task
from surrogate.space.validation import checked_columns

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Finished trainings of one task; only what all of them have recorded.

    Args:
        task: Name of the task.
        X: Features of shape (n, n_features).
        group: Array of shape (n,): the same number for trainings of the same configuration.
        n_epochs: Array of shape (n,).
        curves: Names, and for each training an array of shape (n_curves, n_epochs).
        costs: Names, and the logarithms of shape (n, n_costs), at the machine's usual speed.
        cost_jitter: Standard deviation of the log of an epoch's time (or energy) in a training.
        slowness: Array of shape (n, n_costs): what the speed of the machine had added to the
            recorded costs and ``costs`` are without.
    """

    task: str
    X: Floats
    group: NDArray[np.int64]
    n_epochs: NDArray[np.int64]
    curve_names: tuple[str, ...]
    curves: tuple[Floats, ...]
    cost_names: tuple[str, ...]
    costs: Floats
    cost_jitter: float
    slowness: Floats

    def __len__(self) -> int:
        return len(self.X)

    def take(self, places: Sequence[int] | NDArray[np.int64]) -> Dataset:
        """Some of the trainings."""
        places = np.asarray(places)
        return replace(
            self,
            X=self.X[places],
            group=self.group[places],
            n_epochs=self.n_epochs[places],
            curves=tuple(self.curves[i] for i in places.tolist()),
            costs=self.costs[places],
            slowness=self.slowness[places],
        )


def from_records(records: Iterable[Record], task: str) -> Dataset:
    """The finished records of a task as arrays.

    Raises:
        ValueError: If there is none, one belongs to another task or space, has another length than
            its ``max_epoch``, or the complexity it recorded is not that of its configuration.
    """
    chosen = [record for record in records if record.status == "finished"]
    if not chosen:
        raise ValueError("there must be at least one finished record.")
    if strangers := {record.task for record in chosen} - {task, None}:
        raise ValueError(
            f"records must belong to task {task!r} but got {sorted(map(str, strangers))}."
        )
    columns = checked_columns([record.config for record in chosen], task)
    X, sizes = encode(columns, get_task(task))
    for place, (record, size) in enumerate(zip(chosen, sizes.tolist(), strict=True)):
        if record.n_epochs != record.config["max_epoch"]:
            raise ValueError(
                f"record {place} must have as many epochs as its max_epoch "
                f"{record.config['max_epoch']} but has {record.n_epochs}."
            )
        if record.complexity not in (None, Complexity(**dict(zip(_SIZES, size, strict=True)))):
            raise ValueError(
                f"record {place}: complexity must be {size} but got {record.complexity}."
            )
    curve_names = tuple(n for n in CURVES if all(getattr(r, n) is not None for r in chosen))
    known = [_costs(record) for record in chosen]
    cost_names = tuple(name for name in COSTS if all(name in costs for costs in known))
    if not curve_names and not cost_names:
        raise ValueError("records must have a curve or a cost that all of them recorded.")
    costs = np.array([[costs[name] for name in cost_names] for costs in known])
    slow = np.zeros_like(costs)
    for place, name in enumerate(cost_names):
        if not name.endswith("_first"):  # over the other epochs of the same training
            slow[:, place] = slowness(X, costs[:, place], hours_of(chosen))
    keys = zip(*columns.values(), strict=True)  # a value that was rounded is the same
    first: dict[object, int] = {}
    return Dataset(
        task=task,
        X=X,
        group=np.array([first.setdefault(key, len(first)) for key in keys]),
        n_epochs=np.array([record.n_epochs for record in chosen]),
        curve_names=curve_names,
        curves=tuple(
            np.array([getattr(record, name) for name in curve_names]).reshape(-1, record.n_epochs)
            for record in chosen
        ),
        cost_names=cost_names,
        costs=costs - slow,
        cost_jitter=_jitter(chosen),
        slowness=slow,
    )


def lacking(records: Sequence[Record]) -> dict[str, list[int]]:
    """What not all trainings have, though some do, and the places of those that have not."""
    known = [
        {name for name in CURVES if getattr(record, name) is not None}
        | {name for name in _costs(record) if not name.endswith("_first")}
        for record in records
    ]
    partly = known[0].union(*known) - known[0].intersection(*known)
    return {
        name: [place for place, names in enumerate(known) if name not in names]
        for name in sorted(partly)
    }


_SIZES = ("params", "flops", "activations")


def _costs(record: Record) -> Mapping[str, float]:
    """Logarithms by name; a cost that is zero has none and counts as not recorded."""
    costs = {}
    for name, each in (("energy_kwh", record.energy_kwh), ("runtime_s", record.epoch_s)):
        if each is not None and each.min() > 0.0:
            rest = float(each[1:].mean()) if len(each) > 1 else float(each[0])
            costs[name] = float(np.log(rest))
            costs[f"{name}_first"] = float(np.log(each[0] / rest))
    if record.inference_energy_kwh:
        costs["inference_energy_kwh"] = float(np.log(record.inference_energy_kwh))
    return costs


def _jitter(records: Sequence[Record]) -> float:
    """Typical spread of the log cost of one epoch within a training, the first left out."""
    spreads = [
        np.std(np.log(each[1:]))
        for each in (
            record.energy_kwh if record.epoch_s is None else record.epoch_s for record in records
        )
        if each is not None and len(each) > 2 and each.min() > 0.0
    ]
    return float(np.median(spreads)) if spreads else 0.0
