"""BOHB that spends a budget of kWh and no more."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ConfigSpace import ConfigurationSpace
from hpbandster.core.dispatcher import Job
from hpbandster.core.result import Result

from eahas_plugins.arguments import check_not_negative, check_reward_exponent, check_shares
from eahas_plugins.budget.account import Shortfall
from eahas_plugins.budget.attributes import DEFAULT_LEASE_S, kwh_argument
from eahas_plugins.budget.entries import EnergyExhaustedError
from eahas_plugins.hpbandster.answers import check_answer, check_fidelity
from eahas_plugins.hpbandster.config_generator import EnergyGenerator
from eahas_plugins.hpbandster.energy_halving import EnergyHalving, difference_kwh, payable_kwh
from eahas_plugins.hpbandster.grants import CHECKPOINTS, JobAccount, grant_file, journal_folder
from eahas_plugins.hpbandster.optimizers import BOHB, check_configspace
from eahas_plugins.hpbandster.price import JobPrice
from eahas_plugins.hpbandster.summary import tell_end, tell_start
from eahas_plugins.models.chance import MOST_IN_VAIN
from eahas_plugins.models.price import PriceEnd
from eahas_plugins.policy import PAPER_EXPONENT, SHORT_UNTIL, short_phase_ended
from eahas_plugins.spaces.values import native_config
from eahas_plugins.targets.checkpoints import CheckpointStore
from eahas_plugins.transfer.configurations import first_configurations
from eahas_plugins.transfer.study import EarlierStudy


class _RunEndsError(Exception):
    """No further job can be paid, or is worth its energy."""


class EnergyBOHB(BOHB):
    """BOHB whose rungs may be kWh, whose choices weigh energy, and whose run ends at a cap.

    A job is started only if something is left for it, what is promised to one is not promised to
    another, and a worker from this package cuts its training short where the budget ends. Failed
    jobs and jobs of killed workers are charged what they burnt; where nobody knows, what they
    were promised. Energies are kept in ``working_directory``, which master and workers share; a
    run with the same ``run_id`` there goes on where the last one stopped, with a higher cap.

    Workers of your own must return ``{"loss": ..., "info": {"energy_kwh": ...}}``, with NumPy's
    numbers or Python's. They are not cut short, so a job is started where the median of its rung
    fits, and the first ones may exceed what is left. With workers of this package the overshoot is
    about one step per worker.

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
        price_kwh: What one kWh must bring, in units of the loss: the run ends when the best next
            training is expected to bring less, three jobs in a row; None for no price.
        cooling: Weight of the energy in BOHB's ratio at the start; it cools to 0 as the
            budget is spent. 0 is BOHB's own choice.
        reward_exponent: Exponent of the energy in promotion, at most 0; 0 is BOHB's promotion.
        short_until: Part of the budget, in [0, 1], after which new configurations go to the highest
            rung at once; 1 is BOHB's brackets to the end.
        earlier: Earlier studies of other data, from which the first configurations are: folders of
            HpBandSter or SMAC, storages of Optuna, or files that ``eahas export-study`` wrote.
        shortfall: ``"truncate"`` starts a job that is not fully paid and cuts it short,
            ``"skip"`` passes it over, and the run ends when no rung fits any more.
        lease_s: How long what is promised to a silent worker stays promised, s.
        run_id: The run, as for the name server and the workers. One that is given again goes on.
        working_directory: Where the run keeps its energies, grants and checkpoints.
        seed: Seed of all draws; the global state of ``numpy.random`` is left as it was.
        **kwargs: Arguments of `BOHB`.

    Raises:
        ValueError: If an argument is out of range (NaN included), rungs are given twice, or an
            earlier study cannot be read.
        TypeError: If an earlier study is something else, or there is no list of them.
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
        price_kwh: float | None = None,
        cooling: float = 1.0,
        reward_exponent: float = PAPER_EXPONENT,
        short_until: float = SHORT_UNTIL,
        earlier: Iterable[EarlierStudy | str | Path] = (),
        shortfall: Shortfall = "truncate",
        lease_s: float = DEFAULT_LEASE_S,
        run_id: str,
        working_directory: str = ".",
        **kwargs: Any,
    ) -> None:
        check_configspace(configspace)
        in_kwh = min_kwh is not None and max_kwh is not None
        in_steps = min_budget is not None and max_budget is not None
        if in_kwh == in_steps:
            raise ValueError("give either min_kwh and max_kwh, or min_budget and max_budget.")
        if min_kwh is not None and max_kwh is not None:
            min_budget = kwh_argument("min_kwh", min_kwh)
            max_budget = kwh_argument("max_kwh", max_kwh)
        check_not_negative(cooling=cooling)
        check_reward_exponent(reward_exponent)
        check_shares(short_until=short_until)
        rungs = {"lowest": min_budget, "highest": max_budget}
        self._price = None if price_kwh is None else JobPrice(price_kwh, configspace, **rungs)
        self.account = JobAccount(
            journal_folder(working_directory, run_id),
            cap_kwh=budget_kwh,
            shortfall=shortfall,
            lease_s=lease_s,
        )
        self.cooling = float(cooling)
        self.reward_exponent = float(reward_exponent)
        self.short_until = float(short_until)
        self._first = first_configurations(earlier, configspace)
        self._in_kwh = in_kwh
        self._workers_obey = True
        super().__init__(
            configspace,
            run_id=run_id,
            working_directory=working_directory,
            **{"min_budget": min_budget, "max_budget": max_budget, **kwargs},
        )
        self.config.update(
            budget_kwh=self.account.cap_kwh,
            cooling=self.cooling,
            reward_exponent=self.reward_exponent,
            short_until=self.short_until,
        )
        # Only now that nothing is refused any more: a master that runs there ends by this.
        self.account.take_over()
        # A run that goes on begins new brackets: nothing of the old ones is promoted.
        CheckpointStore(self.account.folder / CHECKPOINTS).clear()

    @property
    def spent_kwh(self) -> float:
        """Energy of all jobs so far, kWh."""
        return self.account.balance().spent_kwh

    @property
    def price_end(self) -> PriceEnd | None:
        """Why the price has ended the run; None while it has not."""
        return None if self._price is None else self._price.end

    def run(self, n_iterations: int | None = None, min_n_workers: int = 1) -> Result:
        """Run brackets until the budget is spent, or a kWh not worth its price.

        Args:
            n_iterations: Stop after so many brackets all the same.
            min_n_workers: Wait for so many workers first.

        Raises:
            ValueError: If a worker has returned no energy, or its fidelity is not the rungs'.
            RuntimeError: If all jobs fail, or the name server does not answer any more.
        """
        tell_start(self.account)
        brackets = sys.maxsize if n_iterations is None else n_iterations
        try:
            result = super().run(brackets, min_n_workers)
        except _RunEndsError:
            with self.thread_cond:
                self._await_running_jobs()
            self._raise_error()
            for iteration in self.warmstart_iteration:
                iteration.fix_timestamps(self.time_ref)
            data = [copy.deepcopy(i.data) for i in (*self.iterations, *self.warmstart_iteration)]
            result = Result(data, self.config)
            self._outcomes.warn_if_all_failed()
        tell_end(self.account, result, why=self.price_end)
        return result

    def get_next_iteration(self, iteration: int, iteration_kwargs: dict[str, Any]) -> Any:
        """The next bracket, with promotion that weighs energy; later one configuration alone."""
        bracket = super().get_next_iteration(iteration, iteration_kwargs)
        if short_phase_ended(self.account.alpha(), short_until=self.short_until):
            top = self._highest_that_fits() if self._passes_over() else None
            bracket.num_configs, bracket.budgets = [1], [top or bracket.budgets[-1]]
        return EnergyHalving(
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
            answer = job.result
            check_answer(job)
            try:
                charge = self.account.charge_job(job, answer)
                job.energy_kwh, job.energy_estimated = charge.energy_kwh, charge.estimated
            except ValueError as error:
                self.fail(error)
            job.spent_kwh = self.spent_kwh
            super().job_callback(job)
            if self._price is not None:
                self._price.look(self.fail)
            if not self._outcomes.n_succeeded and self._outcomes.n_failed >= MOST_IN_VAIN:
                self.fail(RuntimeError(f"{self._outcomes.message()}. Mend that and run again."))

    def check_worker(self, name: str, traits: dict[str, Any]) -> None:
        """Refuse a worker of ours whose budgets are not this run's.

        Raises:
            ValueError: If its fidelity does not fit the rungs.
        """
        self._workers_obey = self._workers_obey and bool(traits)
        check_fidelity(name, traits, self.budgets, in_kwh=self._in_kwh)

    def grant_of(self, config_id: Any, budget: float) -> str | None:
        """Where the worker of a job finds what it may spend."""
        return str(grant_file(self.account.folder, config_id, budget))

    def _generator(self, configspace: ConfigurationSpace, seed: int | None) -> Any:
        def kind(**settings: Any) -> EnergyGenerator:
            return EnergyGenerator(
                alpha=self.account.alpha,
                cooling=self.cooling,
                budgets=None if self._in_kwh else self.budgets,
                first=[native_config(config) for config in self._first],
                listens=None if self._price is None else self._price.add,
                **settings,
            )

        return self._kernels(configspace, seed, kind)

    def _submit_job(self, config_id: Any, config: dict[str, Any], budget: float) -> None:
        if self._price is not None and self._price.has_ended():
            raise _RunEndsError
        results = self.iterations[config_id[0]].data[config_id].results
        paid_kwh = payable_kwh(results)
        needed_kwh = None if self._in_kwh else difference_kwh(results, budget)
        if needed_kwh is None:
            needed_kwh = self._needed_kwh(budget, paid_kwh)
        while not self._admits(needed_kwh):
            if self.num_running_jobs > 0 or self.account.balance().reserved_kwh > 0.0:
                self.thread_cond.wait(1.0)  # what was promised may be given back, or lapse
                self._raise_error()
            elif self._highest_that_fits() is None:
                raise _RunEndsError
            else:  # it is too dear, and others are not
                self._skip(Job(config_id, config=config, budget=budget))
                return
        self.account.grant_job(config_id, budget, needed_kwh=needed_kwh, paid_kwh=paid_kwh)
        super()._submit_job(config_id, config, budget)

    def _needed_kwh(self, budget: float, paid_kwh: float = 0.0) -> float | None:
        """Energy that a job is expected to need, kWh; None if unknown."""
        if self._in_kwh:
            return max(0.0, budget - paid_kwh)
        return self.account.usual_kwh(budget)

    def _passes_over(self) -> bool:
        """Whether a job that does not fit gives way to another."""
        # A worker of the user's own ends when it has trained a rung, not when the budget has ended.
        return self.account.shortfall == "skip" or not (self._workers_obey or self._in_kwh)

    def _admits(self, needed_kwh: float | None) -> bool:
        first_kwh = needed_kwh if self._passes_over() else None
        return self.account.admits(needed_kwh, first_kwh=first_kwh)

    def _highest_that_fits(self) -> float | None:
        """The highest rung that what is left pays for, as far as is known; None if none is."""
        fitting = (b for b in reversed(self.budgets) if self._admits(self._needed_kwh(b)))
        return next(fitting, None)

    def _skip(self, job: Job) -> None:
        """Let a job have been refused without having been sent."""
        job.exception = f"{EnergyExhaustedError.__name__}: what is left does not pay for it."
        job.energy_kwh, job.energy_estimated, job.spent_kwh = 0.0, False, self.spent_kwh
        for stamp in ("submitted", "started", "finished"):
            job.time_it(stamp)
        self.num_running_jobs += 1
        super().job_callback(job)

    def _await_running_jobs(self) -> None:
        while self.num_running_jobs > 0:
            if self.dispatcher.number_of_workers() == 0 and not self.dispatcher.running_jobs:
                return  # what waits in the queue has no worker left to run it
            self.thread_cond.wait(1.0)
