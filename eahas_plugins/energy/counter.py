"""A device's counter as its driver tells it: it wraps around, begins anew, or is nonsense."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from eahas_plugins.energy.readings import MeterError, Reading

_log = logging.getLogger(__name__)


class Counter:
    """What a counter has counted since it was made, in its own unit. Never falls.

    Args:
        at: Where it stands.
        now_s: Since when, monotonic seconds.
        per_joule: How many of its unit are one joule.
        max_watts: What the device can draw at most, W.
        slack_j: Energy that may come at once, however short the time, J: counters are updated
            in steps.
        wraps_at: Where it wraps around to 0; None: it does not.

    Raises:
        ValueError: If ``at`` is no state of such a counter.
    """

    def __init__(
        self,
        at: float,
        now_s: float,
        *,
        per_joule: float,
        max_watts: float,
        slack_j: float,
        wraps_at: float | None = None,
    ) -> None:
        self._per_joule = per_joule
        self._max_watts = max_watts
        self._slack_j = slack_j
        self._wraps_at = wraps_at
        self.first = self.last = self._checked(at)
        self._last_s = now_s
        self._fell_from: float | None = None
        self._since_fall = 0.0
        self.total = 0.0

    def advance(self, at: float, now_s: float) -> bool:
        """Count up to where it stands now; whether it began anew since the last time.

        Args:
            at: Where it stands.
            now_s: Now, monotonic seconds.

        Raises:
            ValueError: If that is no state of such a counter. The next one makes up for it.
        """
        at = self._checked(at)
        possible = (self._max_watts * (now_s - self._last_s) + self._slack_j) * self._per_joule
        step, began_anew = at - self.last, False
        if step < 0.0 and self._wraps_at is not None and step + self._wraps_at <= possible:
            step += self._wraps_at
        elif step < 0.0:
            # The device was reset, the machine slept or the driver was loaded anew. What the
            # counter was before that, since the last time, is not known.
            began_anew = True
            self._fell_from, self._since_fall = self.last, 0.0
            step = at if at <= possible else 0.0
        elif self._fell_from is not None and at >= self._fell_from and step > possible:
            # It did not begin anew: it told nonsense for a while, and has come back.
            step = max(0.0, at - self._fell_from - self._since_fall)
            self._fell_from = None
        self._since_fall += step
        self.total += step
        self.last, self._last_s = at, now_s
        return began_anew

    def _checked(self, at: float) -> float:
        """Return a state; what stands for "no value" is none: -1 in 64 bits, 2**63 - 1, NaN.

        Raises:
            ValueError: If it is none.
        """
        at = float(at)  # 2**63 - 1 becomes 2.0**63
        most = 2.0**63 if self._wraps_at is None else self._wraps_at
        if not (0.0 <= at < most or at == self._wraps_at):  # nor NaN
            raise ValueError(f"{at:g} is no state of a counter from 0 to {most:g}")
        return at


class _Device(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


def read_twice(read: Callable[[], Reading]) -> tuple[Reading, MeterError | None]:
    """Read; with what failed once and not again, such as a counter that began anew.

    Raises:
        MeterError: If the meter does not answer.
    """
    try:
        return read(), None
    except MeterError as error:
        return read(), error


def read_again(read: Callable[[], Reading]) -> Reading:
    """Read, at the second try if the first one fails; then the log says what has failed.

    Raises:
        MeterError: If the meter does not answer.
    """
    now, problem = read_twice(read)
    if problem is not None:
        _log.warning("A reading of the energy failed and was repeated (%s).", problem)
    return now


def tell_of(
    lost: Iterable[tuple[_Device, Exception]], *, reset: Sequence[str], told: set[str]
) -> None:
    """Say once which devices do not answer, while others do, and whose counters began anew.

    Args:
        lost: Devices that do not answer, and why.
        reset: Names of those whose counters began anew.
        told: Ids of those of which it was said that they do not answer; it grows.

    Raises:
        MeterError: If there are counters that began anew.
    """
    for device, problem in lost:
        if device.id not in told:
            told.add(device.id)
            _log.warning(
                "%s no longer answers (%s) and is left out until it does.", device.name, problem
            )
    if reset:
        raise MeterError(
            f"the energy counter of {', '.join(reset)} was reset and what it counted just "
            "before is lost; start the measurement anew: the next reading goes on"
        )
