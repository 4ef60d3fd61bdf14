"""A run of SMAC ends when a kWh is not expected to bring its price any more."""

from __future__ import annotations

from smac.callback.callback import Callback
from smac.main.smbo import SMBO
from smac.runhistory import RunHistory, TrialInfo, TrialValue
from smac.scenario import Scenario

from eahas_plugins.models.price import PriceEnd, PriceRule
from eahas_plugins.smac.told import check_one_run
from eahas_plugins.smac.trainings import trainings_of
from eahas_plugins.spaces.axes import rung_search


class EnergyPriceCallback(Callback):
    """End a SMAC run when the best next training is not worth its energy.

    After each trial a Gaussian process over all trials says for every configuration by how much the
    best cost is expected to fall if it is trained on the highest rung, and a regression what energy
    that takes. The run ends when their largest ratio stays below the price, after three trials in a
    row and not before ten complete ones. Whatever chooses the trials, and with any number of
    workers; a run that goes on with the same price has ended, with a lower one it goes on. The
    energy-aware facades make this callback for their ``price_kwh``.

    Args:
        price_kwh: What one kWh must bring, in units of the cost. Positive.
        scenario: The scenario, with one objective and no instances.

    Raises:
        ValueError: If the price is not positive and finite, or the scenario is another.
    """

    def __init__(self, price_kwh: float, scenario: Scenario) -> None:
        super().__init__()
        search = rung_search(
            scenario.configspace, lowest=scenario.min_budget, highest=scenario.max_budget
        )
        self._rule = PriceRule(price_kwh, search, owner=type(self).__name__)
        if scenario.count_objectives() > 1 or scenario.instances is not None:
            raise ValueError(
                "price_kwh must be None where there are several objectives or instances, since a "
                f"price is of one, but got {price_kwh} with {scenario.objectives} and "
                f"{scenario.instances}."
            )
        self._has_looked = False
        self._history: RunHistory | None = None

    @property
    def end(self) -> PriceEnd | None:
        """Why the price has ended the run, once it has."""
        return self._rule.end

    def on_ask_start(self, smbo: SMBO) -> None:
        """Look at a run that goes on before anything is trained.

        Raises:
            StopIteration: If the price has ended it, which is SMAC's way to end a run.
            ValueError: If it is the second run that calls this.
        """
        check_one_run(self, self._history, smbo.runhistory)
        self._history = smbo.runhistory
        if not self._has_looked:
            self._look(smbo)
        if self.end is not None:
            raise StopIteration(str(self.end))

    def on_tell_end(self, smbo: SMBO, info: TrialInfo, value: TrialValue) -> bool | None:
        """Look at the run after a trial; False ends it."""
        return None if self.end is None and self._look(smbo) is None else False

    def _look(self, smbo: SMBO) -> PriceEnd | None:
        self._has_looked = True
        return self._rule.look(trainings_of(smbo.runhistory))
