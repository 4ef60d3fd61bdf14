"""What one inference of a model costs: energy and latency, measured until the counter resolves it.

A single pass is over before most counters have moved once. So passes are repeated: first to warm
up, then in windows that double until the counter says the same of two of them, and then in several
windows of that length, whose median is the answer and whose spread says how well it is known.
"""

from __future__ import annotations

import contextlib
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from eahas_plugins.arguments import check_counts
from eahas_plugins.energy import enclosing
from eahas_plugins.energy.auto import auto_meter
from eahas_plugins.energy.counter import read_again
from eahas_plugins.energy.meter_argument import check_meter
from eahas_plugins.energy.readings import (
    EnergyMeter,
    MeterError,
    Provenance,
    Reading,
)
from eahas_plugins.energy.sharing import Share
from eahas_plugins.energy.synchronize import wait_for_gpu
from eahas_plugins.units import energy_text

_AGREE = 0.05  # relative difference of two windows between which the counter makes none
_RESOLUTIONS = 10.0  # a window is at least this many resolutions of the meter long
_LEAST_WINDOW_S, _MOST_WINDOW_S = 0.2, 20.0
_LEAST_WINDOWS = 5  # of fewer, no interval holds the median nine times in ten
_TIMED = 100  # passes timed one by one, at most
_MOST_PASSES = 2**24  # of a window, whatever the clock says
_CONFIDENCE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceCost:
    """Energy and latency of a model's inference.

    Args:
        energy_kwh: Energy per sample, kWh: the median of the windows.
        low_kwh: Lower end of an interval that holds the median of all windows nine times in ten.
        high_kwh: Its upper end. It tells how well the measurement repeats; what an estimate (see
            ``provenance``) gets wrong, it cannot know.
        latency_s: Median time of a pass from its start until its result is there, seconds.
        latency_p95_s: What 19 of 20 passes stay below, seconds.
        n_samples: Samples in a pass; energy and latency depend on it.
        n_windows: Windows that were measured.
        passes_per_window: Passes in each.
        window_s: Median length of a window, seconds.
        provenance: Where the energy comes from, ``measured`` or ``estimated`` and by what. A meter
            whose scope is the machine counts what it draws when idle, too.
    """

    energy_kwh: float
    low_kwh: float
    high_kwh: float
    latency_s: float
    latency_p95_s: float
    n_samples: int
    n_windows: int
    passes_per_window: int
    window_s: float
    provenance: Provenance

    @property
    def mwh_per_1000(self) -> float:
        """Energy of 1,000 samples, mWh."""
        return self.energy_kwh * 1e9

    def __str__(self) -> str:
        """One line for a log."""
        per_1000 = [energy_text(1e3 * kwh) for kwh in (self.energy_kwh, self.low_kwh)]
        return (
            f"{per_1000[0]} per 1,000 samples ({per_1000[1]} to "
            f"{energy_text(1e3 * self.high_kwh)}), {1e3 * self.latency_s:.3g} ms per pass of "
            f"{self.n_samples}; {self.provenance.kind} by {self.provenance.meter}"
        )


def measure_inference(
    run: Callable[[], Any],
    *,
    n_samples: int,
    meter: EnergyMeter | Literal["auto"] = "auto",
    warm_up: int = 5,
    n_windows: int = _LEAST_WINDOWS,
    owner: str | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> InferenceCost:
    """Measure what a model's inference costs on this machine.

    What the measurement uses is the energy of the trial that the thread trains, if it trains one,
    as that of its training is. ``EnergyTracker`` has it as a method, with its own meter.

    Example:
        >>> from eahas_plugins.energy import CpuTimeMeter, measure_inference
        >>> meter = CpuTimeMeter(watts_per_core=10.0, idle_watts=0.0)
        >>> cost = measure_inference(lambda: sum(range(20_000)), n_samples=8, meter=meter)
        >>> cost.low_kwh <= cost.energy_kwh <= cost.high_kwh, cost.provenance.kind
        (True, 'estimated')

    Args:
        run: One pass: takes nothing, computes the outputs of ``n_samples`` samples. Work that it
            leaves on a GPU is waited for (PyTorch, CuPy).
        n_samples: Samples in a pass, at least 1.
        meter: What measures; ``"auto"`` for the best of this machine. It is shared with trials that
            run beside this one as in `EnergyTracker`.
        warm_up: Passes before anything is counted: caches, compilation, clocks.
        n_windows: Windows to measure, at least 5. Each is 0.2 s long or more.
        owner: Name of the trial that this belongs to; by default the one that this thread trains.
        clock: Where times come from, seconds.

    Raises:
        ValueError: If an argument is out of range.
        MeterError: If the meter does not answer, or does not move in 20 s of passes.
    """
    for name, count, least in (
        ("n_samples", n_samples, 1),
        ("warm_up", warm_up, 0),
        ("n_windows", n_windows, _LEAST_WINDOWS),
    ):
        check_counts(least, **{name: count})
    if not callable(run):
        raise ValueError(f"run must be a function without arguments but got {run!r}.")
    check_meter(meter)
    for _ in range(warm_up):
        run()
    wait_for_gpu()
    times = _times_of_passes(run, clock)
    owner = enclosing.owner_in_this_thread() if owner is None else owner
    share = Share(auto_meter() if isinstance(meter, str) else meter, owner=owner)
    windows = _Windows(run, share, clock)
    try:
        n_passes = windows.find_length()
        found = [windows.measure(n_passes) for _ in range(n_windows)]
    finally:
        with contextlib.suppress(MeterError):  # what it would count is in no window
            share.leave()
    each = sorted(kwh / (n_passes * n_samples) for kwh, _ in found)
    if not each[0] > 0.0:
        raise MeterError(windows.stood_still(sum(seconds for _, seconds in found)))
    low, high = _interval(each)
    return InferenceCost(
        energy_kwh=statistics.median(each),
        low_kwh=low,
        high_kwh=high,
        latency_s=statistics.median(times),
        latency_p95_s=times[math.ceil(0.95 * len(times)) - 1],
        n_samples=n_samples,
        n_windows=n_windows,
        passes_per_window=n_passes,
        window_s=statistics.median(seconds for _, seconds in found),
        provenance=share.provenance,
    )


def _times_of_passes(run: Callable[[], Any], clock: Callable[[], float]) -> list[float]:
    """How long single passes take, sorted, seconds: a hundred, or what fits in two windows."""
    times: list[float] = []
    while len(times) < _TIMED and sum(times) < 2.0 * _LEAST_WINDOW_S:
        start = clock()
        run()
        wait_for_gpu()
        times.append(clock() - start)
    return sorted(times)


class _Windows:
    """Windows of passes between two readings."""

    def __init__(self, run: Callable[[], Any], share: Share, clock: Callable[[], float]) -> None:
        self._run = run
        self._share = share
        self._clock = clock
        resolution_s = share.provenance.resolution_s
        self._least_s = max(_LEAST_WINDOW_S, _RESOLUTIONS * resolution_s)

    def measure(self, n_passes: int) -> tuple[float, float]:
        """Energy, kWh, and seconds of so many passes."""
        before = read_again(self._share.read)
        for _ in range(n_passes):
            self._run()
        wait_for_gpu()
        return _difference(before, read_again(self._share.read))

    def find_length(self) -> int:
        """Passes of a window that the counter resolves: one of twice the length says the same.

        Raises:
            MeterError: If it does not move.
        """
        n, last_kwh = 1, math.nan
        while True:
            start_s = self._clock()
            kwh, seconds = self.measure(n)
            waited_s = max(seconds, self._clock() - start_s)  # a meter's own time may stand still
            per_pass = kwh / n
            agrees = kwh > 0.0 and abs(per_pass - last_kwh) <= _AGREE * per_pass
            if seconds >= self._least_s and agrees:
                return n
            if waited_s >= max(_MOST_WINDOW_S, self._least_s) or n >= _MOST_PASSES:
                if not kwh > 0.0:
                    raise MeterError(self.stood_still(waited_s))
                return n  # the spread of the windows says how little they agree
            last_kwh = per_pass if kwh > 0.0 else math.nan
            n *= 2

    def stood_still(self, seconds: float) -> str:
        """The message."""
        provenance = self._share.provenance
        return (
            f"energy must grow but {provenance.meter!r} counted nothing in {seconds:.3g} s of "
            "inference; the meter does not see the device that works: choose another meter"
        )


def _difference(before: Reading, after: Reading) -> tuple[float, float]:
    return after.energy_kwh - before.energy_kwh, after.monotonic_s - before.monotonic_s


def _interval(ordered: Sequence[float]) -> tuple[float, float]:
    """The narrowest interval of order statistics that holds the median nine times in ten.

    Between the k-th smallest and the k-th largest of n lies the median unless fewer than k of them
    are on one side of it, which are two binomial tails.
    """
    n = len(ordered)
    k, tail = 0, 0.0
    while 1.0 - 2.0 * (tail + math.comb(n, k) * 0.5**n) >= _CONFIDENCE:
        tail += math.comb(n, k) * 0.5**n
        k += 1
    k = max(k, 1)
    return ordered[k - 1], ordered[n - k]
