"""Successive halving whose promotions weigh loss against energy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from hpbandster.optimizers.iterations import SuccessiveHalving

from eahas_plugins.budget.attributes import (
    CHECKPOINT_ATTR,
    ENERGY_ATTR,
    SAVED_ATTR,
    TRAINING_ATTR,
    known_kwh,
    saved_kwh_of,
)
from eahas_plugins.promotion import rewards_of_losses
from eahas_plugins.targets.checkpoints import CheckpointStore


class EnergyHalving(SuccessiveHalving):
    """Successive halving that promotes the largest reward instead of the smallest loss.

    Losses in [0, 1] are taken for errors, and the reward is that of the accuracy. When a rung is
    complete, the checkpoints of those that are not promoted are removed. Where jobs have failed and
    too few are left to fill the next rung, fewer go on: HpBandSter fills it with configurations
    that nothing is known of.

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

    def process_results(self) -> None:
        """Promote, when a rung is complete."""
        super().process_results()
        if self._reward_exponent and not self.is_finished:
            self.num_configs[self.stage] = self.actual_num_configs[self.stage]
        for datum in self.data.values():
            if datum.status != "QUEUED":
                _discard_checkpoint(datum.results)

    def _advance_to_next_stage(self, config_ids: list[Any], losses: Any) -> Any:
        if self._reward_exponent == 0.0 or not config_ids:
            return super()._advance_to_next_stage(config_ids, losses)
        budget = self.budgets[self.stage - 1]
        infos = [self.data[config_id].results[budget]["info"] or {} for config_id in config_ids]
        energies = np.array(
            [known_kwh(i.get(TRAINING_ATTR, i.get(ENERGY_ATTR))) or np.nan for i in infos]
        )
        rewards = rewards_of_losses(losses, energies, exponent=self._reward_exponent)
        return super()._advance_to_next_stage(config_ids, losses if rewards is None else -rewards)


Results = Mapping[float, Mapping[str, Any] | None]
"""What HpBandSter keeps of a configuration: the results of its jobs, by rung."""


def payable_kwh(results: Results) -> float:
    """Energy of a configuration's training that another job can go on with, kWh."""
    return max(map(saved_kwh_of, _infos(results).values()), default=0.0)


def difference_kwh(results: Results, budget: float) -> float | None:
    """Energy that a job needs to go on from its checkpoint, kWh; None without one.

    Args:
        results: The results of the same configuration.
        budget: The job's rung, in whatever a training's energy is proportional to.
    """
    rungs = {rung: info for rung, info in _infos(results).items() if info.get(SAVED_ATTR)}
    if not rungs or not max(rungs) < budget:
        return None
    rung = max(rungs)
    return saved_kwh_of(rungs[rung]) * (budget / rung - 1.0)


def _discard_checkpoint(results: Results) -> None:
    for info in _infos(results).values():
        if CHECKPOINT_ATTR in info:
            folder = Path(str(info[CHECKPOINT_ATTR]))
            CheckpointStore(folder.parent).discard(folder.name)


def _infos(results: Results) -> dict[float, Mapping[str, Any]]:
    """What came with results, where it is a mapping at all: workers may be of any kind."""
    told = {rung: result["info"] for rung, result in results.items() if result is not None}
    return {rung: info for rung, info in told.items() if isinstance(info, Mapping)}
