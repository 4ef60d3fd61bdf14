"""The ways of predicting a learning curve that the quality table compares.

Each takes trainings to learn from and configurations to predict, and gives a validation curve for
each of the latter. They see the same features and have the same number of trees or networks.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surrogate.fitting.dataset import Dataset
from surrogate.fitting.fit import KERNEL, NETWORK, TREES, Settings, Shape, curves_of
from surrogate.fitting.fit import fit as fit_ensemble
from surrogate.fitting.selection import MOST_FOR_KERNEL, choose_shape
from surrogate.models import bezier
from surrogate.models.curves import log_error

Floats = NDArray[np.float64]
Curves = list[Floats]
Method = Callable[[Dataset, Dataset, int], Curves]

N_TREES, DEPTH, LEARNING_RATE = 200, 6, 0.1
"""Of the boosted trees that predict one number."""
N_EPOCHS_SEEN = 12
"""Epochs of a training that the models of single epochs learn from, evenly spread."""
N_COMPONENTS = 6
"""Of the singular value decomposition."""


def validation(data: Dataset) -> Curves:
    """The measured validation curves."""
    place = data.curve_names.index("val_accuracy")
    return [curves[place] for curves in data.curves]


def xgboost_regressor(X: Floats, y: Floats, seed: int) -> Callable[[Floats], Floats]:
    """Boosted trees of XGBoost."""
    import xgboost

    params = {"max_depth": DEPTH, "eta": LEARNING_RATE, "nthread": 1, "seed": seed}
    booster = xgboost.train(params, xgboost.DMatrix(X, y), N_TREES)
    return lambda rows: np.asarray(booster.predict(xgboost.DMatrix(rows)), dtype=np.float64)


def lightgbm_regressor(X: Floats, y: Floats, seed: int) -> Callable[[Floats], Floats]:
    """Boosted trees of LightGBM."""
    import lightgbm

    params = {
        "num_leaves": 31,
        "learning_rate": LEARNING_RATE,
        "num_threads": 1,
        "seed": seed,
        "verbose": -1,
        "deterministic": True,
    }
    booster = lightgbm.train(params, lightgbm.Dataset(X, y), N_TREES)
    return lambda rows: np.asarray(booster.predict(rows), dtype=np.float64)


def per_epoch(regressor: Any) -> Method:
    """One model of single values; the fraction of the schedule that is done is a feature."""

    def predict(learn: Dataset, held: Dataset, seed: int) -> Curves:
        rows, values = [], []
        for x, curve in zip(learn.X, validation(learn), strict=True):
            seen = np.unique(np.linspace(0, len(curve) - 1, N_EPOCHS_SEEN).round().astype(int))
            rows.append(_with_fraction(x, bezier.fractions(len(curve))[seen]))
            values.append(curve[seen])
        model = regressor(np.concatenate(rows), np.concatenate(values), seed)
        asked = [
            _with_fraction(x, bezier.fractions(int(n)))
            for x, n in zip(held.X, held.n_epochs, strict=True)
        ]
        found = np.split(model(np.concatenate(asked)), np.cumsum(held.n_epochs)[:-1])
        return [np.clip(curve, 0.0, 1.0) for curve in found]

    return predict


def _with_fraction(x: Floats, done: Floats) -> Floats:
    return np.column_stack([np.tile(x, (len(done), 1)), done])


def svd(regress: Callable[[Dataset, Floats, Floats, int], Floats]) -> Method:
    """The leading components of all curves of one length, and a model of their coefficients."""

    def predict(learn: Dataset, held: Dataset, seed: int) -> Curves:
        found: dict[int, Floats] = {}
        truth = validation(learn)
        for n_epochs in np.unique(held.n_epochs).tolist():
            known = np.flatnonzero(learn.n_epochs == n_epochs)
            asked = np.flatnonzero(held.n_epochs == n_epochs)
            matrix = np.array([truth[i] for i in known.tolist()])
            mean = matrix.mean(axis=0)
            _, _, components = np.linalg.svd(matrix - mean, full_matrices=False)
            components = components[:N_COMPONENTS]
            coefficients = (matrix - mean) @ components.T
            predicted = regress(learn.take(known), coefficients, held.X[asked], seed)
            curves = np.clip(predicted @ components + mean, 0.0, 1.0)
            found.update(zip(asked.tolist(), curves, strict=True))
        return [found[i] for i in range(len(held))]

    return predict


def _boost_each(learn: Dataset, targets: Floats, X: Floats, seed: int) -> Floats:
    return np.stack([xgboost_regressor(learn.X, y, seed)(X) for y in targets.T], axis=1)


def bsc_ensemble(curve_model: str) -> Method:
    """What ships (:mod:`surrogate.fitting.fit`): what does better on held-out trainings."""

    def predict(learn: Dataset, held: Dataset, seed: int) -> Curves:
        settings = Settings(seed=seed, curve_model=curve_model)
        shape, _ = choose_shape(learn, settings, SHAPES, most=600)
        fitted = fit_ensemble(learn, shape, settings)
        n_points = len(learn.curve_names) * (shape.degree + 1)
        outputs = fitted.outputs(held.X)[:, :n_points]
        place = learn.curve_names.index("val_accuracy")
        return [
            curves_of(row[None], shape, int(n), fitted.floor)[0, place]
            for row, n in zip(outputs, held.n_epochs, strict=True)
        ]

    return predict


SHAPES = tuple(Shape(degree=d, power=p) for d in bezier.DEGREES for p in (1.5, 2.0, 3.0))
"""Fewer than what ships chooses from, to save time; x from chords never won."""


def bsc_network(*, in_log_error: bool) -> Method:
    """A single two-encoder network, one Bezier curve with x from chord lengths.

    Args:
        in_log_error: Curves of the log of the error, as what ships; else of the accuracy, as in the
            paper.
    """

    def predict(learn: Dataset, held: Dataset, seed: int) -> Curves:
        from surrogate.fitting.network import train_network

        curves = [log_error(c) if in_log_error else c for c in validation(learn)]
        points = np.array([bezier.fit(curve, NETWORK_DEGREE) for curve in curves])
        inner_x, y = points[:, 0, 1:-1], points[:, 1]
        scale = float(y[:, [0, -1]].max()) if in_log_error else 1.0  # a sigmoid gives the ends
        y = y / scale
        wanted = np.column_stack([y[:, 0], y[:, -1], inner_x, y[:, 1:-1]])
        out = train_network(learn.X, wanted, seed=seed).predict(held.X)[0]
        first, last, inner_x, inner_y = np.split(out, [1, 2, 1 + NETWORK_DEGREE], axis=1)
        x = np.pad(inner_x, ((0, 0), (1, 1)))
        y = scale * np.column_stack([first, inner_y, last])
        found = []
        for row, n_epochs in zip(
            np.stack([bezier.rising(x), y], axis=1), held.n_epochs.tolist(), strict=True
        ):
            curve = bezier.evaluate(row[None], n_epochs)[0, 0]
            found.append(np.clip(-np.expm1(-curve) if in_log_error else curve, 0.0, 1.0))
        return found

    return predict


NETWORK_DEGREE = 4
"""Upstream's."""


def _network_each(learn: Dataset, targets: Floats, X: Floats, seed: int) -> Floats:
    from surrogate.fitting.network import train_network

    scale = targets.std(axis=0) + 1e-9
    # The endpoints' sigmoid heads have nothing to do here: they learn a constant.
    unused = np.full((len(targets), 2), 0.5)
    wanted = np.column_stack([unused, targets / scale])
    out = train_network(learn.X, wanted, seed=seed).predict(X)[0]
    return np.asarray(out[:, unused.shape[1] :] * scale)


def available(n_learnt: int) -> tuple[Mapping[str, Method], list[str]]:
    """The methods for so many trainings whose packages are installed, and what others lack."""
    methods: dict[str, tuple[str, Method]] = {
        "XGBoost per epoch": ("xgboost", per_epoch(xgboost_regressor)),
        "LightGBM per epoch": ("lightgbm", per_epoch(lightgbm_regressor)),
        "SVD + XGBoost": ("xgboost", svd(_boost_each)),
        "SVD + network": ("torch", svd(_network_each)),
        "BSC + network": ("torch", bsc_network(in_log_error=False)),
        "BSC + network, log error": ("torch", bsc_network(in_log_error=True)),
        "BSC + networks, log error": ("torch", bsc_ensemble(NETWORK)),
        "BSC + XGBoost": ("xgboost", bsc_ensemble(TREES)),
    }
    if n_learnt <= MOST_FOR_KERNEL:
        methods["BSC + Gaussian process"] = ("sklearn", bsc_ensemble(KERNEL))
    lacking = [
        f"{method} needs {package}: pip install {_PIP_NAME.get(package, package)}"
        for method, (package, _) in methods.items()
        if not _is_here(package)
    ]
    return {m: call for m, (package, call) in methods.items() if _is_here(package)}, lacking


_PIP_NAME = {"sklearn": "scikit-learn"}


def _is_here(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def costs_of(data: Dataset, learn: Dataset, seed: int) -> Mapping[str, Floats]:
    """Logs of the costs of ``data``, of shape (n, n_costs), by what ships and by plain trees."""
    fitted = fit_ensemble(learn, Shape(degree=3, power=2.0), Settings(seed=seed))
    found = {"linear + XGBoost": fitted.outputs(data.X)[:, -len(learn.cost_names) :]}
    regressors = {"XGBoost": xgboost_regressor, "LightGBM": lightgbm_regressor}
    for name, regressor in regressors.items():
        if _is_here(name.lower()):
            each = [regressor(learn.X, y, seed)(data.X) for y in learn.costs.T]
            found[name] = np.stack(each, axis=1)
    return found
