import dataclasses

import numpy as np
import pytest

from benchmarks.harness.results import Results
from benchmarks.reporting.ranks import rank
from benchmarks.reporting.ratios import Ratio, energy_ratio, geometric_mean
from benchmarks.reporting.summary import summarise
from benchmarks.reporting.traces import (
    MethodTraces,
    Trace,
    best_plain,
    collect,
    hypervolume,
    reached_by,
    reference_accuracy,
    wilcoxon_p,
)
from tests.benchmarks.harness.test_rows import HEADER, make_rows


def trace(kwh, accuracy, seed=0):
    kwh, accuracy = np.array(kwh, dtype=float), np.array(accuracy, dtype=float)
    return Trace(
        seed=seed,
        kwh=kwh,
        runtime_s=None,
        test_accuracy=accuracy,
        points=np.column_stack([kwh, accuracy]),
    )


def method(name, *traces, energy_aware=False):
    numbered = tuple(dataclasses.replace(t, seed=i) for i, t in enumerate(traces))
    return MethodTraces(name=name, energy_aware=energy_aware, traces=numbered)


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
        ([1.0, np.inf], 0.5, 1.0),  # half are there
        ([1.0, np.inf, np.inf], 0.5, np.inf),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([3.0, 1.0, 2.0, 4.0], 0.25, 1.0),
        ([3.0], 0.75, 3.0),
    ],
)
def test_reached_by(energies, q, expected):
    assert reached_by(np.array(energies), q) == expected


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


def test_ratio_of_a_method_with_half_the_energy():
    plain = method("p", *(trace([2, 4 + i], [0.5, 0.80 + 0.01 * i]) for i in range(6)))
    fast = method(
        "f", *(trace([1, 2 + i / 2], [0.5, 0.80 + 0.01 * i]) for i in range(6)), energy_aware=True
    )
    ratio = energy_ratio(fast, plain, budget_kwh=9.0)
    assert (ratio.value, *ratio.interval) == (0.5, 0.5, 0.5)
    same = energy_ratio(plain, plain, budget_kwh=9.0)
    assert (same.value, *same.interval) == (1.0, 1.0, 1.0)


def test_ratio_of_a_method_that_never_arrives_is_unknown_but_larger_than_that_of_the_budget():
    plain = method("p", *(trace([2], [0.8]) for _ in range(4)))
    slow = method("s", *(trace([2], [0.7]) for _ in range(4)))
    never = energy_ratio(slow, plain, budget_kwh=5.0)
    bound = {"ratio": 2.5, "low_95": 2.5, "high_95": 2.5}
    assert never.to_json() == {**dict.fromkeys(bound), "at_least": bound}
    fast = method("f", *(trace([1], [0.8]) for _ in range(4)))
    mean = geometric_mean([never, energy_ratio(fast, plain, budget_kwh=5.0)]).to_json()
    assert mean["ratio"] is None
    assert mean["at_least"]["ratio"] == pytest.approx((2.5 * 0.5) ** 0.5)


def test_a_known_ratio_is_its_own_bound():
    plain = method("p", *(trace([2 + i], [0.8]) for i in range(5)))
    fast = method("f", *(trace([1 + i], [0.8]) for i in range(5)))
    found = energy_ratio(fast, plain, budget_kwh=7.0).to_json()
    bound = found.pop("at_least")
    assert bound == found


def test_bootstrap_interval_covers_what_varies():
    rng = np.random.default_rng(0)
    plain = method("p", *(trace([rng.uniform(2, 4)], [0.8]) for _ in range(20)))
    fast = method("f", *(trace([rng.uniform(1, 2)], [0.8]) for _ in range(20)))
    ratio = energy_ratio(fast, plain, budget_kwh=9.0)
    low, high = ratio.interval
    assert low < ratio.value < high
    assert 0.3 < low < 0.5 < high < 0.75
    tenth = np.full(2000, 0.1)
    mean = geometric_mean(
        [ratio, Ratio(value=0.1, resampled=tenth, bound=0.1, bound_resampled=tenth)]
    )
    assert mean.value == pytest.approx((0.1 * ratio.value) ** 0.5)
    assert mean.interval == pytest.approx([(0.1 * low) ** 0.5, (0.1 * high) ** 0.5])


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
    assert reference_accuracy(Results(header=HEADER, rows=tuple(rows))) == 0.9
    rows[1] = dataclasses.replace(rows[1], test_accuracy=0.95)
    assert reference_accuracy(Results(header=HEADER, rows=tuple(rows))) == 0.95


def test_summary_says_never_by_null():
    slow = [dataclasses.replace(r, method="slow", incumbent_test_accuracy=0.4) for r in make_rows()]
    summary = summarise(Results(header=HEADER, rows=(*make_rows(), *slow)))
    assert summary["best_plain_method"] == "rs"
    assert summary["target_test_accuracy"] == 0.5
    assert summary["methods"]["rs"]["kwh_to_target"]["median"] == pytest.approx(0.1)
    assert summary["methods"]["rs"]["final_test_accuracy"]["median"] == 0.5
    assert summary["methods"]["slow"]["kwh_to_target"]["median"] is None
    assert summary["methods"]["slow"]["n_reached_target"] == 0
    assert summary["budget_trainings"] == pytest.approx(5.0)


def ranked(accuracy_by_method, task="synthetic"):
    rows = [
        dataclasses.replace(row, method=name, incumbent_test_accuracy=values[row.seed])
        for name, values in accuracy_by_method.items()
        for seed in range(len(values))
        for row in make_rows(seed=seed)
    ]
    return Results(header=dataclasses.replace(HEADER, task=task), rows=tuple(rows))


def test_ranks_are_means_over_tasks_and_shared_seeds():
    first = ranked({"a": [0.9, 0.9, 0.9], "b": [0.8, 0.8], "c": [0.8, 0.7]})
    second = ranked({"a": [0.5, 0.9], "b": [0.8, 0.8], "c": [0.7, 0.7], "d": [1.0, 1.0]}, "t2")
    ranks = rank([first, second])
    assert ranks.names == ("a", "b", "c")  # d is not on both tasks, the third seed not everywhere
    assert ranks.n_blocks == 4
    np.testing.assert_allclose(
        ranks.mean, [(1 + 1 + 3 + 1) / 4, (2.5 + 2 + 1 + 2) / 4, (2.5 + 3 + 2 + 3) / 4]
    )
    # Demsar (2006), table 5: q of three methods at 5 % is 2.343
    assert ranks.critical_difference == pytest.approx(2.343 * (3 * 4 / (6 * 4)) ** 0.5, rel=1e-3)
    assert ranks.groups() == [(0, 2)]


def test_methods_that_differ_everywhere_are_told_apart():
    n = 40
    ranks = rank([ranked({"a": [0.9] * n, "b": [0.8] * n, "c": [0.8 - 1e-9] * n})])
    assert ranks.groups() == []
    assert ranks.p_value < 1e-6


def test_one_method_or_one_study_has_no_rank():
    assert rank([ranked({"a": [0.9, 0.8]})]) is None
    assert rank([ranked({"a": [0.9], "b": [0.8]})]) is None


def test_equal_methods_share_their_rank():
    ranks = rank([ranked({"a": [0.9] * 3, "b": [0.9] * 3, "c": [0.9] * 3})])
    assert ranks.mean.tolist() == [2.0, 2.0, 2.0]
    assert ranks.p_value is None
    assert ranks.groups() == [(0, 2)]
