"""The tables of a report, as Markdown and as HTML, from the numbers of the summary of a task."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.reporting.styles import energy_kind
from benchmarks.reporting.traces import FRACTIONS
from eahas_plugins.targets.metric import ACCURACY
from eahas_plugins.terminal import table_text
from eahas_plugins.units import EnergyUnit, digits_text, energy_text, energy_unit

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table.

    Args:
        caption: What it shows, with units.
        columns: Their names; the first is that of the rows' names.
        rows: Cells as text.
        marked: Names of rows to set apart.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    marked: frozenset[str] = frozenset()

    def markdown(self) -> str:
        """The table with aligned columns, to be read as it is or rendered."""
        lines = [[*self.columns], *([*row] for row in self.rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        rule = [f"{'-' * widths[0]}", *(f"{'-' * (width - 1)}:" for width in widths[1:])]
        text = [
            "| "
            + " | ".join(
                cell.rjust(width) if position else cell.ljust(width)
                for position, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            + " |"
            for line in (lines[0], rule, *lines[1:])
        ]
        return "\n".join([self.caption, "", *text, ""])

    def text(self) -> str:
        """The table for a terminal."""
        return table_text(self.columns, self.rows, title=self.caption)

    def html(self) -> str:
        """The table for the page."""
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.columns)
        body = "".join(
            f"<tr{' class=aware' if row[0] in self.marked else ''}>"
            + "".join(f"<td>{html.escape(cell)}</td>" for cell in row)
            + "</tr>"
            for row in self.rows
        )
        caption = html.escape(self.caption)
        return (  # the caption is no part of the table, whose width it would have on a phone
            f"<p class=caption>{caption}</p><div class=scroll tabindex=0>"
            f"<table aria-label='{html.escape(self.caption, quote=True)}'>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )


def task_tables(summary: Json) -> list[Table]:
    """Energy to the target, test values, and the ablation where there is one."""
    tables, metric = [_energy(summary), _values(summary)], summary["metric"]
    if summary["ablation"] is not None:
        methods = summary["methods"]
        tables.append(
            ablation_table(
                summary["ablation"],
                ratios={n: m["kwh_to_target_over_best_plain"] for n, m in methods.items()},
                finals={n: m[f"final_test_{metric}"]["median"] for n, m in methods.items()},
                where=summary["task"],
                metric=metric,
            )
        )
    return tables


_VOLUME = (
    "; hypervolume, from 0 to 1: the part of all accuracies from 0 to 1 and all energies of a "
    "training from 0 to the dearest one's that some trial beats, so that 1 would be full accuracy "
    "for no energy"
)
BOUND = (
    "Of an even number of studies the target is the lower of the two in the middle, and the median "
    "energy their mean. Where a median study does not get there, > counts all that do not with "
    "their whole budget."
)


def _energy(summary: Json) -> Table:
    plain, metric = summary["best_plain_method"], summary["metric"]
    target = summary[f"target_test_{metric}"]
    unit, kind = energy_unit(summary["budget_kwh"]), energy_kind(summary["provenance"])
    rows = []
    for name, method in summary["methods"].items():
        energy = method["kwh_to_target"] or {}
        reached = method["n_reached_target"]
        final = method[f"final_test_{metric}"]
        rows.append(
            [
                name,
                str(method["n_studies"]),
                f"{final['median']:.4f}",
                _or_never(energy.get("median"), unit),
                f"{_or_never(energy.get('q25'), unit)} .. {_or_never(energy.get('q75'), unit)}",
                "-" if reached is None else str(reached),
                *ratio_cells(method["kwh_to_target_over_best_plain"]),
            ]
        )
    caption = (
        f"{summary['task']}: energy to the final median test {metric} of the best plain method "
        f"({plain}, {target:.4f}), {energy_text(summary['budget_kwh'])} ({kind}) per study, which "
        f"is {summary['budget_trainings']:.3g} mean trainings; 95 % intervals by bootstrap over "
        f"seeds. {BOUND}"
        if target is not None
        else f"{summary['task']}: no plain method was run, so there is no target"
    )
    return Table(
        caption=caption,
        columns=(
            "method",
            "studies",
            f"final {metric}",
            f"{unit.name} to target",
            "quartiles",
            "reached by",
            f"over {plain}",
            "95 %",
        ),
        rows=rows,
        marked=_aware(summary),
    )


def _values(summary: Json) -> Table:
    rows, metric = [], summary["metric"]
    volume_told = _VOLUME if metric == ACCURACY else ""
    for name, method in summary["methods"].items():
        volume = method["hypervolume"]
        at = method[f"test_{metric}_at_budget_fraction"]
        final, p = method[f"final_test_{metric}"], method["wilcoxon_p_against_best_plain"]
        rows.append(
            [
                name,
                *(f"{at[str(fraction)]['median']:.4f}" for fraction in FRACTIONS),
                f"{final['q25']:.4f} .. {final['q75']:.4f}",
                "-" if p is None else f"{p:.3g}",
                "-" if volume is None else f"{volume['median']:.4f}",
                f"{method['n_trials']['median']:.0f}",
            ]
        )
    return Table(
        caption=f"{summary['task']}: median test {metric} of the incumbent at parts of the budget; "
        f"p of the final values against the best plain method{volume_told}",
        columns=(
            "method",
            *(f"at {fraction:.0%}" for fraction in FRACTIONS),
            "final quartiles",
            "p (Wilcoxon, Holm)",
            "hypervolume (of 1)",
            "trials",
        ),
        rows=rows,
        marked=_aware(summary),
    )


def ablation_table(
    ablation: Json,
    *,
    ratios: Json,
    finals: Mapping[str, float] | None,
    where: str,
    metric: str,
) -> Table:
    """What each part of a method earns.

    Args:
        ablation: What :func:`~benchmarks.reporting.ablation.ablate` makes.
        ratios: Energy to the target over the best plain method's, by method.
        finals: Median final values by method; None over several tasks.
        where: The task, for the caption.
        metric: What the values are.
    """
    whole, points = ablation["of"], metric == ACCURACY
    factor, form = (100.0, "+.2f") if points else (1.0, "+.4g")
    rows = []
    for name in (whole, *ablation["parts"]):
        cells = [
            name,
            *([f"{finals[name]:.4f}"] if finals else []),
            *ratio_cells(ratios.get(name)),
        ]
        if name == whole:
            rows.append([*cells, "-", "-", "-"])
            continue
        part = ablation["parts"][name]
        change, p = part[f"final_test_{metric}_difference"], part["wilcoxon_p"]
        rows.append(
            [
                *cells,
                format(factor * change["median"], form),
                f"{factor * change['low_95']:{form}} .. {factor * change['high_95']:{form}}",
                "-" if p is None else f"{p:.3g}",
            ]
        )
    return Table(
        caption=f"{where}: what each part of {whole} earns. Energy to the target over the best "
        f"plain method's, and final test {metric} {'minus' if points else 'better than'} that of "
        f"{whole}{', in percentage points' * points}: median of the pairs with the same seed"
        f"{'' if finals else ', mean over tasks'}; 95 % intervals by bootstrap over seeds; below "
        "zero, the change makes it worse",
        columns=(
            "method",
            *([f"final {metric}"] if finals else []),
            "energy ratio",
            "95 %",
            f"{'points' if points else metric} to {whole}",
            "95 %",
            "p (Wilcoxon, Holm)",
        ),
        rows=rows,
        marked=frozenset({whole}),
    )


def _aware(summary: Json) -> frozenset[str]:
    return frozenset(n for n, method in summary["methods"].items() if method["energy_aware"])


def ratio_cells(ratio: Json | None) -> tuple[str, str]:
    """The ratio and its interval; a number after > is what it is at least."""
    if ratio is None:
        return "-", "-"
    value, low, high = bounded(ratio, unknown=">")
    return value, f"{low} .. {high}"


def bounded(ratio: Json, *, unknown: str) -> list[str]:
    """A ratio and the ends of its interval; where there is no ratio, a bound and its interval.

    The ends of the ratio's own interval may lie above its bound.

    Args:
        ratio: As :meth:`~benchmarks.reporting.ratios.Ratio.to_json` writes it.
        unknown: What stands before a number that the true one is larger than.
    """
    bounds = ratio["at_least"]
    kind = bounds if ratio["ratio"] is None else ratio
    return [
        f"{unknown}{bounds[name]:.2f}" if ratio[name] is None else f"{kind[name]:.2f}"
        for name in ("ratio", "low_95", "high_95")
    ]


def _or_never(kwh: float | None, unit: EnergyUnit) -> str:
    return "never" if kwh is None else digits_text(kwh * unit.per_kwh)
