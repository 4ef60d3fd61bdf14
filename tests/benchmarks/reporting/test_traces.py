import dataclasses

import numpy as np
import pytest

from benchmarks.harness.results import Results
from benchmarks.reporting.traces import (
    best_plain,
    collect,
    hypervolume,
    reached_by,
    reference_score,
    wilcoxon_p,
)
from tests.benchmarks.made_up_rows import HEADER, make_rows
from tests.benchmarks.reporting.made_up_traces import method, trace


def test_incumbent_holds_until_the_next_trial_ends():
    found = trace([1, 2, 4], [0.5, 0.7, 0.6]).at(np.array([0.5, 1.0, 1.9, 2.0, 9.0]))
    np.testing.assert_array_equal(found, [np.nan, 0.5, 0.5, 0.7, 0.6])


def test_energy_to_target_is_that_of_the_first_incumbent_as_good():
    found = trace([1, 2, 4], [0.5, 0.7, 0.6]).kwh_to(np.array([0.4, 0.6, 0.7, 0.71]))
    np.testing.assert_array_equal(found, [1.0, 2.0, 2.0, np.inf])


@pytest.mark.parametrize(
    ("target", "expected"), [(0.5, 1.0), (0.6, 2.0), (0.65, np.inf), (0.71, np.inf)]
)
def test_energy_to_keep_the_target_is_that_after_the_last_worse_incumbent(target, expected):
    assert trace([1, 2, 4], [0.5, 0.7, 0.6]).kwh_to_keep(target) == expected


@pytest.mark.parametrize(
    ("energies", "q", "expected"),
    [
        ([1.0, np.inf], 0.5, np.inf),  # one of two in the middle is never there
        ([np.inf, 1.0, 3.0, np.inf], 0.5, np.inf),
        ([np.inf, 1.0, 3.0], 0.5, 3.0),
        ([np.inf, np.inf], 0.5, np.inf),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([3.0, 1.0, 2.0, 4.0], 0.5, 2.5),
        ([3.0, 1.0, 2.0, 4.0], 0.25, 1.75),
        ([3.0, 1.0, 2.0, np.inf, np.inf], 0.25, 2.0),
        ([3.0], 0.75, 3.0),
    ],
)
def test_reached_by(energies, q, expected):
    assert reached_by(np.array(energies), q) == expected
    assert not np.isfinite(energies).all() or np.quantile(energies, q) == expected


@pytest.mark.parametrize(
    ("finals", "expected"),
    [([0.7], 0.7), ([0.9, 0.7], 0.7), ([0.9, 0.5, 0.7], 0.7), ([0.9, 0.5, 0.7, 0.8], 0.7)],
)
def test_the_target_is_a_score_that_more_than_half_of_the_studies_reach(finals, expected):
    found = method("p", *(trace([1], [final]) for final in finals))
    assert found.target == expected
    assert (found.finals >= found.target).mean() > 0.5


def test_best_plain_method_is_never_energy_aware():
    methods = {
        "a": method("a", trace([1], [0.8])),
        "b": method("b", trace([1], [0.7])),
        "ea": method("ea", trace([1], [0.9]), energy_aware=True),
    }
    assert best_plain(methods) == "a"
    assert best_plain({"ea": methods["ea"]}) is None


def test_best_plain_method_has_all_its_studies():
    methods = {
        "lucky": method("lucky", trace([1], [0.9])),
        "whole": method("whole", trace([1], [0.7]), trace([1], [0.8])),
    }
    assert best_plain(methods) == "whole"


def test_wilcoxon_is_paired_by_seed_and_holm_corrected():
    base = method("base", *(trace([1], [0.70 + 0.001 * i]) for i in range(8)))
    better = method("better", *(trace([1], [0.75 + 0.002 * i]) for i in range(8)))
    same = method("same", *(trace([1], [0.70 + 0.001 * i]) for i in range(8)))
    few = method("few", *(trace([1], [0.9]) for _ in range(4)))
    found = wilcoxon_p({m.name: m for m in (base, better, same, few)}, "base")
    assert found["better"] == pytest.approx(2 * 2 / 2**8)  # all 8 signs agree; two comparisons
    assert found["same"] == 1.0
    assert found["few"] is None
    assert found["base"] is None


def test_hypervolume_of_two_steps():
    points = np.array([(2.0, 0.5), (4.0, 0.9), (5.0, 0.2), (12.0, 1.0)])
    assert hypervolume(points, 10.0) == pytest.approx((2 * 0.5 + 6 * 0.9) / 10.0)
    assert hypervolume(points[3:], 10.0) == 0.0


def test_unfinished_studies_are_left_out_and_plain_methods_come_first():
    rows = [
        *(dataclasses.replace(row, method="ea", energy_aware=True) for row in make_rows()),
        *make_rows(seed=1),
        *make_rows(seed=0)[:-1],
    ]
    methods = collect(Results(header=HEADER, rows=tuple(rows)))
    assert [(m.name, [t.seed for t in m.traces]) for m in methods.values()] == [
        ("rs", [1]),
        ("ea", [0]),
    ]


def test_a_better_trial_than_the_reference_replaces_it():
    rows = make_rows()
    assert reference_score(Results(header=HEADER, rows=tuple(rows))) == 0.9
    rows[1] = dataclasses.replace(rows[1], test_metric=0.95)
    assert reference_score(Results(header=HEADER, rows=tuple(rows))) == 0.95
