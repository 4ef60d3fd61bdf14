"""The report of an Optuna study."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins.arguments import check_made
from eahas_plugins.budget.attributes import (
    CAP_ATTR,
    DEFAULT_LEASE_S,
    ENERGY_ATTR,
    TRAINING_ATTR,
    known_kwh,
)
from eahas_plugins.optuna._origin import first_start, mark_of
from eahas_plugins.optuna._trial_energy import METER_ATTR, RUNTIME_ATTR
from eahas_plugins.optuna._trials import (
    PROMOTED_KEY,
    ended_at,
    energy_of,
    may_be_best,
    planned_kwh,
    usual_lengths,
)
from eahas_plugins.optuna.budget.readers import STOPPED_ATTR
from eahas_plugins.optuna.budget.study_ledger import StudyLedger
from eahas_plugins.report.document import Report
from eahas_plugins.report.run import EnergySource, Objective, RunSummary, State, TrialSummary

_STATES: Mapping[TrialState, State] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
}


def energy_report(
    study: Study,
    *,
    g_per_kwh: float | None = None,
    country: str | None = None,
    fidelity_param: str | None = None,
) -> Report:
    """The report of a study: what its energy was spent on, what it brought, and what to cite.

    Example:
        >>> import optuna
        >>> from eahas_plugins.optuna import energy_report
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> def objective(trial):
        ...     trial.set_user_attr("energy_kwh", 0.004)  # EnergyTracker does this for you
        ...     return trial.suggest_float("x", 0.0, 1.0)
        >>> study = optuna.create_study(study_name="first")
        >>> study.optimize(objective, n_trials=3)
        >>> report = energy_report(study, country="FRA")
        >>> report.numbers.spent_kwh
        0.012
        >>> print(report.statement[:75])
        The hyperparameter search "first" ran 3 trials with Optuna and used 12 Wh o

    Args:
        study: The study; some of its trials must have ``energy_kwh``.
        g_per_kwh: Intensity of the grid, g CO2 equivalent per kWh, in place of ``country``'s.
        country: ISO 3166-1 alpha-3 code of the table `GRID_G_PER_KWH`.
        fidelity_param: Parameter that says how long a training is; None for the one with a usual
            name (``epochs`` ...) where trials were promoted from short trainings to longer ones.

    Returns:
        The report, whose ``save`` writes the page and whose ``numbers`` are its numbers.

    Raises:
        ValueError: If the study has no trials or no energies, or an argument is out of range.
        TypeError: If it is no study.
    """
    check_made(Study, study=study)
    summary = run_of(study, fidelity_param=fidelity_param)
    return Report.of(summary, g_per_kwh=g_per_kwh, country=country)


def run_of(study: Study, *, fidelity_param: str | None = None) -> RunSummary:
    """A study as plain numbers.

    Args:
        study: The study.
        fidelity_param: See `energy_report`.

    Raises:
        ValueError: If no trial has the parameter.
    """
    trials = [t for t in study.get_trials(deepcopy=False) if t.state in _STATES]
    trials = sorted(trials, key=ended_at)
    if fidelity_param is not None and not any(fidelity_param in t.params for t in trials):
        raise ValueError(
            f"fidelity_param must be a parameter of a trial but got {fidelity_param!r}."
        )
    length = fidelity_param or _usual_length(trials)
    # Where neither a budget nor a tracker ever looked on, nothing tells added trials from others.
    watched = first_start(study) is not None or any(mark_of(t.user_attrs) for t in trials)
    ledger = StudyLedger(lease_s=DEFAULT_LEASE_S, count_added=not watched)
    balance = ledger.balance(study, cap_kwh=math.inf, now_s=0.0)
    added_kwh = sum(ledger.left_out_kwh)
    summaries = tuple(_trial(trial, length) for trial in trials)
    listed_kwh = math.fsum(t.spent_kwh for t in summaries)
    unlisted_kwh = balance.spent_kwh - listed_kwh
    notes = []
    if added_kwh:
        notes.append(
            f"{added_kwh:.6g} kWh of trials that did not run in this study are listed with them "
            "but do not count as spent"
        )
    return RunSummary(
        name=study.study_name,
        host="Optuna",
        objectives=_objectives(study),
        trials=summaries,
        cap_kwh=known_kwh(study.user_attrs.get(CAP_ATTR)) or None,
        # Sums of the same numbers in another order differ in their last digits.
        unlisted_kwh=unlisted_kwh if abs(unlisted_kwh) > 1e-9 * listed_kwh else 0.0,
        length_name=length or "",
        notes=tuple(notes),
    )


def _objectives(study: Study) -> tuple[Objective, ...]:
    n = len(study.directions)
    names = study.metric_names or (["value"] if n == 1 else [f"value {i + 1}" for i in range(n)])
    return tuple(
        Objective(name=name, maximize=direction is StudyDirection.MAXIMIZE)
        for name, direction in zip(names, study.directions, strict=True)
    )


def _usual_length(trials: list[FrozenTrial]) -> str | None:
    """The parameter that says how long trainings are, where the study has compared lengths.

    It has where trials were promoted, or a configuration was trained to two lengths: else a
    parameter of that name is one like any other.
    """
    distributions = {name: d for trial in trials for name, d in trial.distributions.items()}
    names = usual_lengths(distributions)
    if len(names) != 1:
        return None
    (name,) = names
    if any(trial.user_attrs.get(PROMOTED_KEY) is not None for trial in trials):
        return name
    lengths: dict[str, Any] = {}
    for trial in trials:
        if name in trial.params and trial.params[name] != lengths.setdefault(
            _group(trial, name), trial.params[name]
        ):
            return name
    return None


def _group(trial: FrozenTrial, length: str | None) -> str:
    rest = {name: value for name, value in trial.params.items() if name != length}
    return json.dumps(rest, sort_keys=True, default=str)


def _trial(trial: FrozenTrial, length: str | None) -> TrialSummary:
    attrs = trial.user_attrs
    energy_kwh = energy_of(trial)
    if trial.state is TrialState.FAIL:  # it may have burnt nothing
        energy_kwh = known_kwh(attrs.get(ENERGY_ATTR))
    values = trial.values if trial.state is TrialState.COMPLETE else None
    return TrialSummary(
        name=f"trial {trial.number}",
        state=_state(trial),
        energy_kwh=energy_kwh,
        values=tuple(map(float, values or ())),
        eligible=may_be_best(trial),
        config=dict(trial.params),
        group=_group(trial, length),
        length=known_kwh(trial.params.get(length)) if length else None,
        training_kwh=known_kwh(attrs.get(TRAINING_ATTR)),
        planned_kwh=planned_kwh(trial),
        ended_s=ended_at(trial)[0],
        runtime_s=known_kwh(attrs.get(RUNTIME_ATTR)),
        source=_source(attrs),
    )


def _state(trial: FrozenTrial) -> State:
    stopped = trial.user_attrs.get(STOPPED_ATTR)
    by = stopped.get("by") if isinstance(stopped, dict) else "pruner"
    if trial.state is TrialState.PRUNED and by not in ("pruner", "objective"):
        return "cut"
    return _STATES[trial.state]


def _source(attrs: Mapping[str, Any]) -> EnergySource:
    """Of what measured the trial, else of the benchmark that answered."""
    meter = attrs.get(METER_ATTR)
    if isinstance(meter, dict):
        devices = meter.get("devices")
        kind, name, scope = (meter.get(key) for key in ("kind", "meter", "scope"))
        return EnergySource(
            kind=kind if isinstance(kind, str) and kind else "unknown",
            meter=name if isinstance(name, str) else "",
            scope=scope if isinstance(scope, str) else "",
            devices=tuple(map(str, devices)) if isinstance(devices, list | tuple) else (),
        )
    kind = attrs.get("provenance")
    if isinstance(kind, dict):
        kind = kind.get("energy_kwh")
    return EnergySource(kind=kind) if isinstance(kind, str) and kind else EnergySource()
