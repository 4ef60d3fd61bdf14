"""Every number of a report, worked out once: page, text, JSON and CSV say the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import fmean

from eahas_plugins.energy.grid import GRID_SOURCE, GRID_YEAR, grams_co2e
from eahas_plugins.report.run import STATES, EnergySource, RunSummary, State, TrialSummary
from eahas_plugins.report.savings import Saving, saved_by_pruning, saved_by_short_trainings

N_BEST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class StateEnergy:
    """Energy of the trials in one state.

    Args:
        state: The state.
        n_trials: How many trials are in it.
        n_unknown: Of how many of them nobody knows the energy.
        kwh: Energy of the others, kWh.
    """

    state: State
    n_trials: int
    n_unknown: int
    kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEnergy:
    """Energy of the trials with one provenance.

    Args:
        source: The provenance.
        n_trials: How many trials.
        kwh: Their energy, kWh.
    """

    source: EnergySource
    n_trials: int
    kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Emissions:
    """Emissions of what was spent.

    Args:
        g_co2e: Grams of CO2 equivalent.
        g_per_kwh: Intensity of the grid, g CO2 equivalent per kWh.
        source: Where the intensity comes from.
    """

    g_co2e: float
    g_per_kwh: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The numbers of a report.

    Args:
        run: The run.
        spent_kwh: Energy of all trials, kWh.
        states: Energy by state, those without trials left out.
        pruning: What pruning has saved.
        short: What short trainings have saved.
        mean_complete_kwh: Mean energy of complete trials, kWh.
        cumulative_kwh: Energy of all trials up to each, in the order in which they ended, kWh.
        best: The best trials, best first; of several objectives, those on the front.
        best_found_kwh: What had been spent when the best trial ended, kWh; of one objective.
        front: Trials that are best for their energy (first objective), by rising energy.
        sources: Energy by provenance, the largest first.
        emissions: Emissions, if the grid's intensity is known.
        n_by_expectation: How many trials are charged what was expected of them.
    """

    run: RunSummary
    spent_kwh: float
    states: tuple[StateEnergy, ...]
    pruning: Saving | None
    short: Saving | None
    mean_complete_kwh: float | None
    cumulative_kwh: tuple[float, ...]
    best: tuple[TrialSummary, ...]
    best_found_kwh: float | None
    front: tuple[TrialSummary, ...]
    sources: tuple[SourceEnergy, ...]
    emissions: Emissions | None
    n_by_expectation: int


def numbers_of(
    run: RunSummary, *, g_per_kwh: float | None = None, country: str | None = None
) -> Numbers:
    """Work out the numbers of a report.

    Args:
        run: The run.
        g_per_kwh: Intensity of the grid, g CO2 equivalent per kWh, in place of ``country``'s.
        country: ISO 3166-1 alpha-3 code of the table `GRID_G_PER_KWH`.

    Raises:
        ValueError: If the run has no trials or no energies, or an argument is out of range.
    """
    run.check_energy()
    complete = [t.energy_kwh for t in run.trials if t.state == "complete" and t.energy_kwh]
    cumulative_kwh = tuple(accumulate(t.spent_kwh for t in run.trials))
    best = _best(run)
    found_at = run.trials.index(best[0]) if best and len(run.objectives) == 1 else None
    return Numbers(
        run=run,
        spent_kwh=run.spent_kwh,
        states=_states(run),
        pruning=saved_by_pruning(run),
        short=saved_by_short_trainings(run),
        mean_complete_kwh=fmean(complete) if complete else None,
        cumulative_kwh=cumulative_kwh,
        best=best,
        best_found_kwh=None if found_at is None else cumulative_kwh[found_at],
        front=_energy_front(run),
        sources=_sources(run),
        emissions=_emissions(max(run.spent_kwh, 0.0), g_per_kwh, country),
        n_by_expectation=sum(t.by_expectation for t in run.trials),
    )


def _states(run: RunSummary) -> tuple[StateEnergy, ...]:
    found = []
    for state in STATES:
        trials = [t for t in run.trials if t.state == state]
        if trials:
            found.append(
                StateEnergy(
                    state=state,
                    n_trials=len(trials),
                    n_unknown=sum(t.energy_kwh is None for t in trials),
                    kwh=math.fsum(t.spent_kwh for t in trials),
                )
            )
    return tuple(found)


def _sources(run: RunSummary) -> tuple[SourceEnergy, ...]:
    by_source: dict[EnergySource, list[TrialSummary]] = {}
    for trial in run.trials:
        if trial.energy_kwh:
            by_source.setdefault(trial.source, []).append(trial)
    found = [
        SourceEnergy(source=s, n_trials=len(of), kwh=math.fsum(t.spent_kwh for t in of))
        for s, of in by_source.items()
    ]
    return tuple(sorted(found, key=lambda one: -one.kwh))


def _best(run: RunSummary) -> tuple[TrialSummary, ...]:
    eligible = [t for t in run.trials if t.eligible]
    if len(run.objectives) == 1:
        loss = run.objectives[0].loss
        return tuple(sorted(eligible, key=lambda t: loss(t.values[0]))[:N_BEST])
    front: list[TrialSummary] = []
    for trial in sorted(eligible, key=lambda t: _losses(run, t)):  # none dominates an earlier one
        own = _losses(run, trial)
        if not any(_dominates(_losses(run, other), own) for other in front):
            front.append(trial)
    return tuple(front)


def _losses(run: RunSummary, trial: TrialSummary) -> tuple[float, ...]:
    return tuple(o.loss(v) for o, v in zip(run.objectives, trial.values, strict=True))


def _dominates(other: Sequence[float], own: Sequence[float]) -> bool:
    return other != own and all(a <= b for a, b in zip(other, own, strict=True))


def _energy_front(run: RunSummary) -> tuple[TrialSummary, ...]:
    """Of the first objective and the energy of the whole training."""
    loss = run.objectives[0].loss
    known = [t for t in run.trials if t.eligible and training_kwh(t)]
    front: list[TrialSummary] = []
    for trial in sorted(known, key=lambda t: (training_kwh(t) or 0.0, loss(t.values[0]))):
        if not front or loss(trial.values[0]) < loss(front[-1].values[0]):
            front.append(trial)
    return tuple(front)


def training_kwh(trial: TrialSummary) -> float | None:
    """Energy of the training that a trial's value is of, kWh."""
    return trial.energy_kwh if trial.training_kwh is None else trial.training_kwh


def _emissions(kwh: float, g_per_kwh: float | None, country: str | None) -> Emissions | None:
    if g_per_kwh is None and country is None:
        return None
    intensity = grams_co2e(1.0, g_per_kwh=g_per_kwh, country=country)
    source = "given by the user"
    if g_per_kwh is None:
        source = f"{(country or '').upper()}, mean of {GRID_YEAR}, life cycle; {GRID_SOURCE}"
    return Emissions(g_co2e=kwh * intensity, g_per_kwh=intensity, source=source)
