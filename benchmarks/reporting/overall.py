"""The tables of a report over all tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.methods import all_declared, declared
from benchmarks.reporting.ablation import ablated
from benchmarks.reporting.many import named_or_counted, short_names
from benchmarks.reporting.resampling import MANY
from benchmarks.reporting.tables import BOUND, Json, Table, ablation_table, ratio_cells
from benchmarks.reporting.traces import FRACTIONS


def overall_tables(summary: Json) -> list[Table]:
    """Ratios and ranks over all tasks, and the ablation where there is one."""
    short = short_names(summary["tasks"])
    many = len(short) >= MANY
    bests = dict(zip(short.values(), summary["best_plain_method"], strict=True))
    over_best, over_each = (
        summary["kwh_to_target_over_best_plain"],
        summary["kwh_ratio_to_final_of"],
    )
    baselines = [said.name for said in all_declared().values() if said.baseline]
    ranks = (summary["ranks"] or {}).get("mean_rank", {})
    value = summary["metric"] or "value"
    rows = [
        [
            name,
            *ratio_cells(over_best.get(name)),
            _where([short[task] for task in summary["never_reached_on"].get(name, ())]),
            *(cell for base in baselines for cell in ratio_cells(over_each[name].get(base))),
            f"{ranks[name]:.2f}" if name in ranks else "-",
        ]
        for name in over_each
    ]
    listed = named_or_counted(bests)
    also = "".join(f" and for plain {declared(name).label}" for name in baselines)
    tables = [
        Table(
            caption=f"All tasks: geometric mean of the energy to the final median test {value} of "
            f"a plain method, over that method's own, for the best plain method of each task "
            f"({listed}){also}; 95 % intervals by bootstrap over seeds{' and tasks' * many}. "
            f"{BOUND} Mean rank of the final {value}, 1 is best.",
            columns=(
                "method",
                "over best plain",
                "95 %",
                "not reached on",
                *(cell for base in baselines for cell in (f"over {base}", "95 %")),
                "mean rank",
            ),
            rows=rows,
            marked=frozenset(summary["energy_aware"]),
        )
    ]
    if many:
        tables += [*_regrets(summary), *_by_task(summary, bests)]
    if summary["ablation"] is not None:
        tables.append(
            ablation_table(
                summary["ablation"],
                ratios=over_best,
                finals=None,
                where="All tasks",
                metric=summary["metric"],
            )
        )
    return tables


def _where(tasks: Sequence[str]) -> str:
    """Tasks by name, or how many where they are many."""
    return (f"{len(tasks)} tasks" if len(tasks) > 3 else ", ".join(tasks)) or "-"


def _regrets(summary: Json) -> list[Table]:
    """Mean regrets at parts of the budget, and who ends ahead of whom."""
    if summary["regrets"] is None:
        return []
    whole, rows = ablated(), []
    for name, found in summary["regrets"].items():
        cells, pairs = [], found["pairs"]
        for fraction in FRACTIONS:
            regret = found["mean_regret_points"][str(fraction)]
            cells.append(
                f"{regret['mean']:.1f} ({regret['low_95']:.1f} .. {regret['high_95']:.1f})"
            )
        told = "-" if pairs is None else f"{pairs['ahead']} + {pairs['level']} of {pairs['n']}"
        rows.append([name, *cells, told])
    columns = ("method", *(f"at {fraction:.0%}" for fraction in FRACTIONS), f"{whole} ahead")
    return [
        Table(
            caption="All tasks: mean regret in percentage points after parts of the budget, 95 % "
            "intervals by bootstrap over tasks and seeds, and in how many pairs with the same task "
            f"and seed {whole} ends ahead + level",
            columns=columns,
            rows=rows,
            marked=frozenset(summary["energy_aware"]),
        )
    ]


def _by_task(summary: Json, bests: Mapping[str, str]) -> list[Table]:
    """The method that has ablations against the best plain one of each task."""
    whole = ablated()
    if whole is None or not all(whole in ratios for ratios in summary["by_task"]):
        return []
    rows = [
        [
            task,
            best,
            *(f"{ratios[name]['final_median']:.4f}" for name in (best, whole)),
            *ratio_cells(ratios[whole]),
        ]
        for (task, best), ratios in zip(bests.items(), summary["by_task"], strict=True)
    ]
    return [
        Table(
            caption=f"Each task: energy that {whole} needs to the final median of the best plain "
            "method, over that method's own, and both final medians; 95 % intervals by bootstrap "
            f"over seeds. {BOUND}",
            columns=("task", "best plain", "its end", f"{whole}'s end", "over best plain", "95 %"),
            rows=rows,
        )
    ]
