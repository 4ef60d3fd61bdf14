"""The report as one page that opens from disk: interactive figures and tables, nothing fetched."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from benchmarks.report_analysis import FRACTIONS
from benchmarks.report_figures import bands, describe_provenance, styles
from benchmarks.rows import Results

_STYLE = """
:root { --ink: #1b1f24; --soft: #59636e; --line: #d8dee4; --mark: #f4f7fa; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); margin: 0 auto; padding: 1.5rem;
       max-width: 72rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; }
p, figcaption { color: var(--soft); max-width: 50rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
caption { text-align: left; padding: .5rem 0; color: var(--soft); }
th, td { padding: .3rem .8rem; text-align: right; border-bottom: 1px solid var(--line);
         white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
tr.aware td { background: var(--mark); }
code { font-size: .9em; }
"""


def write_page(
    comparisons: Sequence[Results], summaries: Sequence[dict[str, Any]], path: Path
) -> None:
    """Write the page.

    Args:
        comparisons: One per task.
        summaries: What :func:`~benchmarks.report_summary.summarise` makes of each.
        path: The file to write.
    """
    sections = "".join(
        _section(results, summary) for results, summary in zip(comparisons, summaries, strict=True)
    )
    versions = ", ".join(f"{k} {v}" for k, v in summaries[0]["versions"].items())
    path.write_text(
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>Search at equal energy</title><style>{_STYLE}</style>"
        f"<script>{get_plotlyjs()}</script></head><body>"
        "<h1>Search at equal energy</h1>"
        "<p>Every method spends the same training energy in each study. Methods see one noisy "
        "training of each configuration; the figures and tables show the noise-free test accuracy "
        "of the incumbent, the trial with the best validation accuracy observed so far. Regret is "
        "its distance from the best test accuracy known for the task.</p>"
        f"{sections}<p>{html.escape(versions)}</p></body></html>\n"
    )


def _section(results: Results, summary: dict[str, Any]) -> str:
    header = results.header
    parts = [
        f"<h2>{html.escape(header.task)}</h2>",
        f"<p><strong>{html.escape(describe_provenance(header.provenance))}.</strong> Budget "
        f"{header.budget_kwh:.4g} kWh per study, {summary['budget_trainings']:.3g} mean complete "
        f"trainings. Reference accuracy {summary['reference_test_accuracy']:.4f}: "
        f"{html.escape(header.reference)}.</p>",
    ]
    for axis in ("kwh", "runtime_s"):
        figure = _figure(results, summary, axis)
        if figure is not None:
            body = figure.to_html(full_html=False, include_plotlyjs=False, config=_CONFIG)
            parts.append(f"<figure>{body}</figure>")
    parts += [_energy_table(summary), _accuracy_table(summary)]
    return "".join(parts)


_CONFIG = {"displaylogo": False, "responsive": True}


def _figure(results: Results, summary: dict[str, Any], axis: str) -> go.Figure | None:
    found = bands(results, axis)
    if not found:
        return None
    figure = go.Figure()
    drawn = styles([results])
    scale = 1.0 if axis == "kwh" else 3600.0
    for name, band in found.items():
        style = drawn[name]
        x = (band.grid / scale).tolist()
        figure.add_scatter(
            x=x + x[::-1],
            y=(100.0 * band.high).tolist() + (100.0 * band.low).tolist()[::-1],
            fill="toself",
            fillcolor=style.colour,
            opacity=0.13,
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
            legendgroup=name,
        )
        figure.add_scatter(
            x=x,
            y=(100.0 * band.median).tolist(),
            name=name,
            legendgroup=name,
            line={
                "color": style.colour,
                "dash": style.dash_plotly,
                "width": style.width,
                "shape": "hv",
            },
            hovertemplate="%{x:.3g}, regret %{y:.2f} points",
        )
    target = summary["target_test_accuracy"]
    if target is not None:
        ends = [band.grid[i] / scale for band in found.values() for i in (0, -1)]
        figure.add_scatter(  # a shape would need its place in logarithms
            x=[min(ends), max(ends)],
            y=[max(100.0 * (summary["reference_test_accuracy"] - target), 0.01)] * 2,
            mode="lines",
            name=f"final median of {summary['best_plain_method']}",
            line={"color": "black", "width": 1, "dash": "dot"},
            hoverinfo="skip",
        )
    figure.update_layout(
        template="plotly_white",
        height=480,
        margin={"l": 60, "r": 20, "t": 30, "b": 50},
        xaxis={
            "type": "log",
            "dtick": "D2",
            "title": "Cumulative training energy of the study (kWh)"
            if axis == "kwh"
            else "Cumulative training time of the study (h)",
        },
        yaxis={"type": "log", "dtick": "D2", "title": "Test regret (percentage points)"},
    )
    return figure


def _energy_table(summary: dict[str, Any]) -> str:
    plain = summary["best_plain_method"]
    rows = []
    for method in summary["methods"].values():
        energy = method["kwh_to_target"] or {}
        ratio = method["kwh_to_target_over_best_plain"] or {}
        reached = method["n_reached_target"]
        rows.append(
            [
                _number(energy.get("median"), ".4g"),
                f"{_number(energy.get('q25'), '.4g')} .. {_number(energy.get('q75'), '.4g')}",
                "" if reached is None else f"{reached} of {method['n_studies']}",
                _number(ratio.get("ratio"), ".2f"),
                f"{_number(ratio.get('low_95'), '.2f')} .. {_number(ratio.get('high_95'), '.2f')}",
            ]
        )
    target = summary["target_test_accuracy"]
    caption = (
        f"Energy to the final median test accuracy of the best plain method ({plain}, "
        f"{target:.4f}); 95 % intervals by bootstrap over seeds"
        if target is not None
        else "No plain method was run, so there is no target"
    )
    names = ("kWh, median", "quartiles", "studies that reach it", f"over {plain}", "95 %")
    return _table(summary, caption, names, rows)


def _accuracy_table(summary: dict[str, Any]) -> str:
    rows = []
    for method in summary["methods"].values():
        at = method["test_accuracy_at_budget_fraction"]
        final, p = method["final_test_accuracy"], method["wilcoxon_p_against_best_plain"]
        rows.append(
            [
                *(f"{at[str(fraction)]['median']:.4f}" for fraction in FRACTIONS),
                f"{final['q25']:.4f} .. {final['q75']:.4f}",
                "" if p is None else f"{p:.3g}",
                f"{method['hypervolume']['median']:.4f}",
                f"{method['n_trials']['median']:.0f}",
            ]
        )
    names = (
        *(f"at {fraction:.0%}" for fraction in FRACTIONS),
        "final quartiles",
        "p (Wilcoxon, Holm)",
        "hypervolume",
        "trials",
    )
    caption = (
        "Median test accuracy of the incumbent at parts of the budget; p of the final accuracies "
        "against the best plain method; hypervolume of the trials' test accuracy over their energy"
    )
    return _table(summary, caption, names, rows)


def _table(
    summary: dict[str, Any], caption: str, names: Sequence[str], rows: Sequence[Sequence[str]]
) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ("method", *names))
    body = "".join(
        f"<tr{' class=aware' if method['energy_aware'] else ''}>"
        f"<td>{html.escape(name)}</td>{''.join(f'<td>{html.escape(c)}</td>' for c in cells)}</tr>"
        for (name, method), cells in zip(summary["methods"].items(), rows, strict=True)
    )
    return (
        f"<div class='scroll'><table><caption>{html.escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _number(value: float | None, form: str) -> str:
    return "never" if value is None else format(value, form)
