"""Fit a task's models to records. Needs XGBoost and scikit-learn, and torch for networks.

Everything is deterministic: with the same packages, kind of processor and number of threads
(``OMP_NUM_THREADS``), the same records give the same model; with others its last digits differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surrogate.fitting.dataset import Dataset
from surrogate.fitting.gaussian_process import fit_kernel
from surrogate.fitting.network import fit_networks
from surrogate.fitting.noise import learn_noise
from surrogate.fitting.xgboost_trees import from_xgboost
from surrogate.models import bezier
from surrogate.models.benchmark import CurveModel, Noise, predict
from surrogate.models.curves import LEAST_ERROR, log_error, read_curves
from surrogate.models.ensemble import mean_of, side_by_side, with_base
from surrogate.models.trees import Trees
from surrogate.space.features import COST_NAMES, NAMES

Floats = NDArray[np.float64]

TREES, KERNEL, NETWORK = ("linear and trees", "Gaussian process", "networks")


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
        curve_ridge: Penalty of that of the curves.
        max_bin: Candidate thresholds per feature.
        curve_model: What gives the curves: ``TREES``, ``KERNEL`` or ``NETWORK``.
        seed: Seed of the resampling.
    """

    n_members: int = 4
    curve_rounds: int = 25
    cost_rounds: int = 8
    curve_depth: int = 7
    cost_depth: int = 4
    learning_rate: float = 0.25
    ridge: float = 0.03
    curve_ridge: float = 0.05
    max_bin: int = 64
    curve_model: str = TREES
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


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """The learnt part of a :class:`~surrogate.models.benchmark.FittedBenchmark`."""

    shape: Shape
    forest: Trees
    linear: Floats
    curve_model: CurveModel | None
    floor: Floats
    noise: Noise

    def outputs(self, X: Floats) -> Floats:
        """Control points and costs of shape (n, n_outputs)."""
        return predict(X, forest=self.forest, linear=self.linear, curve_model=self.curve_model)


def control_points(data: Dataset, shape: Shape) -> Floats:
    """Targets of shape (n, n_outputs): inner x (if predicted), then the y of each curve."""
    if shape.x is None:
        fitted = [bezier.fit(log_error(curves), shape.degree) for curves in data.curves]
        return np.array([np.append(p[0, 1:-1], p[1:].reshape(-1)) for p in fitted])
    n_outputs = len(data.curve_names) * (shape.degree + 1)
    targets = np.empty((len(data), n_outputs))
    for n_epochs in np.unique(data.n_epochs).tolist():
        places = np.flatnonzero(data.n_epochs == n_epochs)
        together = log_error(np.concatenate([data.curves[i] for i in places.tolist()]))
        targets[places] = bezier.fit_at(shape.x, together)[1:].reshape(-1, n_outputs)
    return targets


def curves_of(outputs: Floats, shape: Shape, n_epochs: int, floor: Floats | None = None) -> Floats:
    """Curves of shape (n, n_curves, n_epochs) from predicted control points."""
    return read_curves(outputs, shape.degree, shape.x, n_epochs, floor)


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


def fit(data: Dataset, shape: Shape, settings: Settings) -> Fitted:
    """Fit the ensemble of one shape."""
    points = control_points(data, shape) if data.curve_names else np.empty((len(data), 0))
    own = [
        curves_of(p[None], shape, n)[0] for p, n in zip(points, data.n_epochs.tolist(), strict=True)
    ]
    curve_model = _curve_model(data, points, shape, settings)
    learnt = points if curve_model is None else points[:, :0]  # by the linear model and the trees
    linear = _linear_part(data, learnt, settings)
    rest = np.concatenate([learnt, data.costs], axis=1) - data.X @ linear
    members = [_member(data, rest, learnt.shape[1], settings, m) for m in range(settings.n_members)]
    return Fitted(
        shape=shape,
        forest=mean_of(members),
        linear=linear,
        curve_model=curve_model,
        floor=_least(data),
        noise=learn_noise(data, own, n_points=shape.degree + 1, n_members=settings.n_members),
    )


def _curve_model(
    data: Dataset, points: Floats, shape: Shape, settings: Settings
) -> CurveModel | None:
    """What predicts these control points, if not the linear model and the trees."""
    if settings.curve_model == KERNEL:
        return fit_kernel(data.X, points, like=_ends(data, shape), seed=settings.seed)
    if settings.curve_model == NETWORK:
        return fit_networks(
            data.X,
            points,
            n_curves=len(data.curve_names),
            degree=shape.degree,
            n_members=settings.n_members,
            seed=settings.seed,
        )
    return None


def _least(data: Dataset) -> Floats:
    """The least accuracy of each curve on record, of shape (n_curves,).

    About that of guessing: what extrapolates would fall below it where trainings diverge.
    """
    least = [curves.min(axis=1) for curves in data.curves]
    return np.asarray(np.minimum(np.min(least, axis=0), 1.0 - LEAST_ERROR))


def _linear_part(data: Dataset, points: Floats, settings: Settings) -> Floats:
    """Coefficients of shape (n_features, n_outputs) of the model on which the trees build."""
    related = np.isin(NAMES, COST_NAMES)
    costs = ridge(np.where(related, data.X, 0.0), data.costs, settings.ridge)
    return np.concatenate([ridge(data.X, points, settings.curve_ridge), costs], axis=1)


def _ends(data: Dataset, shape: Shape) -> list[int]:
    """Columns of the last two control values of each curve but the training's, if there is one."""
    names = [n for n in data.curve_names if n != "train_accuracy"] or list(data.curve_names)
    start = 0 if shape.power is not None else shape.degree - 1
    lasts = [start + (data.curve_names.index(n) + 1) * (shape.degree + 1) - 1 for n in names]
    return [column for last in lasts for column in (last - 1, last)]


def _member(data: Dataset, rest: Floats, n_points: int, settings: Settings, member: int) -> Trees:
    """Curves and costs in one forest, fitted to resampled configurations."""
    rng = np.random.default_rng([settings.seed, member])
    n_groups = int(data.group.max()) + 1
    drawn = np.bincount(rng.integers(n_groups, size=n_groups), minlength=n_groups)
    weight = drawn[data.group].astype(np.float64)
    parts: list[Trees] = []
    for targets, rounds, depth in (
        (rest[:, :n_points], settings.curve_rounds, settings.curve_depth),
        (rest[:, n_points:], settings.cost_rounds, settings.cost_depth),
    ):
        if targets.shape[1]:
            parts.append(
                grow(data.X, targets, rounds=rounds, depth=depth, settings=settings, weight=weight)
            )
    return side_by_side(parts)


def ridge(X: Floats, targets: Floats, penalty: float) -> Floats:
    """Coefficients of shape (n_features, n_targets); the penalty is on standardised features.

    References:
        Hastie et al. (2009), The Elements of Statistical Learning, eq. 3.44: (Z'Z + p I)^-1 Z'y.
    """
    spread = X.std(axis=0)
    varies = spread > 0.0
    scale = np.where(varies, spread, 1.0)
    centre = np.where(varies, X.mean(axis=0), 0.0)
    Z = np.where(varies, (X - centre) / scale, 0.0)
    gram = Z.T @ Z + penalty * len(X) * np.eye(X.shape[1])
    coefficients = np.linalg.solve(gram, Z.T @ (targets - targets.mean(axis=0))) / scale[:, None]
    coefficients[0] = targets.mean(axis=0) - centre @ coefficients  # column 0 is the bias
    return np.asarray(coefficients)
