"""Intensifiers that start nothing that cannot be paid, and promote what gives most per kWh."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from ConfigSpace import Configuration
from smac.intensifier.hyperband import Hyperband
from smac.intensifier.intensifier import Intensifier
from smac.runhistory import TrialInfo, TrialKey
from smac.runhistory.dataclasses import InstanceSeedBudgetKey
from smac.scenario import Scenario

from eahas_plugins.budget.attributes import TRAINING_ATTR, known_kwh
from eahas_plugins.policy import PAPER_EXPONENT, n_rungs, promotion_candidates, reward
from eahas_plugins.smac.budget import EnergyBudgetCallback


class AdmittedTrials(Iterator[TrialInfo]):
    """Trials of an intensifier; one that the budget refuses is kept for later.

    A refusal ends the run as SMAC ends it when there is nothing left to try. Nothing has been
    written to the run history then, so the trial can still be run when the cap is raised.
    """

    def __init__(self, trials: Iterator[TrialInfo], owner: BudgetedIntensifier) -> None:
        self._trials = trials
        self._owner = owner
        self._held: TrialInfo | None = None

    def __next__(self) -> TrialInfo:
        if self._held is None:
            self._held = next(self._trials)
        account = self._owner.account
        if account is not None and not account.admits(self._held):
            raise StopIteration
        trial, self._held = self._held, None
        return trial


class BudgetedIntensifier:
    """An intensifier that knows of the budget."""

    account: EnergyBudgetCallback | None = None
    """The budget that trials must fit; the energy-aware facades set it."""


class EnergyIntensifier(BudgetedIntensifier, Intensifier):
    """SMAC's racing intensifier, with admission: a trial starts only if it can be paid."""

    def __iter__(self) -> Iterator[TrialInfo]:
        """The trials that the budget admits."""
        return AdmittedTrials(super().__iter__(), self)


class EnergyHyperband(BudgetedIntensifier, Hyperband):
    """Hyperband whose rungs may be kWh and whose promotion weighs accuracy against energy.

    The rungs are the scenario's budgets: in kWh with ``SurrogateTarget(fidelity="kwh")`` or an
    ``EnergyTarget``, in epochs or schedules otherwise. At each rung the configurations with the
    largest ``(1 - cost) * (energy / median energy) ** reward_exponent`` go on, where the energy is
    that of their trainings so far. Trials without known energy keep ``1 - cost``. With several
    objectives SMAC's Pareto front decides, since energy is one of them. Rounding never loses a
    rung (1..243 with factor 3 has six).

    Args:
        scenario: The scenario, with ``min_budget`` and ``max_budget``.
        eta: One in this many is promoted from each rung. Larger than 1.
        reward_exponent: Exponent of the energy, at most 0; 0 promotes as SMAC does.
        **kwargs: SMAC's arguments of ``Hyperband``.

    Raises:
        ValueError: If an argument is out of range (NaN included).

    References:
        Li et al. (2018), Hyperband, Algorithm 1. Dou et al. (2023), EA-HAS-Bench, section 5.
    """

    def __init__(
        self,
        scenario: Scenario,
        eta: float = 3,
        *,
        reward_exponent: float = PAPER_EXPONENT,
        **kwargs: Any,
    ) -> None:
        if not eta > 1.0:
            raise ValueError(f"eta must be larger than 1 but got {eta}.")
        if not reward_exponent <= 0.0:
            raise ValueError(f"reward_exponent must be at most 0 but got {reward_exponent}.")
        self.reward_exponent = float(reward_exponent)
        super().__init__(scenario, eta=eta, **kwargs)  # type: ignore[arg-type]  # any ratio works

    @property
    def meta(self) -> dict[str, Any]:
        """SMAC's metadata."""
        return {**super().meta, "reward_exponent": self.reward_exponent}

    def __iter__(self) -> Iterator[TrialInfo]:
        """The trials that the budget admits."""
        return AdmittedTrials(super().__iter__(), self)

    # The two hooks below are SMAC's private names (2.4.1); tests/.../test_intensifier.py guards
    # that SMAC calls them.

    @staticmethod
    def _get_max_iterations(eta: float, max_budget: float, min_budget: float) -> int:
        return n_rungs(min_budget, max_budget, eta) - 1

    def _get_best_configs(
        self,
        configs: list[Configuration],
        bracket: int,
        stage: int,
        from_keys: list[InstanceSeedBudgetKey],
    ) -> list[Configuration]:
        best = super()._get_best_configs(configs, bracket, stage, from_keys)
        if self.reward_exponent == 0.0 or not best or self._scenario.count_objectives() > 1:
            return best
        costs = np.array([self.runhistory.average_cost(c, from_keys) for c in configs])
        energies = np.array([self._training_kwh(c, from_keys) for c in configs])
        if not np.any(energies > 0.0):
            return best
        scores = reward(
            1.0 - costs,
            energies,
            reference_kwh=float(np.median(energies[energies > 0.0])),
            exponent=self.reward_exponent,
        )
        chosen = promotion_candidates(scores, np.ones(len(configs), dtype=bool), top=len(best))
        return [configs[i] for i in chosen]

    def _training_kwh(self, config: Configuration, keys: list[InstanceSeedBudgetKey]) -> float:
        """Energy of a configuration's trainings at a rung, kWh; NaN if unknown."""
        config_id = self.runhistory.get_config_id(config)
        found = [
            known_kwh(
                self.runhistory[
                    TrialKey(config_id, key.instance, key.seed, key.budget)
                ].additional_info.get(TRAINING_ATTR)
            )
            for key in keys
        ]
        return float(np.nansum([np.nan if k is None else k for k in found])) or np.nan
