"""BOHB's choice of configurations, weighed by the energy that they are expected to need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from ConfigSpace import ConfigurationSpace, OrdinalHyperparameter, UniformFloatHyperparameter
from hpbandster.core.dispatcher import Job

from eahas_plugins.budget.attributes import ENERGY_ATTR, TRAINING_ATTR, known_kwh
from eahas_plugins.budget.entries import was_refused
from eahas_plugins.hpbandster._compat import GENERATOR, require
from eahas_plugins.hpbandster.optimizers import KernelGenerator
from eahas_plugins.models.kwh import KwhModel, Number, columns_of
from eahas_plugins.spaces.values import native

_BUDGET = "hpbandster budget"


class EnergyGenerator(KernelGenerator):
    """BOHB's kernel densities, where the ratio good / bad is divided by predicted kWh ** alpha.

    The energy comes from a regression of log kWh on configuration and budget; until that has seen
    enough jobs, or with ``cooling=0``, choices are BOHB's own.

    Args:
        configspace: Any space.
        alpha: How much energy weighs now, from 1 to 0, called at each choice.
        cooling: Factor of ``alpha``; 0 switches the energy off.
        budgets: The rungs, if the energy depends on them; None where they are energies.
        first: Configurations to begin with, but for those that an earlier run has tried.
        listens: Called with every job that has ended, those of an earlier run too.
        seed: Seed of all draws.
        **kwargs: BOHB's settings.

    References:
        Falkner et al. (2018), BOHB, section 3.2: the ratio l(x) / g(x) of equation 3. Dividing an
        acquisition by predicted cost ** alpha, where alpha cools from 1 to 0 as the budget is
        spent: Lee et al. (2020), Cost-aware Bayesian optimization, section 3.
    """

    top_n_percent: int

    def __init__(
        self,
        *,
        configspace: ConfigurationSpace,
        alpha: Callable[[], float],
        cooling: float,
        budgets: list[float] | None,
        first: Sequence[dict[str, Any]] = (),
        listens: Callable[[Job], None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(configspace=configspace, seed=seed, **kwargs)
        require(self, GENERATOR)
        columns = columns_of(configspace)
        self._top = budgets[-1] if budgets and budgets[-1] > budgets[0] else None
        if budgets and self._top is not None:
            columns[_BUDGET] = Number(low=budgets[0], high=self._top, log=True)
        # Of a space of constants alone all trainings are the same.
        self._energies = KwhModel(columns) if columns else None
        self._first = list(first)
        self._listens = listens
        self._alpha = alpha
        self._cooling = cooling
        self._decoders = [
            (name, _decoder(hyperparameter), _sequence(configspace[name]))
            for name, hyperparameter in self.configspace.items()
        ]

    def get_config(self, budget: float) -> tuple[dict[str, Any], dict[str, Any]]:
        """The next configuration."""
        if self._first:
            return self._first.pop(0), {"model_based_pick": False}
        energies, power = self._energies, 0.0
        if self._cooling and energies is not None and energies.ready:
            power = self._cooling * self._alpha()
        if energies is None or power == 0.0 or not self.kde_models:
            return super().get_config(budget)
        # BOHB minimises bad / good: dearer ones get more of the bad density. It reads the two
        # densities from `kde_models` at each choice, and there is no other way in (0.7.4).
        models = self.kde_models[max(self.kde_models)]
        bad = models["bad"]
        models["bad"] = _Dearer(bad, lambda vector: power * self._log_kwh(energies, vector))
        try:
            return super().get_config(budget)
        finally:
            models["bad"] = bad

    def new_result(self, job: Job, update_model: bool = True) -> None:
        """Learn from a job, its energy included; one that the budget refused has shown nothing."""
        if was_refused(job.exception):
            self.logger.info("job %s was not run: the energy budget is spent", job.id)
            return
        self._first = [config for config in self._first if config != job.kwargs["config"]]
        if self._listens is not None:
            self._listens(job)
        self._learn(job, update_model)
        info = (job.result or {}).get("info")
        if not isinstance(info, dict) or info.get("truncated"):
            return
        energy_kwh = known_kwh(info.get(TRAINING_ATTR, info.get(ENERGY_ATTR)))
        if energy_kwh is not None and self._energies is not None:
            self._energies.add({**job.kwargs["config"], _BUDGET: job.kwargs["budget"]}, energy_kwh)

    def _learn(self, job: Job, update_model: bool) -> None:
        """Let BOHB learn, but nothing that has failed be one of its good configurations.

        It counts failed jobs as the worst ones, and takes the better part of all for good, even
        where fewer have succeeded.
        """
        budget, share = job.kwargs["budget"], self.top_n_percent
        loss = np.inf if job.result is None else job.result["loss"]
        losses = [*self.losses.get(budget, ()), loss]
        n_good = int(np.isfinite(losses).sum())
        self.top_n_percent = min(share, 100 * n_good // len(losses))
        try:
            super().new_result(job, update_model)
        finally:
            self.top_n_percent = share
        if n_good < self.min_points_in_model:
            self.kde_models.pop(budget, None)

    def _log_kwh(self, energies: KwhModel, vector: Any) -> float:
        config = {_BUDGET: self._top}
        for unit, (name, to_value, sequence) in zip(vector, self._decoders, strict=True):
            chosen = to_value(float(unit))
            config[name] = chosen if sequence is None else sequence[int(chosen)]
        return float(energies.predict_log_kwh([config])[0])


def _decoder(hyperparameter: Any) -> Callable[[float], Any]:
    """From a coordinate of BOHB's vectors to a plain value; ConfigSpace's own way takes longer."""
    if not isinstance(hyperparameter, UniformFloatHyperparameter):
        return lambda unit: native(hyperparameter.to_value(unit))
    low, high = hyperparameter.lower, hyperparameter.upper
    if not hyperparameter.log:
        return lambda unit: low + unit * (high - low)
    return lambda unit: low * (high / low) ** unit


def _sequence(hyperparameter: Any) -> list[Any] | None:
    """The values of an ordinal, of which HpBandSter sees the positions."""
    if not isinstance(hyperparameter, OrdinalHyperparameter):
        return None
    return [native(value) for value in hyperparameter.sequence]


class _Dearer:
    """A kernel density times exp of something."""

    def __init__(self, density: Any, exponent: Callable[[Any], float]) -> None:
        self._density = density
        self._exponent = exponent

    def __getattr__(self, name: str) -> Any:
        return getattr(self._density, name)

    def pdf(self, vector: Any) -> Any:
        return self._density.pdf(vector) * np.exp(self._exponent(vector))
