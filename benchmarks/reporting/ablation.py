"""What each part of a method earns: its ablations, each with one part changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from benchmarks.methods import all_declared
from benchmarks.reporting.resampling import seeds_drawn
from benchmarks.reporting.traces import MethodTraces, signed_rank_p
from eahas_plugins.targets.metric import ACCURACY


@cache
def ablated() -> str | None:
    """The method whose parts are told apart: the one that most others are ablations of."""
    wholes = Counter(said.ablation_of for said in all_declared().values() if said.ablation_of)
    return wholes.most_common(1)[0][0] if wholes else None


def is_ablation(name: str) -> bool:
    """Whether a method's file says that it is another method with one part changed."""
    said = all_declared().get(name)
    return said is not None and said.ablation_of is not None


def ablate(
    tasks: Sequence[Mapping[str, MethodTraces]], *, metric: str = ACCURACY
) -> dict[str, Any] | None:
    """Final score of each ablation minus that of the whole method, paired by seed.

    Over several tasks the difference is the mean of the tasks' medians, the same seeds are
    resampled on all of them, and the signed-rank test is over all pairs. Below zero, the change
    makes the method worse.

    Args:
        tasks: The methods of each task.
        metric: What all of them are judged by.

    Returns:
        JSON-able; None where the method or its ablations are not among those of all tasks.

    References:
        Efron (1979), Bootstrap methods: another look at the jackknife, for the intervals.
    """
    whole, declarations = ablated(), all_declared()
    if whole is None or not tasks or not all(whole in methods for methods in tasks):
        return None
    names = [
        name
        for name in tasks[0]
        if name in declarations
        and declarations[name].ablation_of == whole
        and all(name in methods for methods in tasks)
    ]
    pairs = {name: [_differences(m[name], m[whole]) for m in tasks] for name in names}
    pairs = {name: found for name, found in pairs.items() if all(found)}
    if not pairs:
        return None
    p_values = signed_rank_p(
        {name: np.array([d for by in found for d in by.values()]) for name, found in pairs.items()}
    )
    return {
        "of": whole,
        "parts": {
            name: {
                f"final_test_{metric}_difference": _mean_of_medians(found),
                "n_pairs": sum(map(len, found)),
                "wilcoxon_p": p_values[name],
            }
            for name, found in pairs.items()
        },
    }


def _differences(method: MethodTraces, whole: MethodTraces) -> dict[int, float]:
    """By the seeds that both have."""
    base = {t.seed: float(t.test_score[-1]) for t in whole.traces}
    return {t.seed: float(t.test_score[-1]) - base[t.seed] for t in method.traces if t.seed in base}


def _mean_of_medians(found: Sequence[Mapping[int, float]]) -> dict[str, float]:
    values = [np.array([*by_seed.values()]) for by_seed in found]
    resampled = np.mean(
        [np.median(d[seeds_drawn(by)], axis=1) for by, d in zip(found, values, strict=True)],
        axis=0,
    )
    low, high = np.quantile(resampled, (0.025, 0.975))
    return {
        "median": float(np.mean([np.median(d) for d in values])),
        "low_95": float(low),
        "high_95": float(high),
    }
