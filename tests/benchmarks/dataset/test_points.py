from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchmarks.dataset.points import box, front, points, spearman, summary
from surrogate.records import Run


def run_of(test, *, kwh=None, seconds=None, val=None):
    return Run(
        train_accuracy=None,
        val_accuracy=None if val is None else np.array([val]),
        test_accuracy=None if test is None else np.array([test]),
        energy_kwh=None if kwh is None else np.array([kwh]),
        runtime_s=None if seconds is None else np.array([seconds]),
        inference_energy_kwh=None,
        complexity=None,
    )


pairs = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 12)), min_size=1, max_size=30).map(
    lambda rows: np.array(rows, dtype=float).T
)


@given(pairs)
def test_front_is_what_nothing_beats(rows):
    cost, accuracy = rows
    kept = front(cost, accuracy)
    for i in range(len(cost)):
        beaten = (
            (cost <= cost[i])
            & (accuracy >= accuracy[i])
            & ((cost < cost[i]) | (accuracy > accuracy[i]))
        ).any()
        if i in kept:
            assert not beaten
        else:
            equal = [k for k in kept if cost[k] == cost[i] and accuracy[k] == accuracy[i]]
            assert beaten or equal
    assert (np.diff(cost[kept]) > 0).all()


@given(pairs)
def test_spearman_is_scipys(rows):
    a, b = rows
    if len(a) > 1 and a.std() > 0 and b.std() > 0:
        assert spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-9)
    else:
        assert spearman(a, b) is None


def test_box_by_hand():
    values = np.array([10.0, 10.2, 60.0, 70.0, 80.0, 90.0, 92.0, 94.0, 95.0])
    shown = box(values, chance=10.0)
    assert (shown["quartile_1"], shown["median"], shown["quartile_3"]) == (60.0, 80.0, 92.0)
    assert (shown["lower_whisker"], shown["upper_whisker"]) == (60.0, 95.0)
    assert shown["share_near_chance"] == pytest.approx(2 / 9)


def test_summary_by_hand():
    runs = [
        run_of(0.90, kwh=0.001, seconds=90.0),  # 1 Wh at 40 W: cheapest, not fastest
        run_of(0.92, kwh=0.002, seconds=60.0),  # 2 Wh at 120 W: fastest, best
        run_of(0.85, kwh=0.003, seconds=120.0),
    ]
    found = summary(points([{"k": i} for i in range(3)], runs, n_classes=10))
    assert found["fronts"]["n_both"] == 1
    assert found["fronts"]["n_only_energy"] == 1
    assert found["fronts"]["n_only_runtime"] == 0
    assert [p["config"]["k"] for p in found["fronts"]["energy"]] == [0, 1]
    assert found["power_w"]["minimum"] == pytest.approx(40.0)
    assert found["power_w"]["maximum"] == pytest.approx(120.0)
    assert found["energy_runtime_correlation"]["pearson"] == pytest.approx(0.5)


def test_unknown_values_are_left_out():
    found = summary(points([{}, {}], [run_of(0.5), run_of(0.6)], n_classes=10))
    assert set(found) == {"n", "chance_percent", "accuracy_percent"}
    assert set(found["accuracy_percent"]) == {"test_accuracy"}
    with pytest.raises(ValueError, match="accuracy that all of them know"):
        points([{}, {}], [run_of(0.5), run_of(None, val=0.5)], n_classes=10)
    with pytest.raises(ValueError, match="at least one training"):
        points([], [], n_classes=10)
