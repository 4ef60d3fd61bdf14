import numpy as np
import pytest

from benchmarks.reporting.ratios import Ratio, energy_ratio, geometric_mean
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
