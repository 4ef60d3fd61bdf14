"""The budget rule as arithmetic: numbers in, decisions out; no host, no clock, no storage.

A host keeps, per trial, the energy spent so far and what is promised to it, and asks a `Balance`:

1. May this trial start (`admits`)?
2. Must this trial end now (`must_stop`)?

Without locks, a decision is safe in this order: write your own numbers, *then* read everybody's,
then decide. Of two trials that reach for the same energy at least one sees the other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

ROUNDING = 1e-9
"""Relative: sums of thousands of steps round, and the last step may land on a limit."""


class RunningTrial(NamedTuple):  # quicker to make than a frozen dataclass, at every step
    """What the budget must know of a trial that has not finished.

    Args:
        number: Order of the trials; a smaller number goes first.
        spent_kwh: Energy spent so far, kWh.
        reserved_kwh: Energy the whole trial is expected to need, kWh; 0 if unknown.
        step_kwh: Energy of the step it is doing or asks to do next, kWh; 0 if unknown.
        live: Whether its worker has been heard of within the lease. What a dead worker's trial
            has spent stays; what was promised to it does not.
    """

    number: int
    spent_kwh: float
    reserved_kwh: float = 0.0
    step_kwh: float = 0.0
    live: bool = True

    @property
    def claimed_kwh(self) -> float:
        """Energy of the step in progress, kWh, as good as spent."""
        return self.step_kwh if self.live else 0.0

    @property
    def unspent_kwh(self) -> float:
        """Energy promised and not spent yet, kWh."""
        if not self.live:
            return 0.0
        return max(self.reserved_kwh - self.spent_kwh, self.step_kwh, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The state of a budget at one moment.

    Example:
        >>> one = RunningTrial(number=7, spent_kwh=1.0, reserved_kwh=4.0)
        >>> balance = Balance(cap_kwh=10.0, finished_kwh=5.0, running=(one,))
        >>> balance.spent_kwh, balance.reserved_kwh, balance.remaining_kwh
        (6.0, 3.0, 4.0)
        >>> balance.admits(number=8, expected_kwh=2.0)
        False

    Args:
        cap_kwh: The most all trials together may spend, kWh; infinite while that is not known.
        finished_kwh: Energy of all trials that have finished, failed and pruned ones too, kWh.
        running: The trials that have not finished.
    """

    cap_kwh: float
    finished_kwh: float
    running: tuple[RunningTrial, ...] = ()

    @property
    def spent_kwh(self) -> float:
        """Energy spent by all trials in every state, kWh; beyond the cap only after an overshoot.

        A sum that exceeds the cap by its rounding alone, 0.1 + 0.2 of 0.3, is the cap.
        """
        total_kwh = math.fsum([self.finished_kwh, *[t.spent_kwh for t in self.running]])
        overshot_kwh = total_kwh - self.cap_kwh
        return self.cap_kwh if 0.0 < overshot_kwh <= self.cap_kwh * ROUNDING else total_kwh

    @property
    def reserved_kwh(self) -> float:
        """Energy promised to running trials and not spent yet, kWh."""
        return math.fsum(t.unspent_kwh for t in self.running)

    @property
    def remaining_kwh(self) -> float:
        """Energy not spent yet, kWh; negative after an overshoot."""
        return self.cap_kwh - self.spent_kwh

    def available_kwh(self, *, number: int) -> float:
        """Energy neither spent nor promised to a running trial that goes before ``number``, kWh."""
        earlier = (t.unspent_kwh for t in self.running if t.number < number)
        return self.remaining_kwh - math.fsum(earlier)

    def at_end_of(self, *, number: int | None, energy_kwh: float | None = None) -> Balance:
        """The balance once trial ``number``, about to end, needs nothing more.

        Args:
            number: The trial.
            energy_kwh: What it has spent in all, kWh; None if it is as `running` says.
        """
        running = tuple(
            t._replace(live=False, spent_kwh=t.spent_kwh if energy_kwh is None else energy_kwh)
            if t.number == number
            else t
            for t in self.running
        )
        return replace(self, running=running)

    def uncommitted_kwh(self, *, number: int | None = None) -> float:
        """Energy neither spent nor announced as the next step of a trial other than ``number``."""
        claims = math.fsum([t.claimed_kwh for t in self.running if t.number != number])
        return self.remaining_kwh - claims

    def covers(self, available_kwh: float, needed_kwh: float | None) -> bool:
        """Whether what is available pays for what is needed; if None, whether any is left."""
        return covers(available_kwh, needed_kwh, limit_kwh=self.cap_kwh)

    def admits(self, *, number: int, expected_kwh: float) -> bool:
        """Whether trial ``number`` can be paid from what is left, promises to earlier ones kept.

        The trial's own ``spent_kwh`` counts as spent: pass the whole expectation before the
        first step, and what is still to come after it.
        """
        return self.covers(self.available_kwh(number=number), expected_kwh)

    def must_stop(
        self,
        *,
        number: int,
        next_step_kwh: float | None = None,
        limit_kwh: float | None = None,
    ) -> bool:
        """Whether trial ``number`` must end now.

        With a known next step the answer looks one step ahead, counting the steps that other
        live trials have announced, and nothing overshoots. Without it the trial ends once the
        budget has been reached.

        Args:
            number: The trial that asks; its ``spent_kwh`` is read from ``running``.
            next_step_kwh: Energy of its next step, kWh. 0 if it is done: then nothing stops it.
            limit_kwh: The most this trial may spend itself, kWh.
        """
        if next_step_kwh == 0.0:
            return False
        if limit_kwh is not None:
            own = next((t.spent_kwh for t in self.running if t.number == number), 0.0)
            if not covers(limit_kwh - own, next_step_kwh, limit_kwh=limit_kwh):
                return True
        return not self.covers(self.uncommitted_kwh(number=number), next_step_kwh)

    def goes_first(self, *, number: int, next_step_kwh: float) -> bool:
        """Whether the step fits once trials with a larger number have given way.

        Only then is it worth reading the balance again before obeying `must_stop`.
        """
        earlier = math.fsum(t.claimed_kwh for t in self.running if t.number < number)
        return self.covers(self.remaining_kwh - earlier, next_step_kwh)


def covers(available_kwh: float, needed_kwh: float | None, *, limit_kwh: float) -> bool:
    """Whether what is available of a limit pays for what is needed, but for rounding.

    Args:
        available_kwh: What is left of the limit, kWh.
        needed_kwh: What is needed, kWh; if None, whether any is left.
        limit_kwh: The limit, kWh, of a study or of a trial, which rounds by its own size.
    """
    slack_kwh = limit_kwh * ROUNDING if limit_kwh < math.inf else 0.0
    if needed_kwh is None:
        return available_kwh > slack_kwh
    return needed_kwh <= available_kwh + slack_kwh


def payable(available_kwh: float, *, limit_kwh: float) -> float:
    """What is available of a limit, for whoever compares: what `covers` allows is not more, kWh.

    Rounding takes nothing away; where by that rule nothing is left, it is not positive.

    Args:
        available_kwh: What is left of the limit, kWh.
        limit_kwh: The limit, kWh.
    """
    if not covers(available_kwh, None, limit_kwh=limit_kwh):
        return min(available_kwh, 0.0)
    return available_kwh + limit_kwh * ROUNDING if limit_kwh < math.inf else available_kwh
