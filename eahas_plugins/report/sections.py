"""The sections of a report's page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from eahas_plugins.report.figures import Figure, energy_front, objectives_front
from eahas_plugins.report.html import Column, Markup, legend, table, tag
from eahas_plugins.report.numbers import Numbers, training_kwh
from eahas_plugins.report.run import STATE_LABELS
from eahas_plugins.report.savings import Saving
from eahas_plugins.report.statement import grams_text
from eahas_plugins.units import EnergyUnit, digits_text, energy_text, energy_unit, share_text

MAX_ROWS = 500
"""Rows of the page's longest tables; the CSV has all."""


def spent(numbers: Numbers) -> Iterator[Markup]:
    """Spent against the cap, by state."""
    run = numbers.run
    yield tag("h2", "Where the energy went")
    parts: list[tuple[str, str, float]] = [
        (s.state, STATE_LABELS[s.state], s.kwh) for s in numbers.states
    ]
    if run.unlisted_kwh > 0.0:
        parts.append(("unlisted", "Lost or not listed", run.unlisted_kwh))
    whole_kwh = max(sum(kwh for _, _, kwh in parts), run.cap_kwh or 0.0)
    unit = energy_unit(whole_kwh)
    bar = [_part(kind, kwh / whole_kwh) for kind, _, kwh in parts if whole_kwh and kwh]
    entries: list[tuple[str, object]] = [
        (kind, f"{label}: {in_unit(kwh, unit)}") for kind, label, kwh in parts if kwh
    ]
    if run.cap_kwh is not None:
        left_kwh = run.cap_kwh - numbers.spent_kwh
        over = f"Cap; over it: {in_unit(-left_kwh, unit)}"
        entries.append(
            ("cap", over) if left_kwh < 0.0 else ("rest", f"Left: {in_unit(left_kwh, unit)}")
        )
        says = f"{share_text(numbers.spent_kwh, run.cap_kwh)} of the cap are spent"
        bar.append(_part("rest", max(0.0, left_kwh) / whole_kwh))
        if left_kwh < 0.0:
            bar.append(tag("i", class_="cap", style=f"left:{100 * run.cap_kwh / whole_kwh:.3f}%"))
    else:
        says = f"{energy_text(numbers.spent_kwh)} are spent; no cap is known"
    yield tag("div", *bar, class_="bar", role="img", aria_label=says)
    yield legend(entries)
    rows: list[list[object]] = [
        [
            Markup(tag("span", class_=f"key {s.state}") + STATE_LABELS[s.state]),
            s.n_trials,
            in_unit(s.kwh, unit) + (f" ({s.n_unknown} unknown)" if s.n_unknown else ""),
            _percent(s.kwh, numbers.spent_kwh),
        ]
        for s in numbers.states
    ]
    if run.unlisted_kwh:
        what = "Lost or not listed" if run.unlisted_kwh > 0.0 else "Of other studies, not counted"
        rows.append(
            [
                what,
                None,
                in_unit(run.unlisted_kwh, unit),
                _percent(run.unlisted_kwh, numbers.spent_kwh),
            ]
        )
    rows.append(
        [tag("b", "All"), len(run.trials), tag("b", in_unit(numbers.spent_kwh, unit)), "100 %"]
    )
    columns = [Column("State"), Column("Trials", "n"), Column("Energy", "n"), Column("Share", "n")]
    yield table(columns, rows, name="Energy by state")


def _part(kind: str, share: float) -> Markup:
    return tag("i", class_=kind, style=f"width:{100 * share:.3f}%")


def saved(numbers: Numbers) -> Iterator[Markup]:
    """What was not spent."""
    found = [("Pruning", numbers.pruning), ("Short trainings", numbers.short)]
    rows = [_saving(what, saving) for what, saving in found if saving is not None]
    if rows:
        yield tag("h2", "What was not spent (estimates)")
        columns = [Column("By"), Column("Saved", "n"), Column("How it was estimated", "long")]
        yield table(columns, rows, name="Savings")


def _saving(what: str, saving: Saving) -> list[object]:
    sign = "-" if saving.kwh < 0.0 else ""
    amount = f"{sign}{energy_text(abs(saving.kwh))}"
    return [what, tag("span", f"≈ {amount}", class_="estimate"), f"{upper(saving.method)}."]


def fronts(numbers: Numbers) -> Iterator[Markup]:
    """The fronts of several objectives, and of the first against energy."""
    if len(numbers.run.objectives) > 1:
        figure = objectives_front(numbers)
        if figure is not None:
            yield tag("h2", "Front of the objectives")
            yield figure_of(figure)
    figure = energy_front(numbers)
    if figure is not None:
        yield tag("h2", f"{upper(numbers.run.objectives[0].name)} against the energy of a training")
        yield figure_of(figure)


def best(numbers: Numbers) -> Iterator[Markup]:
    """The best trials."""
    several = len(numbers.run.objectives) > 1
    yield tag("h2", "Trials on the front" if several else "Best trials")
    if not numbers.best:
        yield tag("p", "No trial is complete, feasible and finite.")
        return
    kwh = [training_kwh(t) for t in numbers.best]
    unit = energy_unit(max((k for k in kwh if k is not None), default=0.0))
    columns = [Column("Trial"), *(Column(o.name, "n") for o in numbers.run.objectives)]
    columns += [Column("Training energy", "n"), Column("Configuration", "long")]
    rows = [
        [t.name, *(f"{v:.5g}" for v in t.values), in_unit(k, unit), _config(t.config)]
        for t, k in list(zip(numbers.best, kwh, strict=True))[:MAX_ROWS]
    ]
    yield table(columns, rows, name="Best trials")
    yield tag(
        "p",
        "Only complete, feasible and finite trials are here, of lengths that the host compares: "
        "each configuration's longest training in SMAC, the longest of all in HpBandSter.",
        class_="soft",
    )


def _config(config: Mapping[str, Any]) -> Markup:
    shown = [
        f"{key} = {of:.4g}" if isinstance(of, float) else f"{key} = {of}"
        for key, of in config.items()
    ]
    return tag("code", ", ".join(shown))


def sources(numbers: Numbers) -> Iterator[Markup]:
    """Meters and provenance."""
    yield tag("h2", "How the energy is known")
    columns = [
        Column("Provenance"),
        Column("Meter", "long"),
        Column("Counts"),
        Column("Trials", "n"),
        Column("Energy", "n"),
    ]
    rows = [
        [
            one.source.kind,
            one.source.meter or "not stated",
            ", ".join((*one.source.devices, *([one.source.scope] if one.source.scope else []))),
            one.n_trials,
            in_unit(one.kwh, energy_unit(numbers.spent_kwh)),
        ]
        for one in numbers.sources
    ]
    yield table(columns, rows, name="Provenance of the energies")
    if numbers.n_by_expectation:
        yield tag(
            "p",
            f"{numbers.n_by_expectation} trials told nothing and are charged what was expected.",
            class_="soft",
        )


def emissions(numbers: Numbers) -> Iterator[Markup]:
    """Emissions."""
    yield tag("h2", "Emissions")
    e = numbers.emissions
    if e is None:
        yield tag(
            "p",
            "Not known: give the intensity of your grid by ",
            tag("code", "--g-per-kwh"),
            " or ",
            tag("code", "--country"),
            ".",
        )
        return
    yield tag(
        "p",
        tag("b", grams_text(e.g_co2e)),
        f": {energy_text(numbers.spent_kwh)} at {digits_text(e.g_per_kwh)} g CO2e per kWh "
        f"({e.source}).",
    )


def figure_of(figure: Figure) -> Markup:
    """A figure with its legend, for both widths."""
    caption = [tag("figcaption", figure.caption)] if figure.caption else []
    lines = {"best": "best line"}
    return tag(
        "figure",
        legend([(lines.get(kind, kind), words) for kind, words in figure.legend]),
        tag("div", Markup(figure.wide), class_="wide"),
        tag("div", Markup(figure.narrow), class_="narrow"),
        *caption,
    )


def in_unit(kwh: float | None, unit: EnergyUnit) -> str:
    """The energy in a unit; unknown ones say so."""
    return energy_text(kwh, unit=unit)


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else ""


def upper(words: str) -> str:
    """The words with a capital at their beginning, unless that is an identifier."""
    first = words.split(" ", 1)[0]
    return words if "_" in first else words[:1].upper() + words[1:]
