"""Draw a comparison again from its rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.rows import Results, RowsError, find, load, refuse_mixing

_console = Console(stderr=True)


def report(
    folders: Annotated[list[Path], typer.Argument(help="Folders with rows, one per task.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder of the page and the figure over all tasks.")
    ] = None,
) -> None:
    """Redraw everything from the rows alone.

    Writes summary.json, regret_vs_kwh and regret_vs_time (PNG and SVG) beside the rows, the ranks
    and one self-contained page, report.html, over all folders. A folder without rows stands for the
    folders in it that have some.
    """
    comparisons = read(expand(folders))
    out = folders[0] if out is None else out
    out.mkdir(parents=True, exist_ok=True)
    # these bring matplotlib, scipy and plotly, which take a while to import
    from benchmarks.report_figures import draw_regret
    from benchmarks.report_html import write_page
    from benchmarks.report_ranks import draw_ranks, rank
    from benchmarks.report_summary import summarise, summarise_all

    summaries = {}
    for folder, results in comparisons.items():
        summary = summarise(results)
        summaries[folder] = summary
        _write_json(folder / "summary.json", summary)
        _draw_both(draw_regret, [results], [summary], folder)
        _console.print(_table(summary))
    if len(comparisons) > 1:
        _draw_both(draw_regret, list(comparisons.values()), list(summaries.values()), out)
        _write_json(out / "summary.json", summarise_all(list(comparisons.values())))
    if ranks := rank(list(comparisons.values())):
        draw_ranks(ranks, list(comparisons.values()), out / "ranks")
    write_page(list(comparisons.values()), list(summaries.values()), out / "report.html")
    _console.print(f"figures and tables: {out}", markup=False, highlight=False)


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
            _console.print(
                f"{path}: left out a half-written row; `compare` with the same settings mends it.",
                markup=False,
            )
        if unfinished := {row.study for row in results.rows} - results.finished():
            listed = ", ".join(f"{method} seed {seed}" for method, seed in sorted(unfinished))
            _console.print(f"{path}: left out unfinished studies: {listed}.", markup=False)
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


def _draw_both(
    draw: Any, comparisons: list[Results], summaries: list[dict[str, Any]], folder: Path
) -> None:
    targets = [summary["target_test_accuracy"] for summary in summaries]
    for axis, name in (("kwh", "regret_vs_kwh"), ("runtime_s", "regret_vs_time")):
        known = all(row.runtime_s is not None for results in comparisons for row in results.rows)
        if axis == "kwh" or known:
            draw(comparisons, folder / name, axis=axis, targets=targets)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")


def _table(summary: dict[str, Any]) -> Table:
    table = Table(
        title=f"{summary['task']}: {summary['budget_kwh']:.4g} kWh per study; target: the final "
        f"median of {summary['best_plain_method']}, the best plain method"
    )
    for column in ("method", "n", "final test accuracy", "kWh to it", "ratio", "95 %"):
        table.add_column(column, no_wrap=True)
    for name, method in summary["methods"].items():
        final, energy = method["final_test_accuracy"], method["kwh_to_target"] or {}
        ratio = method["kwh_to_target_over_best_plain"] or {}
        interval = f"{_cell(ratio.get('low_95'))}-{_cell(ratio.get('high_95'))}"
        table.add_row(
            name,
            str(method["n_studies"]),
            f"{final['median']:.4f} ({final['q25']:.3f}-{final['q75']:.3f})",
            _cell(energy.get("median"), ".3g"),
            _cell(ratio.get("ratio")),
            interval,
        )
    return table


def _cell(value: float | None, form: str = ".2f") -> str:
    return "never" if value is None else format(value, form)
