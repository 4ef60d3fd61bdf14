"""Energies of a run's trainings as a function of the configuration."""

from __future__ import annotations

import numpy as np
from ConfigSpace import ConfigurationSpace
from numpy.typing import NDArray
from smac.runhistory import RunHistory, StatusType, TrialKey
from smac.scenario import Scenario

from eahas_plugins.budget.attributes import ENERGY_ATTR, TRAINING_ATTR, known_kwh
from eahas_plugins.models.kwh import Choice, Column, KwhModel, Number, columns_of

Floats = NDArray[np.float64]

BUDGET = "smac budget"
"""What a model calls the rung."""


class RunEnergies:
    """A regression of the energies of a run's complete trainings.

    Args:
        scenario: SMAC's scenario.
        runhistory: Where trials and their energies are.
        min_observations: Trainings before it is ready. At least 2.
    """

    def __init__(
        self,
        scenario: Scenario,
        runhistory: RunHistory,
        min_observations: int = 10,
    ) -> None:
        columns = _columns(scenario)
        self._space: ConfigurationSpace = scenario.configspace
        self._runhistory = runhistory
        self._budget = scenario.max_budget if BUDGET in columns else None
        # Of constants alone all trainings are the same.
        self._model = KwhModel(columns, min_observations=min_observations) if columns else None
        self._seen: set[TrialKey] = set()

    def learn(self) -> bool:
        """Learn from new trials; whether there are enough of them."""
        if self._model is None:
            return False
        for key, value in self._runhistory.items():
            if key in self._seen or value.status != StatusType.SUCCESS:
                continue
            self._seen.add(key)
            info = value.additional_info
            kwh = known_kwh(info.get(TRAINING_ATTR, info.get(ENERGY_ATTR)))
            if kwh is None or info.get("truncated"):
                continue
            config = dict(self._runhistory.get_config(key.config_id))
            if self._budget is not None and key.budget is not None:
                config[BUDGET] = key.budget
            self._model.add(config, kwh)
        return self._model.ready

    def predict(self, X: Floats) -> Floats:
        """Natural log of the energies of complete trainings, shape (n_configs,).

        Args:
            X: SMAC's configuration vectors. `learn` must have found enough trials.
        """
        assert self._model is not None
        columns = self._model.columns
        encoded = {
            name: self._values(columns[name], name, X[:, position])
            for position, name in enumerate(self._space)
            if name in columns
        }
        if self._budget is not None:
            encoded[BUDGET] = np.full(len(X), self._budget)
        return self._model.predict_encoded(encoded)

    def _values(self, column: Column, name: str, vector: Floats) -> Floats:
        """Values of a number, positions of a choice, from SMAC's vector; NaN where inactive."""
        if isinstance(column, Choice):
            return vector
        values = np.full(len(vector), np.nan)
        active = ~np.isnan(vector)
        if active.any():
            values[active] = self._space[name].to_value(vector[active])
        return values


def _columns(scenario: Scenario) -> dict[str, Column]:
    """What the energy of a training depends on; the rung too, where there are several."""
    columns: dict[str, Column] = columns_of(scenario.configspace)
    low, high = scenario.min_budget, scenario.max_budget
    if low is not None and high is not None and scenario.instances is None and high > low:
        columns[BUDGET] = Number(low=low, high=high, log=True)
    return columns
