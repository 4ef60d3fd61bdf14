"""A benchmark whose studies search the front of accuracy and an energy."""

from __future__ import annotations

import copy

import numpy as np

import surrogate
from benchmarks.harness.bench import N_PRIOR, plain_config
from benchmarks.harness.seeds import derive_seed
from benchmarks.harness.wrapped import WrappedBench
from surrogate import Benchmark
from surrogate.records import Run

INFERENCE, TRAINING = "inference_energy_kwh", "energy_kwh"


class FrontTask(WrappedBench):
    """A benchmark with two objectives: accuracy and one of its energies.

    Its provenance says which (``objectives``) and between which ends a front is measured
    (``front``), so that rows of other fronts never share a file: from the lower quartile of the
    prior's accuracies to the best known one, and from the dearest to the cheapest draw.

    Args:
        name: The problem's name.
        bench: The benchmark.
        energy: ``"inference_energy_kwh"`` or ``"energy_kwh"``, that of the training.
    """

    def __init__(self, name: str, bench: Benchmark, energy: str) -> None:
        space = copy.deepcopy(bench.space)
        space.seed(derive_seed("front", bits=32))
        draws = [plain_config(config) for config in space.sample_configuration(N_PRIOR)]
        runs = bench.query_many(draws)
        energies = np.array([energy_of(run, energy) for run in runs])
        accuracies = np.array([_final_accuracy(run) for run in runs])
        provenance = {
            **bench.provenance,
            "problem": name,
            "objectives": ["accuracy", energy],
            "front": {
                "least_accuracy": float(np.quantile(accuracies, 0.25)),
                "most_kwh": float(energies.max()),
                "least_kwh": float(energies.min()),
                "how": f"{N_PRIOR} draws from the prior",
            },
        }
        super().__init__(bench, provenance=provenance)


def front_of(task: str, energy: str) -> FrontTask:
    """The front of a benchmark that the package ships.

    Args:
        task: Its name.
        energy: As of `FrontTask`.
    """
    kind = "inference" if energy == INFERENCE else "training"
    return FrontTask(f"{task}-{kind}", surrogate.load(task), energy)


def energy_of(run: Run, energy: str) -> float:
    """The energy of a run that is an objective, kWh.

    Raises:
        ValueError: If the benchmark does not know it.
    """
    known = run.inference_energy_kwh
    if energy == TRAINING:
        known = None if run.energy_kwh is None else float(run.energy_kwh[-1])
    if known is None:
        raise ValueError(f"a front needs a benchmark that knows {energy}, but it is unknown.")
    return known


def _final_accuracy(run: Run) -> float:
    if run.test_accuracy is None:
        raise ValueError("a front needs a benchmark that knows test accuracies.")
    return float(run.test_accuracy[-1])
