"""What makes HpBandSter 0.7.4 run today: plain values, one random state, workers that may die.

HpBandSter sends configurations through Pyro4, whose serialiser refuses NumPy's scalars, so every
value that leaves a config generator or a worker is made plain first. BOHB refuses ordinals, so
generators search integer positions and hand out the values behind them.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import Pyro4
from ConfigSpace import ConfigurationSpace
from hpbandster.core.dispatcher import Dispatcher, Job

from eahas_plugins.spaces.ordinals import decode, encode, index_space
from eahas_plugins.spaces.values import native


def plain(value: Any) -> Any:
    """The value with NumPy's scalars and arrays, at any depth, made plain Python."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {native(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return native(value)


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


def survive_dead_workers(dispatcher: Dispatcher) -> None:
    """Let a dispatcher outlive workers that die between two of its pings.

    Its threads call workers without expecting an error, and one error ends the thread: from then
    on the run hangs. Calls to a dead worker are made harmless here; the next ping finds it dead
    and reports its job as failed. The dispatcher offers no hook, so its pool of workers is
    replaced (checked with HpBandSter 0.7.4).
    """
    pool = _Pool()
    with dispatcher.discover_cond:
        for name, worker in dispatcher.worker_pool.items():
            pool[name] = worker
        dispatcher.worker_pool = pool


class _Pool(dict[str, Any]):
    def __setitem__(self, name: str, worker: Any) -> None:
        worker.proxy = _PatientProxy(worker.proxy)
        super().__setitem__(name, worker)


class _PatientProxy:
    """A Pyro proxy whose calls to a dead worker do nothing."""

    def __init__(self, proxy: Any) -> None:
        self._proxy = proxy

    def __getattr__(self, name: str) -> Any:
        return getattr(self._proxy, name)

    def start_computation(self, *args: Any, **kwargs: Any) -> None:
        try:
            self._proxy.start_computation(*args, **kwargs)
        except Pyro4.errors.CommunicationError:
            logging.getLogger("hpbandster").warning("a worker died before it was given its job")

    def is_busy(self) -> bool:
        try:
            return bool(self._proxy.is_busy())
        except Pyro4.errors.CommunicationError:
            return True

    def shutdown(self) -> None:
        with suppress(Pyro4.errors.CommunicationError):
            self._proxy.shutdown()
