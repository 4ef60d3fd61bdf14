"""Time and energy of pieces of work, which may be shorter than an energy counter resolves."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from eahas_plugins.energy.readings import (
    EnergyMeter,
    MeterError,
    Reading,
    between,
)
from eahas_plugins.units import J_PER_KWH

Result = TypeVar("Result")

WINDOW_S = 0.6
"""Shortest stretch of work between two readings. The counter moves every 20 to 100 ms, which does
not count, as windows begin and end with a move of it; but behind it the sensor of some GPUs sees a
quarter of the time only (Yang et al., 2024, arXiv 2312.02741), so that several are measured."""
WARM_UP_SHARE = 0.25
"""Of a window: so long it works before it is measured."""
TIMED_SHARE = 0.1
"""Of a window: work must take so long to be timed."""
POLL_S = 0.001
PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Cost:
    """What one repetition of a piece of work took.

    Args:
        energy_kwh: Energy, kWh; None if no counter was read.
        cpu_s: CPU seconds of this process.
        wall_s: Wall-clock seconds.
    """

    energy_kwh: float | None
    cpu_s: float
    wall_s: float


class Window(Protocol):
    """Says what work costs; some only if it is done several times in a row."""

    def n_repeats(self, work: Callable[[], Any]) -> int:
        """How many repetitions of this work `measure` needs."""
        ...

    def measure(self, works: Sequence[Callable[[], Result]]) -> tuple[Result, Cost]:
        """Do equal pieces of work; return what the last one returned, and the cost of one."""
        ...


class ClockWindow:
    """Time alone, once."""

    def n_repeats(self, work: Callable[[], Any]) -> int:
        """One, and nothing is done to find out."""
        return 1

    def measure(self, works: Sequence[Callable[[], Result]]) -> tuple[Result, Cost]:
        """Do the work and time it."""
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        for work in works:
            result = work()
        cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
        n = len(works)
        return result, Cost(energy_kwh=None, cpu_s=cpu_s / n, wall_s=wall_s / n)


class CounterWindow:
    """Energy by a counter that moves in steps, as that of a GPU does.

    A window starts when the counter has just moved and ends with its first move after the work.
    The wait until then is taken off at the static power, which is measured once, after a warm-up.
    Work that does not fill a window is repeated.

    Args:
        meter: What counts.
        synchronize: Waits until the device has done everything it was given.
        window_s: How long the work between two readings must take at least, seconds.
        sleep: Lets time pass.

    Raises:
        ValueError: If ``window_s`` is not positive and finite.
    """

    def __init__(
        self,
        meter: EnergyMeter,
        *,
        synchronize: Callable[[], None],
        window_s: float = WINDOW_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not 0.0 < window_s < math.inf:
            raise ValueError(f"window_s must be positive and finite but got {window_s}.")
        self._meter = meter
        self._synchronize = synchronize
        self._window_s = window_s
        self._sleep = sleep
        self._static_watts: float | None = None
        self._update_s = 0.0
        self._repeats: list[int] = []

    def n_repeats(self, work: Callable[[], Any]) -> int:
        """How many repetitions fill a window; does the work as often as it takes to time it.

        Once before that, as a library may choose its kernels then, and for a part of a window
        after it: the device rests while its static power is measured, and its clocks fall.
        """
        work()
        n, seconds = 1, self._seconds(work, 1)
        while seconds < TIMED_SHARE * self._window_s:  # a reading takes its time, too
            n *= 4
            seconds = self._seconds(work, n)
        if self._static_watts is None:
            self._static_watts = self._idle_watts()
        self._repeats.append(max(1, math.ceil(self._window_s * n / seconds)))
        for _ in range(math.ceil(WARM_UP_SHARE * self._repeats[-1])):
            work()
        return self._repeats[-1]

    def measure(self, works: Sequence[Callable[[], Result]]) -> tuple[Result, Cost]:
        """Do the work between two moves of the counter.

        Raises:
            MeterError: If the counter stands still, or counts less than the static power.
            RuntimeError: If ``n_repeats`` was not asked before.
        """
        if self._static_watts is None:
            raise RuntimeError("ask n_repeats first: it measures the static power.")
        self._synchronize()
        start = self._next_move()
        cpu_s = time.process_time()
        for work in works:
            result = work()
        done = self._settled()
        cpu_s = time.process_time() - cpu_s
        end = self._next_move()
        waited_s = end.monotonic_s - done.monotonic_s
        waited_kwh = self._static_watts * waited_s / J_PER_KWH
        energy_kwh = between(start, end).energy_kwh - waited_kwh
        if not energy_kwh > 0.0:
            raise MeterError(
                f"work must use more than the static {self._static_watts:.1f} W but the counter "
                "says less; see that nothing else runs on the device and start anew"
            )
        n = len(works)
        return result, Cost(
            energy_kwh=energy_kwh / n,
            cpu_s=cpu_s / n,
            wall_s=(done.monotonic_s - start.monotonic_s) / n,
        )

    def describe(self) -> dict[str, Any]:
        """What a record says of these measurements.

        ``static_watts``: power without work, after the warm-up. ``update_s``: time between two
        moves of the counter. ``repeats``: answers of `n_repeats` in their order.
        """
        return {
            "static_watts": self._static_watts,
            "update_s": self._update_s,
            "window_s": self._window_s,
            "repeats": list(self._repeats),
        }

    def _settled(self) -> Reading:
        self._synchronize()
        return self._meter.read()

    def _seconds(self, work: Callable[[], Any], n: int) -> float:
        start = self._settled()
        for _ in range(n):
            work()
        return self._settled().monotonic_s - start.monotonic_s

    def _idle_watts(self) -> float:
        start = self._next_move()
        self._update_s = self._next_move().monotonic_s - start.monotonic_s
        self._sleep(self._window_s)
        return between(start, self._next_move()).watts

    def _next_move(self) -> Reading:
        first = now = self._meter.read()
        while not now.energy_kwh > first.energy_kwh:
            if now.monotonic_s - first.monotonic_s > PATIENCE_S:
                raise MeterError(
                    f"the counter must move but stood still for {PATIENCE_S:g} s; see "
                    "`nvidia-smi --query-gpu=power.draw --format=csv`"
                )
            self._sleep(POLL_S)
            now = self._meter.read()
        return now
