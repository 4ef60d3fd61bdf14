"""Fit a task's models to records. Needs XGBoost (``pip install 'eahas-plugins[fit]'``).

Everything is deterministic: the same records give the same model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surrogate import bezier
from surrogate.dataset import Dataset
from surrogate.ensemble import mean_of, side_by_side, with_base
from surrogate.features import COST_NAMES, NAMES
from surrogate.model import Noise, read_curves
from surrogate.trees import Trees, from_xgboost

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to fit; the defaults are what ships.

    Args:
        n_members: Members of the ensemble.
        curve_rounds: Trees per member for the curves.
        cost_rounds: Trees per member for the costs.
        curve_depth: Depth of the trees for the curves.
        cost_depth: Depth of the trees for the costs.
        learning_rate: Shrinkage of each tree.
        ridge: Penalty of the linear model of the costs.
        max_bin: Candidate thresholds per feature.
        seed: Seed of the resampling.
    """

    n_members: int = 5
    curve_rounds: int = 20
    cost_rounds: int = 8
    curve_depth: int = 6
    cost_depth: int = 4
    learning_rate: float = 0.25
    ridge: float = 0.03
    max_bin: int = 64
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Form of the Bezier curves.

    Args:
        degree: Their degree.
        power: The x control values are ``linspace(0, 1) ** power`` for all curves; with None they
            come from each curve's chord lengths and are predicted as well.
    """

    degree: int
    power: float | None

    @property
    def x(self) -> Floats | None:
        """The x control values where they are fixed."""
        return None if self.power is None else bezier.warped(self.degree, self.power)


SHAPES = tuple(
    Shape(degree=degree, power=power)
    for degree in bezier.DEGREES
    for power in (None, 1.5, 2.0, 2.5, 3.0)
)
"""What validation chooses from."""
NEARLY = 1.02
"""Errors up to this many times the least count as equal: other splits change them by more."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """The learnt part of a :class:`~surrogate.model.FittedBenchmark`."""

    shape: Shape
    forest: Trees
    linear: Floats
    noise: Noise


def control_points(data: Dataset, shape: Shape) -> Floats:
    """Targets of shape (n, n_outputs): inner x (if predicted), then the y of each curve."""
    if shape.x is None:
        fitted = [bezier.fit(curves, shape.degree) for curves in data.curves]
        return np.array([np.append(p[0, 1:-1], p[1:].reshape(-1)) for p in fitted])
    n_outputs = len(data.curve_names) * (shape.degree + 1)
    targets = np.empty((len(data), n_outputs))
    for n_epochs in np.unique(data.n_epochs).tolist():
        places = np.flatnonzero(data.n_epochs == n_epochs)
        together = np.concatenate([data.curves[i] for i in places.tolist()])
        targets[places] = bezier.fit_at(shape.x, together)[1:].reshape(-1, n_outputs)
    return targets


def curves_of(outputs: Floats, shape: Shape, n_epochs: int) -> Floats:
    """Curves of shape (n, n_curves, n_epochs) from predicted control points."""
    return read_curves(outputs, shape.degree, shape.x, n_epochs)


def grow(
    X: Floats, targets: Floats, *, rounds: int, depth: int, settings: Settings, weight: Floats
) -> Trees:
    """Boosted trees with vector leaves."""
    import xgboost

    centre = np.average(targets, axis=0, weights=weight)
    params = {
        "tree_method": "hist",
        "multi_strategy": "multi_output_tree",
        "max_depth": depth,
        "eta": settings.learning_rate,
        "max_bin": settings.max_bin,
        "base_score": 0.0,
        "nthread": 1,
        "seed": settings.seed,
    }
    # A weight of zero still costs time: leave those rows out.
    used = weight > 0.0
    matrix = xgboost.DMatrix(X[used], (targets - centre)[used], weight=weight[used])
    trees = from_xgboost(xgboost.train(params, matrix, rounds))
    return with_base(trees, trees.base + centre)


def split(data: Dataset, *, share: float, seed: int) -> tuple[Dataset, Dataset]:
    """Two parts without a common configuration; the second has about this share of them."""
    groups = np.unique(data.group)
    held = np.random.default_rng(seed).permutation(groups)[: round(share * len(groups))]
    inside = np.isin(data.group, held)
    return data.take(np.flatnonzero(~inside)), data.take(np.flatnonzero(inside))


def curve_error(outputs: Floats, shape: Shape, data: Dataset) -> float:
    """Root mean squared error of curves, every training counting the same."""
    squares = np.empty(len(data))
    for n_epochs in np.unique(data.n_epochs).tolist():
        places = np.flatnonzero(data.n_epochs == n_epochs)
        truth = np.array([data.curves[i] for i in places.tolist()])
        squares[places] = ((curves_of(outputs[places], shape, n_epochs) - truth) ** 2).mean((1, 2))
    return float(np.sqrt(squares.mean()))


def choose_shape(
    data: Dataset, settings: Settings, shapes: Sequence[Shape] = SHAPES, *, most: int = 1500
) -> tuple[Shape, dict[str, float]]:
    """The shape with the least error on held-out configurations, and the error of every shape.

    A fixed x is preferred where it is nearly as good: it is read faster.
    """
    rng = np.random.default_rng(settings.seed)
    if len(data) > most:
        data = data.take(np.sort(rng.permutation(len(data))[:most]))
    learn, held = split(data, share=0.25, seed=settings.seed)
    errors = {}
    for shape in shapes:
        trees = grow(
            learn.X,
            control_points(learn, shape),
            rounds=settings.curve_rounds,
            depth=settings.curve_depth,
            settings=settings,
            weight=np.ones(len(learn)),
        )
        errors[shape] = curve_error(trees.predict(held.X), shape, held)
    least = min(errors.values())
    fixed = [s for s in errors if s.power is not None and errors[s] <= NEARLY * least]
    best = min(fixed or errors, key=lambda shape: errors[shape])
    return best, {f"degree {s.degree}, x {_words(s)}": e for s, e in errors.items()}


def fit(data: Dataset, shape: Shape, settings: Settings) -> Fitted:
    """Fit the ensemble of one shape."""
    points = control_points(data, shape) if data.curve_names else np.empty((len(data), 0))
    related = np.isin(NAMES, COST_NAMES)
    linear = _ridge(np.where(related, data.X, 0.0), data.costs, settings.ridge)
    residual = data.costs - data.X @ linear
    members = [_member(data, points, residual, settings, m) for m in range(settings.n_members)]
    forest = mean_of(members)
    noise = _noise(data, shape, points, settings.n_members)
    return Fitted(shape=shape, forest=forest, linear=linear, noise=noise)


def _member(
    data: Dataset, points: Floats, residual: Floats, settings: Settings, member: int
) -> Trees:
    """Curves and costs in one forest, fitted to resampled configurations."""
    rng = np.random.default_rng([settings.seed, member])
    n_groups = int(data.group.max()) + 1
    drawn = np.bincount(rng.integers(n_groups, size=n_groups), minlength=n_groups)
    weight = drawn[data.group].astype(np.float64)
    parts: list[Trees] = []
    for targets, rounds, depth in (
        (points, settings.curve_rounds, settings.curve_depth),
        (residual, settings.cost_rounds, settings.cost_depth),
    ):
        if targets.shape[1]:
            parts.append(
                grow(data.X, targets, rounds=rounds, depth=depth, settings=settings, weight=weight)
            )
    return side_by_side(parts)


def _ridge(X: Floats, targets: Floats, penalty: float) -> Floats:
    """Coefficients of shape (n_features, n_targets); the penalty is on standardised features."""
    spread = X.std(axis=0)
    varies = spread > 0.0
    scale = np.where(varies, spread, 1.0)
    centre = np.where(varies, X.mean(axis=0), 0.0)
    Z = np.where(varies, (X - centre) / scale, 0.0)
    gram = Z.T @ Z + penalty * len(X) * np.eye(X.shape[1])
    coefficients = np.linalg.solve(gram, Z.T @ (targets - targets.mean(axis=0))) / scale[:, None]
    coefficients[0] = targets.mean(axis=0) - centre @ coefficients  # column 0 is the bias
    return np.asarray(coefficients)


DEFAULT_OFFSET = 0.045
"""Shift of a curve where there are too few repeats to tell: 0.5 points at 88 % accuracy."""
DEFAULT_COST_OFFSET = 0.03
LEAST_REPEATED = 10
_LEAST_MISS = 0.02  # as a share of a smaller error rate, rounding would count as noise


def _noise(data: Dataset, shape: Shape, points: Floats, n_members: int) -> Noise:
    """From trainings of the same configuration; medians, since a few of them diverge."""
    counts = np.bincount(data.group)
    repeated = [np.flatnonzero(data.group == g) for g in np.flatnonzero(counts > 1).tolist()]
    shown = data.curve_names.index("val_accuracy") if "val_accuracy" in data.curve_names else 0
    offset, cost_offset = DEFAULT_OFFSET, DEFAULT_COST_OFFSET
    if len(repeated) >= LEAST_REPEATED:
        shifts, cost_shifts = [], []
        for places in repeated:
            # The median of a standard deviation from so few values is that much below the truth.
            unbiased = _median_deviation(len(places))
            finals = np.array([data.curves[i][shown, -1] for i in places.tolist()])
            miss = max(1.0 - float(finals.mean()), _LEAST_MISS)
            shifts.append(float(finals.std(ddof=1)) / miss / unbiased)
            if data.cost_names:
                cost_shifts.append(float(data.costs[places, 0].std(ddof=1)) / unbiased)
        offset = float(np.median(shifts))
        if cost_shifts:
            cost_offset = float(np.median(cost_shifts))
    return Noise(
        n_members=n_members,
        offset=offset,
        curve_jitter=_curve_jitter(data, shape, points),
        cost_offset=cost_offset,
        cost_jitter=data.cost_jitter,
    )


def _median_deviation(n: int) -> float:
    """Median of the standard deviation of ``n`` standard normal values (Wilson and Hilferty)."""
    degrees = n - 1
    return float((1.0 - 2.0 / (9.0 * degrees)) ** 1.5)


def _curve_jitter(data: Dataset, shape: Shape, points: Floats, n_bins: int = 9) -> Floats:
    """Spread of epochs about their own Bezier curve, by fraction of the schedule."""
    found: list[list[Floats]] = [[] for _ in range(n_bins)]
    for curves, row in zip(data.curves, points, strict=True):
        n_epochs = curves.shape[1]
        fitted = curves_of(row[None], shape, n_epochs)[0]
        error = np.abs(curves - fitted) / np.maximum(1.0 - fitted, _LEAST_MISS)
        # The fit takes away a share of the noise: degree - 1 inner points per n_epochs values.
        error *= np.sqrt(n_epochs / max(1, n_epochs - (shape.degree + 1)))
        bins = np.rint(bezier.fractions(n_epochs) * (n_bins - 1)).astype(int)
        for place, values in zip(bins.tolist(), error.T, strict=True):
            found[place].append(values)
    jitter = [
        1.4826 * np.median(np.array(values), axis=0) if values else np.zeros(len(data.curve_names))
        for values in found
    ]
    return np.array(jitter).T


def _words(shape: Shape) -> str:
    return "from chords" if shape.power is None else f"power {shape.power}"
