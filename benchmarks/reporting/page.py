"""The report as one page that opens from disk: interactive figures and tables, nothing fetched."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from benchmarks.harness.results import Results
from benchmarks.reporting.figures import LABELS, SCALE, trainings_of
from benchmarks.reporting.scale import Scale, scale_of
from benchmarks.reporting.styles import (
    Band,
    bands,
    describe_provenance,
    highlighted,
    one_two_five,
    styles,
)
from benchmarks.reporting.tables import Table
from eahas_plugins.files import write_atomically

_STYLE = """
:root { --ink: #1b1f24; --soft: #59636e; --line: #d8dee4; --mark: #f4f7fa; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); margin: 0 auto; padding: 1.5rem;
       max-width: 72rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; }
p, figcaption, caption { color: var(--soft); max-width: 50rem; }
figure { margin: 1.5rem 0; } img { max-width: 100%; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
caption { text-align: left; padding: 1.2rem 0 .5rem; }
th, td { padding: .3rem .8rem; text-align: right; border-bottom: 1px solid var(--line);
         white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
tr.aware td { background: var(--mark); }
code { font-size: .9em; }
"""


def write_page(
    comparisons: Sequence[Results],
    summaries: Sequence[dict[str, Any]],
    path: Path,
    *,
    tables: Sequence[Sequence[Table]],
    overall: Sequence[Table] = (),
    figures: Mapping[Path, str] | None = None,
) -> None:
    """Write the page.

    Args:
        comparisons: One per task.
        summaries: What :func:`~benchmarks.reporting.summary.summarise` makes of each.
        path: The file to write.
        tables: Those of each task.
        overall: Those over all tasks.
        figures: PNG files over all tasks, which the page takes in, and what they show.
    """
    sections = "".join(
        _section(*parts) for parts in zip(comparisons, summaries, tables, strict=True)
    )
    images = "".join(_image(*figure) for figure in (figures or {}).items())
    first = "".join(table.html() for table in overall) + images
    versions = ", ".join(f"{k} {v}" for k, v in summaries[0]["versions"].items())
    write_atomically(
        path,
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>Search at equal energy</title><style>{_STYLE}</style>"
        f"<script>{get_plotlyjs()}</script></head><body>"
        "<h1>Search at equal energy</h1>"
        "<p>Every method spends the same training energy in each study. Methods see one noisy "
        "training of each configuration; the figures and tables show the test value of the "
        "incumbent, the trial with the best validation value observed so far: without noise where "
        "it comes from a benchmark, that of the very training where it was run. Regret is its "
        "distance from the best test value known for the task. Rows of energy-aware methods are "
        f"shaded.</p>{first}{sections}"
        f"<p>{html.escape(versions)}; {html.escape(_hosts(comparisons))}</p></body></html>\n",
    )


def _hosts(comparisons: Sequence[Results]) -> str:
    """The packages of the methods' hosts, with versions."""
    return ", ".join(sorted({row.host for results in comparisons for row in results.rows}))


def _image(path: Path, caption: str) -> str:
    data = base64.b64encode(path.read_bytes()).decode()
    text = html.escape(caption, quote=True)
    return (
        f"<figure><img alt='{text}' src='data:image/png;base64,{data}'>"
        f"<figcaption>{text}</figcaption></figure>"
    )


def _section(results: Results, summary: dict[str, Any], tables: Sequence[Table]) -> str:
    header = results.header
    few = len(highlighted([results])) == len(summary["methods"])
    hint = "" if few else " Click a name in the legend to show or hide a method."
    parts = [
        f"<h2>{html.escape(header.task)}</h2>",
        f"<p><strong>{html.escape(describe_provenance(header.provenance))}.</strong> Budget "
        f"{header.budget_kwh:.4g} kWh per study, {summary['budget_trainings']:.3g} mean "
        f"{trainings_of(header)} trainings. Reference {scale_of(results).value} "
        f"{summary[f'reference_test_{header.metric}']:.4f}: "
        f"{html.escape(header.reference)}. Figures: median and quartiles of the studies.{hint}</p>",
    ]
    for axis in ("kwh", "runtime_s"):
        figure = _figure(results, summary, axis)
        if figure is not None:
            body = figure.to_html(full_html=False, include_plotlyjs=False, config=_CONFIG)
            parts.append(f"<figure>{body}</figure>")
    return "".join([*parts, *(table.html() for table in tables)])


_CONFIG = {"displaylogo": False, "responsive": True}


def _figure(results: Results, summary: dict[str, Any], axis: str) -> go.Figure | None:
    found = bands(results, axis)
    if not found:
        return None
    figure = go.Figure()
    drawn, shown = styles([results]), highlighted([results])
    scale, shown_as = SCALE[axis], scale_of(results)
    factor = shown_as.factor
    for name in sorted(found, key=lambda name: name not in shown):
        band, style = found[name], drawn[name]
        x = (band.grid / scale).tolist()
        visible = True if name in shown else "legendonly"
        figure.add_scatter(
            x=x + x[::-1],
            y=(factor * band.high).tolist() + (factor * band.low).tolist()[::-1],
            fill="toself",
            fillcolor=style.colour,
            opacity=0.13,
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
            legendgroup=name,
            visible=visible,
        )
        figure.add_scatter(
            x=x,
            y=(factor * band.median).tolist(),
            name=name,
            legendgroup=name,
            visible=visible,
            line={
                "color": style.colour,
                "dash": style.dash_plotly,
                "width": style.width,
                "shape": "hv",
            },
            hovertemplate="%{x:.3g}, regret %{y:.3g}" + " points" * shown_as.is_accuracy,
        )
    target = summary[f"target_test_{shown_as.metric}"]
    ends = [float(band.grid[i]) / scale for band in found.values() for i in (0, -1)]
    if target is not None:
        figure.add_scatter(  # a shape would need its place in logarithms
            x=[min(ends), max(ends)],
            y=[factor * max(_regret(summary, shown_as), shown_as.floor)] * 2,
            mode="lines",
            name=f"final median of {summary['best_plain_method']}",
            line={"color": "black", "width": 1, "dash": "dot"},
            hoverinfo="skip",
        )
    figure.update_layout(
        template="plotly_white",
        height=max(480, 120 + 20 * len(found)),
        margin={"l": 60, "r": 20, "t": 30, "b": 50},
        legend={"font": {"size": 11}, "tracegroupgap": 0},
        xaxis=_log_axis(min(ends), max(ends), LABELS[axis]),
        yaxis=_log_axis(*_regret_range(found, shown, factor), shown_as.regret),
    )
    return figure


def _regret(summary: Mapping[str, Any], scale: Scale) -> float:
    best, target = (summary[f"{name}_test_{scale.metric}"] for name in ("reference", "target"))
    return scale.sign * float(best - target)


def _regret_range(
    found: Mapping[str, Band], shown: Sequence[str], factor: float
) -> tuple[float, float]:
    chosen = [band for name, band in found.items() if name in shown]
    low = min(float(np.nanmin(band.low)) for band in chosen)
    high = max(float(np.nanmax(band.high)) for band in chosen)
    return factor * low, factor * high


def _log_axis(low: float, high: float, title: str) -> dict[str, Any]:
    ticks = one_two_five(low / 5.0, high * 5.0)
    return {
        "type": "log",
        "range": [float(np.log10(low)) - 0.05, float(np.log10(high)) + 0.05],
        "tickvals": ticks,
        "ticktext": [f"{tick:g}" for tick in ticks],
        "title": title,
    }
