"""Choose the form of the curves and the kind of model by held-out configurations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from surrogate.fitting.dataset import Dataset
from surrogate.fitting.fit import (
    KERNEL,
    NETWORK,
    TREES,
    Settings,
    Shape,
    control_points,
    curves_of,
    fit,
    grow,
    ridge,
)
from surrogate.fitting.network import check_torch
from surrogate.models import bezier

Floats = NDArray[np.float64]

SHAPES = tuple(
    Shape(degree=degree, power=power)
    for degree in bezier.DEGREES
    for power in (None, 1.5, 2.0, 2.5, 3.0)
)
"""What validation chooses from."""
NEARLY = 1.02
"""Errors up to this many times the least count as equal: other splits change them by more."""


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

    Of those nearly as good a fixed x is preferred, which is read faster, and then a low degree.
    """
    rng = np.random.default_rng(settings.seed)
    if len(data) > most:
        data = data.take(np.sort(rng.permutation(len(data))[:most]))
    learn, held = split(data, share=0.25, seed=settings.seed)
    errors = {}
    for shape in shapes:
        points = control_points(learn, shape)
        linear = ridge(learn.X, points, settings.curve_ridge)
        trees = grow(
            learn.X,
            points - learn.X @ linear,
            rounds=settings.curve_rounds,
            depth=settings.curve_depth,
            settings=settings,
            weight=np.ones(len(learn)),
        )
        errors[shape] = curve_error(trees.predict(held.X) + held.X @ linear, shape, held)
    near = [s for s in errors if errors[s] <= NEARLY * min(errors.values())]
    fixed = [s for s in near if s.power is not None]
    best = min(fixed or near, key=lambda shape: (shape.degree, errors[shape]))
    return best, {f"degree {s.degree}, x {_words(s)}": e for s, e in errors.items()}


def choose_model(data: Dataset, shape: Shape, settings: Settings) -> Settings:
    """The settings with the model of the curves that predicts held-out configurations best.

    Trees compete with a Gaussian process, or with networks (which need torch) where there are so
    many trainings that the former takes too much time. Trees, which are read faster, win
    where they do nearly as well.
    """
    if not data.curve_names or not data.cost_names:
        return settings
    other = alternative_to_trees(data)
    errors: dict[str, float] = {}
    for curve_model in (other, TREES):
        candidate = replace(settings, curve_model=curve_model)
        error = 0.0
        for seed in range(N_SPLITS):
            learn, held = split(data, share=0.25, seed=settings.seed + seed)
            outputs = fit(learn, shape, candidate).outputs(held.X)
            n_points = outputs.shape[1] - len(held.cost_names)
            error += curve_error(outputs[:, :n_points], shape, held)
        errors[curve_model] = error
    chosen = TREES if errors[TREES] <= NEARLY * errors[other] else other
    return replace(settings, curve_model=chosen)


def alternative_to_trees(data: Dataset) -> str:
    """The model of curves that trees compete with.

    Raises:
        ImportError: If it needs a package that is not installed.
    """
    if len(data) <= MOST_FOR_KERNEL:
        return KERNEL
    check_torch()
    return NETWORK


MOST_FOR_KERNEL = 3000
N_SPLITS = 4


def _words(shape: Shape) -> str:
    return "from chords" if shape.power is None else f"power {shape.power}"
