"""What energy-awareness costs an Optuna study: samplers against plain TPE, and the budget check.

Samplers are compared with Optuna's TPE in the same process, in turn, each on a study of its own
with the same past. Times are CPU times of this process, which other processes disturb less than
wall-clock times; the budget check on SQLite is given in wall-clock time too.
"""

from __future__ import annotations

import importlib.util
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.commands._overhead_tables import show
from benchmarks.commands._pasts import STUDIES, fill, suggest
from benchmarks.commands._training import LIMIT, measure_training
from benchmarks.commands.options import JSON_OPTION
from eahas_plugins.terminal import print_json

RATIO_LIMIT = 1.3
"""What EnergyTPESampler's ask and tell may take, in units of plain TPE's, where none fails."""
CHECK_LIMIT_MS = 5.0
"""What one check of the budget may take."""
MOST_OF_GP = 1_000
"""Past trials from which Optuna's own Gaussian process, which needs torch, proposes in seconds."""
PARTS = ("samplers", "budget", "trainings")


def overhead(
    trials: Annotated[
        list[int] | None,
        typer.Option(
            help="Past trials; may be given several times.", show_default="1000 and 10000"
        ),
    ] = None,
    repeats: Annotated[int, typer.Option(help="Measurements of each number.")] = 15,
    part: Annotated[
        list[str] | None,
        typer.Option(
            help=f"What to measure: {', '.join(PARTS)}; may be given several times.",
            show_default="all",
        ),
    ] = None,
    study: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Of which kind of study: {', '.join(STUDIES)}; may be given several times. Of "
            "failures a fifth of the trials failed.",
            show_default="all",
        ),
    ] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Measure ask and tell of the samplers, the check of a budget, and what a training pays.

    Raises:
        ValueError: If a number is below 1, or there is no such part or kind of study.
    """
    sizes = trials or [1_000, 10_000]
    if min(sizes) < 1:
        raise ValueError(f"--trials must be at least 1 but got {min(sizes)}.")
    if repeats < 1:
        raise ValueError(f"--repeats must be at least 1 but got {repeats}.")
    parts = part or list(PARTS)
    if unknown := [name for name in parts if name not in PARTS]:
        raise ValueError(f"--part must be one of {', '.join(PARTS)} but got {unknown[0]!r}.")
    kinds = study or list(STUDIES)
    if unknown := [name for name in kinds if name not in STUDIES]:
        raise ValueError(f"--study must be one of {', '.join(STUDIES)} but got {unknown[0]!r}.")
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storages = (False, True)
    result = {
        "optuna": optuna.__version__,
        "python": sys.version.split()[0],
        "samplers": [
            row for n in sizes for kind in kinds for row in measure_samplers(n, repeats, kind)
        ]
        if "samplers" in parts
        else [],
        "budget": [measure_budget(n, repeats, sqlite=sqlite) for n in sizes for sqlite in storages]
        if "budget" in parts
        else [],
        "trainings": [
            measure_training(repeats=max(1, repeats // 3), sqlite=sqlite, n_reports=n_reports)
            for sqlite in storages
            for n_reports in (10, 20)
        ]
        if "trainings" in parts
        else [],
        "limits": {
            "energy_tpe_ratio": RATIO_LIMIT,
            "check_ms": CHECK_LIMIT_MS,
            "energy_part": LIMIT,
        },
    }
    if as_json:
        print_json(result)
    else:
        show(result)


def samplers(kind: str = "mixed", n_trials: int = 0) -> dict[str, Callable[[], Any]]:
    """The samplers to compare on a kind of study of so many trials; the first is the unit."""
    import optuna

    from eahas_plugins.optuna.samplers import (
        EnergyGPSampler,
        EnergyTPESampler,
        RegularizedEvolutionSampler,
        ea_bohb,
    )

    length = "i0" if STUDIES[kind]["integers"] else None
    of_torch: dict[str, Callable[[], Any]] = {}
    if n_trials <= MOST_OF_GP and importlib.util.find_spec("torch") is not None:
        of_torch["GPSampler"] = lambda: optuna.samplers.GPSampler(seed=0)
        of_torch["EnergyGPSampler"] = lambda: EnergyGPSampler(seed=0)
    return {
        "TPESampler": lambda: optuna.samplers.TPESampler(seed=0),
        "EnergyTPESampler": lambda: EnergyTPESampler(seed=0),
        "EnergyTPESampler, cooling 0": lambda: EnergyTPESampler(cooling=0.0, seed=0),
        # without promotions, so that each is a new configuration
        "ea_bohb": lambda: ea_bohb(fidelity_param=length, promotion_share=0.0, seed=0)[0],
        "RegularizedEvolutionSampler": lambda: RegularizedEvolutionSampler(
            reward_exponent=0.0, seed=0
        ),
        **of_torch,
    }


def measure_samplers(n_trials: int, repeats: int, kind: str) -> list[dict[str, Any]]:
    """CPU time of ask, suggest and tell of each sampler, medians over the repeats."""
    import optuna

    times: dict[str, list[float]] = {}
    studies = {}
    for name, make in samplers(kind, n_trials).items():
        study = optuna.create_study(direction="maximize", sampler=make())
        fill(study, n_trials, kind)
        times[name], studies[name] = [], study
    for repeat in range(repeats + 2):
        for name, study in studies.items():
            start = time.process_time()
            trial = study.ask()
            suggest(trial, kind)
            trial.set_user_attr("energy_kwh", 0.01)
            study.tell(trial, 0.5)
            if repeat >= 2:  # the first calls read the past and fit what there is to fit
                times[name].append(time.process_time() - start)
    unit = statistics.median(times["TPESampler"])
    return [
        {
            "n_trials": n_trials,
            "study": kind,
            "sampler": name,
            "ask_tell_ms": 1000.0 * statistics.median(values),
            "ratio": statistics.median(values) / unit,
        }
        for name, values in times.items()
    ]


def measure_budget(n_trials: int, repeats: int, *, sqlite: bool) -> dict[str, Any]:
    """Time of a budget check with four trials running, and of a report that includes one."""
    import optuna

    from eahas_plugins.optuna.budget.energy_budget import EnergyBudget

    with tempfile.TemporaryDirectory() as folder:
        address = f"sqlite:///{Path(folder) / 'study.db'}"
        if sqlite:
            storage = optuna.storages.RDBStorage(address)
            fill_database(storage, n_trials)
            study = optuna.load_study(study_name="full", storage=storage)
        else:
            study = optuna.create_study(direction="maximize")
            fill(study, n_trials)
        budget = EnergyBudget(1e6)
        trials = [study.ask() for _ in range(4)]
        for trial in trials:
            budget.start(trial, expected_kwh=1.0, next_step_kwh=0.1)
        wall, cpu, report = [], [], []
        for step in range(1, repeats + 1):
            start, start_cpu = time.perf_counter(), time.process_time()
            budget.must_stop(trials[0])
            wall.append(time.perf_counter() - start)
            cpu.append(time.process_time() - start_cpu)
            start = time.perf_counter()
            budget.report(trials[1], energy_kwh=0.1 * step, next_step_kwh=0.1)
            report.append(time.perf_counter() - start)
        if sqlite:
            storage.remove_session()
            storage.engine.dispose()
    return {
        "n_trials": n_trials,
        "storage": "SQLite" if sqlite else "memory",
        "check_ms": 1000.0 * statistics.median(wall),
        "check_cpu_ms": 1000.0 * statistics.median(cpu),
        "report_ms": 1000.0 * statistics.median(report),
    }


def fill_database(storage: Any, n_trials: int) -> None:
    """Fill a database with copies of one finished trial; one by one would take minutes."""
    import optuna
    import sqlalchemy

    study = optuna.create_study(direction="maximize", study_name="full", storage=storage)
    study.add_trial(optuna.create_trial(value=0.5, user_attrs={"energy_kwh": 0.01}))
    tables = sqlalchemy.MetaData()
    tables.reflect(storage.engine)
    with storage.engine.begin() as connection:
        for name in ("trials", "trial_values", "trial_user_attributes"):
            table = tables.tables[name]
            (own_id,) = table.primary_key.columns.keys()
            row = dict(connection.execute(sqlalchemy.select(table)).mappings().one())
            copies = [
                {
                    **row,
                    own_id: n + 1,
                    "trial_id": n + 1,
                    **({"number": n} if "number" in row else {}),
                }
                for n in range(1, n_trials)
            ]
            if copies:
                connection.execute(table.insert(), copies)
