"""The report as one page that opens from disk: interactive figures and tables, nothing fetched."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from benchmarks.harness.results import Results
from benchmarks.harness.rows import Header
from benchmarks.reporting.axes import axis_unit
from benchmarks.reporting.figures import trainings_of
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
from benchmarks.reporting.traces import Floats
from eahas_plugins.files import write_atomically
from eahas_plugins.units import energy_text

_STYLE = """
:root { --ink: #1b1f24; --soft: #59636e; --line: #d8dee4; --mark: #f4f7fa; }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); margin: 0 auto; padding: 1.5rem;
       max-width: 72rem; background: #fff; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin-bottom: .5rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; }
p, figcaption { color: var(--soft); max-width: 50rem; }
p.result { font-size: 1.2rem; line-height: 1.45; color: var(--ink); max-width: 54rem; }
p.caption { margin: 1.6rem 0 .5rem; }
figure { margin: 1.5rem 0; } img { max-width: 100%; height: auto; }
.scroll { overflow-x: auto; } .small { max-width: 34rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { padding: .3rem .8rem; text-align: right; border-bottom: 1px solid var(--line);
         white-space: nowrap; }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0;
         background: #fff; }
tr.aware td { background: var(--mark); }
code { font-size: .9em; }
@media (max-width: 640px) { body { padding: 1rem; } p.result { font-size: 1.05rem; }
  .wide img { max-width: none; width: 56rem; } th, td { padding: .3rem .5rem; } }
""".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A drawn figure that the page takes in.

    Args:
        path: The PNG file.
        caption: What it shows.
        narrow: The PNG file with the same for a phone. Without one, ``path`` reads well there, or
            is moved sideways if it is ``wide``.
        wide: Whether its panels stand side by side.
    """

    path: Path
    caption: str
    narrow: Path | None = None
    wide: bool = False


def write_page(
    comparisons: Sequence[Results],
    summaries: Sequence[dict[str, Any]],
    path: Path,
    *,
    tables: Sequence[Sequence[Table]],
    sentence: str,
    overall: Sequence[Table] = (),
    images: Sequence[Image] = (),
) -> None:
    """Write the page.

    Args:
        comparisons: One per task.
        summaries: What :func:`~benchmarks.reporting.summary.summarise` makes of each.
        path: The file to write.
        tables: Those of each task.
        sentence: The result, which the page begins with.
        overall: Tables over all tasks.
        images: Figures over all tasks; the first is the main one, and stands before the tables.
    """
    sections = "".join(
        _section(*parts) for parts in zip(comparisons, summaries, tables, strict=True)
    )
    drawn = [_image(image) for image in images]
    first = "".join([*drawn[:1], *(table.html() for table in overall), *drawn[1:]])
    versions = ", ".join(f"{k} {v}" for k, v in summaries[0]["versions"].items())
    write_atomically(
        path,
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>Search at equal energy</title><style>{_STYLE}</style>"
        f"<script>{get_plotlyjs()}</script></head><body>"
        f"<h1>Search at equal energy</h1><p class=result>{html.escape(sentence)}</p>"
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


def _image(image: Image) -> str:
    text = html.escape(image.caption, quote=True)
    other = (
        ""
        if image.narrow is None
        else f"<source media='(max-width: 640px)' srcset='{_data(image.narrow)}'>"
    )
    place = "small"
    if image.narrow is not None or image.wide:
        place = "whole" if image.narrow is not None else "scroll wide"
    return (
        f"<figure><div class='{place}'><picture>{other}"
        f"<img alt='{text}' src='{_data(image.path)}'></picture></div>"
        f"<figcaption>{text}</figcaption></figure>"
    )


def _data(path: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"


def _section(results: Results, summary: dict[str, Any], tables: Sequence[Table]) -> str:
    header = results.header
    few = len(highlighted([results])) == len(summary["methods"])
    hint = "" if few else " Click a name in the legend to show or hide a method."
    parts = [
        f"<h2>{html.escape(header.task)}</h2>",
        f"<p><strong>{html.escape(describe_provenance(header.provenance))}.</strong> Budget "
        f"{energy_text(header.budget_kwh)} per study, {summary['budget_trainings']:.3g} mean "
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


_CONFIG = {"displayModeBar": False, "responsive": True}  # its buttons cover the axis above


def _figure(results: Results, summary: dict[str, Any], axis: str) -> go.Figure | None:
    found = bands(results, axis)
    if not found:
        return None
    figure = go.Figure()
    drawn, shown = styles([results]), highlighted([results])
    unit, shown_as = axis_unit(results, axis), scale_of(results)
    factor = shown_as.factor
    for name in sorted(found, key=lambda name: name not in shown):
        band, style = found[name], drawn[name]
        x = _short(band.grid * unit.per)
        visible = True if name in shown else "legendonly"
        figure.add_scatter(
            x=x + x[::-1],
            y=_short(factor * band.high) + _short(factor * band.low)[::-1],
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
            y=_short(factor * band.median),
            name=name,
            legendgroup=name,
            visible=visible,
            line={
                "color": style.colour,
                "dash": style.dash_plotly,
                "width": style.width,
                "shape": "hv",
            },
            hovertemplate=f"%{{x:.3g}} {unit.name}, regret %{{y:.3g}}"
            + " points" * shown_as.is_accuracy,
        )
    target = summary[f"target_test_{shown_as.metric}"]
    ends = [float(band.grid[i]) * unit.per for band in found.values() for i in (0, -1)]
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
        height=480 + 6 * len(found),
        margin={"l": 55, "r": 12, "t": 50, "b": 50},
        # below the figure: beside it, it would take half of a phone
        legend={"font": {"size": 11}, "orientation": "h", "yanchor": "top", "y": -0.18, "x": 0.0},
        xaxis=_log_axis(min(ends), max(ends), unit.label),
        yaxis=_log_axis(*_regret_range(found, shown, factor), shown_as.regret),
    )
    if axis == "kwh":
        _add_trainings(figure, min(ends), max(ends), results.header, unit.per)
    return figure


def _add_trainings(figure: go.Figure, low: float, high: float, header: Header, per: float) -> None:
    """A second axis in mean trainings; an invisible point is what brings it up."""
    mean = (header.mean_full_training_kwh or header.mean_training_kwh) * per
    figure.add_scatter(x=[high / mean], y=[None], xaxis="x2", showlegend=False, hoverinfo="skip")
    above = _log_axis(low / mean, high / mean, f"mean {trainings_of(header)} trainings")
    figure.update_layout(
        xaxis2={**above, "overlaying": "x", "side": "top", "showgrid": False, "title_standoff": 4}
    )


def _short(values: Floats) -> list[float]:
    """To five digits: nobody sees more, and the page stays small."""
    return [float(f"{value:.5g}") for value in values.tolist()]


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
