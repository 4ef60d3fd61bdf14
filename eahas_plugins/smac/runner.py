"""Runners that give every trial its energy account, in this process or on a Dask cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Any

import dask
from dask.distributed import Client, wait
from smac.runhistory import StatusType, TrialInfo, TrialValue
from smac.runner.dask_runner import DaskParallelRunner
from smac.runner.target_function_runner import TargetFunctionRunner
from smac.scenario import Scenario

from eahas_plugins.budget.attributes import ENERGY_ATTR, known_kwh
from eahas_plugins.budget.entries import Grant
from eahas_plugins.budget.journal import Attempt, EnergyJournal
from eahas_plugins.smac.budget import ATTEMPT, EnergyBudgetCallback, takes_attempt
from eahas_plugins.smac.travel import check_travels
from eahas_plugins.targets.energy_target import EnergyTarget
from eahas_plugins.targets.surrogate_target import SurrogateTarget

_GRANT = "grant"
_OURS = ("seed", "instance", "budget", ATTEMPT)


class EnergyRunner(TargetFunctionRunner):
    """Runs a target function and writes what it burns, whatever becomes of it.

    A target function with an argument ``attempt`` gets the trial's account and reports to it
    while it runs; any other one is charged the ``energy_kwh`` that it returns.

    Args:
        scenario: The scenario.
        target_function: The target function.
        required_arguments: What the intensifier passes to it.
        account: The budget, in the main process.

    Raises:
        ValueError: If the scenario has instances and the target is a benchmark.
    """

    def __init__(
        self,
        scenario: Scenario,
        target_function: Callable[..., Any],
        required_arguments: list[str],
        account: EnergyBudgetCallback,
    ) -> None:
        self.scenario, self.target_function = scenario, target_function
        self._wants_attempt = takes_attempt(target_function)
        self._attempt: Attempt | None = None
        self._account: EnergyBudgetCallback | None = account
        self.journal: EnergyJournal | None = None
        extra = [ATTEMPT] if self._wants_attempt else []
        if isinstance(target_function, EnergyTarget | SurrogateTarget):
            extra = [name for name in _OURS if name in signature(target_function).parameters]
        required = list(dict.fromkeys(required_arguments + extra))
        missing = [name for name in required if name not in signature(target_function).parameters]
        if missing and isinstance(target_function, SurrogateTarget):
            raise ValueError(
                f"a benchmark has no {missing[0]} but the scenario has: leave it out there."
            )
        super().__init__(scenario, target_function, required)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_account": None}  # the account stays in the main process

    @property
    def meta(self) -> dict[str, Any]:
        """What makes a resumed run the same run: for our targets not their code."""
        own = getattr(self.target_function, "meta", None)
        if isinstance(own, dict):
            return {"name": type(self).__name__, "target": own}
        if hasattr(self.target_function, "__code__") or hasattr(self.target_function, "func"):
            return {**super().meta}
        return {"name": type(self).__name__, "target": type(self.target_function).__qualname__}

    def granted(self, info: TrialInfo) -> TrialInfo:
        """The trial with its grant, on its way to a worker."""
        if self._account is None:
            raise RuntimeError("trials must be submitted in the main process.")
        grant = self._account.grant(info)
        return replace(info, additional_info={**info.additional_info, _GRANT: grant})

    def submit_trial(self, trial_info: TrialInfo) -> None:
        """Run a trial here and now."""
        super().submit_trial(self.granted(trial_info))

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Run a trial; see SMAC. Returns status, cost, time, CPU time and additional info."""
        additional = kwargs.get("additional_info") or {}
        grant: Grant | None = additional.get(_GRANT)
        if grant is None or self.journal is None:
            return super().run(*args, **kwargs)
        self._attempt = self.journal.open(grant)
        try:
            status, cost, runtime, cpu_time, info = super().run(*args, **kwargs)
            told = info.get(ENERGY_ATTR)
            reported = known_kwh(told)
            if reported is not None:
                self._attempt.report(reported)
        finally:
            self._attempt.close()
        # Who failed before telling anybody what it burnt leaves that unknown; what is no energy is
        # left for the account to refuse.
        if (told is None or reported is not None) and self._attempt.energy_kwh is not None:
            info = {**info, ENERGY_ATTR: self._attempt.energy_kwh}
        return status, cost, runtime, cpu_time, info

    def __call__(self, config: Any, algorithm: Callable[..., Any], kwargs: dict[str, Any]) -> Any:
        """Call the target function."""
        if self._wants_attempt:
            kwargs = {**kwargs, ATTEMPT: self._attempt}
        return algorithm(config, **kwargs)


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
        """The worker's: a run may be resumed with another number of workers."""
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
