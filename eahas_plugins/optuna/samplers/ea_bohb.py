"""EA-BOHB: the sampler and the pruner that together search best per kWh."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler

from eahas_plugins.optuna.pruners import ScheduleRelativePruner
from eahas_plugins.optuna.samplers._spare import SparePromotionsPruner
from eahas_plugins.optuna.samplers.promotion import SchedulePromotionSampler
from eahas_plugins.optuna.samplers.tpe import EnergyTPESampler


def ea_bohb(
    *,
    fidelity_param: str | None = "max_epoch",
    schedules: Sequence[Any] | None = None,
    budget_kwh: float | None = None,
    promotion_share: float = 0.5,
    energy_weight: float = 1.0,
    pruner: BasePruner | None = None,
    prune: bool = True,
    seed: int | None = None,
    **tpe: Any,
) -> tuple[BaseSampler, BasePruner]:
    """The sampler and the pruner of EA-BOHB, for one study.

    TPE proposes configurations with the shortest schedule; a pruner compares them at the same
    fraction of their schedule; the best are repeated with the longest one (schedule promotion),
    in turn with new ones so that each side gets its share of the energy. Every piece can be
    switched off alone.

    Example:
        >>> import optuna
        >>> sampler, pruner = ea_bohb(fidelity_param="max_epoch", seed=0)
        >>> study = optuna.create_study(
        ...     sampler=sampler, pruner=pruner, direction="maximize"
        ... )  # doctest: +SKIP

    Args:
        fidelity_param: Parameter whose values are complete schedules; None switches schedule
            promotion off.
        schedules: Its values, shortest first; by default those of its distribution.
        budget_kwh: Energy of the whole study, kWh; by default what ``EnergyBudget`` tells it.
        promotion_share: Part of the energy for repetitions; 0 tries short schedules only.
        energy_weight: Weight of predicted energy in TPE's acquisition while nothing is spent; 0
            switches cooling off.
        pruner: Another pruner than the default, which drops the worst 30 % at half of their
            schedule and leaves repetitions alone. Earlier, a curve says too little about its end.
        prune: Whether to prune at all.
        seed: Seed of the sampler.
        **tpe: Further arguments of ``EnergyTPESampler``.

    Returns:
        The sampler and the pruner for ``optuna.create_study``.

    Raises:
        ValueError: If an argument is out of range (NaN included).
    """
    if pruner is not None and not prune:
        raise ValueError("prune must be True if a pruner is given.")
    sampler: BaseSampler = EnergyTPESampler(
        energy_weight=energy_weight,
        budget_kwh=budget_kwh,
        fidelity_param=fidelity_param,
        seed=seed,
        **tpe,
    )
    if fidelity_param is not None:
        sampler = SchedulePromotionSampler(
            sampler,
            fidelity_param=fidelity_param,
            schedules=schedules,
            share=promotion_share,
            budget_kwh=budget_kwh,
            seed=seed,
        )
    return sampler, pruner if pruner is not None else _pruner(fidelity_param, prune=prune)


def _pruner(fidelity_param: str | None, *, prune: bool) -> BasePruner:
    if not prune:
        return NopPruner()
    return SparePromotionsPruner(
        ScheduleRelativePruner(
            fidelity_param=fidelity_param, fractions=(0.5,), keep=0.7, n_startup_trials=5
        )
    )
