"""Every private name of SMAC that this package uses (checked on SMAC 2.4.1), and nothing else.

SMAC has no public way to go on with a run, to decide who is promoted, or to look at the state
before it is loaded. Each class below asks for its names when it is made, so that another SMAC says
what is missing instead of deciding otherwise without a word.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np
from ConfigSpace import Configuration, ConfigurationSpace
from smac.facade.abstract_facade import AbstractFacade
from smac.intensifier import successive_halving
from smac.intensifier.hyperband import Hyperband
from smac.main.smbo import SMBO
from smac.runhistory import StatusType, TrialInfo, TrialKey, TrialValue, runhistory
from smac.runhistory.dataclasses import InstanceSeedBudgetKey
from smac.scenario import Scenario

from eahas_plugins.policy import n_rungs
from eahas_plugins.spaces.values import as_json, from_json

CHECKED_VERSION = "2.4.1"


def require(owner: object, *names: str) -> None:
    """Check that SMAC has the private names that a class needs.

    Raises:
        ImportError: If one is missing.
    """
    missing = [name for name in names if not hasattr(owner, name)]
    if missing:
        what = owner.__name__ if isinstance(owner, type) else type(owner).__name__
        raise ImportError(
            f"{what} must have {', '.join(missing)} but that of SMAC {version('smac')} has not: "
            f"pip install 'smac=={CHECKED_VERSION}'."
        )


class _FromJson(type):
    """Of the class that stands for ConfigSpace's while SMAC reads configurations."""

    def __call__(cls, space: ConfigurationSpace, values: Any, **how: Any) -> Configuration:
        return Configuration(space, values=from_json(values), **how)

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Configuration)


class _StoredConfiguration(metaclass=_FromJson):
    """What SMAC makes of JSON, where a category that is a tuple is a list."""


_READERS: tuple[Any, ...] = (runhistory, successive_halving)
"""SMAC's modules that read configurations, by ConfigSpace's name for them."""
_SWAP = threading.Lock()


@contextmanager
def _configurations_from_json() -> Iterator[None]:
    """Let SMAC read categories that are tuples: it asks whether they are there as lists."""
    with _SWAP:
        for module in _READERS:
            require(module, "Configuration")
            module.Configuration = _StoredConfiguration
        try:
            yield
        finally:
            for module in _READERS:
                module.Configuration = Configuration


class EnergySMBO(SMBO):
    """SMAC's main loop, which can be told to go on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        require(self, "_stop", "_finished", "_runner")

    def load(self) -> None:
        """Read the state of a run."""
        with _configurations_from_json():
            super().load()

    def tell(self, info: TrialInfo, value: TrialValue, save: bool = True) -> None:
        """Take a result as SMAC does, with what its files cannot hold as text.

        A value may be told of many trials: what is charged to one is written to a copy.
        """
        told = as_json(value.additional_info or {})
        super().tell(info, replace(value, additional_info=told), save)

    def validate(self, config: Configuration, *, seed: int | None = None) -> Any:
        """Train a configuration again, complete, and return its mean cost; see SMAC.

        These trainings are no trials of the run: its budget neither ends nor counts them.

        Raises:
            ValueError: If there is no target function.
        """
        if self._runner is None:
            raise ValueError("target_function must be given to validate but is None.")
        seed = self.scenario.seed if seed is None else seed
        trials = self.intensifier.get_trials_of_interest(config, validate=True, seed=seed)
        return np.mean([self._runner.run_wrapper(t)[1].cost for t in trials], axis=0).tolist()

    @property
    def scenario(self) -> Scenario:
        """SMAC's scenario."""
        return self._scenario

    @property
    def stopped(self) -> bool:
        """Whether a callback, the budget or an empty space has ended the run."""
        return bool(self._stop)

    def go_on(self) -> None:
        """Take back the last request to stop."""
        self._stop = False

    @property
    def finished(self) -> bool:
        """Whether SMAC counts the run as over for good, since one of its own limits was reached."""
        return bool(self._finished)

    def reopen(self) -> None:
        """Let a run that reached one of SMAC's limits go on, where the limit has been raised."""
        if self._finished and not self.budget_exhausted:
            self._finished = False


class FacadeHook(AbstractFacade):
    """A facade that is told when all its components are known and no state is loaded yet."""

    main_loop: Callable[..., EnergySMBO] = EnergySMBO

    def make_optimizer(self) -> EnergySMBO:
        """Make SMAC's main loop. Called when all components are known, before a state is loaded."""
        return self.main_loop(
            scenario=self._scenario,
            runner=self._runner,
            runhistory=self._runhistory,
            intensifier=self._intensifier,
            overwrite=self._overwrite,
        )

    def _get_optimizer(self) -> EnergySMBO:
        names = ("_scenario", "_runner", "_runhistory", "_intensifier", "_overwrite")
        require(self, *names, "_acquisition_function")
        return self.make_optimizer()


class PromotionHook(Hyperband):
    """Hyperband that asks `promoted` who goes on, and that takes batches of any size."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        require(Hyperband, "_get_max_iterations", "_get_best_configs")
        require(Hyperband, "_get_next_bracket", "_get_next_order_seed")
        super().__init__(*args, **kwargs)

    def __post_init__(self) -> None:
        """Make the rungs; SMAC calls this when it starts."""
        super().__post_init__()
        require(self, "_tracker", "_n_configs_in_stage")

    def promoted(
        self,
        configs: list[Configuration],
        best: list[Configuration],
        keys: list[InstanceSeedBudgetKey],
    ) -> list[Configuration]:
        """Who of ``configs`` goes on, where SMAC chooses ``best`` of those that succeeded."""
        return best

    def has_succeeded(self, config: Configuration, keys: list[InstanceSeedBudgetKey]) -> bool:
        """Whether any trial of a configuration at a rung has not failed."""
        number = self.runhistory.get_config_id(config)
        trials = (TrialKey(number, key.instance, key.seed, key.budget) for key in keys)
        return any(self.runhistory[trial].status == StatusType.SUCCESS for trial in trials)

    def add_batch(self, configs: list[Configuration]) -> None:
        """Start another bracket with these configurations, fewer than it is made for."""
        self._tracker[(0, 0)].append((self._get_next_order_seed(), configs))

    def waits(self, config: Configuration) -> bool:
        """Whether a configuration is in one of the brackets."""
        return any(config in batch for pairs in self._tracker.values() for _, batch in pairs)

    @staticmethod
    def _get_max_iterations(eta: float, max_budget: float, min_budget: float) -> int:
        return n_rungs(min_budget, max_budget, eta) - 1  # SMAC's own loses a rung to rounding

    def _get_best_configs(
        self,
        configs: list[Configuration],
        bracket: int,
        stage: int,
        from_keys: list[InstanceSeedBudgetKey],
    ) -> list[Configuration]:
        counts, candidates = self._n_configs_in_stage, configs
        sizes = counts[bracket]
        if stage + 1 < len(sizes) and all(self.is_evaluated(c, from_keys) for c in configs):
            wanted = sizes[stage + 1]
            if len(configs) < sizes[stage]:
                wanted = max(1, len(configs) * wanted // sizes[stage]) if configs else 0
            candidates = [config for config in configs if self.has_succeeded(config, from_keys)]
            fewer = min(wanted, len(candidates))
            self._n_configs_in_stage = {bracket: [*sizes[: stage + 1], fewer]}
        try:
            best = super()._get_best_configs(candidates, bracket, stage, from_keys)
        finally:
            self._n_configs_in_stage = counts
        return self.promoted(configs, best, from_keys)

    def is_evaluated(self, config: Configuration, keys: list[InstanceSeedBudgetKey]) -> bool:
        """Whether all trials of a configuration at a rung have ended."""
        known = self.runhistory.get_instance_seed_budget_keys(config)
        return all(key in known for key in keys)
