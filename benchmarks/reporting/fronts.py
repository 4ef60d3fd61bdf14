"""Statistics of comparisons of fronts: the volume that a study's front dominates, over energy.

A front is what a study would hand over: the complete trainings that no other one dominates in what
the study observed. Its volume is that of their noise-free test accuracies and their energies, where
accuracy counts from the lower quartile of the prior (0) to the best known one (1) and the logarithm
of energy from the dearest draw of the prior (0) to the cheapest (1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import rankdata

from benchmarks.harness.results import Results
from benchmarks.harness.rows import Row, RowsError
from benchmarks.reporting.ratios import Ratio, energy_ratio, geometric_mean
from benchmarks.reporting.traces import Floats, MethodTraces, Trace, best_plain, collect
from eahas_plugins.models.hypervolume import hypervolume, non_dominated

FRACTIONS = (0.1, 0.25, 0.5, 1.0)
"""Parts of the budget at which fronts are looked at."""
TRAINING = "energy_kwh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Between which ends a task's front is measured.

    Args:
        energy: Which energy is the other objective.
        least_accuracy: Accuracy that counts as 0.
        best_accuracy: Accuracy that counts as 1.
        most_kwh: Energy that counts as 0, kWh.
        least_kwh: Energy that counts as 1, kWh.
    """

    energy: str
    least_accuracy: float
    best_accuracy: float
    most_kwh: float
    least_kwh: float

    @classmethod
    def of(cls, results: Results) -> Box:
        """The box of a task.

        Raises:
            RowsError: If its rows are of one objective.
        """
        provenance = results.header.provenance
        if "front" not in provenance:
            raise RowsError(
                f"{results.header.task} must be a task with two objectives but has one: compare "
                "with --suite fronts, or look at it with `python -m benchmarks report`."
            )
        front, best = provenance["front"], results.header.reference_test_metric
        assert best is not None  # it is found for every benchmark
        return cls(
            energy=provenance["objectives"][1],
            least_accuracy=front["least_accuracy"],
            best_accuracy=best,
            most_kwh=front["most_kwh"],
            least_kwh=front["least_kwh"],
        )

    def energy_of(self, row: Row) -> float:
        """The energy that is the other objective, kWh."""
        known = row.trial_kwh if self.energy == TRAINING else row.inference_energy_kwh
        assert known is not None  # the problem knows it
        return known

    def scaled(self, accuracies: Floats, energies: Floats) -> Floats:
        """Array of shape (n, 2), larger is better; 0 to 1 inside the box."""
        good = (accuracies - self.least_accuracy) / (self.best_accuracy - self.least_accuracy)
        cheap = np.log(self.most_kwh / energies) / np.log(self.most_kwh / self.least_kwh)
        return np.stack([good, cheap], axis=1)


def front_rows(rows: Sequence[Row], box: Box) -> list[Row]:
    """The complete trainings on the front of what was observed, cheapest first."""
    complete = [row for row in rows if row.epochs == row.planned_epochs]
    if not complete:
        return []
    observed = np.array([(row.val_metric, -box.energy_of(row)) for row in complete])
    front = [complete[i] for i in np.flatnonzero(non_dominated(observed))]
    return sorted(front, key=box.energy_of)


def volumes(rows: Sequence[Row], box: Box) -> Floats:
    """Volume of the front after each trial, shape (n_trials,)."""
    found: list[float] = []
    for n, row in enumerate(rows, start=1):
        if row.epochs != row.planned_epochs and found:
            found.append(found[-1])
            continue
        front = front_rows(rows[:n], box)
        points = box.scaled(
            np.array([one.test_metric for one in front]),
            np.array([box.energy_of(one) for one in front]),
        )
        found.append(hypervolume(points, np.zeros(2)))
    return np.array(found)


def rows_by_study(results: Results) -> dict[str, dict[int, list[Row]]]:
    """The rows of finished studies by method and seed, in order."""
    finished = results.finished()
    found: dict[str, dict[int, list[Row]]] = {name: {} for name in collect(results)}
    for row in results.rows:
        if row.study in finished:
            found[row.method].setdefault(row.seed, []).append(row)
    for studies in found.values():
        for rows in studies.values():
            rows.sort(key=lambda row: row.trial)
    return found


def front_traces(results: Results) -> dict[str, MethodTraces]:
    """The finished studies by method; the score of each is the volume of its front."""
    box = Box.of(results)
    found = {}
    for name, studies in rows_by_study(results).items():
        traces = tuple(
            Trace(
                seed=seed,
                kwh=np.array([row.kwh for row in rows]),
                runtime_s=None,
                test_score=volumes(rows, box),
                points=np.array([(box.energy_of(row), row.test_metric) for row in rows]),
                n_trials=len(rows),
            )
            for seed, rows in sorted(studies.items())
        )
        aware = next(iter(studies.values()))[0].energy_aware
        found[name] = MethodTraces(name=name, energy_aware=aware, traces=traces)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontSummary:
    """What one task's studies found.

    Args:
        task: The task.
        budget_kwh: Energy of each study, kWh.
        plain: The plain method whose fronts end with the largest median volume.
        methods: The studies.
        ratios: Energy to the plain method's final median volume, over its own.
    """

    task: str
    budget_kwh: float
    plain: str
    methods: Mapping[str, MethodTraces]
    ratios: Mapping[str, Ratio]

    @classmethod
    def of(cls, results: Results) -> FrontSummary:
        """Summarise one task.

        Raises:
            RowsError: If its rows are of one objective, or no plain method was run.
        """
        methods = front_traces(results)
        plain = best_plain(methods)
        if plain is None:
            raise RowsError(f"{results.header.task} must have a plain method to compare with.")
        budget_kwh = results.header.budget_kwh
        ratios = {
            name: energy_ratio(method, methods[plain], budget_kwh=budget_kwh)
            for name, method in methods.items()
        }
        return cls(
            task=results.header.task,
            budget_kwh=budget_kwh,
            plain=plain,
            methods=methods,
            ratios=ratios,
        )

    def to_json(self) -> dict[str, Any]:
        """For fronts.json."""
        return {
            "task": self.task,
            "budget_kwh": self.budget_kwh,
            "best_plain": self.plain,
            "methods": {
                name: {
                    "n_studies": len(method.traces),
                    "median_volume": dict(
                        zip(map(str, FRACTIONS), self.medians(name).tolist(), strict=True)
                    ),
                    "energy_to_best_plain": self.ratios[name].to_json(),
                }
                for name, method in self.methods.items()
            },
        }

    def medians(self, name: str) -> Floats:
        """Median volume at each of `FRACTIONS` of the budget."""
        grid = self.budget_kwh * np.array(FRACTIONS)
        at = np.array([trace.at(grid) for trace in self.methods[name].traces])
        return np.asarray(np.median(np.nan_to_num(at), axis=0))


def overall_ratios(summaries: Sequence[FrontSummary]) -> dict[str, Ratio]:
    """Geometric mean over the tasks of each method's energy to the best plain method's end."""
    shared = set.intersection(*(set(one.ratios) for one in summaries))
    return {
        name: geometric_mean([one.ratios[name] for one in summaries])
        for name in summaries[0].ratios
        if name in shared
    }


def mean_ranks(summaries: Sequence[FrontSummary]) -> dict[str, float]:
    """Mean rank of the final volumes over tasks and seeds that all methods have; 1 is best."""
    names = [n for n in summaries[0].methods if all(n in one.methods for one in summaries)]
    blocks = []
    for one in summaries:
        finals = {
            name: {t.seed: float(v) for t, v in zip(m.traces, m.finals, strict=True)}
            for name, m in one.methods.items()
            if name in names
        }
        shared = set.intersection(*(set(by_seed) for by_seed in finals.values()))
        blocks += [[-finals[name][seed] for name in names] for seed in sorted(shared)]
    if not blocks:
        return {}
    means = rankdata(np.array(blocks), axis=1).mean(axis=0)
    return dict(zip(names, means.tolist(), strict=True))
