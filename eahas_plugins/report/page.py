"""The page of a report: one HTML file, with everything in it."""

from __future__ import annotations

from collections.abc import Iterator

from eahas_plugins.packages import DISTRIBUTION, version_of
from eahas_plugins.report.figures import value_over_energy
from eahas_plugins.report.html import Column, Markup, table, tag
from eahas_plugins.report.numbers import Numbers
from eahas_plugins.report.run import STATE_LABELS
from eahas_plugins.report.sections import (
    MAX_ROWS,
    best,
    emissions,
    figure_of,
    fronts,
    in_unit,
    saved,
    sources,
    spent,
    upper,
)
from eahas_plugins.report.statement import grams_text, statement_of
from eahas_plugins.report.style import STYLE
from eahas_plugins.units import digits_text, energy_text, energy_unit


def page_of(numbers: Numbers) -> str:
    """The page."""
    title = f"Energy report: {numbers.run.name}"
    head = tag(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", title),
        tag("style", Markup(STYLE)),
    )
    main = tag("main", *_head(numbers), *_sections(numbers), _footer())
    return f"<!DOCTYPE html>\n{tag('html', head, tag('body', main), lang='en')}\n"


def _sections(numbers: Numbers) -> Iterator[Markup]:
    yield from spent(numbers)
    yield from saved(numbers)
    for place, objective in enumerate(numbers.run.objectives):
        figure = value_over_energy(numbers, place)
        if figure is not None:
            yield tag("h2", f"{upper(objective.name)} over energy")
            yield figure_of(figure)
    yield from fronts(numbers)
    yield from best(numbers)
    yield from sources(numbers)
    yield from emissions(numbers)
    yield tag("h2", "Statement")
    yield tag("p", "For a paper or a report; every number is of this page.", class_="soft")
    yield tag("blockquote", statement_of(numbers))
    yield from _trials(numbers)


def _head(numbers: Numbers) -> Iterator[Markup]:
    run = numbers.run
    yield tag("h1", "Energy report: ", run.name)
    goals = ", ".join(f"{o.name} ({'max' if o.maximize else 'min'})" for o in run.objectives)
    yield tag("p", f"{run.host} · {len(run.trials):,} trials · {goals}", class_="soft")
    tiles = [_spent_tile(numbers)]
    if len(run.objectives) == 1 and numbers.best:
        first = numbers.best[0]
        tiles.append((f"{first.values[0]:.4g}", f"best {run.objectives[0].name}, {first.name}"))
    elif numbers.best:
        tiles.append((str(len(numbers.best)), "trials on the Pareto front"))
    saved_kwh = sum(s.kwh for s in (numbers.pruning, numbers.short) if s is not None)
    if saved_kwh > 0.0:
        tiles.append((energy_text(saved_kwh), "saved by pruning and short trainings, estimated"))
    if numbers.emissions is not None:
        of = f"at {digits_text(numbers.emissions.g_per_kwh)} g per kWh"
        tiles.append((grams_text(numbers.emissions.g_co2e), of))
    elif numbers.mean_complete_kwh:
        tiles.append((energy_text(numbers.mean_complete_kwh), "mean complete trial"))
    yield tag(
        "div",
        *(tag("div", tag("b", n), tag("span", of), class_="tile") for n, of in tiles),
        class_="tiles",
    )
    if run.notes:
        yield tag("ul", *(tag("li", note) for note in run.notes), class_="soft")


def _spent_tile(numbers: Numbers) -> tuple[str, str]:
    cap_kwh = numbers.run.cap_kwh
    n = ""
    if numbers.mean_complete_kwh:
        n = f", {digits_text(numbers.spent_kwh / numbers.mean_complete_kwh)} mean complete trials"
    if cap_kwh is None:
        return energy_text(numbers.spent_kwh), f"spent{n}; no cap is known"
    of = f"spent of {energy_text(cap_kwh)}, {digits_text(100 * numbers.spent_kwh / cap_kwh)} %{n}"
    return energy_text(numbers.spent_kwh), of


def _trials(numbers: Numbers) -> Iterator[Markup]:
    run = numbers.run
    unit = energy_unit(max((t.spent_kwh for t in run.trials), default=0.0))
    columns = [Column("Trial"), Column("State"), Column("Energy", "n")]
    columns += [Column(o.name, "n") for o in run.objectives]
    rows = [
        [
            t.name,
            STATE_LABELS[t.state],
            in_unit(t.energy_kwh, unit),
            *(f"{v:.5g}" for v in t.values),
            *[None] * (len(run.objectives) - len(t.values)),
        ]
        for t in run.trials[:MAX_ROWS]
    ]
    more = f" (the first {MAX_ROWS}; the CSV has all)" if len(run.trials) > MAX_ROWS else ""
    yield tag("h2", "All trials")
    yield tag(
        "details",
        tag("summary", f"{len(run.trials):,} trials in the order in which they ended{more}"),
        table(columns, rows, name="All trials"),
    )


def _footer() -> Markup:
    return tag(
        "footer",
        f"Made by {DISTRIBUTION} {version_of(DISTRIBUTION)}. JSON and CSV have the same numbers in "
        "kWh, unrounded.",
    )
