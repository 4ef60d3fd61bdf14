"""One task's part of a comparison: its budget, its missing studies, and what is told of them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Executor
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.comparison.runner import (
    Loadable,
    make_header,
    missing_studies,
    pilot,
    run_all,
)
from benchmarks.harness.bench import Reference, SeededBench, find_reference
from benchmarks.harness.live import N_PILOT, LiveTask
from benchmarks.harness.results import NAMES, load
from benchmarks.harness.row_file import RowFile
from benchmarks.harness.rows import RowsError
from benchmarks.methods import declared
from eahas_plugins.terminal import fail, tell
from eahas_plugins.units import energy_text
from surrogate import Benchmark


def compare_on(
    problem: Loadable,
    folder: Path,
    *,
    methods: Sequence[str],
    seeds: Sequence[int],
    budget_trainings: float,
    counts_full: bool = False,
    plain_in_full: bool = False,
    budget_kwh: float | None = None,
    workers: int = 1,
    incumbents_only: bool = False,
    executor: Executor | None = None,
) -> int:
    """Run the missing studies of one task and record their rows.

    Args:
        problem: The task.
        folder: Where ``rows.jsonl`` is, or will be.
        methods: Names of methods.
        seeds: Numbers of studies.
        budget_trainings: Energy per study, in mean complete trainings.
        counts_full: Whether these have the longest schedule; else they are means over all
            schedules.
        plain_in_full: Whether methods that know no shorter trainings have full ones.
        budget_kwh: The same in kWh; it counts where it is given.
        workers: Trainings that a study runs at once.
        incumbents_only: Whether only trials that were the best so far are recorded, and the last.
        executor: Where studies run; in this process where None.

    Returns:
        How many studies failed.

    Raises:
        RowsError: If the folder holds rows of another comparison.
        ValueError: If several workers are asked for where they cannot be simulated, or incumbents
            where there are several objectives.
    """
    bench = problem.load()
    objectives = () if isinstance(bench, LiveTask) else SeededBench(bench, 0).objectives
    if incumbents_only and len(objectives) > 1:
        raise ValueError(
            f"incumbents-only must not be given for {problem.name}, whose studies have no best "
            f"trial but a front of {' and '.join(objectives)}."
        )
    live = isinstance(bench, LiveTask)
    check_workers(workers, methods, task=problem.name, live=live, objectives=objectives)
    reference = _reference(problem, bench, folder, executor)
    mean_kwh = reference.mean_full_training_kwh if counts_full else reference.mean_training_kwh
    budget = budget_kwh or budget_trainings * mean_kwh
    tell(f"{problem.name}: {budget_text(budget, reference)} per study")
    header = make_header(
        problem,
        bench,
        reference,
        budget,
        counts_full=counts_full,
        incumbents_only=incumbents_only,
    )
    if (folder / NAMES[1]).exists():
        raise RowsError(f"{folder / NAMES[1]} must be unpacked (gunzip) before rows are added.")
    with RowFile(folder / NAMES[0], header) as file:
        if dropped := file.results.dropped:
            tell(
                f"{folder / NAMES[0]}: dropped a half-written row ({dropped[:60]} ...), its study "
                f"is run again; {len(file.results.rows)} rows kept."
            )
        studies = missing_studies(
            problem, methods, seeds, file, plain_in_full=plain_in_full, workers=workers
        )
        total = len(methods) * len(seeds)
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        ) as progress:
            bar = progress.add_task(
                problem.name,
                total=total,
                completed=total - len(studies),
            )
            failures = run_all(
                studies, file, executor=executor, on_done=lambda _: progress.advance(bar)
            )
    for failure in failures:
        tell(
            f"{problem.name}: {failure.study.method}, seed {failure.study.seed} failed: "
            f"{failure.error!r}"
        )
    if failures:
        tell("the other studies are recorded; run the same command to try again.")
    return len(failures)


def _reference(
    problem: Loadable, bench: Benchmark | LiveTask, folder: Path, executor: Executor | None
) -> Reference:
    """What is known before the studies; of a live task it is measured once, for all that follow."""
    if not isinstance(bench, LiveTask):
        return find_reference(bench)
    if (recorded := recorded_reference(folder / NAMES[0])) is not None:
        return recorded
    tell(f"{problem.name}: {N_PILOT} complete trainings are run to see what one costs")
    if executor is None:
        return pilot(problem)
    try:
        return executor.submit(pilot, problem).result()
    except BrokenExecutor:
        raise fail("a process was killed; run the same command to try again.") from None


def recorded_reference(path: Path) -> Reference | None:
    """What an earlier run has found and written into its file of rows; None where there is none."""
    if not (path.is_file() and path.stat().st_size):
        return None
    header = load(path).header
    return Reference(
        mean_training_kwh=header.mean_training_kwh,
        mean_full_training_kwh=header.mean_full_training_kwh or header.mean_training_kwh,
        test_metric=header.reference_test_metric,
        how=header.reference,
    )


def check_workers(
    workers: int,
    methods: Sequence[str],
    *,
    task: str,
    live: bool,
    objectives: Sequence[str] = (),
) -> None:
    """Refuse workers that cannot be simulated.

    Args:
        workers: Trainings that a study runs at once.
        methods: Names of methods.
        task: Name of the task.
        live: Whether its trainings are run.
        objectives: What it is searched for.

    Raises:
        ValueError: If there are several and the task is live or has several objectives, or a method
            is not Optuna's.
    """
    if not workers >= 1:
        raise ValueError(f"workers must be at least 1 but got {workers}.")
    if workers == 1:
        return
    if live:
        raise ValueError(
            f"workers must be 1 on {task}, whose trainings are run, but got {workers}: several are "
            "simulated by the recorded times of replayed trainings; take such a task."
        )
    if len(objectives) > 1:
        raise ValueError(
            f"workers must be 1 on {task}, which is searched for {' and '.join(objectives)}, but "
            f"got {workers}: simulated workers search one objective."
        )
    if others := [name for name in methods if "optuna" not in declared(name).requires]:
        raise ValueError(
            f"workers must be 1 for {', '.join(others)} but got {workers}: several are simulated "
            "for the methods that Optuna hosts; leave the others out."
        )


def budget_text(budget_kwh: float, reference: Reference) -> str:
    """A budget in kWh, in the unit in which it reads well, and in trainings.

    A mean training is one over all schedules of the space, a full one has the longest.
    """
    means = budget_kwh / reference.mean_training_kwh
    if reference.mean_full_training_kwh == reference.mean_training_kwh:
        told = f"{means:.3g} mean full trainings,"
        return f"{budget_kwh:.4g} kWh ({energy_text(budget_kwh)}), the energy of {told}"
    full = budget_kwh / reference.mean_full_training_kwh
    return (
        f"{budget_kwh:.4g} kWh ({energy_text(budget_kwh)}), the energy of {means:.3g} mean "
        f"trainings over all schedules or {full:.3g} full trainings with the longest one,"
    )
