"""One call that puts together what an energy-aware study needs."""

from __future__ import annotations

import inspect
import math
import sys
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from optuna.study import Study, StudyDirection

from eahas_plugins.arguments import check_flags, check_made, check_names, given
from eahas_plugins.energy import EnergyMeter, auto_meter, grams_co2e
from eahas_plugins.energy.meter_argument import check_meter
from eahas_plugins.optuna._open_storage import open_storage
from eahas_plugins.optuna._trials import AUTO
from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
from eahas_plugins.optuna.budget.in_trainings import TrainingsBudget
from eahas_plugins.optuna.budget.messages import say
from eahas_plugins.optuna.samplers import EnergyTPESampler, ea_bohb
from eahas_plugins.optuna.samplers._front_trials import MOST_OBJECTIVES
from eahas_plugins.units import energy_text, share_text

Direction = Literal["minimize", "maximize"]
_DIRECTIONS: dict[str | None, Direction] = {"maximize": "maximize", "minimize": "minimize"}


def energy_study(
    kwh: float | None = None,
    *,
    direction: str | None = None,
    directions: Sequence[str] | None = None,
    trainings: float | None = None,
    kg_co2e: float | None = None,
    g_per_kwh: float | None = None,
    country: str | None = None,
    fidelity_param: str | None = AUTO,
    metric: str | Sequence[str] | None = None,
    sampler: BaseSampler | None = None,
    pruner: BasePruner | None = None,
    storage: str | BaseStorage | None = None,
    study_name: str | None = None,
    load_if_exists: bool = True,
    meter: EnergyMeter | Literal["auto"] | None = "auto",
    show_progress: bool | None = None,
    seed: int | None = None,
    **budget: Any,
) -> tuple[Study, EnergyBudget]:
    """A study and its budget of energy, ready for ``study.optimize``.

    The sampler and the pruner are those of :func:`~eahas_plugins.optuna.ea_bohb`; with more than
    three objectives, which it does not search, ``EnergyTPESampler``. One line in
    Optuna's log says which, what the budget is, and with what energy is measured or estimated here.

    Example:
        >>> import optuna
        >>> from eahas_plugins.optuna import EnergyTracker, energy_study
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> def objective(trial):
        ...     lr = trial.suggest_float("lr", 1e-4, 1.0, log=True)
        ...     epochs = trial.suggest_categorical("epochs", [2, 8])
        ...     with EnergyTracker(trial) as energy:
        ...         for epoch in range(epochs):
        ...             loss = abs(lr - 0.1) + 1.0 / sum(1 for _ in range(50_000 * (epoch + 1)))
        ...             energy.report(loss, step=epoch)
        ...     return loss
        >>> study, budget = energy_study(kwh=1e-6, direction="minimize", metric="loss", seed=0)
        >>> study.optimize(budget.guard(objective), n_trials=2, callbacks=[budget])
        >>> 0.0 < budget.spent_kwh(study) < budget.cap_kwh
        True

    Args:
        kwh: The budget, kWh. Positive. Give this, ``trainings`` or ``kg_co2e``.
        direction: ``"maximize"`` or ``"minimize"``; it has no default, so that no loss is
            maximised by oversight.
        directions: In place of it, those of several objectives.
        trainings: The budget as a number of complete trainings, of which the first tell how many
            kWh they need (`TrainingsBudget`).
        kg_co2e: The budget as emissions, kg CO2 equivalent; needs ``g_per_kwh`` or ``country``.
        g_per_kwh: Intensity of the grid, g CO2 equivalent per kWh.
        country: Where that is not given, an ISO 3166-1 alpha-3 code of the table `GRID_G_PER_KWH`.
        fidelity_param: Parameter whose values are the lengths of complete trainings; ``"auto"``
            for the one with a usual name (``epochs``, ``n_estimators`` ...), None for none.
        metric: What the objective's values are called, for dashboards and figures.
        sampler: In place of the recipe's; then ``seed`` and ``fidelity_param`` are its own.
        pruner: In place of the recipe's, which has none. Not with several objectives.
        storage: Optuna's storage; None for this process's memory.
        study_name: Its name in the storage.
        load_if_exists: Whether a study of that name goes on: what it has spent is spent, and the
            budget may be larger than it was.
        meter: What your objective measures with, for the log: ``"auto"`` as in `EnergyTracker`,
            None if it needs no meter.
        show_progress: Whether to show a bar of energy; None where there is a terminal.
        seed: Seed of the sampler.
        **budget: Further arguments of `EnergyBudget`: ``trial_limit_kwh``, ``shortfall``,
            ``steady``, ``min_gain_per_kwh`` ...

    Returns:
        The study and the budget, for
        ``study.optimize(budget.guard(objective), callbacks=[budget])``.

    Raises:
        ValueError: If an argument is out of range (NaN included) or would not be used, a direction
            is missing, or the study that goes on has other directions.
        TypeError: If a sampler, pruner or meter is none, or an argument is unknown.
        DuplicatedStudyError: If the study is there and shall not go on.
    """
    _check_known(budget)
    wanted = _directions(direction, directions)
    _check_objects(sampler, pruner, meter)
    check_flags(load_if_exists=load_if_exists, **given(show_progress=show_progress))
    several = len(wanted) > 1
    if several and pruner is not None:
        raise ValueError(
            f"pruner must be None with several objectives but got {type(pruner).__name__}: Optuna "
            "prunes by one value. The budget ends trials in their case too."
        )
    names = _metric_names(metric, len(wanted))
    _check_used(seed=seed, fidelity_param=fidelity_param, sampler=sampler, trainings=trainings)
    if g_per_kwh is None and country is not None:
        g_per_kwh = grams_co2e(1.0, country=country)
    if show_progress is None:
        show_progress = sys.stderr.isatty()
    budget |= {"g_per_kwh": g_per_kwh, "show_progress": show_progress}
    energy_budget = _budget(kwh, kg_co2e, trainings, fidelity_param, budget)
    if sampler is None and len(wanted) > MOST_OBJECTIVES:
        sampler = EnergyTPESampler(seed=seed, fidelity_param=_named(fidelity_param))
    elif sampler is None:
        sampler, pruner = ea_bohb(fidelity_param=fidelity_param, pruner=pruner, seed=seed)
    study = optuna.create_study(
        storage=open_storage(storage),
        study_name=study_name,
        load_if_exists=load_if_exists,
        directions=wanted,
        sampler=sampler,
        pruner=NopPruner() if pruner is None else pruner,
    )
    if (found := [d.name.lower() for d in study.directions]) != wanted:
        raise ValueError(
            f"the study {study.study_name!r} must be searched as it was begun, {found}, but got "
            f"{wanted}: name it anew by study_name, or give its own directions."
        )
    if names and study.metric_names != names:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # of a name for people to read
            study.set_metric_names(names)
    say(_summary(study, energy_budget) + _measuring(meter))
    return study, energy_budget


def _budget(
    kwh: float | None,
    kg_co2e: float | None,
    trainings: float | None,
    fidelity_param: str | None,
    arguments: dict[str, Any],
) -> EnergyBudget:
    if (n_given := 3 - [kwh, kg_co2e, trainings].count(None)) != 1:
        raise ValueError(
            f"give the budget as one of kwh, trainings and kg_co2e but got {n_given} of them."
        )
    if trainings is not None:
        return TrainingsBudget(trainings, fidelity_param=fidelity_param, **arguments)
    return EnergyBudget(kwh, kg_co2e=kg_co2e, **arguments)


def _check_known(arguments: Iterable[str]) -> None:
    """Name what no budget takes, such as ``budget_kwh``, before the budget is missed."""
    taken = {
        name
        for budget in (EnergyBudget, TrainingsBudget)
        for name, one in inspect.signature(budget).parameters.items()
        if one.kind is one.KEYWORD_ONLY
    } - set(inspect.signature(energy_study).parameters)
    if unknown := set(arguments) - taken:
        raise TypeError(
            f"energy_study takes no {', '.join(sorted(unknown))}: the budget is kwh, trainings or "
            f"kg_co2e, and its further arguments are {', '.join(sorted(taken))}."
        )


def _check_objects(
    sampler: BaseSampler | None, pruner: BasePruner | None, meter: EnergyMeter | str | None
) -> None:
    """Refuse what is no sampler, pruner or meter, such as their classes."""
    if sampler is not None:
        check_made(BaseSampler, sampler=sampler)
    if pruner is not None:
        check_made(BasePruner, pruner=pruner)
    if meter is not None:
        check_meter(meter)


def _check_used(
    *,
    seed: int | None,
    fidelity_param: str | None,
    sampler: BaseSampler | None,
    trainings: float | None,
) -> None:
    """Refuse what the recipe's sampler would use, where another one is given."""
    if sampler is None:
        return
    unused: dict[str, object] = {} if seed is None else {"seed": seed}
    if trainings is None and fidelity_param not in (AUTO, None):
        unused["fidelity_param"] = fidelity_param
    for name, value in unused.items():
        raise ValueError(
            f"{name} must be left out where a sampler is given but got {value!r}: it would not be "
            f"used. Give it to {type(sampler).__name__}."
        )


def _directions(direction: str | None, directions: Sequence[str] | None) -> list[Direction]:
    if (direction is None) == (directions is None) or isinstance(directions, str | StudyDirection):
        raise ValueError(
            "give either direction, 'maximize' or 'minimize', or directions, one for each "
            f"objective, but got {direction!r} and {directions!r}."
        )
    wanted: list[Direction] = []
    for name in [direction] if directions is None else directions:
        known = name.name.lower() if isinstance(name, StudyDirection) else name
        if known not in _DIRECTIONS:
            raise ValueError(f"a direction must be 'maximize' or 'minimize' but got {name!r}.")
        wanted.append(_DIRECTIONS[known])
    if not wanted:
        raise ValueError("directions must hold one for each objective but is empty.")
    return wanted


def _metric_names(metric: str | Sequence[str] | None, n_objectives: int) -> list[str]:
    if metric is None:
        return []
    single = isinstance(metric, str) or not isinstance(metric, Iterable)
    names: list[Any] = [metric] if single else list(metric)
    for name in names:
        check_names(metric=name)
    if len(names) != n_objectives:
        raise ValueError(
            f"metric must name each of {n_objectives} objectives but got {len(names)} names."
        )
    return names


def _named(fidelity_param: str | None) -> str | None:
    """TPE extrapolates energy by a parameter that is named; by itself it looks for none."""
    return None if fidelity_param == AUTO else fidelity_param


def _summary(study: Study, budget: EnergyBudget) -> str:
    pruner = "" if isinstance(study.pruner, NopPruner) else f" and {type(study.pruner).__name__}"
    why = ""
    if len(study.directions) > MOST_OBJECTIVES:
        why = f" for {len(study.directions)} objectives, since EA-BOHB searches {MOST_OBJECTIVES}"
    balance = budget.balance(study)
    if balance.cap_kwh < math.inf:
        spent = f"{share_text(balance.spent_kwh, balance.cap_kwh)} of its energy budget spent"
    else:
        spent = f"{energy_text(balance.spent_kwh)} spent, its energy budget to be measured"
    return (
        f"Study {study.study_name!r}: {spent}, "
        f"searched by {type(study.sampler).__name__}{pruner}{why}."
    )


def _measuring(meter: EnergyMeter | Literal["auto"] | None) -> str:
    if meter is None:
        return ""
    known = (auto_meter() if isinstance(meter, str) else meter).provenance
    counted = ", ".join(known.devices) or f"this {known.scope}"
    return f" Trainings under EnergyTracker are {known.kind} by {known.meter}: {counted}."
