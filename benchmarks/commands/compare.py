"""Compare methods of search at equal energy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.commands.report import PACKAGES, report
from benchmarks.comparison.runner import (
    Loadable,
    dask_workers,
    local_processes,
    make_header,
    missing_studies,
    run_all,
)
from benchmarks.comparison.suites import SUITES, check_positive, make_plan
from benchmarks.harness.bench import find_reference
from benchmarks.harness.results import NAMES
from benchmarks.harness.row_file import RowFile
from benchmarks.harness.rows import RowsError
from benchmarks.methods import get_method
from benchmarks.packages import require
from benchmarks.problems import get_problem

_console = Console(stderr=True)


def compare(
    out: Annotated[Path, typer.Option(help="Folder of the rows and figures; made if missing.")],
    task: Annotated[str | None, typer.Option(help="Problem, or a benchmark's folder.")] = None,
    methods: Annotated[str | None, typer.Option(help="Names, separated by commas.")] = None,
    seeds: Annotated[int | None, typer.Option(help="Studies per method.")] = None,
    first_seed: Annotated[int, typer.Option(help="Number of the first study.")] = 0,
    budget_trainings: Annotated[
        float | None, typer.Option(help="Energy per study in mean complete trainings.")
    ] = None,
    budget_kwh: Annotated[float | None, typer.Option(help="Energy per study, kWh.")] = None,
    jobs: Annotated[int, typer.Option(help="Local processes.")] = 2,
    engine: Annotated[str, typer.Option(help="local or dask.")] = "local",
    scheduler: Annotated[str | None, typer.Option(help="Address, for --engine dask.")] = None,
    suite: Annotated[
        str | None, typer.Option(help=f"Named comparison: {', '.join(SUITES)}.")
    ] = None,
    source: Annotated[Path | None, typer.Option(help="Folder that the problem reads.")] = None,
) -> None:
    """Give every method the same energy and record what it finds.

    Studies that OUT already holds are not run again: an interrupted comparison goes on where it
    stopped, and further methods and seeds are added to it. Writes OUT/rows.jsonl, OUT/summary.json
    and figures; a suite writes one such folder per task.
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
    folders = [out if suite is None else out / problem.name for problem in problems]
    with _workers(engine, scheduler, jobs) as executor:
        failed = [
            compare_on(
                problem,
                folder,
                methods=plan.methods,
                seeds=range(first_seed, first_seed + plan.seeds),
                budget_trainings=plan.budget_trainings,
                budget_kwh=budget_kwh,
                executor=executor,
            )
            for problem, folder in zip(problems, folders, strict=True)
        ]
    if any(failed):
        raise typer.Exit(1)
    report(folders, out=out)


def compare_on(
    problem: Loadable,
    folder: Path,
    *,
    methods: Sequence[str],
    seeds: Sequence[int],
    budget_trainings: float,
    budget_kwh: float | None = None,
    executor: Executor | None = None,
) -> int:
    """Run the missing studies of one task and record their rows.

    Args:
        problem: The task.
        folder: Where ``rows.jsonl`` is, or will be.
        methods: Names of methods.
        seeds: Numbers of studies.
        budget_trainings: Energy per study, in mean complete trainings.
        budget_kwh: The same in kWh; it counts where it is given.
        executor: Where studies run; in this process where None.

    Returns:
        How many studies failed.

    Raises:
        RowsError: If the folder holds rows of another comparison.
    """
    bench = problem.load()
    reference = find_reference(bench)
    budget = budget_kwh or budget_trainings * reference.mean_training_kwh
    header = make_header(problem, bench, reference, budget)
    if (folder / NAMES[1]).exists():
        raise RowsError(f"{folder / NAMES[1]} must be unpacked (gunzip) before rows are added.")
    with RowFile(folder / NAMES[0], header) as file:
        if dropped := file.results.dropped:
            _console.print(
                f"{folder / NAMES[0]}: dropped a half-written row ({dropped[:60]} ...), its study "
                f"is run again; {len(file.results.rows)} rows kept.",
                markup=False,
            )
        studies = missing_studies(problem, methods, seeds, file)
        total = len(methods) * len(seeds)
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=_console,
        ) as progress:
            bar = progress.add_task(
                f"{problem.name}, {budget:.3g} kWh each",
                total=total,
                completed=total - len(studies),
            )
            failures = run_all(
                studies, file, executor=executor, on_done=lambda _: progress.advance(bar)
            )
    for failure in failures:
        _console.print(
            f"{problem.name}: {failure.study.method}, seed {failure.study.seed} failed: "
            f"{failure.error!r}",
            markup=False,
        )
    if failures:
        _console.print("the other studies are recorded; run the same command to try again.")
    return len(failures)


@contextmanager
def _workers(engine: str, scheduler: str | None, jobs: int) -> Iterator[Executor]:
    if not jobs >= 1:
        raise ValueError(f"jobs must be at least 1 but got {jobs}.")
    if engine not in ("local", "dask"):
        raise ValueError(f"engine must be local or dask but got {engine!r}.")
    if (engine == "dask") != (scheduler is not None):
        raise ValueError("--engine dask and --scheduler ADDRESS must be given together.")
    if scheduler is not None:
        with dask_workers(scheduler) as executor:
            yield executor
    else:
        with local_processes(jobs) as executor:
            yield executor
