"""Draw a comparison again from its rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchmarks.harness.results import Results, find, load
from benchmarks.harness.rows import RowsError, refuse_mixing
from benchmarks.reporting.tables import Table
from eahas_plugins.files import write_atomically, write_json
from eahas_plugins.packages import require
from eahas_plugins.terminal import tell

if TYPE_CHECKING:
    from benchmarks.reporting.page import Image

PACKAGES = ("matplotlib", "plotly")
"""What a report is drawn with; SciPy, which its statistics use, comes with ConfigSpace."""


def report(
    folders: Annotated[list[Path], typer.Argument(help="Folders with rows, one per task.")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the page and the figures over all tasks.",
            show_default="the first of FOLDERS",
        ),
    ] = None,
) -> None:
    """Redraw everything from the rows alone.

    Writes, beside the rows, summary.json, tables.md, regret_vs_kwh and regret_vs_time (PNG and SVG;
    with _all, the medians of all methods where the former has only the main ones); and over all
    folders the same, ranks, the paper's figures and one self-contained page, report.html, and of
    many tasks also mean_regret. A folder without rows stands for the folders in it that have some.

    Raises:
        RowsError: If a folder has no rows, or rows that do not fit those of the others.
        ModuleNotFoundError: If the figures' packages are not installed.
    """
    require(*PACKAGES)
    recorded = read(expand(folders))
    comparisons = {folder: r.with_workers(r.workers[0]) for folder, r in recorded.items()}
    out = folders[0] if out is None else out
    out.mkdir(parents=True, exist_ok=True)
    # these bring matplotlib, scipy and plotly, which take a while to import
    from benchmarks.reporting.headline import headline
    from benchmarks.reporting.many_figure import draw_mean_regret
    from benchmarks.reporting.overall import overall_tables
    from benchmarks.reporting.page import Image, write_page
    from benchmarks.reporting.paper_figures import draw_paper
    from benchmarks.reporting.ranks import draw_ranks, rank
    from benchmarks.reporting.resampling import MANY
    from benchmarks.reporting.summary import summarise, summarise_all
    from benchmarks.reporting.tables import task_tables
    from benchmarks.reporting.workers import (
        over_one_worker,
        over_tasks,
        over_tasks_table,
        workers_table,
    )

    everything = list(comparisons.values())
    summaries = [summarise(results) for results in everything]
    tables = [task_tables(summary) for summary in summaries]
    for results, summary, own in zip(recorded.values(), summaries, tables, strict=True):
        if (batches := over_one_worker(results)) is not None:
            summary["workers"] = batches
            own.append(workers_table(batches, results))
    overall, found, images = [], None, []
    for folder, summary, own in zip(comparisons, summaries, tables, strict=True):
        write_json(folder / "summary.json", summary, indent=2)
        _write_tables(folder / "tables.md", own)
        images = _draw_regrets([comparisons[folder]], [summary], folder)[:1]
    if len(everything) > 1:
        found = summarise_all(everything)
        overall = overall_tables(found)
        if (batches := over_tasks(list(recorded.values()))) is not None:
            found["workers"] = batches
            overall.insert(0, over_tasks_table(batches))
        write_json(out / "summary.json", found, indent=2)
        _write_tables(out / "tables.md", [*overall, *(table for own in tables for table in own)])
        images = _draw_regrets(everything, summaries, out)
    if len(everything) >= MANY and draw_mean_regret(everything, out / "mean_regret"):
        told = "Mean test regret over the part of the budget, all tasks, with 95 % intervals"
        images.insert(0, Image(path=out / "mean_regret.png", caption=told))
    if ranks := rank(everything):
        draw_ranks(ranks, everything, out / "ranks")
        told = (
            "Mean ranks of the final test values, 1 is best; methods whose bars overlap are not "
            "told apart"
        )
        images.insert(1, Image(path=out / "ranks.png", caption=told))
    for name in draw_paper(everything, out):
        told = f"{_PAPER[name]}: median and quartiles"
        images.append(Image(path=out / f"{name}.png", caption=told, wide=len(everything) > 1))
    sentence = headline(summaries, found)
    write_page(
        everything,
        summaries,
        out / "report.html",
        tables=tables,
        sentence=sentence,
        overall=overall,
        images=images,
    )
    for table in (*(table for own in tables for table in own), *overall):
        typer.echo(f"{table.text()}\n")
    typer.echo(sentence)
    tell(f"figures, tables and a page: {out / 'report.html'}")


_PAPER = {
    "paper_methods": "The paper's figure of existing methods, in form",
    "paper_energy_aware": "The paper's figure of its energy-aware methods, in form",
}


def expand(folders: Sequence[Path]) -> list[Path]:
    """Folders with rows: those given, or those inside the ones that have none themselves.

    Raises:
        RowsError: If one has neither.
    """
    found: list[Path] = []
    for folder in folders:
        inside = sorted({path.parent for path in folder.glob("*/rows.jsonl*")})
        if inside and not any(
            (folder / name).is_file() for name in ("rows.jsonl", "rows.jsonl.gz")
        ):
            found += inside
        else:
            found.append(find(folder).parent)
    return found


def read(folders: Sequence[Path]) -> dict[Path, Results]:
    """The rows of each folder, which must fit together.

    Raises:
        RowsError: If a file is damaged, holds no finished study, or two folders have the same
            task or other versions.
    """
    comparisons: dict[Path, Results] = {}
    for folder in folders:
        path = find(folder)
        results = load(path)
        if results.dropped:
            tell(f"{path}: left out a half-written row; `compare` as before mends it.")
        if unfinished := {row.study for row in results.rows} - results.finished():
            listed = ", ".join(f"{method} seed {seed}" for method, seed, _ in sorted(unfinished))
            tell(f"{path}: left out unfinished studies: {listed}.")
        if not results.finished():
            raise RowsError(f"{path} must hold at least one finished study: run `compare` again.")
        for other, earlier in comparisons.items():
            if earlier.header.task == results.header.task:
                raise RowsError(
                    f"folders must hold different tasks, but {other} and {folder} are both "
                    f"{results.header.task}: report them apart."
                )
            refuse_mixing(results.header, earlier.header, other, same=("schema", "versions"))
            _refuse_other_hosts(results, earlier, folder, other)
        comparisons[folder] = results
    return comparisons


def _refuse_other_hosts(new: Results, old: Results, here: Path, there: Path) -> None:
    hosts = {row.method: row.host for row in old.rows}
    for row in new.rows:
        if row.host != hosts.get(row.method, row.host):
            raise RowsError(
                f"{row.method} must be made with the same packages everywhere, but {here} has "
                f"{row.host!r} and {there} {hosts[row.method]!r}: report them apart."
            )


def _draw_regrets(
    comparisons: list[Results], summaries: list[dict[str, Any]], folder: Path
) -> list[Image]:
    """Regret over energy and time; returns the figures for the page, the main one first."""
    from benchmarks.reporting.figures import NARROW, draw_all, draw_regret
    from benchmarks.reporting.page import Image
    from benchmarks.reporting.styles import all_methods, highlighted

    targets = [summary[f"target_test_{summary['metric']}"] for summary in summaries]
    few = len(highlighted(comparisons)) == len(all_methods(comparisons))
    timed = all(row.runtime_s is not None for results in comparisons for row in results.rows)
    drawn = []
    for axis, name, over in (("kwh", "kwh", "energy"), ("runtime_s", "time", "training time")):
        if axis == "kwh" or timed:
            path = folder / f"regret_vs_{name}"
            narrow = path.with_name(f"{path.name}{NARROW}")
            draw_regret(comparisons, path, axis=axis, targets=targets)
            draw_regret(comparisons, narrow, axis=axis, targets=targets, narrow=True)
            drawn.append(
                Image(
                    path=path.with_suffix(".png"),
                    narrow=narrow.with_suffix(".png"),
                    caption=f"Test regret over {over}{'' if few else ', main methods'}: median and "
                    "quartiles",
                )
            )
            if not few:
                path = folder / f"regret_vs_{name}_all"
                draw_all(comparisons, path, axis=axis, targets=targets)
                told = f"Test regret over {over}: medians of all methods"
                drawn.append(Image(path=path.with_suffix(".png"), caption=told, wide=True))
    return drawn


def _write_tables(path: Path, tables: Sequence[Table]) -> None:
    write_atomically(path, "\n".join(table.markdown() for table in tables))
