"""What makes HpBandSter 0.7.4 run today: plain values, one random state, and its inner names.

HpBandSter sends configurations through Pyro4, whose serialiser refuses NumPy's scalars, so every
value that leaves a config generator or a worker is made plain first. BOHB refuses ordinals, so
generators search integer positions and hand out the values behind them.
"""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import hpbandster.core.master as master_module
import numpy as np
import Pyro4
from ConfigSpace import ConfigurationSpace
from hpbandster.core.dispatcher import Dispatcher, Job
from hpbandster.core.master import Master
from hpbandster.core.worker import Worker
from hpbandster.optimizers.iterations import SuccessiveHalving

from eahas_plugins.spaces.ordinals import decode, encode, index_space
from eahas_plugins.spaces.values import plain


class RandomState:
    """A generator's own state of ``numpy.random``, which HpBandSter and SciPy draw from globally.

    Args:
        seed: None for a random one.
    """

    def __init__(self, seed: int | None) -> None:
        self._state = np.random.RandomState(seed).get_state()

    @contextmanager
    def use(self) -> Iterator[None]:
        """Put it in the place of the global state, which is restored afterwards."""
        theirs = np.random.get_state()  # noqa: NPY002
        np.random.set_state(self._state)  # noqa: NPY002
        try:
            yield
        finally:
            self._state = np.random.get_state()  # noqa: NPY002
            np.random.set_state(theirs)  # noqa: NPY002


_Host: Any = object
"""Mixins stand before one of HpBandSter's classes, which have no types."""


class PlainGenerator(_Host):
    """Mixin of a config generator: positions inside, plain values outside, its own random state.

    Args:
        configspace: Any space; ordinals included.
        seed: Seed of everything the generator draws.
        **kwargs: Arguments of HpBandSter's generator.
    """

    def __init__(
        self, *, configspace: ConfigurationSpace, seed: int | None = None, **kwargs: Any
    ) -> None:
        self.original_space = configspace
        self.random_state = RandomState(seed)
        super().__init__(configspace=index_space(configspace, seed=seed), **kwargs)

    def get_config(self, budget: float) -> tuple[dict[str, Any], dict[str, Any]]:
        """HpBandSter's next configuration, in plain values of the original space."""
        with self.random_state.use():
            config, info = super().get_config(budget)
        return decode(config, self.original_space), plain(info)

    def new_result(self, job: Job, update_model: bool = True) -> None:
        """Tell HpBandSter's generator of a job, in positions."""
        with self.random_state.use():
            super().new_result(self._in_positions(job), update_model)

    def _in_positions(self, job: Job) -> Job:
        moved = copy.copy(job)
        moved.kwargs = {**job.kwargs, "config": encode(job.kwargs["config"], self.original_space)}
        return moved


HPBANDSTER_VERSION = "0.7.4"
_HOOKS = (
    (Master, ("_queue_wait", "_submit_job", "active_iterations", "job_callback")),
    (Dispatcher, ("discover_workers", "register_result", "run")),
    (SuccessiveHalving, ("_advance_to_next_stage",)),
    (Worker, ("start_computation", "is_busy", "_run")),
)
"""Methods that are overridden here, or whose calls are: HpBandSter must still have and call them.

Besides: ``hpbandster.core.master.Dispatcher`` is the class that a master makes, and objects have
the attributes in `MASTER`, `DISPATCHER` and `GENERATOR`. Checked with HpBandSter 0.7.4 and
Pyro4 4.82.
"""
MASTER = ("dispatcher", "job_queue_sizes", "num_running_jobs", "thread_cond", "iterations")
DISPATCHER = (
    "discover_cond",
    "nameserver",
    "nameserver_port",
    "runner_cond",
    "running_jobs",
    "shutdown_all_threads",
    "worker_pool",
)
GENERATOR = ("configspace", "kde_models", "losses", "min_points_in_model", "top_n_percent")


def require(owner: object, names: tuple[str, ...]) -> None:
    """Raise unless one of HpBandSter's objects has the attributes that are used here.

    Raises:
        ImportError: If one is missing.
    """
    _complain([f"{type(owner).__name__}.{name}" for name in names if not hasattr(owner, name)])


def _complain(missing: list[str]) -> None:
    if missing:
        raise ImportError(
            f"eahas_plugins.hpbandster needs HpBandSter {HPBANDSTER_VERSION}, but "
            f"{version('hpbandster')} has no {', '.join(missing)}: "
            f"pip install hpbandster=={HPBANDSTER_VERSION}"
        )


def check_hpbandster() -> None:
    """Raise unless HpBandSter is what the masters and generators here build on.

    Raises:
        ImportError: If one of its inner names is missing.
    """
    missing = [
        f"{kind.__name__}.{name}"
        for kind, names in _HOOKS
        for name in names
        if not hasattr(kind, name)
    ]
    _complain(missing if hasattr(master_module, "Dispatcher") else [*missing, "master.Dispatcher"])


_SWAP = threading.Lock()


@contextmanager
def dispatcher_made_by(make: Callable[..., Any]) -> Iterator[None]:
    """Let masters that are made meanwhile have this dispatcher: they make it and offer no hook."""
    with _SWAP:
        original = master_module.Dispatcher
        master_module.Dispatcher = make
        try:
            yield
        finally:
            master_module.Dispatcher = original


def keep_quiet(given: logging.Logger | None) -> None:
    """Keep HpBandSter's logger at warnings, unless its user has said otherwise.

    A worker that is given no logger sets up logging for the whole process, down to DEBUG.

    Args:
        given: The logger that a master was given.
    """
    theirs = logging.getLogger("hpbandster")  # workers' loggers are below it
    if theirs.level == logging.NOTSET and given is not theirs:
        theirs.setLevel(logging.WARNING)


def send_numpy() -> None:
    """Let Pyro4 send NumPy's scalars and arrays, which it would refuse without a word."""
    for kind in (np.generic, np.ndarray):
        Pyro4.util.SerpentSerializer.register_type_replacement(kind, lambda value: value.tolist())
