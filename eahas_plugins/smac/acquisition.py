"""Expected improvement per kWh, cooled as the budget is spent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ConfigSpace import ConfigurationSpace
from numpy.typing import NDArray
from smac.acquisition.function.expected_improvement import EI
from smac.runhistory import RunHistory, StatusType, TrialKey
from smac.scenario import Scenario

from eahas_plugins.budget.attributes import ENERGY_ATTR, TRAINING_ATTR, known_kwh
from eahas_plugins.models.kwh import Choice, Column, KwhModel, Number, columns_of
from eahas_plugins.policy import cooled, short_phase_ended
from eahas_plugins.smac.budget import EnergyBudgetCallback

Floats = NDArray[np.float64]
_BUDGET = "smac budget"
_STEP = 0.1
"""Energies are told apart in steps of 10 %. SMAC's local search takes every improvement, and a
slope of energy without steps would lead it on for hundreds of evaluations."""


class EnergyEI(EI):
    """Expected improvement divided by predicted energy to the power alpha.

    Alpha is ``cooling`` times the unused fraction of the budget: cheap configurations first, the
    plain expected improvement at the end. The energy comes from a regression of log kWh on the
    configurations (and SMAC's budget) that have been trained; until there are
    ``min_observations`` of them it is the plain expected improvement, bit for bit.

    Args:
        xi: SMAC's exploration parameter.
        log: Whether the model's values are logarithms, as in SMAC's facades with random forests.
        cooling: Weight of the energy at the start. Not negative; 0 is the plain expected
            improvement.
        min_observations: Trainings before energy counts. At least 2.
        until: Part of the budget, in [0, 1], after which energy no longer counts.

    Raises:
        ValueError: If an argument is out of range (NaN included).

    References:
        Lee et al. (2020), Cost-aware Bayesian optimization (EI-cool).
    """

    def __init__(
        self,
        xi: float = 0.0,
        log: bool = True,
        *,
        cooling: float = 1.0,
        min_observations: int = 10,
        until: float = 1.0,
    ) -> None:
        super().__init__(xi=xi, log=log)
        if not 0.0 <= cooling < np.inf:
            raise ValueError(f"cooling must be finite and not negative but got {cooling}.")
        if not min_observations >= 2:
            raise ValueError(f"min_observations must be at least 2 but got {min_observations}.")
        if not 0.0 <= until <= 1.0:
            raise ValueError(f"until must be between 0 and 1 but got {until}.")
        self.cooling = float(cooling)
        self.until = float(until)
        self.min_observations = min_observations
        self.alpha = 0.0
        """Weight of the energy since the last update."""
        self._energies: _Energies | None = None
        self._account: EnergyBudgetCallback | None = None

    @property
    def name(self) -> str:
        """SMAC's name of the function."""
        return "Expected Improvement per kWh"

    @property
    def meta(self) -> dict[str, Any]:
        """SMAC's metadata."""
        return {
            **super().meta,
            "cooling": self.cooling,
            "min_observations": self.min_observations,
            "until": self.until,
        }

    def attach(
        self, scenario: Scenario, runhistory: RunHistory, account: EnergyBudgetCallback
    ) -> None:
        """Say where energies and the budget are known. The energy-aware facades do this."""
        self._account = account
        if columns := _columns(scenario):  # of constants alone all trainings are the same
            self._energies = _Energies(scenario, runhistory, columns, self.min_observations)

    def _update(self, **kwargs: Any) -> None:
        super()._update(**kwargs)
        self.alpha = 0.0
        if self.cooling == 0.0 or self._energies is None or self._account is None:
            return
        left = self._account.alpha()
        if self._energies.learn() and not short_phase_ended(left, short_until=self.until):
            self.alpha = self.cooling * left

    def _compute(self, X: Floats) -> Floats:
        improvement = np.asarray(super()._compute(X), dtype=np.float64)
        if self.alpha == 0.0 or self._energies is None:
            return improvement
        log_kwh = _STEP * np.round(self._energies.predict(X) / _STEP)
        with np.errstate(divide="ignore"):  # no improvement expected stays none at any price
            log_improvement = np.log(improvement[:, 0])
        return np.exp(cooled(log_improvement, log_kwh, alpha=self.alpha)).reshape(-1, 1)


class _Energies:
    """Energies of a run's trainings as a function of SMAC's configuration vectors."""

    def __init__(
        self,
        scenario: Scenario,
        runhistory: RunHistory,
        columns: Mapping[str, Column],
        min_observations: int,
    ) -> None:
        self._space: ConfigurationSpace = scenario.configspace
        self._runhistory = runhistory
        self._budget = scenario.max_budget if _BUDGET in columns else None
        self._model = KwhModel(columns, min_observations=min_observations)
        self._seen: set[TrialKey] = set()

    def learn(self) -> bool:
        """Learn from new trials; whether there are enough of them."""
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
                config[_BUDGET] = key.budget
            self._model.add(config, kwh)
        return self._model.ready

    def predict(self, X: Floats) -> Floats:
        """Natural log of the energies of complete trainings, shape (n_configs,)."""
        encoded = {
            name: self._values(name, X[:, position])
            for position, name in enumerate(self._space)
            if name in self._model.columns
        }
        if self._budget is not None:
            encoded[_BUDGET] = np.full(len(X), self._budget)
        return self._model.predict_encoded(encoded)

    def _values(self, name: str, vector: Floats) -> Floats:
        """Values of a number, positions of a choice, from SMAC's vector; NaN where inactive."""
        if isinstance(self._model.columns[name], Choice):
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
        columns[_BUDGET] = Number(low=low, high=high, log=True)
    return columns
