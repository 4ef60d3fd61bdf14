"""Studies that nobody ran."""

import dataclasses

import numpy as np

from benchmarks.reporting.traces import (
    MethodTraces,
    Trace,
)


def trace(kwh, accuracy, seed=0):
    kwh, accuracy = np.array(kwh, dtype=float), np.array(accuracy, dtype=float)
    return Trace(
        seed=seed,
        kwh=kwh,
        runtime_s=None,
        test_score=accuracy,
        points=np.column_stack([kwh, accuracy]),
        n_trials=len(kwh),
    )


def method(name, *traces, energy_aware=False):
    numbered = tuple(dataclasses.replace(t, seed=i) for i, t in enumerate(traces))
    return MethodTraces(name=name, energy_aware=energy_aware, traces=numbered)
