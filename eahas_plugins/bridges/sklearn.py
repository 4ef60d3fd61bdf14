"""scikit-learn: ``partial_fit`` epoch by epoch, and estimators by their length."""

from __future__ import annotations

from typing import Any

import numpy as np

from eahas_plugins.arguments import check_counts, given
from eahas_plugins.bridges._pieces import needs, saved, saving
from eahas_plugins.targets.training import EnergyTraining

with needs(__name__, "scikit-learn", "sklearn"):
    import joblib
    from sklearn.base import clone, is_classifier
    from sklearn.exceptions import NotFittedError
    from sklearn.metrics import check_scoring
    from sklearn.utils.validation import check_is_fitted

__all__ = ["fit_epochs", "fit_length"]

_FILE = "model.joblib"


def fit_epochs(
    training: EnergyTraining,
    model: Any,
    X: Any,
    y: Any,
    *,
    n_epochs: int,
    validation: tuple[Any, Any],
    scoring: Any = None,
    **options: Any,
) -> Any:
    """Fit a model with ``partial_fit``, all data in each epoch; the host may end it after each.

    Args:
        training: What ``train(config, training)`` has got.
        model: An estimator that has not been fitted.
        X: Features to fit it to.
        y: Their targets.
        n_epochs: Passes over the data.
        validation: Features and targets that each report is of.
        scoring: Name of a scorer, larger is better; None for the model's own ``score``.
        **options: Further arguments of ``partial_fit``; classifiers get their ``classes``.

    Returns:
        The fitted model.

    Raises:
        ValueError: If ``n_epochs`` is no whole number of at least 1, or the model was fitted.
    """
    check_counts(1, n_epochs=n_epochs)
    _check_new(model)
    score = check_scoring(model, scoring)
    classes = {"classes": np.unique(y)} if is_classifier(model) else {}
    model = _last(training, model)
    stops = False
    while training.epochs < n_epochs and not stops:
        model.partial_fit(X, y, **{**classes, **options})
        stops = training.report(score(model, *validation))
    _save(training, model)
    return model


def fit_length(
    training: EnergyTraining,
    model: Any,
    X: Any,
    y: Any,
    *,
    validation: tuple[Any, Any],
    scoring: Any = None,
    step: int | None = None,
    **length: int,
) -> Any:
    """Fit a model of a given length, ``n_estimators=100`` or ``max_iter=100``.

    Args:
        training: What ``train(config, training)`` has got.
        model: An estimator that has not been fitted, or a pipeline.
        X: Features to fit it to.
        y: Their targets.
        validation: Features and targets that each report is of.
        scoring: Name of a scorer, larger is better; None for the model's own ``score``.
        step: Trees or rounds between reports, after each of which the host may end it: for the
            ensembles that grow by ``warm_start``. None for one fit and one report.
        **length: The parameter that is the length, as ``set_params`` takes it, and its value.

    Returns:
        The fitted model.

    Raises:
        ValueError: If not one length is given, or a step for a model that does not grow or was
            fitted.
    """
    if len(length) != 1:
        raise ValueError(f"give one length, such as n_estimators=100, but got {length!r}.")
    check_counts(1, **given(step=step), **length)
    ((name, n),) = length.items()
    score = check_scoring(model, scoring)
    if step is None:
        training.report(score(model.set_params(**length).fit(X, y), *validation), epochs=n)
        return model
    part, joint, _ = name.rpartition("__")
    ensemble = model.get_params()[part] if part else model
    if not any(kind.__module__.startswith("sklearn.ensemble.") for kind in type(ensemble).__mro__):
        raise ValueError(
            f"step must be None for {type(ensemble).__name__} but got {step}: only ensembles go on "
            "where they stopped."
        )
    _check_new(model)
    model = _last(training, model).set_params(**{f"{part}{joint}warm_start": True})
    stops = False
    while training.epochs < n and not stops:
        reached = min(n, training.epochs + step)
        model.set_params(**{name: reached}).fit(X, y)
        stops = training.report(score(model, *validation), epochs=reached)
    _save(training, model)
    return model


def _check_new(model: Any) -> None:
    """Refuse a model that would go on from another trial's training, which this one did not pay.

    Raises:
        ValueError: If it was fitted.
    """
    # Of one's own estimator scikit-learn may not be able to tell, or say it of a new one, too.
    if not _seems_fitted(model) or _seems_fitted(_unfitted(model)):
        return
    raise ValueError(
        "model must not have been fitted, or it would go on from there: make it in the training "
        "function, or give sklearn.base.clone(model)."
    )


def _seems_fitted(model: Any) -> bool:
    try:
        check_is_fitted(model)
    except (NotFittedError, TypeError):
        return False
    return True


def _unfitted(model: Any) -> Any:
    """A new model like it; the same one where scikit-learn cannot make one."""
    try:
        return clone(model)
    except (AttributeError, TypeError, RuntimeError):  # no parameters, or not those it was given
        return model


def _last(training: EnergyTraining, model: Any) -> Any:
    path = saved(training, _FILE)
    return model if path is None else joblib.load(path)


def _save(training: EnergyTraining, model: Any) -> None:
    if training.keeps_checkpoint:
        with saving(training, _FILE) as path:
            joblib.dump(model, path)
