"""What ending trials early and short schedules have saved: estimates, each with its method."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from eahas_plugins.report.run import RunSummary, TrialSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """An estimate of what was not spent.

    Args:
        kwh: Energy, kWh; negative if it has cost more than it saved.
        n_trials: How many trials (or configurations) it is about.
        method: How it was estimated, in words.
    """

    kwh: float
    n_trials: int
    method: str


def saved_by_pruning(run: RunSummary) -> Saving | None:
    """What trials that a pruner ended would still have spent; None if nothing says.

    A trial is expected to need what it has planned, else the median of complete trials.
    """
    pruned = [t for t in run.trials if t.state == "pruned" and t.energy_kwh is not None]
    complete = [t.energy_kwh for t in run.trials if t.state == "complete" and t.energy_kwh]
    usual_kwh = median(complete) if complete else None
    kwh, n_planned, n_usual = 0.0, 0, 0
    for trial in pruned:
        expected_kwh = trial.planned_kwh or usual_kwh
        if expected_kwh is None:
            continue
        n_planned += bool(trial.planned_kwh)
        n_usual += not trial.planned_kwh
        kwh += max(0.0, expected_kwh - trial.spent_kwh)
    if not n_planned + n_usual:
        return None
    parts = []
    if n_planned:
        parts.append(f"what it had been expected to need when it started ({_trials(n_planned)})")
    if n_usual:
        parts.append(f"the median energy of complete trials ({_trials(n_usual)})")
    return Saving(
        kwh=kwh,
        n_trials=n_planned + n_usual,
        method=f"for each pruned trial, {' or '.join(parts)}, less what it spent, at least 0",
    )


def saved_by_short_trainings(run: RunSummary) -> Saving | None:
    """What it would have cost to train every configuration at full length, less what was spent.

    Energy is taken to grow in proportion to length. A configuration that was trained to full
    length as well counts with the energy of its shorter trainings, which were spent besides.
    """
    if not run.length_name:
        return None
    by_group: defaultdict[str, list[TrialSummary]] = defaultdict(list)
    for trial in run.trials:
        if trial.state == "complete" and trial.length and trial.energy_kwh:
            by_group[trial.group].append(trial)
    full = max((t.length or 0.0 for group in by_group.values() for t in group), default=0.0)
    if not any(t.length != full for group in by_group.values() for t in group):
        return None
    kwh = sum(
        _full_kwh(group, full) - sum(t.spent_kwh for t in group) for group in by_group.values()
    )
    n_short = sum(all(t.length != full for t in group) for group in by_group.values())
    return Saving(
        kwh=kwh,
        n_trials=n_short,
        method=(
            f"the energy of training each of {len(by_group)} configurations once at the longest "
            f"{run.length_name} ({full:g}), in proportion to length where that was not done, less "
            "what all their complete trials spent"
        ),
    )


def _trials(n: int) -> str:
    return "1 trial" if n == 1 else f"{n} trials"


def _full_kwh(group: Sequence[TrialSummary], full: float) -> float:
    longest = max(group, key=lambda trial: trial.length or 0.0)
    return (longest.training_kwh or longest.spent_kwh) * full / (longest.length or full)
