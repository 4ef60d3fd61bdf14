"""Whether a function has the shape of a training, and what its answer means."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any

from eahas_plugins.arguments import float_of
from eahas_plugins.targets.metric import SIGNATURE, Metric, recorded

_OF_A_HOST = frozenset({"seed", "budget", "instance", "cutoff", "attempt", "working_directory"})


def check_train(train: Any, metric: Metric) -> None:
    """Refuse what does not take ``(config, training)``, a host's own target function for one.

    Raises:
        ValueError: If it is not callable, or takes something else.
    """
    if not callable(train):
        raise ValueError(f"train must be a function but got {train!r}.")
    call = train if inspect.isroutine(train) else getattr(train, "__call__", train)  # noqa: B004
    if inspect.isgeneratorfunction(call) or inspect.iscoroutinefunction(call):
        raise ValueError(
            f"train must run when it is called but {train!r} has a `yield` or is `async`, so that "
            f"a call only makes an object. Its shape is\n{_shape(metric)}"
        )
    try:
        signature = inspect.signature(train)
    except (TypeError, ValueError):  # of a builtin: its call will tell
        return
    if _takes_a_training(signature):
        return
    raise ValueError(
        f"train must take (config, training) but takes {signature}. Seed, instance and budget are "
        f"training.seed, training.instance and training.budget. Its shape is\n{_shape(metric)}\n"
        "A function of SMAC's own shape that returns `cost, {'energy_kwh': kWh}` goes to the "
        "facade as it is, an objective of Optuna's to study.optimize."
    )


def _takes_a_training(signature: inspect.Signature) -> bool:
    try:
        signature.bind(None, None)
    except TypeError:
        return False
    positional = [
        p.name
        for p in signature.parameters.values()
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    return len(positional) < 2 or positional[1] not in _OF_A_HOST


def values_of(
    returned: Any, reported: Sequence[Mapping[str, float]], metric: Metric, *, named: bool
) -> dict[str, float]:
    """The values of a training that has ended, by metric.

    Args:
        returned: What the function has returned. Nothing is made of a model, or anything else that
            is no number, where the metric has been reported.
        reported: What it has reported, epoch by epoch.
        metric: What it is judged by.
        named: Whether the user has said so. If not, a number alone may be anything, a cost too.

    Raises:
        ValueError: If it is not known what a value means, or there is none.
    """
    last = dict(reported[-1]) if reported else {}
    where = "a training's result"
    if returned is None or isinstance(returned, bool):  # `return training.report(accuracy)`
        if metric.name not in last:
            raise ValueError(
                f"a training must report or return its {metric.name} but ended without. Its shape "
                f"is\n{_shape(metric)}"
            )
        return last
    if isinstance(returned, Mapping):
        if metric.name not in returned and metric.name not in last:
            raise ValueError(
                f"a training must return its {metric.name!r} but returned {dict(returned)!r}."
            )
        found = {**last, **recorded(returned, metric)}
        if metric.name in returned:
            found[metric.name] = metric.checked(returned[metric.name], where)
        return found
    if isinstance(returned, tuple):
        raise ValueError(
            f"a training must report its {metric.name} but returned {returned!r}, as SMAC's own "
            f"functions do. Its shape is\n{_shape(metric)}"
        )
    if metric.name in last and not _is_number(returned):  # a model, or what its `fit` returns
        return last
    if not named and not any(_same(returned, epoch.get(metric.name)) for epoch in reported):
        raise ValueError(
            f"a training must say what it returns but returned {returned!r} alone. Report the "
            f"{metric.name} after each epoch, or name it: metric='accuracy', or "
            "metric='loss', direction='minimize'. Its shape is\n"
            f"{_shape(metric)}"
        )
    return {**last, metric.name: metric.checked(returned, where)}


def _is_number(value: Any) -> bool:
    try:
        float_of(value)
    except (TypeError, ValueError):
        return False
    except OverflowError:  # it has hundreds of digits
        pass
    return True


def _same(value: Any, reported: float | None) -> bool:
    try:
        return reported is not None and math.isclose(float(value), reported, rel_tol=1e-9)
    except (TypeError, ValueError, OverflowError):
        return False


def _shape(metric: Metric) -> str:
    return SIGNATURE.format(name=metric.name)
