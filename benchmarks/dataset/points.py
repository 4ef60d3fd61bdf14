"""Many trainings of a task as columns, and what the paper's figures say about them in numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eahas_plugins.units import WH
from surrogate.records import Run

Floats = NDArray[np.float64]
ACCURACIES = ("train_accuracy", "val_accuracy", "test_accuracy")
S_PER_H = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """One training each, all arrays of shape (n,).

    Args:
        configs: The configurations.
        accuracy: Final accuracies in percent by name; only those that are known.
        energy_wh: Training energy of a mean epoch, Wh; None if unknown.
        runtime_s: Training time of a mean epoch, s; None if unknown.
        chance: Accuracy of random guessing in percent.
    """

    configs: Sequence[Mapping[str, Any]]
    accuracy: Mapping[str, Floats]
    energy_wh: Floats | None
    runtime_s: Floats | None
    chance: float

    def __len__(self) -> int:
        return len(self.configs)

    @property
    def judged(self) -> Floats:
        """The accuracy that fronts are about: on the test set, else the validation set."""
        return self.accuracy.get("test_accuracy", next(reversed(list(self.accuracy.values()))))

    @property
    def power_w(self) -> Floats | None:
        """Mean power, W."""
        if self.energy_wh is None or self.runtime_s is None:
            return None
        return self.energy_wh * S_PER_H / self.runtime_s


def points(configs: Sequence[Mapping[str, Any]], runs: Sequence[Run], *, n_classes: int) -> Points:
    """The columns of trainings.

    Raises:
        ValueError: If there are none, or none of their accuracies is known.
    """
    if not runs:
        raise ValueError("there must be at least one training.")

    def last(name: str, scale: float, *, mean: bool) -> Floats | None:
        curves = [getattr(run, name) for run in runs]
        if any(curve is None for curve in curves):
            return None
        return np.array([scale * curve[-1] / (len(curve) if mean else 1) for curve in curves])

    known = {name: last(name, 100.0, mean=False) for name in ACCURACIES}
    accuracy = {name: values for name, values in known.items() if values is not None}
    if not accuracy:
        raise ValueError("trainings must have an accuracy that all of them know.")
    return Points(
        configs=configs,
        accuracy=accuracy,
        energy_wh=last("energy_kwh", WH.per_kwh, mean=True),
        runtime_s=last("runtime_s", 1.0, mean=True),
        chance=100.0 / n_classes,
    )


def front(cost: Floats, accuracy: Floats) -> list[int]:
    """Positions of the trainings that none beats in cost and accuracy, cheapest first."""
    kept, best = [], -np.inf
    for i in np.lexsort((-accuracy, cost)).tolist():
        if accuracy[i] > best:
            kept.append(i)
            best = accuracy[i]
    return kept


def summary(p: Points) -> dict[str, Any]:
    """All numbers, ready for JSON; what is not known is left out."""
    found: dict[str, Any] = {
        "n": len(p),
        "chance_percent": p.chance,
        "accuracy_percent": {name: box(values, p.chance) for name, values in p.accuracy.items()},
    }
    for name, values in (
        ("energy_wh_per_epoch", p.energy_wh),
        ("runtime_s_per_epoch", p.runtime_s),
    ):
        if values is not None:
            found[name] = percentiles(values)
            found[f"spearman_accuracy_{name.partition('_')[0]}"] = spearman(p.judged, values)
    if p.energy_wh is None or p.runtime_s is None or p.power_w is None:
        return found
    found["power_w"] = percentiles(p.power_w)
    typical = float(np.median(p.energy_wh))
    near = np.abs(np.log(p.energy_wh / typical)) < 0.15
    found["power_w_near_median_energy"] = percentiles(p.power_w[near])
    found["energy_runtime_correlation"] = {
        "pearson": pearson(p.energy_wh, p.runtime_s),
        "pearson_of_logs": pearson(np.log(p.energy_wh), np.log(p.runtime_s)),
        "spearman": spearman(p.energy_wh, p.runtime_s),
    }
    by_energy, by_runtime = front(p.energy_wh, p.judged), front(p.runtime_s, p.judged)
    found["fronts"] = {
        "energy": [_point(p, p.energy_wh, p.runtime_s, i) for i in by_energy],
        "runtime": [_point(p, p.energy_wh, p.runtime_s, i) for i in by_runtime],
        "n_both": len(set(by_energy) & set(by_runtime)),
        "n_only_energy": len(set(by_energy) - set(by_runtime)),
        "n_only_runtime": len(set(by_runtime) - set(by_energy)),
    }
    return found


def box(values: Floats, chance: float) -> dict[str, float]:
    """What a box plot shows, and the share of trainings that only guess."""
    low, median, high = np.percentile(values, [25, 50, 75])
    reach = 1.5 * (high - low)
    inside = values[(values >= low - reach) & (values <= high + reach)]
    return {
        "minimum": float(values.min()),
        "lower_whisker": float(inside.min()),
        "quartile_1": float(low),
        "median": float(median),
        "quartile_3": float(high),
        "upper_whisker": float(inside.max()),
        "maximum": float(values.max()),
        "share_near_chance": float((values <= 1.05 * chance).mean()),
    }


def percentiles(values: Floats) -> dict[str, float]:
    """Extremes and percentiles."""
    names = ("minimum", "p1", "p10", "p25", "median", "p75", "p90", "p99", "maximum")
    return dict(
        zip(names, np.percentile(values, [0, 1, 10, 25, 50, 75, 90, 99, 100]).tolist(), strict=True)
    )


def pearson(a: Floats, b: Floats) -> float | None:
    """Correlation; None where one of them is constant."""
    if len(a) < 2 or not a.std() > 0.0 or not b.std() > 0.0:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def spearman(a: Floats, b: Floats) -> float | None:
    """Rank correlation, ties sharing their mean rank; None where one of them is constant."""
    return pearson(_ranks(a), _ranks(b))


def _ranks(values: Floats) -> Floats:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(count)
    return np.asarray((ends - (count - 1) / 2.0)[place], dtype=np.float64)


def _point(p: Points, energy_wh: Floats, runtime_s: Floats, i: int) -> dict[str, Any]:
    return {
        "accuracy_percent": float(p.judged[i]),
        "energy_wh_per_epoch": float(energy_wh[i]),
        "runtime_s_per_epoch": float(runtime_s[i]),
        "config": dict(p.configs[i]),
    }
