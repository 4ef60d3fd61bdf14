"""Whether the parts of a fitted benchmark fit together, before a query finds that they do not."""

from __future__ import annotations

from typing import Any

import numpy as np

from surrogate.models.benchmark import COSTS, CUMULATIVE, CURVES, FittedBenchmark
from surrogate.models.bezier import DEGREES
from surrogate.space.features import NAMES
from surrogate.space.tasks import get_task

MOST_SPREAD = 10.0
"""Of a share of the error rate, or of the logarithm of a cost."""


def check_model(bench: FittedBenchmark) -> None:
    """Look at every shape and range that a query relies on.

    Raises:
        ValueError: If the task is not known, a name is unknown or missing, a shape is not what the
            others ask for, or a number lies where none may.
    """
    get_task(bench.task)
    for names, known in ((bench.curves, CURVES), (bench.costs, COSTS)):
        if not set(map(str, names)) <= set(known) or len(set(names)) < len(names):
            raise ValueError(f"names must be some of {', '.join(known)} but are {names}.")
    if not (bench.curves or bench.costs):
        raise ValueError("there must be a curve or a cost.")
    for name in CUMULATIVE:
        if (name in bench.costs) != (f"{name}_first" in bench.costs):
            raise ValueError(f"{name} and {name}_first must be there both or not at all.")
    if bench.degree not in DEGREES:
        raise ValueError(f"degree must be one of {DEGREES} but is {bench.degree!r}.")
    _check_shapes(bench)
    if bench.x is not None and not (
        bench.x[0] == 0.0 and bench.x[-1] == 1.0 and (np.diff(bench.x) >= 0.0).all()
    ):
        raise ValueError("x must rise from 0 to 1.")
    if not ((bench.floor >= 0.0) & (bench.floor < 1.0)).all():
        raise ValueError("floor must be accuracies from 0 to below 1.")
    noise = bench.noise
    spreads = (noise.offset, noise.cost_offset, noise.cost_jitter)
    if noise.n_members < 1 or not all(
        0.0 <= spread <= MOST_SPREAD for spread in (*spreads, *noise.curve_jitter.flat)
    ):
        raise ValueError(f"noise must have a member and spreads from 0 to {MOST_SPREAD}.")
    if len(bench.forest.roots) % noise.n_members:
        raise ValueError(f"{noise.n_members} members must have equally many trees.")


def _check_shapes(bench: FittedBenchmark) -> None:
    n_curves, n_points = len(bench.curves), bench.degree + 1
    n_x = bench.degree - 1 if bench.x is None and n_curves else 0
    n_controls, n_costs = n_x + n_curves * n_points, len(bench.costs)
    n_outputs = n_costs if bench.curve_model is not None else n_controls + n_costs
    jitter = bench.noise.curve_jitter
    found: dict[str, tuple[Any, Any]] = {
        "forest's outputs": (bench.forest.n_outputs, n_outputs),
        "linear's shape": (bench.linear.shape, (len(NAMES), n_outputs)),
        "floor's shape": (bench.floor.shape, (n_curves,)),
        "jitter's shape": (
            jitter.shape,
            (n_curves, max(1, jitter.shape[-1] if jitter.ndim else 0)),
        ),
        "x's shape": ((n_points,) if bench.x is None else bench.x.shape, (n_points,)),
    }
    model = bench.curve_model
    if model is not None:
        found["features of the model of the curves"] = (model.n_features, len(NAMES))
        found["outputs of the model of the curves"] = (model.n_outputs, n_controls)
    costs = bench.cost_model
    if costs is not None:
        found["costs with a model of their own"] = (bench.costs, COSTS)
        found["features of the model of the costs"] = (costs.n_features, len(NAMES))
        found["outputs of the model of the costs"] = (costs.n_outputs, len(COSTS))
    for name, (got, wanted) in found.items():
        if got != wanted:
            raise ValueError(f"{name} must be {wanted} but is {got}: another version fitted it?")
    if bench.forest.n_features > len(NAMES):
        raise ValueError(f"trees must look at {len(NAMES)} features at most.")
