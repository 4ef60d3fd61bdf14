"""The table: regrets over the energy, and what energy it takes to get as far as others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.reporting.ratios import Interval, energy_ratio, geometric_mean
from benchmarks.reporting.resampling import N_RESAMPLES, seeds_drawn, tasks_drawn
from benchmarks.reporting.traces import collect, reference_score, regrets_at
from benchmarks.transfer.conditions import Condition
from benchmarks.transfer.run import TaskResults

Floats = NDArray[np.float64]

TRAININGS = (2, 5, 10, 20, 30)
"""Where regrets are listed, in mean full trainings' worth of energy."""
NOTHING = Condition(n=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One condition; intervals are at 95 %, by bootstrap over tasks and seeds.

    Args:
        condition: What its studies begin with.
        n_tasks: How many tasks there are.
        n_seeds: Studies on each.
        regrets: Means, in points, after `TRAININGS`.
        to_plain: Energy to the plain method's median at a third of the budget, over that third;
            the geometric mean over tasks. Studies that never get there count with the whole
            budget; where that is the median one's, the true number is larger.
        to_plain_interval: Its interval.
        n_never: On how many tasks that is so.
        to_end: The same to the final median of the studies without earlier ones, over their own.
        to_end_interval: Its interval.
        worse_by: Mean final regret less that without earlier studies, in points.
        worse_by_interval: Its interval.
    """

    condition: str
    n_tasks: int
    n_seeds: int
    regrets: tuple[float, ...]
    to_plain: float
    to_plain_interval: Interval
    n_never: int
    to_end: float
    to_end_interval: Interval
    worse_by: float
    worse_by_interval: Interval


def lines_of(tasks: Sequence[TaskResults], conditions: Sequence[Condition]) -> list[Line]:
    """A line for each condition.

    Args:
        tasks: What is recorded of each.
        conditions: Those to show; that without earlier studies must be recorded.
    """
    return [_line(tasks, condition) for condition in conditions]


def _line(tasks: Sequence[TaskResults], condition: Condition) -> Line:
    to_plain, to_end, regrets, worse = [], [], [], []
    n_never, n_seeds = 0, 0
    for task in tasks:
        traces, (plain,) = collect(task.new), collect(task.plain).values()
        budget_kwh, one = task.new.header.budget_kwh, traces[condition.name]
        without = traces[NOTHING.name]
        third = task.plain.header.budget_kwh
        to_plain.append(energy_ratio(one, plain, budget_kwh=budget_kwh, over_kwh=third))
        to_end.append(energy_ratio(one, without, budget_kwh=budget_kwh))
        n_never += not np.isfinite(to_plain[-1].value)
        n_seeds = max(n_seeds, len(one.traces))
        best = reference_score(task.new)
        part = np.array(TRAININGS) / task.new.header.budget_trainings
        regrets.append(regrets_at(one, part * budget_kwh, best=best).mean(axis=0))
        others = {trace.seed: trace.test_score[-1] for trace in without.traces}
        worse.append(
            {
                t.seed: 100.0 * float(others[t.seed] - t.test_score[-1])
                for t in one.traces
                if t.seed in others
            }
        )
    over_plain, over_end = (
        geometric_mean(ratios, are_sample=True) for ratios in (to_plain, to_end)
    )
    return Line(
        condition=condition.text,
        n_tasks=len(tasks),
        n_seeds=n_seeds,
        regrets=tuple(float(r) for r in np.mean(regrets, axis=0)),
        to_plain=over_plain.bound,
        to_plain_interval=over_plain.bound_interval,
        n_never=n_never,
        to_end=over_end.bound,
        to_end_interval=over_end.bound_interval,
        worse_by=float(np.mean([np.mean([*by_seed.values()]) for by_seed in worse])),
        worse_by_interval=_interval(_resampled_means(worse)),
    )


def _resampled_means(values: Sequence[Mapping[int, float]]) -> Floats:
    """Means of resamples of the tasks and of the seeds, by which the values of each task are."""
    means = np.stack(
        [np.array([*by_seed.values()])[seeds_drawn(by_seed)].mean(axis=1) for by_seed in values],
        axis=1,
    )
    tasks = tasks_drawn(len(values), are_sample=True)
    return np.asarray(means[np.arange(N_RESAMPLES)[:, None], tasks].mean(axis=1))


def _interval(resampled: Floats) -> Interval:
    low, high = np.quantile(resampled, [0.025, 0.975])
    return float(low), float(high)


def as_json(lines: Sequence[Line]) -> list[dict[str, object]]:
    """For a file."""
    return [asdict(line) for line in lines]


def markdown(lines: Sequence[Line], *, plain: str) -> str:
    """The table as Markdown.

    Args:
        lines: Its lines.
        plain: What the plain method is called.
    """
    heads = [
        *("", *map(str, TRAININGS)),
        *(f"part of {plain}'s third", "to the end without", "worse at the end by"),
    ]
    rows = [heads, ["---"] * len(heads)]
    for line in lines:
        never = f", never on {line.n_never}" if line.n_never else ""
        rows.append(
            [
                line.condition,
                *(f"{regret:.1f}" for regret in line.regrets),
                f"{line.to_plain:.2f} ({_text(line.to_plain_interval)}{never})",
                f"{line.to_end:.2f} ({_text(line.to_end_interval)})",
                f"{line.worse_by:+.2f} ({_text(line.worse_by_interval, '+.2f')})",
            ]
        )
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _text(interval: Interval, spec: str = ".2f") -> str:
    return " to ".join(format(end, spec) for end in interval)
