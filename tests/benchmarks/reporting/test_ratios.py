import numpy as np
import pytest

from benchmarks.reporting.ratios import Ratio, energy_ratio, geometric_mean
from benchmarks.reporting.resampling import MANY
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


def test_of_an_even_number_of_studies_the_median_is_the_mean_of_the_two_in_the_middle():
    """By hand: the plain ends are 0.6, 0.7, 0.8, 0.9, the target is 0.7."""
    ends = [(8, 0.9), (4, 0.8), (6, 0.7), (2, 0.6)]
    plain = method("p", *(trace([kwh], [end]) for kwh, end in ends))
    ours = method("f", *(trace([kwh], [0.7]) for kwh in (1, 2, 5, 9)))
    # plain gets there at 4, 6, 8 and never: (6 + 8) / 2 = 7; ours at 1, 2, 5, 9: (2 + 5) / 2 = 3.5
    assert energy_ratio(ours, plain, budget_kwh=9.0).value == 0.5
    assert energy_ratio(plain, plain, budget_kwh=9.0).value == 1.0


def test_where_half_of_the_studies_never_arrive_the_median_one_does_not():
    """By hand: all plain studies are there at 4; two of four of ours at 1 and 2, of 10."""
    plain = method("p", *(trace([4], [0.7]) for _ in range(4)))
    half = method(
        "h", *(trace([kwh], [end]) for kwh, end in ((1, 0.8), (2, 0.8), (9, 0.6), (9, 0.6)))
    )
    ratio = energy_ratio(half, plain, budget_kwh=10.0)
    assert np.isinf(ratio.value)
    assert ratio.bound == (2.0 + 10.0) / 2.0 / 4.0  # not 2 / 4, as if the third one did not matter
    assert ratio.to_json()["ratio"] is None


def test_a_study_that_spent_more_than_the_budget_counts_with_what_it_spent():
    plain = method("p", trace([4], [0.7]))
    over = method("o", trace([12], [0.6]))
    assert energy_ratio(over, plain, budget_kwh=10.0).bound == 3.0


@pytest.mark.parametrize("n", [1, 2, 3, 4, 9, 10])
def test_the_median_study_of_the_plain_method_gets_to_its_own_target(n):
    rng = np.random.default_rng(n)
    plain = method("p", *(trace(*rng.uniform(1, 2, (2, 1))) for _ in range(n)))
    ratio = energy_ratio(plain, plain, budget_kwh=9.0)
    assert (ratio.value, ratio.bound, *ratio.interval) == (1.0, 1.0, 1.0, 1.0)


def test_a_bound_and_the_interval_beside_it_are_of_one_kind():
    """The few resamples that get there have larger ratios than the whole budget makes."""
    ends = [(1, 2), (2, 5), (1, 4), (7, 1), (1, 0), (7, 3)]
    plain = method("p", *(trace([kwh], [0.8 + 0.01 * end]) for kwh, end in ends))
    slow = method("s", *(trace([9], [0.8 + 0.01 * end]) for end in (2, 4, 5, 0, 0, 1)))
    ratio = energy_ratio(slow, plain, budget_kwh=9.0)
    found = ratio.to_json()
    assert (found["ratio"], found["high_95"]) == (None, None)
    # three of plain's four that get there do at 1, 1, 2 and 7; of ours only three, all at 9
    assert found["low_95"] > ratio.bound == 9.0 / 4.5
    low, high = ratio.bound_interval
    assert low < ratio.bound < high
    assert ratio_cells(found) == (">2.00", "1.29 .. >9.00")
    assert bounded(found, unknown="over ") == ["over 2.00", "1.29", "over 9.00"]


def test_what_was_seen_is_in_its_interval():
    """Medians jump, so the percentiles of resamples may all lie on one side of it."""
    always = np.full(2000, 2.0)
    above = Ratio(value=np.inf, resampled=always, bound=2.5, bound_resampled=always)
    assert above.interval == (2.0, np.inf)
    assert above.bound_interval == (2.0, 2.5)
    below = geometric_mean([Ratio(value=1.0, resampled=always, bound=1.0, bound_resampled=always)])
    assert below.interval == below.bound_interval == pytest.approx((1.0, 2.0))


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
