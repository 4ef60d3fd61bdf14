"""EA-BOHB: the sampler and the pruner that together search best per kWh."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler

from eahas_plugins.arguments import check_made
from eahas_plugins.optuna._trials import AUTO
from eahas_plugins.optuna.samplers._earlier_sources import Sources
from eahas_plugins.optuna.samplers._front_trials import Known
from eahas_plugins.optuna.samplers.schedule_gp import ScheduleGPSampler
from eahas_plugins.policy import SHORT_UNTIL


def ea_bohb(
    *,
    fidelity_param: str | None = AUTO,
    schedules: Sequence[Any] | None = None,
    budget_kwh: float | None = None,
    promotion_share: float = 0.5,
    short_until: float = SHORT_UNTIL,
    cooling: float = 1.0,
    known_objectives: Known | None = None,
    pruner: BasePruner | None = None,
    earlier: Sources = (),
    seed: int | None = None,
    **model: Any,
) -> tuple[BaseSampler, BasePruner]:
    """The sampler and the pruner of EA-BOHB.

    Like BOHB it is Bayesian optimisation over fidelities, but a fidelity is a complete
    learning-rate schedule, not a training cut short, and what is shared out is energy:
    :class:`~eahas_plugins.optuna.samplers.ScheduleGPSampler`. Every piece can be switched off
    alone; the documentation's results say what each earns.

    With two or three objectives, whatever their directions, it searches their front: what is
    expected to add most to the volume that the front dominates, per kWh. Nothing is promoted by
    itself there: once ``short_until`` of the budget is spent (without a budget, from the start) the
    same question is asked of every schedule, and of what has been tried with a longer one. If the
    energy of the training is one of them (its value is the trial's ``energy_kwh``) that is seen,
    and predicted as energy is.

    Example:
        >>> import optuna
        >>> sampler, pruner = ea_bohb(fidelity_param="epochs", seed=0)
        >>> study = optuna.create_study(
        ...     sampler=sampler, pruner=pruner, direction="maximize"
        ... )  # doctest: +SKIP

    Args:
        fidelity_param: Parameter whose values are complete schedules. By default (``"auto"``) the
            one with a usual name of a training's length, such as ``max_epoch``, ``epochs`` or
            ``n_estimators``, if exactly one is; a warning says if none is found. None switches
            schedule promotion off.
        schedules: Its values, shortest first; by default those of its distribution. The first and
            the last are trained: of ``[5, 10, 30]`` only 5 and 30.
        budget_kwh: Energy of the whole study, kWh; by default what ``EnergyBudget`` tells it.
        promotion_share: Part of the energy for longer schedules where there is one objective and no
            budget; with 0 no tried configuration is trained longer.
        short_until: Part of the budget after which new configurations are trained with the longest
            schedule; 1 never does.
        cooling: Weight of predicted energy in the acquisition while nothing is spent; 0
            switches cooling off.
        known_objectives: Objectives that need no training to be known, such as a number of
            parameters: for each, by its position in the study's ``directions``, a function of a
            configuration's parameters. They are believed, not learnt. A function is asked for every
            candidate, thousands of times per trial: let it take microseconds.
        pruner: By default none: a training cut early says little about its end, and whether it
            helps to drop the worst at half of a short schedule differs from task to task. Optuna
            asks none where there are several objectives.
        earlier: Earlier studies of the same kind of training, on other data or in another space:
            studies of Optuna's, storages, folders of SMAC or HpBandSter, or files that
            ``export_study`` wrote. The first trials are configurations that were good there
            (attribute ``earlier_member``), and what they say of values and energies is believed as
            far as it ranks the new trials.
        seed: Seed of the sampler.
        **model: Further arguments of ``ScheduleGPSampler``.

    Returns:
        The sampler and the pruner for ``optuna.create_study``.

    Raises:
        ValueError: If an argument is out of range (NaN included), or an earlier study cannot be
            read or has several objectives.
        TypeError: If ``earlier`` is no list or holds something else than studies, or ``pruner`` is
            not a pruner.
    """
    if pruner is not None:
        check_made(BasePruner, pruner=pruner)
    sampler = ScheduleGPSampler(
        fidelity_param=fidelity_param,
        schedules=schedules,
        promotion_share=promotion_share,
        short_until=short_until,
        cooling=cooling,
        known_objectives=known_objectives,
        budget_kwh=budget_kwh,
        earlier=earlier,
        seed=seed,
        **model,
    )
    return sampler, NopPruner() if pruner is None else pruner
