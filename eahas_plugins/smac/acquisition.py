"""Expected improvement per kWh, cooled as the budget is spent."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from smac.acquisition.function.expected_improvement import EI
from smac.runhistory import RunHistory
from smac.scenario import Scenario

from eahas_plugins.arguments import check_counts, check_not_negative
from eahas_plugins.policy import cooled
from eahas_plugins.smac.budget import EnergyBudgetCallback
from eahas_plugins.smac.energies import RunEnergies

Floats = NDArray[np.float64]
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
    ) -> None:
        super().__init__(xi=xi, log=log)
        check_not_negative(cooling=cooling)
        check_counts(2, min_observations=min_observations)
        self.cooling = float(cooling)
        self.min_observations = min_observations
        self.alpha = 0.0
        """Weight of the energy since the last update."""
        self._energies: RunEnergies | None = None
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
        }

    def attach(
        self, scenario: Scenario, runhistory: RunHistory, account: EnergyBudgetCallback
    ) -> None:
        """Say where energies and the budget are known. The energy-aware facades do this."""
        self._account = account
        self._energies = RunEnergies(scenario, runhistory, self.min_observations)

    def _update(self, **kwargs: Any) -> None:
        super()._update(**kwargs)
        self.alpha = 0.0
        if self.cooling == 0.0 or self._energies is None or self._account is None:
            return
        if self._energies.learn():
            self.alpha = self.cooling * self._account.alpha()

    def _compute(self, X: Floats) -> Floats:
        improvement = np.asarray(super()._compute(X), dtype=np.float64)
        if self.alpha == 0.0 or self._energies is None:
            return improvement
        log_kwh = _STEP * np.round(self._energies.predict(X) / _STEP)
        with np.errstate(divide="ignore"):  # no improvement expected stays none at any price
            log_improvement = np.log(improvement[:, 0])
        return np.exp(cooled(log_improvement, log_kwh, alpha=self.alpha)).reshape(-1, 1)
