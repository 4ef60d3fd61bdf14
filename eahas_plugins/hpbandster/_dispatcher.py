"""HpBandSter's dispatcher, watched: nothing that dies or cannot be sent leaves the run hanging.

Its threads expect no error, and one error ends the thread: from then on the run waits for ever.
"""

from __future__ import annotations

import functools
import logging
import threading
import time
from contextlib import AbstractContextManager, suppress
from typing import Any, Protocol

import Pyro4
from hpbandster.core.dispatcher import Dispatcher

from eahas_plugins.hpbandster._compat import DISPATCHER, dispatcher_made_by, require

_GONE = (Pyro4.errors.NamingError, Pyro4.errors.CommunicationError)
_N_TRIES = 5
"""How often the name server is asked again, once a second."""
_ANSWER_S = 5.0
"""How long a worker that is free again may need to hand in its answer, s."""
_log = logging.getLogger("hpbandster")


class Owner(Protocol):
    """The master, as its dispatcher sees it."""

    def fail(self, error: Exception) -> None:
        """End the run with this error."""

    def check_worker(self, name: str, traits: dict[str, Any]) -> None:
        """Raise if a worker with these traits cannot serve this run."""

    def grant_of(self, config_id: Any, budget: float) -> str | None:
        """Where a worker finds what a job may spend."""


def watched_dispatcher(owner: Owner) -> AbstractContextManager[None]:
    """Let a master that is made meanwhile have a `WatchedDispatcher`."""
    return dispatcher_made_by(functools.partial(WatchedDispatcher, owner=owner))


class WatchedDispatcher(Dispatcher):
    """A dispatcher that outlives its workers and tells the master when it cannot go on.

    Args:
        *args: Arguments of HpBandSter's class.
        owner: The master.
        **kwargs: Arguments of HpBandSter's class.
    """

    def __init__(self, *args: Any, owner: Owner, **kwargs: Any) -> None:
        self.shutdown_all_threads = False
        super().__init__(*args, **kwargs)
        require(self, DISPATCHER)
        self.owner = owner
        self.worker_pool = _Pool(self)

    def run(self) -> None:
        """Serve until the master shuts this down; its thread runs this."""
        try:
            super().run()
        except _GONE as error:
            with self.discover_cond:
                over, self.shutdown_all_threads = self.shutdown_all_threads, True
                self.discover_cond.notify_all()
            if not over:  # at the end nobody misses the name server
                self.owner.fail(self._lost_names(error))

    def discover_workers(self) -> None:
        """Look for workers; a thread of its own runs this."""
        for n_tries in range(_N_TRIES + 1):
            try:
                super().discover_workers()
            except _GONE as error:  # from the name server, with the lock held
                self.discover_cond.wait(1.0)
                over = self.shutdown_all_threads
                self.runner_cond.notify_all()
                self.discover_cond.release()
                if over:
                    return
                if n_tries == _N_TRIES:
                    self.owner.fail(self._lost_names(error))
            else:
                return

    @Pyro4.expose  # type: ignore[untyped-decorator]
    @Pyro4.callback  # type: ignore[untyped-decorator]
    @Pyro4.oneway  # type: ignore[untyped-decorator]
    def register_result(self, id: Any = None, result: Any = None) -> None:
        """Take the answer of a worker, unless its job has been given up meanwhile."""
        with self.runner_cond:  # a quick worker answers before its job has been noted
            is_expected = id in self.running_jobs
        if is_expected:
            super().register_result(id, result)
        else:
            _log.warning("an answer to job %s came after it had been given up", id)

    def look_again(self) -> None:
        """Look for workers now, from another thread."""
        with self.discover_cond:
            self.discover_cond.notify()

    def _lost_names(self, error: Exception) -> RuntimeError:
        return RuntimeError(
            f"the name server must answer at {self.nameserver}:{self.nameserver_port} but does "
            f"not ({type(error).__name__}: {error}): start it and the workers, and run again."
        )


class _Pool(dict[str, Any]):
    """The workers by name."""

    def __init__(self, dispatcher: WatchedDispatcher) -> None:
        super().__init__()
        self._dispatcher = dispatcher

    def __setitem__(self, name: str, worker: Any) -> None:
        worker.proxy = _PatientProxy(worker, self._dispatcher)
        try:
            self._dispatcher.owner.check_worker(name, worker.proxy.traits)
        except ValueError as error:
            self._dispatcher.owner.fail(error)
        super().__setitem__(name, worker)


class _PatientProxy:
    """A Pyro proxy whose calls to a dead worker do nothing; the next ping finds it dead."""

    def __init__(self, worker: Any, dispatcher: WatchedDispatcher) -> None:
        self._proxy = worker.proxy
        self._worker = worker
        self._dispatcher = dispatcher
        self._idle: tuple[Any, float] | None = None
        self.traits: dict[str, Any] = {}
        # A worker that is no `TargetWorker` has no such method.
        with suppress(AttributeError, Pyro4.errors.CommunicationError):
            self.traits = dict(self._proxy.traits())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._proxy, name)

    def start_computation(self, callback: Any, job_id: Any, **kwargs: Any) -> None:
        if self.traits:
            kwargs["grant"] = self._dispatcher.owner.grant_of(job_id, kwargs["budget"])
        try:
            self._proxy.start_computation(callback, job_id, **kwargs)
        except Pyro4.errors.CommunicationError:
            _log.warning("a worker died before it was given its job")

    def is_busy(self) -> bool:
        """Whether it trains, or owes an answer. One that never comes fails its job."""
        try:
            busy = bool(self._proxy.is_busy())
        except Pyro4.errors.CommunicationError:
            return True
        job_id, now_s = self._worker.runs_job, time.monotonic()
        if busy or job_id is None:
            self._idle = None
            return busy
        if self._idle is None or self._idle[0] != job_id:
            self._idle = (job_id, now_s)
        if now_s - self._idle[1] < _ANSWER_S:
            self._later(_ANSWER_S, self._dispatcher.look_again)
        else:
            answer = {
                "result": None,
                "exception": (
                    f"a worker must return what can be sent but the answer of "
                    f"{self._worker.name} to job {job_id} never came: return plain numbers, "
                    "texts, lists and dicts, for example {'loss': float(loss), 'info': {}}."
                ),
            }
            self._idle = None
            self._later(0.0, self._dispatcher.register_result, job_id, answer)
        return True

    def shutdown(self) -> None:
        with suppress(Pyro4.errors.CommunicationError):
            self._proxy.shutdown()

    @staticmethod
    def _later(seconds: float, call: Any, *arguments: Any) -> None:
        """In another thread: this one holds the dispatcher's lock."""
        timer = threading.Timer(seconds, call, arguments)
        timer.daemon = True
        timer.start()
