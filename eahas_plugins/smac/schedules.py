"""Search over complete schedules in SMAC: short ones first, the longest for the best."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from smac.acquisition.maximizer.local_and_random_search import LocalAndSortedRandomSearch
from smac.initial_design.latin_hypercube_design import LatinHypercubeInitialDesign
from smac.intensifier.successive_halving import SuccessiveHalving
from smac.main.config_selector import ConfigSelector
from smac.random_design.probability_design import ProbabilityRandomDesign
from smac.runhistory import StatusType, TrialInfo, TrialKey, TrialValue
from smac.scenario import Scenario

from eahas_plugins.energy.ledger import ENERGY_ATTR, known_kwh
from eahas_plugins.policy import promotion_due
from eahas_plugins.smac.acquisition import EnergyEI
from eahas_plugins.smac.intensifier import Admits, Admitted
from eahas_plugins.smac.process import ArdModel, RungEncoder

_N_CHALLENGERS, _N_LOCAL_SEARCHES, _N_STEPS = 600, 2, 3
N_INITIAL = 10


class EnergySchedules(Admits, SuccessiveHalving):
    """Tries configurations on the lowest rung and takes the best of them to the highest.

    Rungs are complete schedules, of which none goes on where another stopped. Whenever trainings
    above the lowest rung have used less than ``share`` of the energy, the next trial takes the
    tried configuration with the lowest predicted cost to the highest rung. Once ``short_until`` of
    the budget is spent, new configurations go there at once. It is the recipe of
    :class:`~eahas_plugins.optuna.samplers.ScheduleGPSampler`.

    Args:
        scenario: The scenario, with ``min_budget`` and ``max_budget`` and without instances.
        share: Part of the energy for higher rungs, in [0, 1], while new configurations are tried
            on the lowest.
        short_until: Part of the budget, in [0, 1], after which new configurations are tried on the
            highest rung; 1 never does.
        n_startup: Trials on the lowest rung before one is taken to the highest. At least 1.
        model: SMAC's model, whose prediction, unlike the cost, is not taken in by luck; without
            it the lowest cost decides.
        **kwargs: SMAC's arguments of ``SuccessiveHalving``.

    Raises:
        ValueError: If an argument is out of range (NaN included), or there are instances.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        share: float = 0.5,
        short_until: float = 0.35,
        n_startup: int = N_INITIAL,
        model: ArdModel | None = None,
        **kwargs: Any,
    ) -> None:
        for name, part in (("share", share), ("short_until", short_until)):
            if not 0.0 <= part <= 1.0:
                raise ValueError(f"{name} must be between 0 and 1 but got {part}.")
        if not n_startup >= 1:
            raise ValueError(f"n_startup must be at least 1 but got {n_startup}.")
        if scenario.instances is not None:
            raise ValueError("schedules must be the only fidelity but the scenario has instances.")
        self.share = float(share)
        self.short_until = float(short_until)
        self.n_startup = n_startup
        self._model = model
        super().__init__(scenario, **kwargs)

    @property
    def meta(self) -> dict[str, Any]:
        """SMAC's metadata."""
        return {
            **super().meta,
            "share": self.share,
            "short_until": self.short_until,
            "n_startup": self.n_startup,
        }

    def __iter__(self) -> Iterator[TrialInfo]:
        """The trials that the budget admits."""
        return Admitted(self._trials(), self)

    def _trials(self) -> Iterator[TrialInfo]:
        self.__post_init__()
        seed = self.get_instance_seed_keys_of_interest()[0].seed
        lowest, highest = self._scenario.min_budget, self._scenario.max_budget
        while True:
            longest = self.account is not None and 1.0 - self.account.alpha() > self.short_until
            config_id = None if longest else self._promoted()
            if config_id is not None:
                config = self.runhistory.get_config(config_id)
            else:
                try:
                    config = next(self.config_generator)
                except StopIteration:  # the space has no other configuration
                    return
            high = longest or config_id is not None
            yield TrialInfo(config=config, seed=seed, budget=highest if high else lowest)

    def _promoted(self) -> int | None:
        """The configuration to take to the highest rung now, if that is due."""
        lowest, cost, higher = self._scenario.min_budget, {}, set()
        for key, value in self.runhistory.items():
            if key.budget != lowest:
                higher.add(key.config_id)
            elif value.status == StatusType.SUCCESS:
                cost[key.config_id] = value.cost
        waiting = [config_id for config_id in cost if config_id not in higher]
        if len(cost) < self.n_startup or not waiting:
            return None
        total_kwh, higher_kwh = self._energies()
        if not promotion_due(higher_kwh, total_kwh, share=self.share):
            return None
        if self._model is None or not self._model.is_trained:
            return min(waiting, key=lambda config_id: cost[config_id])
        vectors = [self.runhistory.get_config(config_id).get_array() for config_id in waiting]
        predicted, _ = self._model.predict(np.stack(vectors), covariance_type=None)
        return waiting[int(np.argmin(predicted[:, 0]))]

    def _energies(self) -> tuple[float, float]:
        """Energy of all trials and of those above the lowest rung, kWh.

        A running one counts as the mean of its rung, or by the length of its schedule.
        """
        lowest = self._scenario.min_budget
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


def schedule_components(
    scenario: Scenario, *, cooling: float, n_initial: int | None
) -> dict[str, Any]:
    """SMAC's components for a search over complete schedules.

    Args:
        scenario: SMAC's scenario.
        cooling: Weight of the energy in the acquisition while nothing is spent.
        n_initial: Configurations of the Latin hypercube that the search starts with; ten if None.
    """
    n_initial = N_INITIAL if n_initial is None else n_initial
    model = ArdModel(scenario.configspace, seed=scenario.seed)
    return {
        "intensifier": EnergySchedules(scenario, n_startup=n_initial, model=model),
        "initial_design": LatinHypercubeInitialDesign(scenario, n_configs=n_initial, max_ratio=1.0),
        "model": model,
        "runhistory_encoder": RungEncoder(scenario),
        "acquisition_function": EnergyEI(log=False, cooling=cooling),
        # Few candidates: with many a choice takes ten times as long and is no better.
        "acquisition_maximizer": LocalAndSortedRandomSearch(
            scenario.configspace,
            challengers=_N_CHALLENGERS,
            local_search_iterations=_N_LOCAL_SEARCHES,
            max_steps=_N_STEPS,
            seed=scenario.seed,
        ),
        "random_design": ProbabilityRandomDesign(probability=0.0, seed=scenario.seed),
        "config_selector": ConfigSelector(scenario, retrain_after=1),
    }
