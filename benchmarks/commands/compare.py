"""Compare methods of search at equal energy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.commands.report import PACKAGES, report
from benchmarks.comparison.run import compare_on
from benchmarks.comparison.suites import (
    DEFAULT_METHODS_OF,
    DEFAULT_SEEDS,
    DEFAULT_TASK,
    DEFAULT_TRAININGS,
    SUITES,
    check_positive,
    make_plan,
    methods_of,
)
from benchmarks.comparison.workers import workers as executor_of
from benchmarks.methods import get_method, method_names
from benchmarks.problems import all_declared, get_problem
from eahas_plugins.packages import require

_OVER_ALL = ", ".join(name for name, said in all_declared().items() if not said.counts_full)
_TASKS = ", ".join(
    f"{name} (with --source)" if said.needs_source else name
    for name, said in all_declared().items()
)


def compare(
    out: Annotated[Path, typer.Option(help="Folder of the rows and figures; made if missing.")],
    task: Annotated[
        str | None,
        typer.Option(
            help=f"{_TASKS}; or the folder of a benchmark, as 'eahas import-official' and "
            "'python -m benchmarks fit' write it; or a problem's file of your own. The trainings "
            "of live-... are run.",
            show_default=DEFAULT_TASK,
        ),
    ] = None,
    methods: Annotated[
        str | None,
        typer.Option(
            help=f"Names, separated by commas, of: {', '.join(method_names())}.",
            show_default=",".join(methods_of(DEFAULT_METHODS_OF)),
        ),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Studies per method.", show_default=str(DEFAULT_SEEDS))
    ] = None,
    first_seed: Annotated[int, typer.Option(help="Number of the first study.")] = 0,
    budget_trainings: Annotated[
        float | None,
        typer.Option(
            help="Energy per study, in mean full trainings, those with the longest schedule. On "
            f"{_OVER_ALL} the mean is over all schedules, as in the paper's comparison, so that a "
            "full training counts more than 1 there.",
            show_default=f"{DEFAULT_TRAININGS:g}",
        ),
    ] = None,
    budget_kwh: Annotated[
        float | None,
        typer.Option(
            help="Energy per study, kWh, in place of --budget-trainings.",
            show_default="by --budget-trainings",
        ),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(
            help="Trainings that a study runs at once. Several are simulated, for methods that "
            "Optuna hosts, on tasks that replay trainings and know their times.",
            min=1,
        ),
    ] = 1,
    incumbents_only: Annotated[
        bool,
        typer.Option(
            "--incumbents-only",
            help="Record only the trainings that were the best so far, and each study's last.",
        ),
    ] = False,
    jobs: Annotated[int, typer.Option(help="Local processes.")] = 2,
    engine: Annotated[str, typer.Option(help="local or dask.")] = "local",
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Address of Dask's scheduler, such as tcp://host:8786.",
            show_default="none; needed with --engine dask",
        ),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option(
            help=f"Named comparison, which sets what is not given: {', '.join(SUITES)}.",
            show_default="none",
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            help="Folder with files that the task reads: YAHPO Gym's or Zeus'.",
            show_default="none",
        ),
    ] = None,
) -> None:
    """Give every method the same energy and record what it finds.

    Studies that OUT already holds are not run again: an interrupted comparison goes on where it
    stopped, and further methods and seeds are added to it. Writes OUT/rows.jsonl, OUT/summary.json
    and figures; a suite writes one such folder per task.

    Raises:
        ValueError: If an option is out of range or unknown, or OUT holds another comparison.
        ModuleNotFoundError: If a package that a method or the report needs is not installed.
        Exit: With code 1, if a study failed.
    """
    if budget_kwh is not None:
        check_positive("budget-kwh", budget_kwh)
        if budget_trainings is not None:
            raise ValueError("budget-kwh and budget-trainings must not be given together.")
    if not first_seed >= 0:
        raise ValueError(f"first-seed must not be negative but got {first_seed}.")
    plan = make_plan(
        suite, task=task, methods=methods, seeds=seeds, budget_trainings=budget_trainings
    )
    for name in plan.methods:
        get_method(name)  # before anything is written, an unknown one or one that cannot be run
    require(*PACKAGES)
    problems = [get_problem(name, source) for name in plan.tasks]
    if source is not None and all(problem.source is None for problem in problems):
        raise ValueError(f"{', '.join(plan.tasks)} reads no folder of yours: leave --source out.")
    folders = [out if suite is None else out / problem.title for problem in problems]
    with executor_of(engine, scheduler, jobs) as executor:
        failed = [
            compare_on(
                problem,
                folder,
                methods=plan.methods,
                seeds=range(first_seed, first_seed + plan.seeds),
                budget_trainings=plan.budget_trainings,
                counts_full=problem.counts_full,
                plain_in_full=problem.plain_in_full,
                budget_kwh=budget_kwh,
                workers=workers,
                incumbents_only=incumbents_only,
                executor=executor,
            )
            for problem, folder in zip(problems, folders, strict=True)
        ]
    if any(failed):
        raise typer.Exit(1)
    report(folders, out=out)
