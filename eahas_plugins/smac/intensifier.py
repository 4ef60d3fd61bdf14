"""Intensifiers that start nothing that cannot be paid, and promote what gives most per kWh."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from ConfigSpace import Configuration
from smac.intensifier.intensifier import Intensifier
from smac.runhistory import TrialInfo, TrialKey
from smac.runhistory.dataclasses import InstanceSeedBudgetKey
from smac.scenario import Scenario

from eahas_plugins.arguments import check_numbers, check_reward_exponent
from eahas_plugins.budget.attributes import TRAINING_ATTR, known_kwh
from eahas_plugins.policy import PAPER_EXPONENT, n_rungs, promotion_candidates
from eahas_plugins.promotion import rewards_of_losses
from eahas_plugins.smac._compat import PromotionHook
from eahas_plugins.smac.admission import AdmittedTrials, BudgetedIntensifier

_COMPARABLE = "highest_budget"


def check_rungs(scenario: Scenario) -> None:
    """Check the lowest and the highest rung, where they are given.

    Raises:
        ValueError: If one is not a positive finite number, or they are in the wrong order.
    """
    for name in ("min_budget", "max_budget"):
        rung = getattr(scenario, name)
        if rung is not None and not 0.0 < rung < math.inf:
            raise ValueError(f"{name} must be positive and finite but got {rung}.")
    low, high = scenario.min_budget, scenario.max_budget
    if low is not None and high is not None and not low <= high:
        raise ValueError(f"min_budget must be at most max_budget but got {low} and {high}.")


class EnergyIntensifier(BudgetedIntensifier, Intensifier):
    """SMAC's racing intensifier, with admission: a trial starts only if it can be paid."""

    def __iter__(self) -> Iterator[TrialInfo]:
        """The trials that the budget admits."""
        return AdmittedTrials(super().__iter__, self)


class EnergyHyperband(BudgetedIntensifier, PromotionHook):
    """Hyperband whose rungs may be kWh and whose promotion weighs accuracy against energy.

    The rungs are the scenario's budgets: in kWh with ``SurrogateTarget(fidelity="kwh")`` or an
    ``EnergyTarget``, in epochs or schedules otherwise. At each rung the configurations with the
    largest ``(1 - cost) * (energy / median energy) ** reward_exponent`` go on, where the energy is
    that of their trainings so far. Trials without known energy keep ``1 - cost``. Costs that are
    not all in [0, 1] are no errors: then the smallest
    ``cost / (energy / median energy) ** reward_exponent`` go on. What has failed never goes on:
    where too few have succeeded, fewer do. With several objectives SMAC's Pareto front decides,
    since energy is one of them. Rounding never loses a rung (1..243 with factor 3 has six).

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
        check_numbers(eta=eta)
        if not 1.0 < eta < math.inf:
            raise ValueError(f"eta must be larger than 1 and finite but got {eta}.")
        check_rungs(scenario)
        if scenario.count_objectives() > 1:
            # SMAC (2.4.1) fails an assertion where configurations of different rungs are compared.
            chosen = kwargs.setdefault("incumbent_selection", _COMPARABLE)
            if chosen != _COMPARABLE:
                raise ValueError(
                    f"incumbent_selection must be {_COMPARABLE!r} where there are several "
                    f"objectives but got {chosen!r}: SMAC cannot compare rungs there."
                )
        check_reward_exponent(reward_exponent)
        self.reward_exponent, self._ratio = float(reward_exponent), float(eta)
        super().__init__(scenario, eta=eta, **kwargs)

    @property
    def rungs(self) -> list[float]:
        """The budgets of its trials, lowest first; none while the scenario does not say."""
        low, high = self.scenario.min_budget, self.scenario.max_budget
        if low is None or high is None:
            return []
        return [high * self._ratio**-k for k in reversed(range(n_rungs(low, high, self._ratio)))]

    @property
    def meta(self) -> dict[str, Any]:
        """SMAC's metadata."""
        return {**super().meta, "reward_exponent": self.reward_exponent}

    def __iter__(self) -> Iterator[TrialInfo]:
        """The trials that the budget admits."""
        return AdmittedTrials(self._trials, self)

    def _trials(self) -> Iterator[TrialInfo]:
        while True:
            yield from super().__iter__()
            # SMAC ends when it cannot fill a batch, and forgets what it had drawn for it.
            if not self.untried.exhausted:
                return
            rest = [c for c in self.untried.drawn if not self._is_known(c)]
            if not rest:
                return
            self.add_batch(rest)

    def _is_known(self, config: Configuration) -> bool:
        return self.runhistory.has_config(config) or self.waits(config)

    def promoted(
        self,
        configs: list[Configuration],
        best: list[Configuration],
        keys: list[InstanceSeedBudgetKey],
    ) -> list[Configuration]:
        """As many as SMAC promotes, those with the largest reward."""
        chosen = self._promoted(configs, best, keys)
        if self.account is not None:  # the others are out of the race for good
            # SMAC asks at the highest rung at once: there are some that have yet to be trained.
            tried = [config for config in configs if self.is_evaluated(config, keys)]
            out = [config for config in tried if config not in chosen]
            for key in keys:
                self.account.discard(out, seed=key.seed, instance=key.instance)
        return chosen

    def _promoted(
        self,
        configs: list[Configuration],
        best: list[Configuration],
        keys: list[InstanceSeedBudgetKey],
    ) -> list[Configuration]:
        if self.reward_exponent == 0.0 or not best or self.scenario.count_objectives() > 1:
            return best
        configs = [config for config in configs if self.has_succeeded(config, keys)]
        costs = np.array([self.runhistory.average_cost(c, keys) for c in configs])
        energies = np.array([self._training_kwh(c, keys) for c in configs])
        scores = rewards_of_losses(costs, energies, exponent=self.reward_exponent)
        if scores is None:
            return best
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
