"""BOHB that spends a budget of kWh and no more."""

from __future__ import annotations

import copy
import sys
from typing import Any

import numpy as np
from ConfigSpace import ConfigurationSpace
from hpbandster.core.dispatcher import Job
from hpbandster.core.result import Result
from hpbandster.optimizers.iterations import SuccessiveHalving

from eahas_plugins.budget.account import Shortfall
from eahas_plugins.budget.attributes import (
    DEFAULT_LEASE_S,
    ENERGY_ATTR,
    TRAINING_ATTR,
    known_kwh,
    kwh_argument,
)
from eahas_plugins.hpbandster.config_generator import EnergyGenerator
from eahas_plugins.hpbandster.grants import JobAccount, journal_folder
from eahas_plugins.hpbandster.optimizers import BOHB
from eahas_plugins.policy import PAPER_EXPONENT, SHORT_UNTIL, reward, short_phase_ended


class _BudgetSpentError(Exception):
    """No further job can be paid."""


class EnergyBOHB(BOHB):
    """BOHB whose rungs may be kWh, whose choices weigh energy, and whose run ends at a cap.

    A job is started only if something is left for it, what is promised to one is not promised to
    another, and a worker from this package cuts its training short where the budget ends. Failed
    jobs and jobs of killed workers are charged what they burnt; where nobody knows, what they
    were promised. Energies are kept in ``working_directory``, which master and workers share; a
    run with the same ``run_id`` there goes on where the last one stopped, with a higher cap.

    Workers of your own must return ``{"loss": ..., "info": {"energy_kwh": ...}}``.

    Example:
        >>> bohb = EnergyBOHB(space, budget_kwh=0.5, min_kwh=1e-3, max_kwh=0.03,
        ...                   run_id="a", nameserver=host, nameserver_port=port)  # doctest: +SKIP
        >>> result = bohb.run()  # doctest: +SKIP

    Args:
        configspace: Any space; ordinals included.
        budget_kwh: The most all jobs together may spend, kWh. Positive.
        min_kwh: Lowest rung, kWh: with workers of fidelity "kwh". Or give ``min_budget``.
        max_kwh: Highest rung, kWh.
        min_budget: Lowest rung in epochs or schedules.
        max_budget: Highest rung in epochs or schedules.
        cooling: Weight of the energy in BOHB's ratio at the start; it cools to 0 as the
            budget is spent. 0 is BOHB's own choice.
        reward_exponent: Exponent of the energy in promotion, at most 0; 0 is BOHB's promotion.
        short_until: Part of the budget, in [0, 1], after which new configurations go to the highest
            rung at once; 1 is BOHB's brackets to the end.
        shortfall: ``"truncate"`` starts a job that is not fully paid and cuts it short,
            ``"skip"`` ends the run.
        lease_s: How long what is promised to a silent worker stays promised, s.
        seed: Seed of all draws; the global state of ``numpy.random`` is left as it was.
        **kwargs: Arguments of `BOHB`.

    Raises:
        ValueError: If an argument is out of range (NaN included), or rungs are given twice.
    """

    def __init__(
        self,
        configspace: ConfigurationSpace,
        *,
        budget_kwh: float,
        min_kwh: float | None = None,
        max_kwh: float | None = None,
        min_budget: float | None = None,
        max_budget: float | None = None,
        cooling: float = 1.0,
        reward_exponent: float = PAPER_EXPONENT,
        short_until: float = SHORT_UNTIL,
        shortfall: Shortfall = "truncate",
        lease_s: float = DEFAULT_LEASE_S,
        run_id: str,
        working_directory: str = ".",
        **kwargs: Any,
    ) -> None:
        in_kwh = min_kwh is not None and max_kwh is not None
        in_steps = min_budget is not None and max_budget is not None
        if in_kwh == in_steps:
            raise ValueError("give either min_kwh and max_kwh, or min_budget and max_budget.")
        if min_kwh is not None and max_kwh is not None:
            min_budget = kwh_argument("min_kwh", min_kwh)
            max_budget = kwh_argument("max_kwh", max_kwh)
        if not 0.0 <= cooling < np.inf:
            raise ValueError(f"cooling must be finite, at least 0, but got {cooling}.")
        if not -np.inf < reward_exponent <= 0.0:
            raise ValueError(
                f"reward_exponent must be finite, at most 0, but got {reward_exponent}."
            )
        if not 0.0 <= short_until <= 1.0:
            raise ValueError(f"short_until must be between 0 and 1 but got {short_until}.")
        self.account = JobAccount(
            journal_folder(working_directory, run_id),
            cap_kwh=budget_kwh,
            shortfall=shortfall,
            lease_s=lease_s,
        )
        self.cooling = float(cooling)
        self.reward_exponent = float(reward_exponent)
        self.short_until = float(short_until)
        self._in_kwh = in_kwh
        super().__init__(
            configspace,
            run_id=run_id,
            working_directory=working_directory,
            **{"min_budget": min_budget, "max_budget": max_budget, **kwargs},
        )
        self.config.update(
            {
                "budget_kwh": self.account.cap_kwh,
                "cooling": self.cooling,
                "reward_exponent": self.reward_exponent,
                "short_until": self.short_until,
            }
        )

    @property
    def spent_kwh(self) -> float:
        """Energy of all jobs so far, kWh."""
        return self.account.balance().spent_kwh

    def run(self, n_iterations: int | None = None, min_n_workers: int = 1) -> Result:
        """Run brackets until the budget is spent.

        Args:
            n_iterations: Stop after so many brackets all the same.
            min_n_workers: Wait for so many workers first.

        Raises:
            ValueError: If a worker has returned no energy.
        """
        brackets = sys.maxsize if n_iterations is None else n_iterations
        try:
            return super().run(brackets, min_n_workers)
        except _BudgetSpentError:
            with self.thread_cond:
                self._await_running_jobs()
        if self._error is not None:
            raise self._error
        for iteration in self.warmstart_iteration:
            iteration.fix_timestamps(self.time_ref)
        data = [copy.deepcopy(i.data) for i in (*self.iterations, *self.warmstart_iteration)]
        return Result(data, self.config)

    def get_next_iteration(self, iteration: int, iteration_kwargs: dict[str, Any]) -> Any:
        """The next bracket, with promotion that weighs energy; later one configuration alone."""
        bracket = super().get_next_iteration(iteration, iteration_kwargs)
        if short_phase_ended(self.account.alpha(), short_until=self.short_until):
            bracket.num_configs, bracket.budgets = [1], bracket.budgets[-1:]
        return _EnergyHalving(
            HPB_iter=iteration,
            num_configs=bracket.num_configs,
            budgets=bracket.budgets,
            config_sampler=self.config_generator.get_config,
            reward_exponent=self.reward_exponent,
            **iteration_kwargs,
        )

    def job_callback(self, job: Job) -> None:
        """Charge a job, then let HpBandSter learn from it."""
        with self.thread_cond:
            job.energy_kwh, job.energy_estimated = None, False
            try:
                charge = self.account.charge_job(job)
                job.energy_kwh, job.energy_estimated = charge.energy_kwh, charge.estimated
            except ValueError as error:
                self.fail(error)
            job.spent_kwh = self.spent_kwh
            super().job_callback(job)

    def _generator(self, configspace: ConfigurationSpace, seed: int | None) -> Any:
        def kind(**settings: Any) -> EnergyGenerator:
            return EnergyGenerator(
                alpha=self.account.alpha,
                cooling=self.cooling,
                budgets=None if self._in_kwh else self.budgets,
                **settings,
            )

        return self._kernels(configspace, seed, kind)

    def _submit_job(self, config_id: Any, config: dict[str, Any], budget: float) -> None:
        paid_kwh = self._paid_kwh(config_id)
        needed_kwh = max(0.0, budget - paid_kwh) if self._in_kwh else None
        while not self.account.admits(needed_kwh):
            if self.num_running_jobs == 0:
                raise _BudgetSpentError
            self.thread_cond.wait(1.0)  # running jobs may give back what they were promised
        self.account.grant_job(config_id, budget, needed_kwh=needed_kwh, paid_kwh=paid_kwh)
        super()._submit_job(config_id, config, budget)

    def _paid_kwh(self, config_id: Any) -> float:
        """Energy in the training that this job may go on with, kWh."""
        results = self.iterations[config_id[0]].data[config_id].results.values()
        infos = [result["info"] for result in results if result is not None]
        return max((known_kwh(i.get(TRAINING_ATTR)) or 0.0 for i in infos), default=0.0)

    def _await_running_jobs(self) -> None:
        while self.num_running_jobs > 0:
            if self.dispatcher.number_of_workers() == 0 and not self.dispatcher.running_jobs:
                return  # what waits in the queue has no worker left to run it
            self.thread_cond.wait(1.0)


class _EnergyHalving(SuccessiveHalving):
    """Successive halving that promotes the largest reward instead of the smallest loss."""

    def __init__(self, *, reward_exponent: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._reward_exponent = reward_exponent

    def _advance_to_next_stage(self, config_ids: list[Any], losses: Any) -> Any:
        if self._reward_exponent == 0.0 or not config_ids:
            return super()._advance_to_next_stage(config_ids, losses)
        budget = self.budgets[self.stage - 1]
        infos = [self.data[config_id].results[budget]["info"] for config_id in config_ids]
        energies = np.array(
            [known_kwh(i.get(TRAINING_ATTR, i.get(ENERGY_ATTR))) or np.nan for i in infos]
        )
        if not np.any(energies > 0.0):
            return super()._advance_to_next_stage(config_ids, losses)
        are_errors = bool(np.all((losses >= 0.0) & (losses <= 1.0)))
        rewards = reward(
            1.0 - losses if are_errors else losses,
            energies,
            reference_kwh=float(np.nanmedian(energies)),
            exponent=self._reward_exponent,
            maximize=are_errors,
        )
        return super()._advance_to_next_stage(config_ids, -rewards if are_errors else rewards)
