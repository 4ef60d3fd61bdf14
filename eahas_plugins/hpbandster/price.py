"""A run of HpBandSter ends when a kWh is not expected to bring its price any more."""

from __future__ import annotations

import math
from collections.abc import Callable

from ConfigSpace import ConfigurationSpace
from hpbandster.core.dispatcher import Job

from eahas_plugins.budget.attributes import ENERGY_ATTR, TRAINING_ATTR, known_kwh
from eahas_plugins.budget.entries import was_refused
from eahas_plugins.models.price import PriceEnd, PriceRule
from eahas_plugins.models.rung_search import Training
from eahas_plugins.spaces.axes import rung_search


class JobPrice:
    """The price of a run, which BOHB's densities know nothing of: they predict no values.

    So there is a Gaussian process beside them, fitted after each job for the price alone; it
    chooses nothing.

    Args:
        price_kwh: What one kWh must bring, in units of the loss. Positive.
        space: The space.
        lowest: The lowest rung.
        highest: The highest rung.

    Raises:
        ValueError: If the price is not positive and finite.
    """

    def __init__(
        self,
        price_kwh: float,
        space: ConfigurationSpace,
        *,
        lowest: float | None,
        highest: float | None,
    ) -> None:
        search = rung_search(space, lowest=lowest, highest=highest)
        self._rule = PriceRule(price_kwh, search, owner="EnergyBOHB")
        self._trainings: list[tuple[float, Training]] = []
        self._has_looked = False

    @property
    def end(self) -> PriceEnd | None:
        """Why the price has ended the run, once it has."""
        return self._rule.end

    def add(self, job: Job) -> None:
        """Learn a job that has ended, in this run or in an earlier one."""
        if not was_refused(job.exception):
            began_s = job.timestamps.get("started", 0.0)
            self._trainings.append((began_s, _training(job)))

    def look(self, fail: Callable[[Exception], None]) -> None:
        """See whether the run ends, after a job.

        Args:
            fail: Called with an error: HpBandSter would lose one here, and the run would hang.
        """
        try:
            self._look()
        except Exception as error:
            fail(error)

    def has_ended(self) -> bool:
        """Whether the run has ended; one that goes on may have, before any job."""
        if not self._has_looked:
            self._look()
        return self.end is not None

    def _look(self) -> None:
        self._has_looked = True
        if self.end is None:
            # Earlier runs are told rung by rung, and end at time 0.
            ordered = sorted(self._trainings, key=lambda pair: pair[0])
            self._rule.look([training for _, training in ordered])


def _training(job: Job) -> Training:
    answer = job.result or {}
    info = answer.get("info")
    info = info if isinstance(info, dict) else {}
    told = answer.get("loss")
    loss = math.nan if told is None else float(told)
    complete = math.isfinite(loss)
    cut = complete and info.get("truncated")
    return Training(
        key=job.id,
        config=job.kwargs["config"],
        rung=float(job.kwargs["budget"]),
        state="cut" if cut else "complete" if complete else "failed",
        reward=-loss,
        kwh=known_kwh(info.get(TRAINING_ATTR, info.get(ENERGY_ATTR))),
    )
