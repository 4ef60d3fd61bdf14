"""Trials on a Dask cluster, each with its energy account."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask
from dask.distributed import Client, wait
from smac.runhistory import StatusType, TrialInfo, TrialValue
from smac.runner.dask_runner import DaskParallelRunner

from eahas_plugins.arguments import check_positive
from eahas_plugins.smac.runner import EnergyRunner
from eahas_plugins.smac.travel import check_travels


class EnergyDaskRunner(DaskParallelRunner):
    """Runs trials on Dask workers; the death of any of them costs its trial at most.

    The result is handed back with the trial that was submitted, not with the copy that came
    back: SMAC would take the copy of a configuration with ``Integer(log=True)`` for another one.

    Args:
        single_worker: What runs on every worker.
        patience: How long to wait, s, while the cluster has no worker at all.
        dask_client: Client of a running cluster; None starts one of ``scenario.n_workers``
            processes.

    Raises:
        ValueError: If the target function cannot be sent to a worker, or from a worker to the
            process of its own that a trial with a limit runs in.
    """

    _client_to_close: Client | None = None  # the destructor asks also after a failed start

    def __init__(
        self,
        single_worker: EnergyRunner,
        patience: int = 60,
        dask_client: Client | None = None,
    ) -> None:
        check_positive(patience=patience)
        check_travels(single_worker.target_function, single_worker.scenario)
        own = dask_client is None
        scenario = single_worker.scenario
        if dask_client is None:
            folder = Path(scenario.output_directory)
            folder.mkdir(parents=True, exist_ok=True)
            dask.config.set(
                {
                    "distributed.worker.daemon": False,  # trainings have subprocesses
                    # Begun again once, not three times: each of them burns energy.
                    "distributed.scheduler.allowed-failures": 1,
                }
            )
            dask_client = Client(  # type: ignore[no-untyped-call]
                n_workers=scenario.n_workers,
                processes=True,
                threads_per_worker=1,
                local_directory=str(folder),
                dashboard_address=":0",  # any free port: several runs on one machine
            )
        super().__init__(single_worker, patience, dask_client)
        self._dask = dask_client
        self._client_to_close = dask_client if own else None
        self._worker = single_worker
        self._no_worker_s = patience
        self._ended: list[tuple[TrialInfo, TrialValue]] = []
        self._futures: dict[Any, TrialInfo] = {}
        self._last_worker_s = time.monotonic()

    @property
    def meta(self) -> dict[str, Any]:
        """The worker's, since a run may be resumed with another number of workers."""
        return self._worker.meta

    def submit_trial(self, trial_info: TrialInfo, **data: Any) -> None:
        """Send a trial to a worker, when one is free."""
        while self.count_available_workers() <= 0:
            self.wait()
            if not any(future.done() for future in self._futures):
                self._check_alive()
            self._collect()
        future = self._dask.submit(
            self._worker.run_wrapper,
            trial_info=self._worker.granted(trial_info),
            pure=False,  # the same trial may be run again
            **data,
        )
        self._futures[future] = trial_info

    def iter_results(self) -> Iterator[tuple[TrialInfo, TrialValue]]:
        """The trials that have ended."""
        self._collect()
        while self._ended:
            yield self._ended.pop(0)

    def wait(self) -> None:
        """Return when a trial has ended, or after a second."""
        try:
            if self._futures:
                wait(  # type: ignore[no-untyped-call]
                    list(self._futures), timeout=1.0, return_when="FIRST_COMPLETED"
                )
            else:
                time.sleep(0.1)  # no worker yet
        except TimeoutError:
            self._check_alive()

    def is_running(self) -> bool:
        """Whether results are still to come."""
        return bool(self._futures)

    def count_available_workers(self) -> int:
        """How many trials can be sent off now."""
        return self._n_threads() - len(self._futures)

    def __del__(self) -> None:
        self.close()

    def close(self, force: bool = False) -> None:
        """Shut down the workers that this runner has started; with ``force`` any others too."""
        client = self._dask if force else self._client_to_close
        if client is not None:
            client.close()  # type: ignore[no-untyped-call]

    def _n_threads(self) -> int:
        threads = sum(self._dask.nthreads().values())  # type: ignore[no-untyped-call]
        if threads:
            self._last_worker_s = time.monotonic()
        return threads

    def _collect(self) -> None:
        for future in [f for f in self._futures if f.done()]:
            info = self._futures.pop(future)
            try:
                _, value = future.result()
            except Exception as error:  # killed too often, cancelled, or it could not be sent back
                value = self._lost(error)
            # Now, not when it goes out of scope: if its worker died meanwhile, Dask would train
            # again for a result that we have already.
            future.release()
            self._ended.append((info, value))

    def _lost(self, error: Exception) -> TrialValue:
        scenario = self._worker.scenario
        cost = scenario.crash_cost
        if scenario.count_objectives() > 1 and not isinstance(cost, list):
            cost = [cost] * scenario.count_objectives()
        return TrialValue(
            cost=cost,
            status=StatusType.CRASHED,
            additional_info={"error": repr(error)},
        )

    def _check_alive(self) -> None:
        """Raise when there has been no worker for too long, so that nothing hangs."""
        if not self._n_threads() and time.monotonic() - self._last_worker_s > self._no_worker_s:
            raise RuntimeError(
                f"the cluster must have a worker but has had none for {self._no_worker_s} s: "
                "start workers and run again to resume."
            )
