"""What energy-awareness adds to a host's own work: the same run, plain and energy-aware.

CPU seconds of the process, all threads, so that what else the machine does is not counted. Plain
HpBandSter hangs on current NumPy, so its plain run is this project's ``BOHB``, which changes
nothing but the types of values.
"""

from __future__ import annotations

import logging
import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from ConfigSpace import ConfigurationSpace, Float

from benchmarks.commands.options import JSON_OPTION
from eahas_plugins.packages import require
from eahas_plugins.terminal import print_json, print_table


class ClosedFormBench:
    """A benchmark that answers at once, so that only the hosts' own time is seen.

    Floats alone: what Optuna's TPE does for an integer depends on how many values have been seen,
    so that a search that stays among the cheap ones would look fast.
    """

    def __init__(self) -> None:
        self.space = ConfigurationSpace(name="closed-form")
        self.space.add([Float("width", (4, 256), log=True), Float("lr", (1e-3, 1.0), log=True)])

    def query(self, config: Any) -> Any:
        """Twenty epochs of a power law."""
        epoch = np.arange(1, 21, dtype=np.float64)
        tuned = np.exp(-((np.log10(config["lr"]) + 1.5) ** 2))
        accuracy = (0.6 + 0.3 * tuned) * (1.0 - 0.6 * np.exp(-epoch / 4.0))
        return _Run(accuracy, 1e-4 * (1.0 + config["width"] / 16) * epoch)


class _Run:
    def __init__(self, accuracy: Any, energy_kwh: Any) -> None:
        self.val_accuracy = self.test_accuracy = accuracy
        self.energy_kwh = energy_kwh
        self.runtime_s = self.inference_energy_kwh = None


def smac_seconds(energy_aware: bool, n_trials: int, folder: Path) -> float:
    """CPU time of one multi-fidelity run of SMAC, s.

    Raises:
        RuntimeError: If the run ended early, so that its time says nothing.
    """
    from smac import MultiFidelityFacade

    from eahas_plugins.smac import EnergyMultiFidelityFacade, SurrogateTarget, energy_scenario

    target = SurrogateTarget(ClosedFormBench())
    scenario = energy_scenario(
        target,
        name=f"{energy_aware}",
        output_directory=folder,
        seed=0,
        max_budget=20,
        n_trials=n_trials,
    )
    facade: Any
    if energy_aware:
        facade = EnergyMultiFidelityFacade(scenario, target, budget_kwh=1e6, logging_level=40)
    else:
        facade = MultiFidelityFacade(scenario, target, logging_level=40)
    start_s = time.process_time()
    facade.optimize()
    seconds = time.process_time() - start_s
    if len(facade.runhistory) != n_trials:
        raise RuntimeError(f"the run must have {n_trials} trials but has {len(facade.runhistory)}.")
    return seconds


def optuna_seconds(energy_aware: bool, n_trials: int, folder: Path) -> float:
    """CPU time of one TPE run of Optuna, s."""
    import optuna

    from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
    from eahas_plugins.optuna.objective import SurrogateObjective
    from eahas_plugins.optuna.samplers import EnergyTPESampler

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    objective: Callable[[optuna.Trial], Any] = SurrogateObjective(ClosedFormBench())
    sampler: optuna.samplers.BaseSampler = optuna.samplers.TPESampler(seed=0)
    if energy_aware:
        objective = EnergyBudget(1e6).guard(objective)
        sampler = EnergyTPESampler(seed=0, budget_kwh=1e6)
    study = optuna.create_study(
        direction="maximize", sampler=sampler, pruner=optuna.pruners.NopPruner()
    )
    start_s = time.process_time()
    study.optimize(objective, n_trials=n_trials)
    return time.process_time() - start_s


def hpbandster_seconds(energy_aware: bool, n_trials: int, folder: Path) -> float:
    """CPU time of one BOHB run of HpBandSter with its name server and one worker, s.

    Raises:
        RuntimeError: If the run ended early, so that its time says nothing.
    """
    from hpbandster.core.nameserver import NameServer

    from eahas_plugins.hpbandster import BOHB, EnergyBOHB, SurrogateWorker

    quiet = logging.getLogger("benchmarks.commands.overhead_hosts")
    quiet.setLevel(logging.ERROR)
    server = NameServer(run_id="overhead", host="127.0.0.1", port=0)
    host, port = server.start()
    where: dict[str, Any] = {
        "run_id": "overhead",
        "nameserver": host,
        "nameserver_port": port,
        "logger": quiet,
    }
    worker = SurrogateWorker(ClosedFormBench(), **where)
    worker.run(background=True)
    settings: dict[str, Any] = {"min_budget": 1, "max_budget": 20, "seed": 0}
    settings |= {"working_directory": str(folder)} | ({"budget_kwh": 1e6} if energy_aware else {})
    master = (EnergyBOHB if energy_aware else BOHB)(worker.target.space, **settings, **where)
    try:
        start_s = time.process_time()
        # three brackets in turn have 13, 4 and 3 trials
        result = master.run(n_iterations=3 * math.ceil(n_trials / 20))
        seconds = time.process_time() - start_s
    finally:
        master.shutdown(shutdown_workers=True)
        server.shutdown()
    if len(result.get_all_runs()) < n_trials:
        raise RuntimeError(
            f"the run must have {n_trials} trials but has {len(result.get_all_runs())}."
        )
    return seconds


HOSTS: dict[str, Callable[[bool, int, Path], float]] = {
    "smac": smac_seconds,
    "optuna": optuna_seconds,
    "hpbandster": hpbandster_seconds,
}


def overhead_hosts(
    host: Annotated[str, typer.Option(help=f"One of {', '.join(HOSTS)}.")] = "smac",
    n_trials: Annotated[
        int, typer.Option(min=10, help="Trials of each run; HpBandSter's are a multiple of 20.")
    ] = 300,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each kind, in turn.")] = 1,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Time a host's run without and with energy-awareness: the fastest of each, and their ratio.

    Raises:
        ValueError: If there is no such host.
        ModuleNotFoundError: If it is not installed.
    """
    if host not in HOSTS:
        raise ValueError(f"host must be one of {', '.join(HOSTS)} but got {host!r}.")
    require(host)
    seconds: dict[bool, list[float]] = {False: [], True: []}
    for energy_aware in (False, True):
        _timed(host, energy_aware, 20)  # whatever runs first pays for what is imported late
    for _ in range(repeats):
        for energy_aware in (False, True):
            seconds[energy_aware].append(_timed(host, energy_aware, n_trials))
    plain_s, aware_s = min(seconds[False]), min(seconds[True])
    found = {
        "host": host,
        "n_trials": n_trials,
        "plain_cpu_s": plain_s,
        "energy_aware_cpu_s": aware_s,
        "ratio": aware_s / plain_s,
    }
    if as_json:
        print_json(found)
    else:
        print_table(
            ("host", "trials", "plain, CPU s", "energy-aware, CPU s", "ratio"),
            [(host, str(n_trials), f"{plain_s:.2f}", f"{aware_s:.2f}", f"{found['ratio']:.2f}")],
        )


def _timed(host: str, energy_aware: bool, n_trials: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return HOSTS[host](energy_aware, n_trials, Path(folder))
