"""What several workers cost: the energy to a value, over what one worker needs to get there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.harness.results import Results
from benchmarks.reporting.many import mean_regrets
from benchmarks.reporting.ratios import energy_ratio, geometric_mean
from benchmarks.reporting.resampling import MANY
from benchmarks.reporting.tables import BOUND, Table, ratio_cells
from benchmarks.reporting.traces import MethodTraces, best_plain, collect, sign_of

Json = Mapping[str, Any]

PART = 0.5
"""What one worker has found after this part of the budget is what several must find."""


def over_one_worker(results: Results) -> dict[str, Any] | None:
    """Energy to the target with several workers over that with one, by method and their number.

    The target is that of the other tables: the median final test value of the best plain method,
    with one worker. A ratio is None where the median study with one worker does not get there.

    Returns:
        The target's method, and for each method and number of workers the ratio and the median
        final test value. None where there are no studies with one worker and with several.
    """
    if results.workers[:1] != (1,) or len(results.workers) == 1:
        return None
    tables = {n: collect(results.with_workers(n)) for n in results.workers}
    one, budget_kwh = tables[1], results.header.budget_kwh
    plain = best_plain(one)
    if plain is None:
        return None
    found: dict[str, dict[str, Json]] = {}
    for n, methods in tables.items():
        for name in methods:
            if name in one:
                ratio = energy_ratio(
                    methods[name], one[name], budget_kwh=budget_kwh, goal=one[plain]
                )
                found.setdefault(name, {})[str(n)] = {
                    "over_one": ratio.to_json() if ratio.is_known else None,
                    "n_studies": len(methods[name].traces),
                    "final": sign_of(results) * methods[name].median_final,
                }
    several = {name: by_n for name, by_n in found.items() if len(by_n) > 1}
    return {"target_of": plain, "methods": several} if several else None


def workers_table(found: Json, results: Results) -> Table:
    """What `over_one_worker` found, as a table."""
    counts = [str(n) for n in results.workers]
    rows = []
    for name, by_n in found["methods"].items():
        cells = [name]
        for n in counts:
            told = by_n.get(n)
            cells.append("-" if told is None else f"{told['final']:.4f}")
            if n != "1":
                cells += ratio_cells(told and told["over_one"])
        rows.append(cells)
    metric = results.header.metric
    return Table(
        caption=f"{results.header.task}: median final test {metric} with that many simulated "
        f"workers, and the energy to the final median of {found['target_of']} with one worker, "
        "over that of the same method with one; 95 % intervals by bootstrap over seeds. What "
        "trainings that ran on had spent by then is counted.",
        columns=(
            "method",
            *(
                cell
                for n in counts
                for cell in (f"{metric}, {n}", *((f"{n} over 1", "95 %") if n != "1" else ()))
            ),
        ),
        rows=rows,
        marked=frozenset(row.method for row in results.rows if row.energy_aware),
    )


def over_tasks(comparisons: Sequence[Results]) -> dict[str, Any] | None:
    """What several workers cost over all tasks, by method and their number.

    Returns:
        ``over_one``: energy to what the method has with one worker after :data:`PART` of the
        budget, over what one worker needs to get there. ``over_best_plain``: energy to the final
        median of the best plain method with as many workers, over that method's own. ``regret``:
        the mean final one, in points. ``time_over_one``: simulated time of a study over that with
        one worker. None where not all tasks have studies with one worker and with several.
    """
    shared = set.intersection(*(set(results.workers) for results in comparisons))
    if 1 not in shared or len(shared) == 1:
        return None
    tables = {n: [collect(r.with_workers(n)) for r in comparisons] for n in sorted(shared)}
    budgets = [results.header.budget_kwh for results in comparisons]
    found: dict[str, dict[str, Json]] = {}
    for n, methods in tables.items():
        plain = [best_plain(table) for table in methods]
        regrets = mean_regrets(comparisons, methods, np.ones(1))
        for name in methods[0]:
            if not all(name in table for table in (*methods, *tables[1])):
                continue
            ours = [table[name] for table in methods]
            one = [table[name] for table in tables[1]]
            to_plain = [
                energy_ratio(our, table[best], budget_kwh=budget)
                for our, table, best, budget in zip(ours, methods, plain, budgets, strict=True)
                if best is not None
            ]
            regret = regrets.get(name)
            found.setdefault(name, {})[str(n)] = {
                "over_one": geometric_mean(
                    [
                        energy_ratio(a, b, budget_kwh=budget, goal=_until(b, PART * budget))
                        for a, b, budget in zip(ours, one, budgets, strict=True)
                    ]
                ).to_json(),
                "over_best_plain": geometric_mean(to_plain).to_json()
                if len(to_plain) == len(comparisons)
                else None,
                "regret": regret
                and {
                    "mean": float(regret.mean[0]),
                    "low_95": float(regret.low[0]),
                    "high_95": float(regret.high[0]),
                },
                "time_over_one": _time_over(ours, one),
            }
    several = {name: by_n for name, by_n in found.items() if len(by_n) > 1}
    aware = [name for name in several if tables[1][0][name].energy_aware]
    numbers = [str(n) for n in tables]
    return {"numbers": numbers, "energy_aware": aware, "methods": several} if several else None


def over_tasks_table(found: Json) -> Table:
    """What `over_tasks` found, as a table."""
    rows = []
    for name, by_n in found["methods"].items():
        told = [by_n.get(n) for n in found["numbers"]]
        for measure, label in _MEASURES.items():
            cells = ["-" if one is None else _cell(measure, one[measure]) for one in told]
            rows.append([f"{name}: {label}", *cells])
    return Table(
        caption="All tasks, by the number of simulated workers. Energy, over that with one worker, "
        f"to what one worker has after {PART:.0%} of the budget; energy to the final median of the "
        "best plain method with as many workers, over that method's own (geometric means); mean "
        "final regret in percentage points; and how long a study takes, over one worker's. 95 % "
        f"intervals by bootstrap over seeds, and over tasks from {MANY} on. {BOUND}",
        columns=("", *(f"{n} worker{'s' * (n != '1')}" for n in found["numbers"])),
        rows=rows,
        marked=frozenset(
            f"{name}: {label}" for name in found["energy_aware"] for label in _MEASURES.values()
        ),
    )


_MEASURES = {
    "over_one": "energy over one worker's",
    "over_best_plain": "energy over the best plain method's",
    "regret": "final regret",
    "time_over_one": "time over one worker's",
}


def _cell(measure: str, value: Any) -> str:
    if value is None:
        return "-"
    if measure == "regret":
        return f"{value['mean']:.1f} ({value['low_95']:.1f} .. {value['high_95']:.1f})"
    if measure == "time_over_one":
        return f"{value:.2f}"
    ratio, interval = ratio_cells(value)
    return f"{ratio} ({interval})"


def _until(method: MethodTraces, kwh: float) -> MethodTraces:
    return replace(method, traces=tuple(trace.until(kwh) for trace in method.traces))


def _time_over(ours: Sequence[MethodTraces], one: Sequence[MethodTraces]) -> float | None:
    """The geometric mean over tasks of how long studies take; None where nobody knows."""
    logs = []
    for pair in zip(ours, one, strict=True):
        ends = [[t.runtime_s for t in method.traces] for method in pair]
        if any(times is None for times in (*ends[0], *ends[1])):
            return None
        a, b = (np.mean([times[-1] for times in each if times is not None]) for each in ends)
        logs.append(np.log(a / b))
    return float(np.exp(np.mean(logs)))
