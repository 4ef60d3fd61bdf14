"""Statistics of a comparison, from its rows alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import wilcoxon

from benchmarks.harness.results import Results
from benchmarks.harness.rows import Row

Floats = NDArray[np.float64]

FRACTIONS = (0.1, 0.25, 0.5, 1.0)
"""Parts of the budget at which accuracies are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One study: what had been spent, and how good the incumbent was, after each trial.

    Args:
        seed: The study's number.
        kwh: Array of shape (n_trials,): cumulative energy, kWh.
        runtime_s: The same for training time, s; None where it is unknown.
        test_score: Array of shape (n_trials,): test value of the incumbent, noise-free where it is
            a benchmark's; larger is better: of what is minimised, the negative.
        points: Array of shape (n_trials, 2): each trial's own energy, kWh, and test score.
        n_trials: How many there were, recorded or not.
    """

    seed: int
    kwh: Floats
    runtime_s: Floats | None
    test_score: Floats
    points: Floats
    n_trials: int

    def at(self, grid: Floats, axis: Floats | None = None) -> Floats:
        """Incumbent's score at each point of a grid; NaN before the first trial has ended."""
        axis = self.kwh if axis is None else axis
        position = np.searchsorted(axis, grid * (1.0 + 1e-12), side="right") - 1
        return np.where(position < 0, np.nan, self.test_score[np.maximum(position, 0)])

    def kwh_to(self, targets: Floats) -> Floats:
        """Energy at which each target is first reached, kWh; infinite where it never is."""
        best = np.maximum.accumulate(self.test_score)
        return np.append(self.kwh, np.inf)[np.searchsorted(best, targets, side="left")]

    def until(self, kwh: float) -> Trace:
        """The study as it was when it had spent so much, kWh; at least its first trial."""
        n = max(1, int(np.searchsorted(self.kwh, kwh * (1.0 + 1e-12), side="right")))
        return replace(
            self,
            kwh=self.kwh[:n],
            runtime_s=None if self.runtime_s is None else self.runtime_s[:n],
            test_score=self.test_score[:n],
            points=self.points[:n],
            n_trials=n,
        )

    def kwh_to_keep(self, target: float) -> float:
        """Energy from which on no incumbent is worse than the target; infinite for never."""
        missed = np.flatnonzero(self.test_score < target)
        return float(np.append(self.kwh, np.inf)[missed[-1] + 1 if len(missed) else 0])


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodTraces:
    """All finished studies of a method, by seed."""

    name: str
    energy_aware: bool
    traces: tuple[Trace, ...]

    @property
    def finals(self) -> Floats:
        """Array of shape (n_studies,): score of the last incumbents."""
        return np.array([trace.test_score[-1] for trace in self.traces])

    @property
    def median_final(self) -> float:
        """Their median."""
        return float(np.median(self.finals))

    @property
    def target(self) -> float:
        """Score that another method must reach to be where this one's median study ends."""
        return float(middle_target(self.finals))

    def kwh_to(self, targets: Floats) -> Floats:
        """Energy of each study to each target, shape (n_targets, n_studies), kWh."""
        return np.stack([trace.kwh_to(targets) for trace in self.traces], axis=1)

    def limits(self, budget_kwh: float) -> Floats:
        """What each study might spend, kWh; one that spent a little more, what it spent."""
        return np.maximum(budget_kwh, [trace.kwh[-1] for trace in self.traces])


def middle_target(finals: Floats) -> Floats:
    """The final score (last axis) of the median study; of an even number, of the lower of the two.

    The mean of the two is a score that only half of the studies reach. Their own median energy to
    it would be that of one which gets there and one which never does; to the lower one more than
    half of them get, whatever their number.
    """
    return np.asarray(np.sort(finals, axis=-1)[..., (finals.shape[-1] - 1) // 2])


def collect(results: Results) -> dict[str, MethodTraces]:
    """The finished studies by method, plain methods first, each in order of its seeds."""
    finished, sign = results.finished(), sign_of(results)
    rows: dict[str, dict[int, list[Row]]] = {}
    for row in results.rows:
        if row.study in finished:
            rows.setdefault(row.method, {}).setdefault(row.seed, []).append(row)
    found = [
        MethodTraces(
            name=name,
            energy_aware=next(iter(studies.values()))[0].energy_aware,
            traces=tuple(_trace(seed, studies[seed], sign) for seed in sorted(studies)),
        )
        for name, studies in rows.items()
    ]
    return {m.name: m for m in sorted(found, key=lambda m: (m.energy_aware, m.name))}


def _trace(seed: int, rows: Sequence[Row], sign: float) -> Trace:
    ordered = sorted(rows, key=lambda row: row.trial)
    times = [row.runtime_s for row in ordered]
    return Trace(
        seed=seed,
        kwh=np.array([row.kwh for row in ordered]),
        runtime_s=None if None in times else np.array(times, dtype=np.float64),
        test_score=sign * np.array([row.incumbent_test_metric for row in ordered]),
        points=np.array([(row.trial_kwh, sign * row.test_metric) for row in ordered]),
        n_trials=ordered[-1].trial + 1,
    )


def best_plain(methods: Mapping[str, MethodTraces]) -> str | None:
    """The plain method with the highest median final score; None where there is none.

    Of those with as many studies as any: a few studies have a lucky median more often.
    """
    plain = [m for m in methods.values() if not m.energy_aware]
    most = max((len(m.traces) for m in plain), default=0)
    plain = [m for m in plain if len(m.traces) == most]
    return max(plain, key=lambda m: m.median_final).name if plain else None


def sign_of(results: Results) -> float:
    """What makes a larger value the better one: -1 for what is minimised."""
    return 1.0 if results.header.judged_by.maximize else -1.0


def reference_score(results: Results) -> float:
    """Best known test score: the recorded reference, or a better one in the rows."""
    known, sign = results.header.reference_test_metric, sign_of(results)
    recorded = [] if known is None else [sign * known]
    return max([*recorded, *(sign * row.test_metric for row in results.rows)])


def regrets_at(method: MethodTraces, grid: Floats, *, best: float) -> Floats:
    """Regret in percentage points of accuracy at energies, shape (n_studies, n_energies).

    Until its first training has ended a study has the regret of that one.

    Args:
        method: The studies.
        grid: Energies, kWh.
        best: Accuracy whose regret is zero.
    """
    scores = [np.nan_to_num(trace.at(grid), nan=trace.test_score[0]) for trace in method.traces]
    return np.asarray(100.0 * (best - np.stack(scores)))


def reached_by(energies: Floats, q: float) -> Floats:
    """Quantile of the energies of studies (last axis); infinite for never.

    Between two studies it is interpolated, as NumPy does: the median of an even number is the mean
    of the two in the middle. Where the second of them never gets there, so does what lies between.
    """
    ordered = np.sort(energies, axis=-1)
    place = q * (energies.shape[-1] - 1)
    below = int(np.floor(place + 1e-9))
    part = place - below
    if part < 1e-9:
        return np.asarray(ordered[..., below])
    low, high = ordered[..., below], ordered[..., below + 1]
    known = np.isfinite(high)
    return np.where(
        known, low + part * (np.where(known, high, 0.0) - np.where(known, low, 0.0)), np.inf
    )


def wilcoxon_p(methods: Mapping[str, MethodTraces], plain: str) -> dict[str, float | None]:
    """Two-sided signed-rank p of the final scores against the plain method, Holm-corrected.

    Pairs are the seeds both have; None where there are too few. As :func:`signed_rank_p`.
    """
    base = {t.seed: float(t.test_score[-1]) for t in methods[plain].traces}
    differences = {
        name: np.array([t.test_score[-1] - base[t.seed] for t in m.traces if t.seed in base])
        for name, m in methods.items()
        if name != plain
    }
    return {plain: None} | signed_rank_p(differences)


def signed_rank_p(differences: Mapping[str, Floats]) -> dict[str, float | None]:
    """Two-sided p of Wilcoxon's signed-rank test that each set is around zero, Holm-corrected.

    None where a set has fewer than five members, too few to say anything: with four, even if all
    signs agree p is 0.125.

    References:
        Wilcoxon (1945), Individual comparisons by ranking methods. Holm (1979), A simple
        sequentially rejective multiple test procedure: the k-th smallest of m values is multiplied
        by m - k + 1 and is at least the one before it.
    """
    raw = {
        name: float(wilcoxon(values, method="auto").pvalue) if values.any() else 1.0
        for name, values in differences.items()
        if len(values) >= 5
    }
    corrected: dict[str, float | None] = dict.fromkeys(differences)
    running = 0.0
    for position, name in enumerate(sorted(raw, key=raw.__getitem__)):
        running = max(running, min(1.0, raw[name] * (len(raw) - position)))
        corrected[name] = running
    return corrected


def hypervolume(points: Floats, highest_kwh: float) -> float:
    """Area that a study's trials dominate: test accuracy against energy, as a fraction of all.

    The hypervolume of two objectives is a sum of rectangles, from one point of the front to the
    next dearer one.

    Args:
        points: Array of shape (n_trials, 2): energy, kWh, and test accuracy.
        highest_kwh: Energy of the reference point, kWh; its accuracy is 0.

    References:
        Zitzler and Thiele (1998), Multiobjective optimization using evolutionary algorithms.
    """
    area, edge, best = 0.0, 0.0, 0.0
    for energy, accuracy in sorted(points.tolist()):
        if energy >= highest_kwh:
            break
        area += best * (energy - edge)
        edge, best = energy, max(best, accuracy)
    return (area + best * (highest_kwh - edge)) / highest_kwh
