"""HpBandSter's optimisers, as they are, on current versions of everything."""

from __future__ import annotations

import functools
import math
import threading
from contextlib import suppress
from typing import Any, Self

import hpbandster.optimizers as theirs
from ConfigSpace import ConfigurationSpace
from hpbandster.core.dispatcher import Job
from hpbandster.core.result import Result, json_result_logger
from hpbandster.optimizers.config_generators import bohb
from hpbandster.optimizers.config_generators.random_sampling import RandomSampling

from eahas_plugins.arguments import (
    check_counts,
    check_numbers,
    check_positive,
    check_seed,
    check_shares,
)
from eahas_plugins.files import path_argument
from eahas_plugins.hpbandster._compat import (
    MASTER,
    PlainGenerator,
    _Host,
    check_hpbandster,
    keep_quiet,
    require,
)
from eahas_plugins.hpbandster._dispatcher import watched_dispatcher
from eahas_plugins.hpbandster.answers import Outcomes, check_answer
from eahas_plugins.hpbandster.name_server import check_run_id, with_daemons
from eahas_plugins.hpbandster.warm_start import check_fits, log_earlier, warm_start
from eahas_plugins.policy import n_rungs
from eahas_plugins.spaces.ordinals import index_space

_MAY_BE_NONE = "min_points_in_model"
_COUNTS = (_MAY_BE_NONE, "num_samples")
_SHARES = ("top_n_percent", "random_fraction")
_SETTINGS = (*_COUNTS, *_SHARES, "bandwidth_factor", "min_bandwidth")


class RandomGenerator(PlainGenerator, RandomSampling):
    """Random configurations."""


class KernelGenerator(PlainGenerator, bohb.BOHB):
    """BOHB's kernel densities."""


class _Current(_Host):
    """What all masters share.

    As a context it is shut down at its end, and its workers too, whatever has been raised. Ordinals
    are searched by position. ``ping_interval`` is 10 s instead of 60, so that a dead
    worker's job does not block a rung for a minute. HpBandSter logs warnings alone; for more, set
    the level of ``logging.getLogger("hpbandster")``.
    """

    dispatcher: Any
    job_queue_sizes: tuple[int, int]
    num_running_jobs: int
    thread_cond: threading.Condition

    def __init__(
        self,
        configspace: ConfigurationSpace,
        *,
        eta: float = 3,
        min_budget: float = 0.01,
        max_budget: float = 1.0,
        seed: int | None = None,
        working_directory: str = ".",
        ping_interval: int = 10,
        previous_result: Result | None = None,
        **kwargs: Any,
    ) -> None:
        check_hpbandster()
        check_configspace(configspace)
        check_numbers(min_budget=min_budget, max_budget=max_budget, eta=eta)
        check_seed(seed)
        check_positive(ping_interval=ping_interval)
        if not 0.0 < min_budget <= max_budget < math.inf:
            raise ValueError(
                "min_budget must be positive and at most max_budget, both finite, but got "
                f"{min_budget} and {max_budget}."
            )
        if not 1.0 < eta < math.inf:
            raise ValueError(f"eta must be larger than 1 and finite but got {eta}.")
        if "run_id" in kwargs:
            check_run_id(kwargs["run_id"])
        if previous_result is not None:
            check_fits(previous_result, configspace)
        rungs = n_rungs(min_budget, max_budget, eta)
        self._error: Exception | None = None
        self._outcomes = Outcomes()
        keep_quiet(kwargs.get("logger"))
        make = functools.partial(
            super().__init__,
            configspace=index_space(configspace),  # their BOHB would refuse ordinals
            eta=eta,
            min_budget=min_budget,
            max_budget=max_budget,
            # Workers may have been started in another folder.
            working_directory=str(path_argument("working_directory", working_directory).absolute()),
            ping_interval=ping_interval,
            previous_result=None,
            **kwargs,
        )
        with watched_dispatcher(self):
            with_daemons(make)
        require(self, MASTER)
        # Rounding loses a rung in HpBandSter (1..243 with factor 3 has six).
        self.max_SH_iter = rungs
        self.budgets = [float(max_budget) * float(eta) ** -k for k in reversed(range(rungs))]
        self.config.update(budgets=self.budgets, max_SH_iter=rungs)
        self.config_generator = self._generator(configspace, seed)
        self.config_generator.logger = self.logger
        earlier = [] if previous_result is None else previous_result.get_all_runs()
        if previous_result is not None and any(run.loss is not None for run in earlier):
            self.warmstart_iteration = [warm_start(previous_result, self.config_generator)]
            if isinstance(self.result_logger, json_result_logger):
                log_earlier(self.result_logger, self.warmstart_iteration[0])

    def __enter__(self) -> Self:
        """The optimiser itself."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Shut down, the workers too."""
        self.shutdown(shutdown_workers=True)

    def _generator(self, configspace: ConfigurationSpace, seed: int | None) -> Any:
        return RandomGenerator(configspace=configspace, seed=seed)

    def get_next_iteration(self, iteration: int, iteration_kwargs: dict[str, Any]) -> Any:
        """HpBandSter's next bracket, in plain numbers."""
        bracket = super().get_next_iteration(iteration, iteration_kwargs)
        bracket.budgets = [float(budget) for budget in bracket.budgets]
        bracket.num_configs = [int(count) for count in bracket.num_configs]
        return bracket

    def run(self, n_iterations: int = 1, min_n_workers: int = 1) -> Result:
        """Run brackets; see HpBandSter. An error in its other threads is raised here.

        Raises:
            ValueError: If an argument is no whole number of at least 1.
            RuntimeError: If the name server does not answer any more.
        """
        check_counts(1, n_iterations=n_iterations, min_n_workers=min_n_workers)
        try:
            result = super().run(
                n_iterations=n_iterations, min_n_workers=min_n_workers, iteration_kwargs={}
            )
        except BaseException:
            with suppress(RuntimeError):  # its loop holds the lock, except before it begins
                self.thread_cond.release()
            raise
        self._outcomes.warn_if_all_failed()
        return result

    def wait_for_workers(self, min_n_workers: int = 1) -> None:
        """Return when there are so many workers; see HpBandSter."""
        with self.thread_cond:
            while self.dispatcher.number_of_workers() < min_n_workers:
                self._raise_error()
                self.thread_cond.wait(1.0)
                self.dispatcher.trigger_discover_worker()
        self._raise_error()

    def job_callback(self, job: Job) -> None:
        """Tell the run of a finished job; HpBandSter loses an error here, and the run hangs."""
        with self.thread_cond:
            still_running: int = self.num_running_jobs - 1
            try:
                check_answer(job)
                self._outcomes.add(job)
                super().job_callback(job)
            except Exception as error:
                self.fail(error)
            self.num_running_jobs = still_running
            self.thread_cond.notify_all()

    def fail(self, error: Exception) -> None:
        """End the run with this error."""
        self._error = self._error or error
        # In a thread of its own: who calls this may hold the dispatcher's lock.
        threading.Thread(target=self._wake, daemon=True).start()

    def check_worker(self, name: str, traits: dict[str, Any]) -> None:
        """Accept any worker."""

    def grant_of(self, config_id: Any, budget: float) -> str | None:
        """No job has a limit."""
        return None

    def _wake(self) -> None:
        with self.thread_cond:
            self.thread_cond.notify_all()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _queue_wait(self) -> None:
        self._raise_error()
        if self.num_running_jobs >= self.job_queue_sizes[1]:
            while self.num_running_jobs > self.job_queue_sizes[0]:
                self.thread_cond.wait()
                self._raise_error()

    def active_iterations(self) -> Any:
        """HpBandSter asks this in every round of its loop."""
        self._raise_error()
        return super().active_iterations()


class HyperBand(_Current, theirs.HyperBand):
    """HpBandSter's Hyperband.

    Example:
        >>> master = HyperBand(space, run_id="a", min_budget=1, max_budget=27)  # doctest: +SKIP

    Args:
        configspace: Any space; ordinals included.
        eta: One in this many is promoted. Larger than 1.
        min_budget: Lowest rung. Positive.
        max_budget: Highest rung.
        seed: Seed of all draws; the global state of ``numpy.random`` is left as it was.
        working_directory: Where the run may leave files.
        ping_interval: Seconds between looks for new and dead workers.
        previous_result: An earlier result to learn from.
        **kwargs: Arguments of HpBandSter's class.

    HpBandSter's logger shows warnings alone, unless you have set its level:
    ``logging.getLogger("hpbandster").setLevel(logging.INFO)``.
    """


class RandomSearch(_Current, theirs.RandomSearch):
    """HpBandSter's random search, on the highest budget alone; arguments as of `HyperBand`."""

    def get_next_iteration(self, iteration: int, iteration_kwargs: dict[str, Any]) -> Any:
        """As many trainings as one bracket of Hyperband would cost."""
        rungs = enumerate(reversed(self.budgets))
        self.budget_per_iteration = sum(budget * self.eta**i for i, budget in rungs)
        return super().get_next_iteration(iteration, iteration_kwargs)


def check_configspace(configspace: object) -> None:
    """Refuse what is no space.

    Raises:
        ValueError: If it is something else.
    """
    if not isinstance(configspace, ConfigurationSpace):
        raise ValueError(
            f"configspace must be a ConfigurationSpace but got {configspace!r:.100}: "
            "ConfigurationSpace({...}) makes one."
        )


class BOHB(_Current, theirs.BOHB):
    """HpBandSter's BOHB; arguments as of `HyperBand`, and these.

    Args:
        min_points_in_model: Trials before a model is built.
        top_n_percent: Share of good trials, %: a whole number.
        num_samples: Candidates per choice.
        random_fraction: Share of random configurations.
        bandwidth_factor: How much wider than the model candidates are drawn.
        min_bandwidth: Lowest bandwidth.

    Raises:
        ValueError: If an argument is out of range (NaN included).
    """

    def __init__(self, configspace: ConfigurationSpace, **kwargs: Any) -> None:
        settings = {name: kwargs[name] for name in _SETTINGS if name in kwargs}
        if settings.get(_MAY_BE_NONE, 0) is None:
            del settings[_MAY_BE_NONE]
        check_counts(1, **{name: settings.pop(name) for name in _COUNTS if name in settings})
        percent = settings.pop("top_n_percent", 0)
        check_counts(0, top_n_percent=percent)
        if percent > 100:
            raise ValueError(f"top_n_percent must be at most 100 but got {percent}.")
        check_shares(random_fraction=settings.pop("random_fraction", 0))
        check_positive(**settings)
        super().__init__(configspace, **kwargs)

    def _generator(self, configspace: ConfigurationSpace, seed: int | None) -> Any:
        return self._kernels(configspace, seed, KernelGenerator)

    def _kernels(self, configspace: ConfigurationSpace, seed: int | None, kind: Any) -> Any:
        settings = {name: self.config[name] for name in _SETTINGS}
        return kind(configspace=configspace, seed=seed, **settings)
