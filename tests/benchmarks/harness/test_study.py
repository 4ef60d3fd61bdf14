import math

import numpy as np
import pytest

from benchmarks.harness.bench import SeededBench
from benchmarks.harness.study import Evaluation, Setting, run_study
from tests.benchmarks.synthetic import SyntheticBench, TestOnlyBench


@pytest.fixture(scope="module")
def configs():
    space = SyntheticBench().space
    space.seed(0)
    return [dict(config) for config in space.sample_configuration(12)]


def complete(bench, config):
    return Evaluation(config=config, energy_kwh=float(bench.query(config).energy_kwh[-1]))


def setting(*, bench=None, budget_kwh=10.0, seed=0):
    return Setting(
        bench=SeededBench(bench or SyntheticBench(), seed), budget_kwh=budget_kwh, seed=seed
    )


def study(run, given):
    return run_study(run, given, name="m", energy_aware=False, host="")


def test_without_validation_accuracy_the_noisy_test_accuracy_is_observed(configs):
    bench = SeededBench(TestOnlyBench(), 0)
    run = bench.query(configs[0])
    np.testing.assert_array_equal(run.val_accuracy, run.test_accuracy)
    rows = study(lambda s: [complete(s.bench, configs[0])], setting(bench=TestOnlyBench()))
    assert rows[0].runtime_s is None


def test_rows_follow_the_best_observed_trial(configs):
    given = setting()
    rows = study(lambda s: [complete(s.bench, c) for c in configs], given)
    val = np.array([row.val_metric for row in rows])
    test = np.array([row.test_metric for row in rows])
    best = [int(np.argmax(val[: i + 1])) for i in range(len(rows))]
    assert [row.incumbent_test_metric for row in rows] == test[best].tolist()
    assert [row.trial for row in rows] == list(range(len(rows)))
    assert [row.final for row in rows] == [False] * 11 + [True]
    np.testing.assert_allclose(
        [row.kwh for row in rows], np.cumsum([row.trial_kwh for row in rows])
    )
    truth = given.bench.truth(rows[0].config)
    assert rows[0].test_metric == truth.test_accuracy[-1]
    assert rows[-1].runtime_s == pytest.approx(rows[-1].kwh * 3.6e4)


def test_epochs_are_those_that_the_energy_pays_for(configs):
    def run(given):
        energy = given.bench.query(configs[0]).energy_kwh
        yield Evaluation(config=configs[0], energy_kwh=float(energy[4]))
        yield Evaluation(config=configs[0], energy_kwh=float(energy[0]) * 0.5)

    given = setting()
    rows = study(run, given)
    assert len(rows) == 1  # half an epoch leaves no network
    observed = given.bench.query(configs[0])
    assert rows[0].epochs == 5
    assert rows[0].planned_epochs == len(observed.val_accuracy)
    assert rows[0].val_metric == observed.val_accuracy[4]


def test_a_method_that_overspends_is_refused(configs):
    given = setting()
    first = complete(given.bench, configs[0])
    epoch = float(given.bench.query(configs[0]).energy_kwh[0])
    within = setting(budget_kwh=first.energy_kwh - 0.5 * epoch)
    assert study(lambda s: [first], within)
    beyond = setting(budget_kwh=first.energy_kwh - 1.5 * epoch)
    with pytest.raises(RuntimeError, match="must not spend more"):
        study(lambda s: [first], beyond)


def test_a_budget_below_one_epoch_is_an_error(configs):
    with pytest.raises(RuntimeError, match="at least one epoch"):
        study(lambda s: [Evaluation(config=configs[0], energy_kwh=0.0)], setting())


@pytest.mark.parametrize("kwh", [None, math.nan, math.inf, -math.inf, -0.1, "0.1"])
def test_energy_of_a_method_that_cannot_be_is_refused(configs, kwh):
    with pytest.raises(ValueError, match="energy_kwh of an evaluation must be finite"):
        study(lambda s: [Evaluation(config=configs[0], energy_kwh=kwh)], setting())
