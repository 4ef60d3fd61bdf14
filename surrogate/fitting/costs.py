"""Energy and time of whole trainings, learnt from measured steps.

A Gaussian process over what the configuration computes: from a few hundred networks it is closer
than trees. Nothing about accuracy is learnt here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surrogate.fitting.gaussian_process import fit_kernel
from surrogate.models.benchmark import COSTS
from surrogate.models.gaussian_process import Kernel
from surrogate.simulation.tasks import get_difficulty
from surrogate.space.features import COST_NAMES, NAMES, encode
from surrogate.space.tasks import get_task
from surrogate.space.validation import checked_columns
from surrogate.step_records import MEASURED, StepRecord, board

Floats = NDArray[np.float64]

J_PER_KWH = 3.6e6
LEAST_ROWS = 20
"""Fewer measured configurations say nothing about a space of ten dimensions."""
HELD_OUT = 0.2
SEED = 0
_ENERGY, _TIME = COSTS.index("energy_kwh"), COSTS.index("runtime_s")
_INFERENCE = COSTS.index("inference_energy_kwh")


@dataclass(frozen=True, kw_only=True)
class FittedCosts:
    """What was learnt.

    Args:
        kernel: Predicts the logarithms of :data:`~surrogate.models.benchmark.COSTS`.
        spread: Standard deviation of the log of an energy, measured twice.
        about: Where it comes from and how good it is, JSON-able.
        epochs: Array of shape (n_configs, 2): seconds and joules of an epoch, as measured.
    """

    kernel: Kernel
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
    known = [row for row in rows if row.status == MEASURED]
    _check(known, task)
    if loader_wait_s is not None:  # the row's own check of it
        known = [replace(row, loader_wait_s=loader_wait_s) for row in known]
    X, _ = encode(checked_columns([row.config for row in known], task), get_task(task))
    X = np.where(np.isin(NAMES, COST_NAMES), X, 0.0)
    y = np.array([targets(row, loader_wait_s=row.loader_wait_s) for row in known])
    about = {
        **_described(known, n_left_out=len(rows) - len(known)),
        "held_out": _held_out(X, y),
    }
    epochs = np.exp(y[:, [_TIME, _ENERGY]]) * [1.0, J_PER_KWH]
    return FittedCosts(kernel=_kernel(X, y), spread=_spread(known), about=about, epochs=epochs)


def _kernel(X: Floats, y: Floats) -> Kernel:
    return fit_kernel(X, y, like=[_ENERGY, _TIME], seed=SEED)


def _check(rows: Sequence[StepRecord], task: str) -> None:
    if len({str(sorted(row.config.items())) for row in rows}) < LEAST_ROWS:
        raise ValueError(
            f"there must be at least {LEAST_ROWS} measured configurations but got {len(rows)}: run "
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


def _held_out(X: Floats, y: Floats) -> dict[str, float]:
    """How well a fifth of the configurations is predicted from the others: R2 of logarithms, ranks.

    References:
        Hastie et al. (2009), The Elements of Statistical Learning, section 7.2: a test set that
        the model did not see.
    """
    order = np.random.default_rng(SEED).permutation(len(X))
    n_held = round(HELD_OUT * len(X))
    held, learn = order[:n_held], order[n_held:]
    predicted = _kernel(X[learn], y[learn]).predict(X[held])
    found: dict[str, float] = {"n_configs": float(n_held)}
    pairs = {
        "energy": (y[held, _ENERGY], predicted[:, _ENERGY]),
        "time": (y[held, _TIME], predicted[:, _TIME]),
        "power": (y[held, _ENERGY] - y[held, _TIME], predicted[:, _ENERGY] - predicted[:, _TIME]),
        "inference_energy": (y[held, _INFERENCE], predicted[:, _INFERENCE]),
    }
    for name, (truth, guess) in pairs.items():
        total = float(((truth - truth.mean()) ** 2).sum())
        missed = float(((truth - guess) ** 2).sum())
        found[f"{name}_r2"] = round(1.0 - missed / total, 4) if total > 0.0 else 0.0
        found[f"{name}_rank_correlation"] = round(rank_correlation(truth, guess), 4)
    return found


def rank_correlation(a: Floats, b: Floats) -> float:
    """Spearman's: the linear correlation of the ranks, ties at their mean rank."""
    from scipy.stats import rankdata

    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def _described(rows: Sequence[StepRecord], *, n_left_out: int) -> dict[str, Any]:
    first = rows[0]
    n_configs = len({str(sorted(row.config.items())) for row in rows})
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
