"""Search over complete schedules in SMAC: short ones first, the longest for the best."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from ConfigSpace import Configuration
from smac.intensifier.successive_halving import SuccessiveHalving
from smac.model.abstract_model import AbstractModel
from smac.runhistory import StatusType, TrialInfo, TrialKey, TrialValue
from smac.runhistory.encoder.abstract_encoder import AbstractRunHistoryEncoder
from smac.scenario import Scenario

from eahas_plugins.budget.attributes import ENERGY_ATTR, known_kwh
from eahas_plugins.policy import SHORT_UNTIL, early_promotion_due, promotion_due, short_phase_ended
from eahas_plugins.smac.admission import AdmittedTrials, BudgetedIntensifier
from eahas_plugins.smac.intensifier import check_rungs

_N_PRICED = 100
N_STARTUP_TRIALS = 10


class ScheduleIntensifier(BudgetedIntensifier, SuccessiveHalving):
    """Tries configurations on the lowest rung and takes the best of them to the highest.

    Rungs are complete schedules, of which none goes on where another stopped. After every four of
    the first ``n_startup_trials`` trials the best so far is taken to the highest rung. Then,
    whenever trainings above the lowest rung have used less than ``promotion_share`` of the energy,
    it is the tried configuration with the lowest predicted cost. Once ``short_until`` of the budget
    is spent, new configurations go to the highest rung at once. What cannot be paid there, as far
    as that is known, stays on the lowest. Unlike that of
    :class:`~eahas_plugins.optuna.samplers.ScheduleGPSampler`, the model does not tell rungs apart,
    so what is promoted is a matter of shares and not of gain per kWh.

    Args:
        scenario: The scenario, with ``min_budget`` below ``max_budget``, one objective and no
            instances.
        promotion_share: Part of the energy for higher rungs, in [0, 1], while new configurations
            are tried on the lowest.
        short_until: Part of the budget, in [0, 1], after which new configurations are tried on the
            highest rung; 1 never does.
        n_startup_trials: Trials on the lowest rung before predictions count. At least 1.
        model: A model for the predictions, which unlike costs are not taken in by luck; it may be
            the one that proposes. Without it the lowest cost decides.
        encoder: What shows the model the trials; needed with ``model``, and the run's own.
        **kwargs: SMAC's arguments of ``SuccessiveHalving``.

    Raises:
        ValueError: If an argument is out of range (NaN included), or the scenario is another.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        promotion_share: float = 0.5,
        short_until: float = SHORT_UNTIL,
        n_startup_trials: int = N_STARTUP_TRIALS,
        model: AbstractModel | None = None,
        encoder: AbstractRunHistoryEncoder | None = None,
        **kwargs: Any,
    ) -> None:
        for name, part in (("promotion_share", promotion_share), ("short_until", short_until)):
            if not 0.0 <= part <= 1.0:
                raise ValueError(f"{name} must be between 0 and 1 but got {part}.")
        if not n_startup_trials >= 1:
            raise ValueError(f"n_startup_trials must be at least 1 but got {n_startup_trials}.")
        check_rungs(scenario)
        if not has_schedules(scenario):
            raise ValueError(
                "the scenario must have min_budget below max_budget, one objective and no "
                f"instances but has {scenario.min_budget}, {scenario.max_budget}, "
                f"{scenario.objectives} and {scenario.instances}."
            )
        if (model is None) != (encoder is None):
            raise ValueError("model and encoder must be given together.")
        self.promotion_share = float(promotion_share)
        self.short_until = float(short_until)
        self.n_startup_trials = n_startup_trials
        self._model, self._encoder = model, encoder
        super().__init__(scenario, **kwargs)

    @property
    def meta(self) -> dict[str, Any]:
        """SMAC's metadata."""
        return {
            **super().meta,
            "promotion_share": self.promotion_share,
            "short_until": self.short_until,
            "n_startup_trials": self.n_startup_trials,
        }

    def __iter__(self) -> Iterator[TrialInfo]:
        """The trials that the budget admits."""
        return AdmittedTrials(self._trials, self)

    def _trials(self) -> Iterator[TrialInfo]:
        self.__post_init__()
        tried = {key.config_id for key in self.runhistory}
        for config in self.runhistory.get_configs():  # lost when a run was killed: run them again
            if self.runhistory.get_config_id(config) not in tried:
                yield self._trial(config, high=False)
        while True:
            longest = self.account is not None and short_phase_ended(
                self.account.alpha(), short_until=self.short_until
            )
            trial = None if longest else self._promotion(self._is_due)
            if trial is None:
                try:
                    config = next(self.config_generator)
                except StopIteration:
                    trial = self._promotion(lambda n_low, n_higher: True)
                    if trial is None:
                        return
                else:
                    trial = self._trial(config, high=longest)
                    if longest and not self._pays_for(trial):
                        trial = self._trial(config, high=False)
            yield trial

    def _trial(self, config: Configuration, *, high: bool) -> TrialInfo:
        seed = self.get_instance_seed_keys_of_interest()[0].seed
        budget = self.scenario.max_budget if high else self.scenario.min_budget
        return TrialInfo(config=config, seed=seed, budget=budget)

    def _pays_for(self, trial: TrialInfo) -> bool:
        return self.account is None or self.account.pays_for(trial)

    def _promotion(self, is_due: Callable[[int, int], bool]) -> TrialInfo | None:
        """The best configuration that waits on the lowest rung, on the highest, if that is due."""
        lowest, cost, higher = self.scenario.min_budget, {}, set()
        for key, value in self.runhistory.items():
            if key.budget != lowest:
                higher.add(key.config_id)
            elif value.status == StatusType.SUCCESS:
                cost[key.config_id] = float(value.cost)  # type: ignore[arg-type]  # one objective
        if not is_due(len(cost), len(higher)):
            return None
        waiting = [config_id for config_id in cost if config_id not in higher]
        configs = {config_id: self.runhistory.get_config(config_id) for config_id in waiting}
        if waiting and len(cost) >= self.n_startup_trials and self._model and self._encoder:
            X, Y = self._encoder.transform([self.scenario.max_budget])
            self._model.train(X, Y)
            vectors = np.stack([config.get_array() for config in configs.values()])
            predicted, _ = self._model.predict(vectors)
            cost = dict(zip(waiting, predicted[:, 0].tolist(), strict=True))
        trials = (
            self._trial(configs[config_id], high=True)
            for config_id in sorted(waiting, key=lambda config_id: cost[config_id])[:_N_PRICED]
        )
        return next((trial for trial in trials if self._pays_for(trial)), None)

    def _is_due(self, n_low: int, n_higher: int) -> bool:
        if n_low < self.n_startup_trials:
            return early_promotion_due(n_low, n_higher, promotion_share=self.promotion_share)
        total_kwh, higher_kwh = self._energies()
        return promotion_due(higher_kwh, total_kwh, promotion_share=self.promotion_share)

    def _energies(self) -> tuple[float, float]:
        """Energy of all trials and of those above the lowest rung, kWh.

        A running one counts as the mean of its rung, or by the length of its schedule.
        """
        lowest = self.scenario.min_budget
        trials = list(self.runhistory.items())
        known: dict[float | None, list[float]] = {}
        for key, value in trials:
            if (energy_kwh := _kwh(value)) is not None:
                known.setdefault(key.budget, []).append(energy_kwh)

        def expected_kwh(key: TrialKey) -> float:
            if same := known.get(key.budget):
                return sum(same) / len(same)
            if (short := known.get(lowest)) and lowest and key.budget:
                return sum(short) / len(short) * key.budget / lowest
            return 0.0

        total_kwh = higher_kwh = 0.0
        for key, value in trials:
            energy_kwh = _kwh(value)
            if energy_kwh is None:
                energy_kwh = expected_kwh(key) if value.status == StatusType.RUNNING else 0.0
            total_kwh += energy_kwh
            higher_kwh += energy_kwh if key.budget != lowest else 0.0
        return total_kwh, higher_kwh


def _kwh(value: TrialValue) -> float | None:
    return known_kwh(value.additional_info.get(ENERGY_ATTR))


def has_schedules(scenario: Scenario) -> bool:
    """Whether a scenario is one for :class:`ScheduleIntensifier`."""
    low, high = scenario.min_budget, scenario.max_budget
    rungs = low is not None and high is not None and low < high
    return rungs and scenario.count_objectives() == 1 and scenario.instances is None
