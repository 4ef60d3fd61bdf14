"""How fast the surrogate answers, against XGBoost in the same process.

The unit is one row through a 200-tree XGBoost (``inplace_predict``, one thread) in the same
process, measured in turn with what it is compared to. Times are CPU times of this process, which
other processes disturb less than wall-clock times.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.commands.options import JSON_OPTION, TASKS
from eahas_plugins.terminal import print_json, print_table

UNIT_TREES, UNIT_DEPTH = 200, 6
N_ROUNDS, N_CALLS, N_MANY = 15, 20, 10_000
LIMITS = {
    "query_units": 1.0,
    "curves_and_energy_units": 0.6,
    "many_us_per_config": 40.0,
    "load_ms": 50.0,
}
"""What each number must not exceed."""
DATA_MB_LIMIT = 15.0


def speed(
    task: Annotated[
        list[str] | None,
        typer.Option(
            help=f"{TASKS}, or the folder of an imported one; may be given several times.",
            show_default="all shipped",
        ),
    ] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Measure query, query_many and load of every task, in units of an XGBoost prediction."""
    from surrogate.folder import DATA

    tasks = task or [path.name for path in sorted(DATA.iterdir()) if path.is_dir()]
    rows = [measure(name) for name in tasks]
    size = sum(path.stat().st_size for path in DATA.rglob("*") if path.is_file()) / 1e6
    if as_json:
        limits = {**LIMITS, "data_mb": DATA_MB_LIMIT}
        print_json({"tasks": rows, "data_mb": size, "limits": limits})
        return
    lines = [
        [name, *(f"{row[name]:.3g}" for row in rows), f"{LIMITS[name]:g}" if name in LIMITS else ""]
        for name in rows[0]
        if name != "task"
    ]
    lines.append(["data_mb of all tasks", f"{size:.2f}", *[""] * (len(rows) - 1), "15"])
    print_table(("CPU time", *(row["task"] for row in rows), "limit"), lines)


def measure(task: str) -> dict[str, Any]:
    """All numbers of one task."""
    import surrogate

    bench = surrogate.load(task)
    config = _longest(bench.space)
    one_row = _unit()
    many = [dict(c) for c in bench.space.sample_configuration(N_MANY)]
    calls: Mapping[str, Callable[[], Any]] = {
        "unit_us": one_row,
        "query": lambda: bench.query(config),
        "curves_and_energy": lambda: _curves_and_energy(bench, config),
        "seeded_query": lambda: bench.query(config, seed=1),
    }
    us = {name: 1e6 * seconds for name, seconds in _in_turn(calls).items()}
    unit_us = us.pop("unit_us")
    many_s = min(_cpu_s(lambda: bench.query_many(many), 1) for _ in range(3))
    load_s = np.median([_cpu_s(lambda: surrogate.load(task), 1) for _ in range(N_ROUNDS)])
    return {
        "task": task,
        "unit_us": unit_us,
        **{f"{name}_us": value for name, value in us.items()},
        **{f"{name}_units": value / unit_us for name, value in us.items()},
        "many_us_per_config": 1e6 * many_s / N_MANY,
        "load_ms": 1e3 * float(load_s),
    }


def _curves_and_energy(bench: Any, config: Mapping[str, Any]) -> Sequence[Any]:
    """What a search needs. One walk through one forest answers everything, so it is a query."""
    run = bench.query(config)
    return run.train_accuracy, run.val_accuracy, run.test_accuracy, run.energy_kwh


def _longest(space: Any) -> dict[str, Any]:
    return {**space.get_default_configuration(), "max_epoch": max(space["max_epoch"].sequence)}


def _unit() -> Callable[[], Any]:
    import xgboost

    rng = np.random.default_rng(0)
    X = rng.random((1000, 20))
    y = X[:, 0] + np.sin(9.0 * X[:, 1]) + 0.1 * rng.standard_normal(1000)
    params = {"max_depth": UNIT_DEPTH, "nthread": 1}
    booster = xgboost.train(params, xgboost.DMatrix(X, y), UNIT_TREES)
    row = X[:1].astype(np.float32)
    return lambda: booster.inplace_predict(row)


def _in_turn(calls: Mapping[str, Callable[[], Any]]) -> dict[str, float]:
    """Median CPU seconds of each call, measured in turn so that all see the same load."""
    for call in calls.values():
        _cpu_s(call, N_CALLS)
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(N_ROUNDS):
        for name, call in calls.items():
            times[name].append(_cpu_s(call, N_CALLS))
    return {name: float(np.median(seconds)) for name, seconds in times.items()}


def _cpu_s(call: Callable[[], Any], n: int) -> float:
    start = time.process_time()
    for _ in range(n):
        call()
    return (time.process_time() - start) / n
