"""Volumes of fronts, from rows that nobody ran."""

import dataclasses
import math

import numpy as np
import pytest

from benchmarks.harness.results import Results
from benchmarks.harness.rows import RowsError
from benchmarks.reporting.front_figures import as_json, attained, front_tables
from benchmarks.reporting.fronts import (
    Box,
    FrontSummary,
    front_rows,
    mean_ranks,
    overall_ratios,
    volumes,
)
from tests.benchmarks.made_up_rows import HEADER, make_rows

PROVENANCE = {
    "kind": "simulated",
    "objectives": ["accuracy", "energy_kwh"],
    "front": {"least_accuracy": 0.4, "most_kwh": 1.0, "least_kwh": 0.01, "how": "made up"},
}
FRONT_HEADER = dataclasses.replace(HEADER, provenance=PROVENANCE)


def study(points, method="rs", seed=0, *, aware=False, cut=()):
    """Rows with these observed and true accuracies and energies."""
    rows = make_rows(method, seed, len(points))
    spent = np.cumsum([kwh for *_, kwh in points])
    return [
        dataclasses.replace(
            row,
            energy_aware=aware,
            kwh=float(spent[i]),
            val_metric=val,
            test_metric=test,
            trial_kwh=kwh,
            epochs=5 if i in cut else 10,
        )
        for i, (row, (val, test, kwh)) in enumerate(zip(rows, points, strict=True))
    ]


def results(*studies):
    return Results(header=FRONT_HEADER, rows=tuple(row for rows in studies for row in rows))


BOX = Box.of(results())


def test_the_volume_is_that_of_the_true_values_of_what_was_observed_to_be_best():
    # the second looks better than the first and is worse; the third is on the front, too
    rows = study([(0.6, 0.65, 0.1), (0.7, 0.5, 0.1), (0.8, 0.9, 1.0)])
    assert [row.trial for row in front_rows(rows, BOX)] == [1, 2]
    # 0.1 kWh lies half way between 1 and 0.01; accuracies count from 0.4 to 0.9
    np.testing.assert_allclose(volumes(rows, BOX), [0.5 * 0.5, 0.2 * 0.5, 0.2 * 0.5])


def test_a_training_that_was_cut_short_is_no_member():
    rows = study([(0.6, 0.6, 0.1), (0.9, 0.9, 0.01)], cut={1})
    assert volumes(rows, BOX).tolist() == pytest.approx([0.2, 0.2])
    assert volumes(rows[1:], BOX).tolist() == [0.0]


def test_the_energy_may_be_that_of_inference():
    provenance = {**PROVENANCE, "objectives": ["accuracy", "inference_energy_kwh"]}
    box = Box.of(Results(header=dataclasses.replace(HEADER, provenance=provenance), rows=()))
    rows = [dataclasses.replace(r, inference_energy_kwh=0.1) for r in study([(0.9, 0.9, 0.5)])]
    assert volumes(rows, box).tolist() == pytest.approx([0.5])


def test_rows_of_one_objective_are_refused():
    with pytest.raises(RowsError, match="synthetic must be a task with two objectives"):
        Box.of(Results(header=HEADER, rows=()))


def test_ratios_and_ranks():
    slow = [(0.5, 0.5, 0.1), (0.6, 0.6, 0.1), (0.7, 0.7, 0.1), (0.8, 0.8, 0.1)]
    fast = [(0.8, 0.8, 0.1), (0.85, 0.85, 0.1)]
    summary = FrontSummary.of(
        results(
            *(study(slow, seed=seed) for seed in range(6)),
            *(study(slow[:2], "tpe", seed=seed) for seed in range(6)),
            *(study(fast, "ea-bohb", seed=seed, aware=True) for seed in range(6)),
        )
    )
    assert summary.plain == "rs"
    assert summary.ratios["rs"].value == 1.0
    assert summary.ratios["ea-bohb"].value == pytest.approx(0.25)
    assert math.isinf(summary.ratios["tpe"].value)
    np.testing.assert_allclose(summary.medians("rs"), [0.0, 0.1, 0.2, 0.4])
    assert overall_ratios([summary, summary])["ea-bohb"].value == pytest.approx(0.25)
    assert mean_ranks([summary]) == {"ea-bohb": 1.0, "rs": 2.0, "tpe": 3.0}
    overall, own, _ = front_tables([summary, summary])
    assert [row[0] for row in own.rows] == ["ea-bohb", "rs", "tpe"]
    assert own.rows[2][-1] == "> 1.25 (> 1.25 to > 1.25)"
    assert overall.rows[0][:2] == ["ea-bohb", "1.00"]
    assert as_json([summary])["tasks"][0]["best_plain"] == "rs"


def test_half_of_the_studies_have_attained_the_curve():
    fronts = [front_rows(study([(a, a, 0.1)]), BOX) for a in (0.5, 0.6, 0.7)]
    curve = attained(fronts, BOX, np.array([0.05, 0.1, 0.5]))
    assert math.isnan(curve[0])
    assert curve[1:].tolist() == [0.6, 0.6]
