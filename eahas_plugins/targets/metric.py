"""What a training's numbers mean: which one is searched for, in which direction, on which scale."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from eahas_plugins.arguments import float_of
from eahas_plugins.budget.attributes import KEPT_NAMES

ACCURACY = "accuracy"
Direction = Literal["maximize", "minimize"]

_ROUNDING = 1e-6
_log = logging.getLogger(__name__)
_told: set[str] = set()
SIGNATURE = (
    "def train(config, training):\n"
    "    for epoch in range(training.epochs, n_epochs):\n"
    "        ...  # train for one epoch\n"
    "        if training.report({name}):\n"
    "            return"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """The number that a training is judged by.

    Args:
        name: What it is called in reports and results.
        maximize: Whether a larger value is better.
    """

    name: str
    maximize: bool

    @property
    def is_accuracy(self) -> bool:
        """Whether values are fractions of what is right."""
        return self.name == ACCURACY

    @property
    def worst_cost(self) -> float | None:
        """The largest cost there is; None if only the user knows one."""
        return 1.0 if self.is_accuracy else None

    def checked(self, value: Any, where: str) -> float:
        """A value as a float.

        Args:
            value: What the training gave.
            where: What the message calls the place.

        Raises:
            ValueError: If it is not a finite number, or an accuracy that is no fraction.
        """
        try:
            number = float_of(value)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(
                f"{where} must be given one number, the {self.name}, but got {value!r}."
            ) from None
        if not math.isfinite(number):
            raise ValueError(
                f"{where} must be given a finite {self.name} but got {number}: the training has "
                "diverged. Let it raise an error, or report the worst value there is."
            )
        if self.is_accuracy and not -_ROUNDING <= number <= 1.0 + _ROUNDING:
            percent = 1.0 < number <= 100.0
            raise ValueError(
                f"{where} must be given an accuracy as a fraction in [0, 1] but got {number}: "
                + (f"as a fraction that is {number / 100.0:g}. Or " if percent else "")
                + 'name what it is: metric="loss", direction="minimize".'
            )
        return min(1.0, max(0.0, number)) if self.is_accuracy else number

    def cost(self, value: float) -> float:
        """What a host minimises: the error of an accuracy, else the value or its negative."""
        if self.is_accuracy:
            return 1.0 - value
        return -value if self.maximize else value


def metric_of(name: str | None, direction: Direction | None) -> Metric:
    """The metric that a user has named.

    Args:
        name: Its name; None for the accuracy.
        direction: ``"maximize"`` or ``"minimize"``; an accuracy needs none.

    Raises:
        ValueError: If the name is no identifier, or one that every trial has, or the direction is
            missing or does not fit.
    """
    name = ACCURACY if name is None else name
    if name in KEPT_NAMES:
        raise ValueError(
            f"metric must not be {name!r}, under which every trial keeps what was measured: give "
            "the training's own value another name."
        )
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"metric must be a name such as 'loss' but got {name!r}.")
    if name == ACCURACY:
        if direction not in (None, "maximize"):
            raise ValueError(f"an accuracy must be maximized but direction is {direction!r}.")
        return Metric(name=name, maximize=True)
    if direction not in ("maximize", "minimize"):
        raise ValueError(
            f"direction must be 'maximize' or 'minimize' for the metric {name!r} but got "
            f"{direction!r}."
        )
    return Metric(name=name, maximize=direction == "maximize")


def recorded(told: Mapping[str, Any], metric: Metric) -> dict[str, float]:
    """What a trial records beside its metric; under a name that it keeps itself nothing.

    Args:
        told: What the training has reported or returned, by name.
        metric: What it is judged by.

    Raises:
        ValueError: If one is not a number.
    """
    for name in sorted(KEPT_NAMES & told.keys() - _told):
        _told.add(name)
        _log.warning(
            "%s of a training is not recorded: every trial keeps what was measured under that "
            "name. Give the training's own value another one.",
            name,
        )
    others = {name: v for name, v in told.items() if name not in (*KEPT_NAMES, metric.name)}
    return {str(name): number(value, str(name)) for name, value in others.items()}


def number(value: Any, name: str) -> float:
    """A value that is only recorded.

    Raises:
        ValueError: If it is not a number.
    """
    try:
        return float_of(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} must be a number but is {value!r}.") from None
