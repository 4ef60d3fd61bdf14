"""What energy-awareness adds to a host's own work: the same run, plain and energy-aware.

CPU seconds of the process, all threads, so that what else the machine does is not counted.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from ConfigSpace import ConfigurationSpace, Float, Integer


class ClosedFormBench:
    """A benchmark that answers at once, so that only the hosts' own time is seen."""

    def __init__(self) -> None:
        self.space = ConfigurationSpace(name="closed-form")
        self.space.add([Integer("width", (4, 256), log=True), Float("lr", (1e-3, 1.0), log=True)])

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
    """CPU time of one multi-fidelity run of SMAC, s."""
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

    from eahas_plugins.optuna.budget import EnergyBudget
    from eahas_plugins.optuna.objective import SurrogateObjective
    from eahas_plugins.optuna.samplers import EnergyTPESampler

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    objective: Callable[[optuna.Trial], Any] = SurrogateObjective(ClosedFormBench())
    sampler: optuna.samplers.BaseSampler = optuna.samplers.TPESampler(seed=0)
    if energy_aware:
        objective = EnergyBudget(1e6).guard(objective)
        sampler = EnergyTPESampler(seed=0, budget_kwh=1e6)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    start_s = time.process_time()
    study.optimize(objective, n_trials=n_trials)
    return time.process_time() - start_s


HOSTS: dict[str, Callable[[bool, int, Path], float]] = {
    "smac": smac_seconds,
    "optuna": optuna_seconds,
}


def overhead_hosts(
    host: Annotated[str, typer.Option(help=f"One of {', '.join(HOSTS)}.")] = "smac",
    n_trials: Annotated[int, typer.Option(min=10, help="Trials of each run.")] = 300,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each kind, in turn.")] = 1,
) -> None:
    """Time a host's run without and with energy-awareness; prints the ratio of the fastest runs."""
    if host not in HOSTS:
        typer.echo(f"host must be one of {', '.join(HOSTS)} but got {host!r}.", err=True)
        raise typer.Exit(2)
    seconds: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(repeats):
        for energy_aware in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                seconds[energy_aware].append(HOSTS[host](energy_aware, n_trials, Path(folder)))
    plain_s, aware_s = min(seconds[False]), min(seconds[True])
    typer.echo(
        f"{host}, {n_trials} trials: plain {plain_s:.2f} CPU s, energy-aware {aware_s:.2f} CPU s, "
        f"ratio {aware_s / plain_s:.2f}"
    )


if __name__ == "__main__":
    typer.run(overhead_hosts)
