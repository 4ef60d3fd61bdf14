"""The result of a comparison in one sentence: who needs what part of whose energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.methods import all_declared
from benchmarks.reporting.ablation import ablated
from benchmarks.reporting.many import named_or_counted
from benchmarks.reporting.resampling import MANY
from benchmarks.reporting.styles import energy_kind
from benchmarks.reporting.tables import bounded

Json = Mapping[str, Any]


def headline(summaries: Sequence[Json], overall: Json | None) -> str:
    """The sentence; what was seen, on what, how often, and where its energies come from.

    It is about the method that has ablations where that was run, else about the energy-aware
    method with the best final values.

    Args:
        summaries: What :func:`~benchmarks.reporting.summary.summarise` makes of each task.
        overall: The same over all tasks; None where there is one.
    """
    over_best = (
        {n: m["kwh_to_target_over_best_plain"] for n, m in summaries[0]["methods"].items()}
        if overall is None
        else overall["kwh_to_target_over_best_plain"]
    )
    name = _chosen(summaries, over_best)
    seen = _seen(summaries)
    if name is None:
        return (
            f"There is no energy-aware method beside a plain one here, so no energies are "
            f"compared; {seen}."
        )
    never = () if overall is None else overall["never_reached_on"][name]
    return f"{_label(name)} {_part(over_best[name], summaries, never)}; {seen}."


def _chosen(summaries: Sequence[Json], over_best: Mapping[str, Json | None]) -> str | None:
    aware = [
        name
        for name, ratio in over_best.items()
        if ratio is not None and all(s["methods"][name]["energy_aware"] for s in summaries)
    ]
    whole = ablated()
    if whole in aware or not aware:
        return whole if whole in aware else None
    finals = {
        name: sum(_final(summary, name) for summary in summaries)  # larger is better
        for name in aware
    }
    return max(aware, key=finals.__getitem__)


def _final(summary: Json, name: str) -> float:
    sign = 1.0 if summary["direction"] == "maximize" else -1.0
    return sign * float(summary["methods"][name][f"final_test_{summary['metric']}"]["median"])


def _part(ratio: Json, summaries: Sequence[Json], never: Sequence[str]) -> str:
    bests = [summary["best_plain_method"] for summary in summaries]
    if len(set(bests)) == 1:
        plain, whose = _label(bests[0]), "that method's"
        best = f"the best plain method ({plain})"
    else:
        tasks = [summary["task"] for summary in summaries]
        listed = named_or_counted(dict(zip(tasks, map(_label, bests), strict=True)))
        best, whose = f"the best plain method of each task ({listed})", "that method's"
    _, low, high = bounded(ratio, unknown="more than ")
    told = _most(summaries) > 1 or len(summaries) >= MANY
    interval = f"95 % interval {low} to {high}" if told else "one study, so no interval"
    if ratio["ratio"] is None:
        some = " and ".join(never) if len(never) < MANY else f"{len(never)} of them"
        missed = f" on {some}" if never else ""
        return (
            f"does not get where {best} ends within its budget{missed}, so it needs more than "
            f"{ratio['at_least']['ratio']:.2f} of {whose} energy ({interval})"
        )
    mean = "geometric mean over tasks, " if len(summaries) > 1 else ""
    return f"gets where {best} ends with {ratio['ratio']:.2f} of {whose} energy ({mean}{interval})"


def _most(summaries: Sequence[Json]) -> int:
    """The most studies of a method on a task."""
    return max(int(m["n_studies"]) for s in summaries for m in s["methods"].values())


def _seen(summaries: Sequence[Json]) -> str:
    counts = sorted({m["n_studies"] for s in summaries for m in s["methods"].values()})
    n_studies = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    studies = "study" if counts[-1] == 1 else "studies"
    budgets = sorted({f"{s['budget_trainings']:.3g}" for s in summaries}, key=float)
    tasks = ", ".join(f"{s['task']} (energy {energy_kind(s['provenance'])})" for s in summaries)
    if len(summaries) >= MANY:
        kinds = sorted({energy_kind(s["provenance"]) for s in summaries})
        tasks = f"{len(summaries)} tasks (energy {' or '.join(kinds)})"
    each = f"{n_studies} {studies} of {' or '.join(budgets)} mean trainings per method"
    return f"seen in {each} on {tasks}"


def _label(name: str) -> str:
    said = all_declared().get(name)
    return name if said is None else said.label
