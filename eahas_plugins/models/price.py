"""A run ends when a kWh is not expected to bring its price any more."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from eahas_plugins.arguments import check_positive
from eahas_plugins.models.rung_search import RungSearch, Training

_log = logging.getLogger(__name__)

N_STARTUP_TRIALS = 10
"""Complete trainings before a price may end a run."""
PATIENCE = 3
"""After so many trainings in a row nothing must be worth its energy: what is expected is an
estimate."""


def price_argument(price_kwh: float) -> float:
    """A price as it is given, checked.

    Raises:
        ValueError: If it is not positive and finite.
    """
    check_positive(price_kwh=price_kwh)
    return float(price_kwh)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceEnd:
    """Why a price has ended a run.

    Args:
        price_per_kwh: What a kWh had to bring, in units of the objective.
        expected_per_kwh: What was expected of it at best.
    """

    price_per_kwh: float
    expected_per_kwh: float

    def __str__(self) -> str:
        return (
            "stopped: the best next training is expected to bring "
            f"{self.expected_per_kwh:.3g} per kWh, the price is {self.price_per_kwh:.3g}"
        )


class PriceRule:
    """Looks after each training whether any other one would be worth its energy.

    That is so while the best value does not exceed the Gittins index of every configuration.

    Args:
        price_kwh: What one kWh must bring, in units of the objective. Positive.
        search: What is known of the run.
        owner: Who asks, for messages.

    Raises:
        ValueError: If the price is not positive and finite.

    References:
        Xie et al. (2024), Cost-aware Bayesian optimization via the Pandora's box Gittins index,
        eq. 4; Xie et al. (2025), Cost-aware stopping for Bayesian optimization, section 3.
    """

    def __init__(self, price_kwh: float, search: RungSearch, *, owner: str) -> None:
        self.price_kwh = price_argument(price_kwh)
        self.end: PriceEnd | None = None
        """Why the run has ended, once it has."""
        self._search = search
        self._owner = owner
        self._streak: int | None = None  # trainings in a row after which nothing was worth it
        self._silence_said = False

    def look(self, trainings: Sequence[Training]) -> PriceEnd | None:
        """Whether a run with these trainings ends, and why.

        The first look at a run that goes on counts what would have been seen before.

        Args:
            trainings: All of the run, in the order in which they began.
        """
        if self._streak is None:
            self._streak = 0
            ended = [t for t in trainings if t.state != "running"]
            for n in range(PATIENCE - 1, 0, -1):
                self._count(ended[:-n])
        expected = self._count(trainings)
        if expected is not None and self._streak >= PATIENCE:
            self.end = PriceEnd(price_per_kwh=self.price_kwh, expected_per_kwh=expected)
        return self.end

    def _count(self, trainings: Sequence[Training]) -> float | None:
        complete = [t for t in trainings if t.state == "complete"]
        if len(complete) < N_STARTUP_TRIALS:
            return None
        if not any(t.kwh for t in complete) and not self._silence_said:
            self._silence_said = True
            _log.warning(
                "%s: no training has reported more than 0 kWh, without which nobody knows what a "
                "kWh brings; until then price_kwh does not end the run.",
                self._owner,
            )
        expected = self._search.expected_per_kwh(trainings)
        worth_it = expected is None or expected >= self.price_kwh
        self._streak = 0 if worth_it else (self._streak or 0) + 1
        return expected
