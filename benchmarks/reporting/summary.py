"""The numbers of a comparison as one JSON-able mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.harness.results import Results
from benchmarks.harness.rows import Header
from benchmarks.reporting.ablation import ablate
from benchmarks.reporting.many import summarise_regrets
from benchmarks.reporting.ranks import rank
from benchmarks.reporting.ratios import Ratio, energy_ratio, geometric_mean
from benchmarks.reporting.traces import (
    FRACTIONS,
    Floats,
    MethodTraces,
    best_plain,
    collect,
    hypervolume,
    reached_by,
    reference_score,
    sign_of,
    wilcoxon_p,
)

SUMMARY_SCHEMA = 4
"""Version of the format.

1: first version. 2: ratios say what they are at least, ablations, ratios over tasks to each method.
3: over tasks, the ratio on each task, and mean regrets at parts of the budget. 4: the target is one
that more than half of the best plain method's studies reach, and the median energy of an even
number of studies is the mean of the two in the middle.
"""


def summarise(results: Results) -> dict[str, Any]:
    """Everything that ``summary.json`` holds; energies in kWh, None for "never" and "unknown".

    Test values are called by the task's metric: ``final_test_accuracy``, ``final_test_rmse``. The
    target is where the median study of the best plain method ends: of an even number the lower of
    the two in the middle, so that the median one gets there. A method's energy to it
    is that of the first incumbent which is as good; ``kwh_to_keep_target`` is that from which on
    all are (one with a lucky validation accuracy may be worse than the one before it).
    ``kwh_ratio_to_final_of`` has the same ratio with every plain method in the place of the best,
    each with its own final median as target.
    """
    methods = collect(results)
    plain = best_plain(methods)
    target = methods[plain].target if plain else None
    p_values = wilcoxon_p(methods, plain) if plain else dict.fromkeys(methods)
    highest = max((row.trial_kwh for row in results.rows), default=0.0)
    header, ranks, sign = results.header, rank([results]), sign_of(results)
    metric = header.metric
    return {
        "schema": SUMMARY_SCHEMA,
        "task": header.task,
        "provenance": dict(header.provenance),
        "versions": dict(header.versions),
        "budget_kwh": header.budget_kwh,
        "metric": metric,
        "direction": header.direction,
        "budget_trainings": header.budget_trainings,
        "mean_training_kwh": header.mean_training_kwh,
        "mean_full_training_kwh": header.mean_full_training_kwh,
        f"reference_test_{metric}": sign * reference_score(results),
        "reference": header.reference,
        "best_plain_method": plain,
        f"target_test_{metric}": None if target is None else sign * target,
        "ranks": ranks.to_json() if ranks else None,
        "ablation": ablate([methods], metric=metric),
        "methods": {
            name: _method(
                method,
                plain={m.name: m for m in methods.values() if not m.energy_aware},
                best=plain,
                target=target,
                header=header,
                worst=min(sign * row.test_metric for row in results.rows),
                highest_kwh=highest,
            )
            | {"wilcoxon_p_against_best_plain": p_values[name]}
            for name, method in methods.items()
        },
    }


def _method(
    method: MethodTraces,
    *,
    plain: Mapping[str, MethodTraces],
    best: str | None,
    target: float | None,
    header: Header,
    worst: float,
    highest_kwh: float,
) -> dict[str, Any]:
    judged_by, budget_kwh = header.judged_by, header.budget_kwh
    sign = 1.0 if judged_by.maximize else -1.0
    volumes = None
    if judged_by.is_accuracy:  # of another metric no worst value is known
        worst = 0.0
    if judged_by.is_accuracy and not header.incumbents_only:
        volumes = np.array([hypervolume(trace.points, highest_kwh) for trace in method.traces])
    summary: dict[str, Any] = {
        "energy_aware": method.energy_aware,
        "n_studies": len(method.traces),
        "n_trials": _quartiles(np.array([float(trace.n_trials) for trace in method.traces])),
        "spent_kwh": _quartiles(np.array([trace.kwh[-1] for trace in method.traces])),
        f"final_test_{judged_by.name}": _quartiles(sign * method.finals),
        f"test_{judged_by.name}_at_budget_fraction": {
            str(fraction): _quartiles(sign * _at(method, fraction * budget_kwh, worst=worst))
            for fraction in FRACTIONS
        },
        "hypervolume": None if volumes is None else _quartiles(volumes),
        "kwh_to_target": None,
        "kwh_to_keep_target": None,
        "n_reached_target": None,
        "kwh_to_target_over_best_plain": None,
        "kwh_ratio_to_final_of": {
            name: energy_ratio(method, other, budget_kwh=budget_kwh).to_json()
            for name, other in plain.items()
        },
    }
    if best is None or target is None:
        return summary
    energies = np.array([trace.kwh_to(np.array([target]))[0] for trace in method.traces])
    kept = np.array([trace.kwh_to_keep(target) for trace in method.traces])
    return summary | {
        "kwh_to_target": _reached(energies),
        "kwh_to_keep_target": _reached(kept),
        "n_reached_target": int(np.isfinite(energies).sum()),
        "kwh_to_target_over_best_plain": summary["kwh_ratio_to_final_of"][best],
    }


def _at(method: MethodTraces, kwh: float, *, worst: float) -> Floats:
    """Scores there; a study that has no incumbent yet has the worst."""
    values = np.array([trace.at(np.array([kwh]))[0] for trace in method.traces])
    return np.nan_to_num(values, nan=worst)


_QUARTILES = (("q25", 0.25), ("median", 0.5), ("q75", 0.75))


def _quartiles(values: Floats) -> dict[str, float]:
    return {name: float(np.quantile(values, q)) for name, q in _QUARTILES}


def _reached(energies: Floats) -> dict[str, float | None]:
    return {name: _number(float(reached_by(energies, q))) for name, q in _QUARTILES}


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def summarise_all(comparisons: Sequence[Results]) -> dict[str, Any]:
    """What holds over all tasks: ranks, ablations, and the geometric mean of the energy ratios.

    ``never_reached_on`` lists the tasks on which a method's median study does not get to the final
    median of the best plain method, where this mean has no value but only a bound.
    """
    tables = [collect(results) for results in comparisons]
    budgets = [results.header.budget_kwh for results in comparisons]
    bests = [best_plain(table) for table in tables]
    ranks = rank(comparisons)
    metrics = {results.header.metric for results in comparisons}
    metric = metrics.pop() if len(metrics) == 1 else None
    shared = [name for name in tables[0] if all(name in table for table in tables)]
    plain = [name for name in shared if not tables[0][name].energy_aware]

    def ratios(name: str, to: Sequence[str | None]) -> list[Ratio]:
        return [
            energy_ratio(table[name], table[other], budget_kwh=budget)
            for table, other, budget in zip(tables, to, budgets, strict=True)
            if other
        ]

    to_best = {name: ratios(name, bests) for name in shared} if all(bests) else {}
    return {
        "schema": SUMMARY_SCHEMA,
        "tasks": [results.header.task for results in comparisons],
        "metric": metric,
        "best_plain_method": bests,
        "energy_aware": [name for name in shared if tables[0][name].energy_aware],
        "kwh_to_target_over_best_plain": {
            name: geometric_mean(found).to_json() for name, found in to_best.items()
        },
        "never_reached_on": {
            name: [
                results.header.task
                for results, ratio in zip(comparisons, found, strict=True)
                if not np.isfinite(ratio.value)
            ]
            for name, found in to_best.items()
        },
        "kwh_ratio_to_final_of": {
            name: {
                other: geometric_mean(ratios(name, [other] * len(tables))).to_json()
                for other in plain
            }
            for name in shared
        },
        "by_task": [
            {
                name: found[position].to_json()
                | {"final_median": sign_of(results) * table[name].median_final}
                for name, found in to_best.items()
            }
            for position, (results, table) in enumerate(zip(comparisons, tables, strict=True))
        ],
        "regrets": summarise_regrets(comparisons, tables),
        # a mean over tasks needs values of one kind
        "ablation": None if metric is None else ablate(tables, metric=metric),
        "ranks": ranks.to_json() if ranks else None,
    }
