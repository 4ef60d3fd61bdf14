"""What several workers cost: the energy to a value, over what one worker needs to get there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.harness.results import Results
from benchmarks.reporting.ratios import energy_ratio
from benchmarks.reporting.tables import Table, ratio_cells
from benchmarks.reporting.traces import best_plain, collect, sign_of

Json = Mapping[str, Any]


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
