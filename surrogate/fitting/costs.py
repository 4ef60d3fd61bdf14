"""Energy and time of whole trainings, learnt from measured steps.

A linear model and a Gaussian process over what the configuration computes: from a few hundred
networks they are closer than trees. Nothing about accuracy is learnt here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surrogate.fitting.fit import Settings, ridge
from surrogate.fitting.gaussian_process import fit_kernel
from surrogate.models.benchmark import COSTS
from surrogate.models.cost_model import CostModel
from surrogate.records import Complexity
from surrogate.simulation.tasks import get_difficulty
from surrogate.space.features import COST_NAMES, NAMES, encode
from surrogate.space.tasks import get_space, get_task
from surrogate.space.validation import checked_columns
from surrogate.step_records import MEASURED, StepRecord, board

Floats = NDArray[np.float64]

J_PER_KWH = 3.6e6
LEAST_ROWS = 20
"""Fewer measured configurations say nothing about a space of ten dimensions."""
N_FOLDS = 5
N_DRAWN = 2000
"""Networks of the space, to say how many are beyond those that were measured."""
SEED = 0
_ENERGY, _TIME = COSTS.index("energy_kwh"), COSTS.index("runtime_s")
_INFERENCE = COSTS.index("inference_energy_kwh")


@dataclass(frozen=True, kw_only=True)
class FittedCosts:
    """What was learnt.

    Args:
        model: Predicts the logarithms of :data:`~surrogate.models.benchmark.COSTS`.
        spread: Standard deviation of the log of an energy, measured twice.
        about: Where it comes from and how good it is, JSON-able.
        epochs: Array of shape (n_configs, 2): seconds and joules of an epoch, as measured.
    """

    model: CostModel
    spread: float
    about: Mapping[str, Any]
    epochs: Floats


def targets(row: StepRecord, *, loader_wait_s: float) -> list[float]:
    """Logarithms of a configuration's costs per epoch, in the order of ``COSTS``.

    An epoch is as many steps as the training images make (the last one a part of a step), each
    with the wait for data at static power; inference energy is that of the validation images. The
    first epoch costs as much as the others.

    Raises:
        ValueError: If the row has not been measured.
    """
    data = get_difficulty(row.task)
    if row.training is None or row.evaluation is None:
        raise ValueError(f"run {row.run} must have been measured.")
    n_steps = data.n_train / row.training.images
    joules = n_steps * (row.training.joules + row.static_watts * loader_wait_s)
    seconds = n_steps * (row.training.seconds + loader_wait_s)
    passes = data.n_val / row.evaluation.images
    costs = {
        "energy_kwh": np.log(joules / J_PER_KWH),
        "runtime_s": np.log(seconds),
        "inference_energy_kwh": np.log(passes * row.evaluation.joules / J_PER_KWH),
    }
    return [float(costs.get(name, 0.0)) for name in COSTS]


def fit_costs(
    rows: Sequence[StepRecord], task: str, *, loader_wait_s: float | None = None
) -> FittedCosts:
    """Learn the costs of a simulated task from measured steps.

    Args:
        rows: Rows of one task, precision, batch, image size and board.
        task: The task.
        loader_wait_s: Wait for data per step, s; by default that of the rows.

    Raises:
        ValueError: If the task is not simulated, the rows are too few or do not belong together,
            or the wait is out of range.
    """
    get_difficulty(task)
    rows = _distinct(rows)
    known = [row for row in rows if row.status == MEASURED]
    if loader_wait_s is not None:  # the row's own check of it
        known = [replace(row, loader_wait_s=loader_wait_s) for row in known]
    _check(known, task)
    X, sizes = _encoded([row.config for row in known], task)
    X = np.where(np.isin(NAMES, COST_NAMES), X, 0.0)
    y = np.array([targets(row, loader_wait_s=row.loader_wait_s) for row in known])
    about = {
        **_described(known, n_left_out=len(rows) - len(known)),
        **_range_of(sizes, task),
        "held_out": _held_out(X, y, groups=_groups(known)),
    }
    epochs = np.exp(y[:, [_TIME, _ENERGY]]) * [1.0, J_PER_KWH]
    return FittedCosts(model=_model(X, y), spread=_spread(known), about=about, epochs=epochs)


def _encoded(configs: Sequence[Mapping[str, Any]], task: str) -> tuple[Floats, NDArray[np.int64]]:
    return encode(checked_columns(configs, task), get_task(task))


def _range_of(sizes: NDArray[np.int64], task: str) -> dict[str, Any]:
    """The least and most of what was measured, and how many of the space's networks exceed it."""
    least, most = sizes.min(axis=0), sizes.max(axis=0)
    drawn = get_space(task, seed=SEED).sample_configuration(N_DRAWN)
    _, others = _encoded([dict(config) for config in drawn], task)
    outside = ((others < least) | (others > most)).any(axis=1).mean()
    names = [field.name for field in fields(Complexity)]
    ranges = {name: [int(a), int(b)] for name, a, b in zip(names, least, most, strict=True)}
    return {"measured_range": ranges, "share_outside": round(float(outside), 4)}


def _model(X: Floats, y: Floats) -> CostModel:
    linear = ridge(X, y, Settings().ridge)
    kernel = fit_kernel(X, y - X @ linear, like=[_ENERGY, _TIME], seed=SEED)
    return CostModel(linear=linear, kernel=kernel)


def _distinct(rows: Sequence[StepRecord]) -> list[StepRecord]:
    """Without the copies of a row, which files that were put together may have."""
    found: list[StepRecord] = []
    for row in rows:
        if row not in found:
            found.append(row)
    return found


def _groups(rows: Sequence[StepRecord]) -> list[int]:
    """The number of each row's configuration, in the order in which they come."""
    numbers: dict[str, int] = {}
    return [numbers.setdefault(str(sorted(row.config.items())), len(numbers)) for row in rows]


def _check(rows: Sequence[StepRecord], task: str) -> None:
    n_configs = len(set(_groups(rows)))
    if n_configs < LEAST_ROWS:
        raise ValueError(
            f"there must be at least {LEAST_ROWS} measured configurations but got {n_configs}: run "
            "'python -m benchmarks measure-steps' with more --runs, it goes on where it stopped."
        )
    settings = [{**row.setting, "loader_wait_s": row.loader_wait_s} for row in rows]
    for name, value in settings[0].items():
        wanted = task if name == "task" else value
        others = sorted({str(found[name]) for found in settings if found[name] != wanted})
        if others:
            raise ValueError(
                f"rows must all have {name} {wanted} but some have {', '.join(others)}: fit them "
                "apart."
            )


def _spread(rows: Sequence[StepRecord]) -> float:
    """Standard deviation of the log energy of a step between its windows, over all rows.

    Units: none (a share).
    """
    logs = [np.log(row.training.windows_joules) for row in rows if row.training is not None]
    found = [np.var(values, ddof=1) for values in logs if len(values) > 1]
    return float(np.sqrt(np.mean(found))) if found else 0.0


def _held_out(X: Floats, y: Floats, *, groups: Sequence[int]) -> dict[str, float]:
    """How well each fifth of the configurations is predicted from the others: R2 of logs, ranks.

    All rows of a configuration are in one fifth.

    References:
        Hastie et al. (2009), The Elements of Statistical Learning, section 7.10: cross-validation.
    """
    order = np.random.default_rng(SEED).permutation(max(groups) + 1)
    predicted = np.empty_like(y)
    for fold in np.array_split(order, N_FOLDS):
        held = np.isin(groups, fold)
        predicted[held] = _model(X[~held], y[~held]).predict(X[held])
    found: dict[str, float] = {"n_configs": float(len(order))}
    pairs = {
        "energy": (y[:, _ENERGY], predicted[:, _ENERGY]),
        "time": (y[:, _TIME], predicted[:, _TIME]),
        "power": (y[:, _ENERGY] - y[:, _TIME], predicted[:, _ENERGY] - predicted[:, _TIME]),
        "inference_energy": (y[:, _INFERENCE], predicted[:, _INFERENCE]),
    }
    for name, (truth, guess) in pairs.items():
        total = float(((truth - truth.mean()) ** 2).sum())
        missed = float(((truth - guess) ** 2).sum())
        found[f"{name}_r2"] = round(1.0 - missed / total, 4) if total > 0.0 else 0.0
        found[f"{name}_rank_correlation"] = round(rank_correlation(truth, guess), 4)
    return found


def rank_correlation(a: Floats, b: Floats) -> float:
    """Spearman's: the linear correlation of the ranks, ties at their mean rank; 0 if all tie."""
    from scipy.stats import rankdata

    if np.ptp(a) == 0.0 or np.ptp(b) == 0.0:
        return 0.0
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def _described(rows: Sequence[StepRecord], *, n_left_out: int) -> dict[str, Any]:
    first = rows[0]
    n_configs = len(set(_groups(rows)))
    kinds = sorted({str((row.meter or {}).get("kind")) for row in rows})
    how = "measured" if kinds == ["measured"] else "estimated"
    words = f"predicted from {n_configs} configurations {how} on {board(first.machine)}"
    logs = np.array([targets(row, loader_wait_s=row.loader_wait_s) for row in rows])
    return {
        "summary": f"accuracy simulated; energy and time {words}",
        "energy": words,
        "runtime": f"{words}: wall-clock seconds of training steps",
        "inference_energy": words,
        "kind": how,
        "n_configs": n_configs,
        "n_left_out": n_left_out,
        **{name: value for name, value in first.setting.items() if name != "task"},
        "loader_wait_s": first.loader_wait_s,
        "static_watts": _quartiles([row.static_watts for row in rows]),
        "watts": _quartiles(list(np.exp(logs[:, _ENERGY] - logs[:, _TIME]) * J_PER_KWH)),
        "energy_time_rank_correlation": round(
            rank_correlation(logs[:, _ENERGY], logs[:, _TIME]), 4
        ),
        "meter": _common([row.meter or {} for row in rows]),
        "machine": [dict(first.machine)],
        "versions": _counted([row.versions for row in rows]),
        "first": min(row.started for row in rows),
        "last": max(row.started for row in rows),
    }


def _quartiles(values: Sequence[float]) -> list[float]:
    return [round(float(value), 3) for value in np.quantile(values, (0.25, 0.5, 0.75))]


def _common(objects: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {k: v for k, v in objects[0].items() if all(other.get(k) == v for other in objects)}


def _counted(objects: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    counts = Counter(tuple(sorted((k, str(v)) for k, v in found.items())) for found in objects)
    return [{**dict(items), "n_rows": n} for items, n in counts.most_common()]
