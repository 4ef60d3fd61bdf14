"""What each part of EA-BOHB earns: the methods ``ea-bohb-*``, each with one part changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.harness.seeds import derive_seed
from benchmarks.reporting.ratios import N_RESAMPLES
from benchmarks.reporting.traces import Floats, MethodTraces, signed_rank_p

WHOLE = "ea-bohb"


def is_ablation(name: str) -> bool:
    """Whether a method is EA-BOHB with one part changed."""
    return name.startswith(f"{WHOLE}-")


def ablate(tasks: Sequence[Mapping[str, MethodTraces]]) -> dict[str, Any] | None:
    """Final accuracy of each ablation minus that of EA-BOHB, paired by seed.

    Over several tasks the difference is the mean of the tasks' medians, seeds are resampled task
    by task, and the signed-rank test is over all pairs. Below zero, the change
    makes EA-BOHB worse.

    Args:
        tasks: The methods of each task.

    Returns:
        JSON-able; None where EA-BOHB or its ablations are not among the methods of all tasks.
    """
    if not tasks or not all(WHOLE in methods for methods in tasks):
        return None
    names = [n for n in tasks[0] if is_ablation(n) and all(n in methods for methods in tasks)]
    pairs = {name: [_differences(m[name], m[WHOLE]) for m in tasks] for name in names}
    pairs = {name: found for name, found in pairs.items() if all(len(d) for d in found)}
    if not pairs:
        return None
    p_values = signed_rank_p({name: np.concatenate(found) for name, found in pairs.items()})
    return {
        "of": WHOLE,
        "parts": {
            name: {
                "final_test_accuracy_difference": _mean_of_medians(name, found),
                "n_pairs": sum(len(differences) for differences in found),
                "wilcoxon_p": p_values[name],
            }
            for name, found in pairs.items()
        },
    }


def _differences(method: MethodTraces, whole: MethodTraces) -> Floats:
    base = {t.seed: float(t.test_accuracy[-1]) for t in whole.traces}
    return np.array(
        [float(t.test_accuracy[-1]) - base[t.seed] for t in method.traces if t.seed in base]
    )


def _mean_of_medians(name: str, found: Sequence[Floats]) -> dict[str, float]:
    rng = np.random.default_rng(derive_seed("bootstrap", "ablation", name))
    resampled = np.mean(
        [np.median(d[rng.integers(len(d), size=(N_RESAMPLES, len(d)))], axis=1) for d in found],
        axis=0,
    )
    low, high = np.quantile(resampled, (0.025, 0.975))
    return {
        "median": float(np.mean([np.median(d) for d in found])),
        "low_95": float(low),
        "high_95": float(high),
    }
