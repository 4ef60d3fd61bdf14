"""A paragraph for the energy statement of a paper or a company, with every number in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eahas_plugins.report.numbers import Numbers
from eahas_plugins.units import digits_text, energy_text, energy_unit, share_text

_NOT_TRAINED = ("predicted", "simulated", "imported")


def statement_of(numbers: Numbers) -> str:
    """The paragraph. What is not known is said to be unknown, what is estimated to be estimated."""
    return " ".join(_sentences(numbers))


def _sentences(numbers: Numbers) -> Iterator[str]:
    run = numbers.run
    spent = energy_text(numbers.spent_kwh)
    capped, used = "", "used"
    if numbers.sources and all(one.source.kind in _NOT_TRAINED for one in numbers.sources):
        used = "queried a benchmark, by which its trainings would have used"
    if run.cap_kwh is not None:
        share = 100.0 * numbers.spent_kwh / run.cap_kwh
        capped = f", {digits_text(share)} % of its energy budget of {energy_text(run.cap_kwh)}"
    yield (
        f'The hyperparameter search "{run.name}" ran {_count(len(run.trials), "trial")} with '
        f"{run.host} and {used} {spent} of electricity{capped}."
    )
    yield f"Of this, {_list(_parts(numbers))}."
    if len(numbers.run.objectives) == 1 and numbers.best:
        yield _best(numbers)
    elif numbers.best:
        names = _list([objective.name for objective in run.objectives])
        are = "is" if len(numbers.best) == 1 else "are"
        yield f"Of {names}, {_count(len(numbers.best), 'trial')} {are} on the Pareto front."
    else:
        yield "No trial is complete, feasible and finite."
    yield from _savings(numbers)
    yield from _sources(numbers)
    if numbers.emissions is not None:
        e = numbers.emissions
        yield (
            f"At {digits_text(e.g_per_kwh)} g CO2e per kWh ({e.source}) this is "
            f"{grams_text(e.g_co2e)}."
        )
    yield (
        "Cooling and other losses of the building, and the making of the hardware, are not "
        "included unless the meter counts them."
    )


def _parts(numbers: Numbers) -> list[str]:
    words = {
        "complete": ("complete trial", ""),
        "pruned": ("pruned trial", ""),
        "cut": ("trial", " that the budget cut short"),
        "failed": ("failed trial", ""),
        "running": ("trial", " that had not ended"),
    }
    unit = energy_unit(numbers.spent_kwh)
    parts = []
    for one in numbers.states:
        what, more = words[one.state]
        text = f"{energy_text(one.kwh, unit=unit)} went to {_count(one.n_trials, what)}{more}"
        if one.n_unknown:
            text += f" (unknown for {one.n_unknown} of them)"
        parts.append(text)
    unlisted = energy_text(abs(numbers.run.unlisted_kwh), unit=unit)
    if numbers.run.unlisted_kwh > 0.0:
        parts.append(f"{unlisted} went to lost or unlisted attempts, as far as known or expected")
    elif numbers.run.unlisted_kwh < 0.0:
        parts.append(f"{unlisted} of these are of other studies and not counted")
    if numbers.n_by_expectation:
        parts.append(
            f"{_count(numbers.n_by_expectation, 'trial')} that told nothing "
            f"{'is' if numbers.n_by_expectation == 1 else 'are'} charged what was expected"
        )
    return parts


def _best(numbers: Numbers) -> str:
    best, objective = numbers.best[0], numbers.run.objectives[0]
    found_at = numbers.best_found_kwh or 0.0
    training = best.energy_kwh if best.training_kwh is None else best.training_kwh
    took = f"training it took {energy_text(training)}"
    if training is None:
        took = "what training it took is unknown"
    return (
        f"The best {objective.name}, {best.values[0]:.4g} ({best.name}), was found after "
        f"{share_text(found_at, numbers.cumulative_kwh[-1])}; {took}."
    )


def _savings(numbers: Numbers) -> Iterator[str]:
    if numbers.pruning is not None:
        yield (
            f"Pruning saved an estimated {energy_text(numbers.pruning.kwh)} "
            f"({numbers.pruning.method})."
        )
    if numbers.short is not None:
        gain = numbers.short.kwh >= 0.0
        yield (
            f"Short trainings {'saved' if gain else 'cost'} an estimated "
            f"{energy_text(abs(numbers.short.kwh))} ({numbers.short.method})."
        )


def _sources(numbers: Numbers) -> Iterator[str]:
    unit = energy_unit(numbers.spent_kwh)
    for one in numbers.sources:
        source = one.source
        by = f" by {source.meter}" if source.meter else ""
        of = ", ".join(source.devices) or (f"the {source.scope}" if source.scope else "")
        counted = f", counting {of}" if of else ""
        kind = "of unknown provenance" if source.kind == "unknown" and not by else source.kind
        trials = _count(one.n_trials, "trial")
        yield f"The energy of {trials} ({energy_text(one.kwh, unit=unit)}) is {kind}{by}{counted}."


def grams_text(grams: float) -> str:
    """Emissions in mg, g or kg of CO2 equivalent.

    Example:
        >>> grams_text(0.0042), grams_text(4.2), grams_text(4200.0)
        ('4.2 mg CO2e', '4.2 g CO2e', '4.2 kg CO2e')
    """
    unit, per_gram = ("g", 1.0)
    if grams >= 1000.0:
        unit, per_gram = "kg", 1e-3
    elif grams < 0.1:
        unit, per_gram = "mg", 1e3
    return f"{digits_text(grams * per_gram)} {unit} CO2e"


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _list(parts: Sequence[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
