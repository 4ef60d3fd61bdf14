"""Rows as ``measure-steps`` writes them, by the formulas of the simulated machine, no loader."""

from dataclasses import asdict

import numpy as np

from benchmarks.collection.planned_runs import planned_steps
from surrogate.simulation.inputs import inputs
from surrogate.simulation.machine import BATCH, epoch_cost
from surrogate.step_records import PieceCost

STATIC_WATTS = 40.0


def rows(task, n, *, noise=0.002, board="Made-up GPU", **other):
    """JSON objects of ``n`` configurations; further keys replace those of each."""
    planned = [planned_steps(task, run) for run in range(n)]
    zeros = np.full(n, 0.01)
    cost = epoch_cost(
        inputs([one.config for one in planned], task),
        n_train=BATCH,
        n_val=BATCH,
        loader_slowdown=zeros,
        meter_gain=np.ones(n),
    )
    rng = np.random.default_rng(n)
    found = []
    for i, one in enumerate(planned):
        training = _piece(cost.seconds[i], cost.watts[i], rng.normal(size=2) * noise)
        evaluation = _piece(cost.inference_seconds[i], cost.inference_watts[i], [0.0])
        found.append(
            {
                "schema": 1,
                "task": task,
                "run": one.run,
                "config": one.config,
                "seed": one.seed,
                "status": "measured",
                "precision": "fp32",
                "batch": BATCH,
                "image_size_px": 32,
                "training": training,
                "training_with_wait": training,
                "evaluation": evaluation,
                "inference": {**evaluation, "images": 1},
                "loss_is_finite": True,
                "memory": {"free_bytes": 10**10},
                "meter": {"kind": "measured", "name": "nvml", "static_watts": STATIC_WATTS},
                "machine": {"gpu": board, "driver": "580.1", "power_limit_watts": 300.0},
                "versions": {"torch": "2.13.0"},
                "started": f"2026-01-{1 + i % 28:02d}T00:00:00+00:00",
                **other,
            }
        )
    return found


def _piece(seconds, watts, errors):
    windows = tuple(float(seconds * watts * np.exp(error)) for error in errors)
    joules = sum(windows) / len(windows)
    piece = PieceCost(
        images=BATCH,
        seconds=float(seconds),
        joules=joules,
        above_static_joules=joules - STATIC_WATTS * float(seconds),
        watts=joules / float(seconds),
        windows_joules=windows,
    )
    return asdict(piece) | {"windows_joules": list(windows)}
