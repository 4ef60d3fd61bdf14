"""Successive halving whose promotions weigh loss against energy."""

from __future__ import annotations

from typing import Any

import numpy as np
from hpbandster.optimizers.iterations import SuccessiveHalving

from eahas_plugins.budget.attributes import ENERGY_ATTR, TRAINING_ATTR, known_kwh
from eahas_plugins.policy import reward


class EnergyHalving(SuccessiveHalving):
    """Successive halving that promotes the largest reward instead of the smallest loss.

    Losses in [0, 1] are taken for errors, and the reward is that of the accuracy.

    Args:
        reward_exponent: Exponent of the energy, at most 0; 0 is HpBandSter's promotion.
        **kwargs: Arguments of HpBandSter's class.

    References:
        Jamieson and Talwalkar (2016), Non-stochastic best arm identification, Algorithm 1. The
        reward is that of Dou et al. (2023), EA-HAS-Bench, section 5.
    """

    def __init__(self, *, reward_exponent: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._reward_exponent = reward_exponent

    def _advance_to_next_stage(self, config_ids: list[Any], losses: Any) -> Any:
        if self._reward_exponent == 0.0 or not config_ids:
            return super()._advance_to_next_stage(config_ids, losses)
        budget = self.budgets[self.stage - 1]
        infos = [self.data[config_id].results[budget]["info"] or {} for config_id in config_ids]
        energies = np.array(
            [known_kwh(i.get(TRAINING_ATTR, i.get(ENERGY_ATTR))) or np.nan for i in infos]
        )
        if not np.any(energies > 0.0):
            return super()._advance_to_next_stage(config_ids, losses)
        are_errors = bool(np.all((losses >= 0.0) & (losses <= 1.0)))
        rewards = reward(
            1.0 - losses if are_errors else losses,
            energies,
            reference_kwh=float(np.nanmedian(energies)),
            exponent=self._reward_exponent,
            maximize=are_errors,
        )
        return super()._advance_to_next_stage(config_ids, -rewards if are_errors else rewards)
