"""Trials that the budget admits, until nothing is left to try."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from ConfigSpace import Configuration, ConfigurationSpace
from smac.intensifier.abstract_intensifier import AbstractIntensifier
from smac.main.exceptions import ConfigurationSpaceExhaustedException
from smac.runhistory import RunHistory, TrialInfo
from smac.scenario import Scenario

from eahas_plugins.smac.budget import EnergyBudgetCallback
from eahas_plugins.spaces.values import native_config

_MAX_REFUSED = 100
_MAX_REPEATED = 100
_DRAWS_PER_CONFIG, _MIN_DRAWS, _MAX_DRAWS = 20, 500, 20_000


class AdmittedTrials(Iterator[TrialInfo]):
    """Trials of an intensifier; one that the budget refuses is kept for later.

    A refusal ends the run as SMAC ends it when there is nothing left to try. Nothing has been
    written to the run history then, so the trial can still be run when the cap is raised. Where
    trials are skipped, others are asked for first: one that is dear does not end the run.

    Args:
        start: What makes the intensifier's iterator. When one has ended another is asked for,
            since trials that have finished meanwhile may be promoted.
        owner: The intensifier.
    """

    def __init__(
        self, start: Callable[[], Iterator[TrialInfo]], owner: BudgetedIntensifier
    ) -> None:
        self._start = start
        self._trials = start()
        self._owner = owner
        self._held: TrialInfo | None = None

    def __next__(self) -> TrialInfo:
        account = self._owner.account
        refused: set[float | None] = set()
        for _ in range(_MAX_REFUSED):
            if self._held is None:
                self._held = self._next_trial()
            if account is None or account.admits(self._held):
                trial, self._held = self._held, None
                return trial
            if account.waiting or not account.tries_others:
                break
            if not account.knows_each and self._held.budget in refused:
                break  # what is known of this rung is the same for all
            refused.add(self._held.budget)
            self._held = None
        raise StopIteration("" if account is None else account.refusal())

    def _next_trial(self) -> TrialInfo:
        try:
            return next(self._trials)
        except StopIteration:
            self._trials = self._start()
        try:
            return next(self._trials)
        except StopIteration:
            if self._owner.account is not None:
                self._owner.account.wait_for_running()
            raise


class UntriedConfigurations(Iterator[Configuration]):
    """What SMAC proposes, and when it gives up, whatever else the space holds.

    SMAC's selector raises an exception when a few random draws in a row are known already: in a
    finite space that is long before the last configuration.

    Args:
        proposals: SMAC's generator; it has ended for good once it has raised.
        space: The space.
        runhistory: What has been tried.
    """

    def __init__(
        self,
        proposals: Iterator[Configuration],
        space: ConfigurationSpace,
        runhistory: RunHistory,
    ) -> None:
        self.drawn: dict[Configuration, None] = {}
        """All that was handed out, oldest first."""
        self.exhausted = False
        """Whether nothing was left at the last try."""
        self._proposals = proposals
        self._space = space
        self._size = space.estimate_size()
        self._runhistory = runhistory
        # By value: SMAC's history, read back, takes one with categories for another one.
        self._known: set[str] = set()
        self._n_counted = 0

    def __next__(self) -> Configuration:
        config = self._proposal()
        if config is None:
            self.exhausted = True
            config = self._any_untried()
            self.exhausted = False
        self.drawn[config] = None
        self._known.add(_values_of(config))
        return config

    def _proposal(self) -> Configuration | None:
        # While nothing has finished, SMAC draws at random without asking what is running. In an
        # infinite space that repeats almost nothing, and what it does is left as it is.
        for _ in range(_MAX_REPEATED):
            try:
                config = next(self._proposals)
            except (StopIteration, ConfigurationSpaceExhaustedException):
                return None
            if math.isinf(self._size) or config not in self.drawn:
                return config
        return None

    def _any_untried(self) -> Configuration:
        draws = _MIN_DRAWS
        if math.isfinite(self._size):
            draws = int(min(max(_DRAWS_PER_CONFIG * self._size, _MIN_DRAWS), _MAX_DRAWS))
        tried = self._runhistory.get_configs()  # in the order in which they came
        self._known.update(map(_values_of, tried[self._n_counted :]))
        self._n_counted = len(tried)
        for _ in range(0, draws, _MIN_DRAWS):
            for config in self._space.sample_configuration(_MIN_DRAWS):
                if _values_of(config) not in self._known:
                    config.origin = "Random Search (what is left of the space)"
                    return config
        raise StopIteration


def _values_of(config: Configuration) -> str:
    return repr(sorted(native_config(config).items()))


class BudgetedIntensifier(AbstractIntensifier):
    """An intensifier that knows of the budget and uses up a finite space."""

    account: EnergyBudgetCallback | None = None
    """The budget that trials must fit; the energy-aware facades set it."""
    _untried: UntriedConfigurations | None = None
    _proposals: Iterator[Configuration] | None = None

    def __init__(self, scenario: Scenario, **kwargs: Any) -> None:
        self.scenario = scenario
        super().__init__(scenario, **kwargs)

    @property
    def config_generator(self) -> Iterator[Configuration]:
        """SMAC's generator of configurations, and what is left of a finite space after it."""
        return self.untried

    @property
    def untried(self) -> UntriedConfigurations:
        """The generator, which knows what it has handed out."""
        proposals = super().config_generator
        if self._untried is None or self._proposals is not proposals:
            self._proposals = proposals
            self._untried = UntriedConfigurations(
                proposals, self.scenario.configspace, self.runhistory
            )
        return self._untried
