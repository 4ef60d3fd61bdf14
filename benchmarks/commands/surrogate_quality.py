"""How well the surrogate predicts trainings it has not seen, and how well other models would.

References:
    Dou et al. (2023), EA-HAS-Bench, table of surrogate models (R2 and Kendall tau).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from benchmarks.commands.options import JSON_OPTION, TASKS
from eahas_plugins.terminal import print_json, print_table, warn

Floats = NDArray[np.float64]

HELD_OUT = 0.25
"""Share of the configurations that is predicted."""


def surrogate_quality(
    task: Annotated[str, typer.Option(help=f"{TASKS}.")],
    records: Annotated[
        Path | None, typer.Option(help="Record file.", show_default="the task's shipped one")
    ] = None,
    repeats: Annotated[int, typer.Option(help="Splits into learnt and held-out.")] = 3,
    most: Annotated[int, typer.Option(help="Learn from at most so many records.")] = 3000,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Compare models of learning curves on held-out configurations of TASK.

    Raises:
        ValueError: If an option is out of range, or there are no records.
    """
    from surrogate.space.tasks import get_task

    get_task(task)
    if not repeats >= 1 or not most >= 20:
        raise ValueError(
            f"repeats must be at least 1 and most at least 20 but got {repeats} and {most}."
        )
    found = evaluate(task, _records(task, records), repeats=repeats, most=most)
    for message in found["missing"]:
        warn(message)
    if as_json:
        print_json(found)
    else:
        _show(found)


def evaluate(task: str, records: Sequence[Any], *, repeats: int, most: int) -> dict[str, Any]:
    """All numbers of the table."""
    from benchmarks.dataset.curve_models import available, costs_of, validation
    from surrogate.fitting.dataset import from_records
    from surrogate.fitting.selection import split

    data = from_records(records, task)
    ceiling = noise_ceiling(data)
    if len(data) > most:
        data = data.take(np.random.default_rng(0).permutation(len(data))[:most])
    methods, missing = available(round(len(data) * (1.0 - HELD_OUT)))
    curves: dict[str, list[dict[str, float]]] = {name: [] for name in methods}
    costs: dict[str, list[dict[str, float]]] = {}
    for repeat in range(repeats):
        learn, held = split(data, share=HELD_OUT, seed=repeat)
        truth = validation(held)
        for name, method in methods.items():
            curves[name].append(curve_scores(truth, method(learn, held, repeat)))
        for name, logs in costs_of(held, learn, repeat).items():
            costs.setdefault(name, []).append(cost_scores(held, logs))
    return {
        "task": task,
        "n_records": len(data),
        "n_configs": len(np.unique(data.group)),
        "repeats": repeats,
        "held_out_share": HELD_OUT,
        "curves": {name: _mean_and_spread(rows) for name, rows in curves.items()},
        "costs": {name: _mean_and_spread(rows) for name, rows in costs.items()},
        "noise_ceiling": ceiling,
        "missing": missing,
    }


def scores(truth: Floats, found: Floats) -> tuple[float, float]:
    """R2 and Kendall's tau (b, which allows for ties).

    References:
        Kendall (1945), The treatment of ties in ranking problems.
    """
    from scipy.stats import kendalltau

    total = ((truth - truth.mean()) ** 2).sum()
    r2 = 1.0 - ((truth - found) ** 2).sum() / total
    return float(r2), float(kendalltau(truth, found).statistic)


def curve_scores(truth: Sequence[Floats], found: Sequence[Floats]) -> dict[str, float]:
    """For each schedule the scores over configurations, averaged over epochs; and the final."""
    rows: dict[str, float] = {}
    lengths = np.array([len(curve) for curve in truth])
    for n_epochs in np.unique(lengths).tolist():
        places = np.flatnonzero(lengths == n_epochs).tolist()
        if len(places) < 3:
            continue
        pairs = [
            scores(np.array([truth[i][e] for i in places]), np.array([found[i][e] for i in places]))
            for e in range(n_epochs)
        ]
        r2, tau = np.nanmean(pairs, axis=0)
        rows |= {f"r2_{n_epochs}": float(r2), f"tau_{n_epochs}": float(tau)}
    final = scores(np.array([c[-1] for c in truth]), np.array([c[-1] for c in found]))
    return rows | {"r2_final": final[0], "tau_final": final[1]}


def cost_scores(held: Any, logs: Floats) -> dict[str, float]:
    """Scores for energy and runtime per epoch and the inference energy."""
    rows: dict[str, float] = {}
    for place, name in enumerate(held.cost_names):
        if not name.endswith("_first"):
            r2, tau = scores(np.exp(held.costs[:, place]), np.exp(logs[:, place]))
            rows |= {f"r2_{name}": r2, f"tau_{name}": tau}
    return rows


def noise_ceiling(data: Any) -> dict[str, float]:
    """What a perfect model would reach, from repeated trainings of one configuration.

    R2 is one minus the variance between repeats over the variance of all; tau is that of one
    repeat against another, which a perfect model exceeds a little, having no noise of its own.
    """
    counts = np.bincount(data.group)
    repeated = np.flatnonzero(counts > 1)
    if len(repeated) < 3:
        return {"n_repeated": float(len(repeated))}
    final = np.array([curves[data.curve_names.index("val_accuracy"), -1] for curves in data.curves])
    quantities = {"final": final}
    for place, name in enumerate(data.cost_names):
        if not name.endswith("_first"):
            quantities[name] = np.exp(data.costs[:, place])
    rows = {"n_repeated": float(len(repeated))}
    for name, values in quantities.items():
        groups = [values[data.group == g] for g in repeated.tolist()]
        within = np.mean([group.var(ddof=1) for group in groups])
        pairs = np.array([group[:2] for group in groups])
        rows[f"r2_{name}"] = float(1.0 - within / values.var(ddof=1))
        rows[f"tau_{name}"] = scores(pairs[:, 0], pairs[:, 1])[1]
    return rows


def _mean_and_spread(rows: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    names = dict.fromkeys(name for row in rows for name in row)
    values = {name: [row[name] for row in rows if name in row] for name in names}
    return {
        name: {"mean": float(np.mean(found)), "std": float(np.std(found))}
        for name, found in values.items()
    }


def _records(task: str, path: Path | None) -> Sequence[Any]:
    from surrogate.folder import DATA
    from surrogate.loading import RECORDS
    from surrogate.record_files import read_records

    path = DATA / task / RECORDS if path is None else path
    if not path.is_file():
        raise ValueError(
            f"{path} must be a record file. Records of a simulated task are made with: "
            f"python -m benchmarks simulate --task {task} --out FILE"
        )
    read = read_records(path)
    for message in read.damaged:
        warn(message)
    return read.records


def _show(found: Mapping[str, Any]) -> None:
    title = f"{found['task']}: {found['n_configs']} configurations, {found['repeats']} splits"
    for what in ("curves", "costs"):
        if found[what]:
            print_table(*_table(what, found[what], found["noise_ceiling"]), title=title)


def _table(
    what: str, rows: Mapping[str, Any], ceiling: Mapping[str, float]
) -> tuple[list[str], list[list[str]]]:
    """Columns and rows: a method in each row, a score and its spread in each column."""
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    cells = [[method, *(_cell(row.get(name)) for name in names)] for method, row in rows.items()]
    plain = (f"{ceiling[name]:.3f}" if name in ceiling else "" for name in names)
    return [what, *(name.replace("_", " ") for name in names)], [*cells, ["noise ceiling", *plain]]


def _cell(score: Mapping[str, float] | None) -> str:
    return "" if score is None else f"{score['mean']:.3f}±{score['std']:.2f}"
