"""What many tasks have in common: mean regret over the budget, pairs of studies, short names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmarks.harness.results import Results
from benchmarks.reporting.ablation import ablated
from benchmarks.reporting.resampling import MANY, N_RESAMPLES, seeds_drawn, tasks_drawn
from benchmarks.reporting.traces import FRACTIONS, Floats, MethodTraces, reference_score, regrets_at

_SHORTEST_PREFIX = 8

Methods = Mapping[str, MethodTraces]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanRegret:
    """Mean regret of a method over tasks and their studies.

    Args:
        mean: Array of shape (n,): percentage points.
        low: The lower end of the bootstrap 95 % interval over tasks and their studies.
        high: The upper end.
    """

    mean: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """How studies of two methods with the same task and seed end.

    Args:
        n: How many there are.
        ahead: In how many the first ends better.
        level: In how many both end alike.
    """

    n: int
    ahead: int
    level: int


def mean_regrets(
    comparisons: Sequence[Results], tables: Sequence[Methods], fractions: Floats
) -> dict[str, MeanRegret]:
    """The mean regret of every method that all tasks have; none where values are no accuracies.

    Until its first training has ended a study has the regret of that one. Tasks are drawn again,
    and the seeds of their studies, the same ones for all methods.

    References:
        Efron and Tibshirani (1993), An introduction to the bootstrap, section 13.3: the percentile
        interval.
    """
    if not all(results.header.judged_by.is_accuracy for results in comparisons):
        return {}
    shared = [name for name in tables[0] if all(name in table for table in tables)]
    drawn = tasks_drawn(len(tables), are_sample=True)
    bests = [reference_score(results) for results in comparisons]
    found = {}
    for name in shared:
        # one row per resample of each task's studies, so that a drawn task brings its own studies
        means, resampled = [], []
        for results, table, best in zip(comparisons, tables, bests, strict=True):
            grid = fractions * results.header.budget_kwh
            regrets = regrets_at(table[name], grid, best=best)
            picks = seeds_drawn(trace.seed for trace in table[name].traces)
            # how often each study was drawn: less memory than what all that were drawn would take
            times = np.stack([np.bincount(row, minlength=len(regrets)) for row in picks])
            means.append(regrets.mean(axis=0))
            resampled.append(times @ regrets / len(regrets))
        by_task = np.stack(resampled, axis=1)  # (n_resamples, n_tasks, n_fractions)
        over = by_task[np.arange(N_RESAMPLES)[:, None], drawn].mean(axis=1)
        low, high = np.quantile(over, (0.025, 0.975), axis=0)
        found[name] = MeanRegret(mean=np.mean(means, axis=0), low=low, high=high)
    return found


def pairs(tables: Sequence[Methods], name: str, other: str) -> Pairs:
    """Studies of both methods with the same task and seed."""
    differences: list[float] = []
    for table in tables:
        if name in table and other in table:
            ends = {t.seed: float(t.test_score[-1]) for t in table[other].traces}
            differences += [
                float(t.test_score[-1]) - ends[t.seed] for t in table[name].traces if t.seed in ends
            ]
    return Pairs(
        n=len(differences),
        ahead=sum(d > 0.0 for d in differences),
        level=sum(d == 0.0 for d in differences),
    )


def summarise_regrets(
    comparisons: Sequence[Results], tables: Sequence[Methods]
) -> dict[str, Any] | None:
    """Mean regrets at the listed parts of the budget, and pairs with the method that has ablations.

    None where values are no accuracies, or no method was run on all tasks.
    """
    found = mean_regrets(comparisons, tables, np.array(FRACTIONS))
    if not found:
        return None
    whole = ablated()
    return {
        name: {
            "mean_regret_points": {
                str(fraction): {"mean": mean, "low_95": low, "high_95": high}
                for fraction, mean, low, high in zip(
                    FRACTIONS,
                    regret.mean.tolist(),
                    regret.low.tolist(),
                    regret.high.tolist(),
                    strict=True,
                )
            },
            "pairs": asdict(pairs(tables, whole, name))
            if whole is not None and whole in found and name != whole
            else None,
        }
        for name, regret in found.items()
    }


def short_names(tasks: Sequence[str]) -> dict[str, str]:
    """What tells tasks apart: their names without the beginning that several long ones share."""
    parts = {task: task.rpartition("-") for task in tasks}
    shared = Counter(head for head, _, _ in parts.values())
    return {
        task: end if shared[head] > 2 and len(head) >= _SHORTEST_PREFIX else task
        for task, (head, _, end) in parts.items()
    }


def named_or_counted(names: Mapping[str, str]) -> str:
    """Which name each task has: "gp on 126026"; of many tasks, how many have it: "gp on 12"."""
    if len(names) >= MANY:
        return ", ".join(f"{name} on {n}" for name, n in Counter(names.values()).most_common())
    return ", ".join(f"{name} on {task}" for task, name in names.items())
