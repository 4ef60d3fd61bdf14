import numpy as np
import pytest

from benchmarks.reporting.ratios import MANY, Ratio, energy_ratio, geometric_mean, tasks_drawn
from benchmarks.reporting.tables import bounded, ratio_cells
from tests.benchmarks.reporting.made_up_traces import method, trace


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


def test_a_bound_and_the_interval_beside_it_are_of_one_kind():
    """The few resamples that get there have larger ratios than the whole budget makes."""
    ends = [(7, 5), (8, 3), (1, 4), (2, 1), (5, 0), (6, 2)]
    plain = method("p", *(trace([kwh], [0.8 + 0.01 * end]) for kwh, end in ends))
    slow = method("s", *(trace([9], [0.8 + 0.01 * end]) for end in (2, 0, 2, 0, 0, 2)))
    ratio = energy_ratio(slow, plain, budget_kwh=9.0)
    found = ratio.to_json()
    assert (found["ratio"], found["high_95"]) == (None, None)
    assert found["low_95"] > ratio.bound == 9.0 / 8.0
    low, high = ratio.bound_interval
    assert low == ratio.bound < high
    assert ratio_cells(found) == (">1.12", "1.12 .. >9.00")
    assert bounded(found, unknown="over ") == ["over 1.12", "1.12", "over 9.00"]


def test_what_was_seen_is_in_its_interval():
    """Medians jump, so the percentiles of resamples may all lie on one side of it."""
    always = np.full(2000, 2.0)
    above = Ratio(value=np.inf, resampled=always, bound=2.5, bound_resampled=always)
    assert above.interval == (2.0, np.inf)
    assert above.bound_interval == (2.0, 2.5)
    below = geometric_mean([Ratio(value=1.0, resampled=always, bound=1.0, bound_resampled=always)])
    assert below.interval == below.bound_interval == pytest.approx((1.0, 2.0))


def test_a_sample_of_tasks_is_drawn_anew_the_same_for_all_that_is_told_of_them():
    assert (tasks_drawn(9, are_sample=False) == np.arange(9)).all()
    drawn = tasks_drawn(9, are_sample=True)
    assert not (drawn == np.arange(9)).all(axis=1).any()
    assert (drawn == tasks_drawn(9, are_sample=True)).all()


def test_few_tasks_are_a_sample_where_somebody_says_so():
    def task(kwh):
        always = np.full(2000, float(kwh))
        return Ratio(value=kwh, resampled=always, bound=kwh, bound_resampled=always)

    tasks = [task(1.0), task(4.0)]
    assert geometric_mean(tasks).interval == pytest.approx((2.0, 2.0))
    assert geometric_mean(tasks, are_sample=True).interval == pytest.approx((1.0, 4.0))
    many = [task(1.0), *[task(4.0)] * (MANY - 1)]
    assert geometric_mean(many).interval == geometric_mean(many, are_sample=True).interval


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
