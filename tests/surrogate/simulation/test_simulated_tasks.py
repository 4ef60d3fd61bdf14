"""What ships as ``cifar10`` and ``tinyimagenet`` against the published figures.

The fitted models smooth what they learnt from, so the tolerances are wider than those of the
simulation itself (tests/surrogate/simulation/test_calibration.py), where each figure is explained.
"""

from __future__ import annotations

import numpy as np
import pytest

import surrogate
from surrogate.simulation.simulate import simulate
from surrogate.simulation.tasks import SIMULATED
from surrogate.space.constraint import sample, violation
from surrogate.space.task import Limits

N = 3000


@pytest.fixture(scope="module")
def predicted():
    found = {}
    for task in SIMULATED:
        configs = sample(task, N, seed=21, limits=Limits())
        found[task] = configs, surrogate.load(task, costs="simulated").query_many(configs)
    return found


def final(runs, name="val_accuracy"):
    return 100 * np.array([getattr(run, name)[-1] for run in runs])


def per_epoch(runs):
    wh = np.array([run.energy_kwh[-1] / len(run.energy_kwh) for run in runs]) * 1e3
    return wh, np.array([run.runtime_s[-1] / len(run.runtime_s) for run in runs])


def ranks(values):
    return np.argsort(np.argsort(values))


@pytest.mark.parametrize("task", SIMULATED)
def test_they_say_that_they_are_simulated(task):
    bench = surrogate.load(task, costs="simulated")
    for key in ("kind", "accuracy", "runtime", "energy"):
        assert bench.provenance[key] == "simulated"
    assert bench.provenance["meter"]["kind"] == "simulated"
    assert bench.provenance["n_configs"] >= 12_000


def test_cifar10_quartiles(predicted):
    val = final(predicted["cifar10"][1])
    np.testing.assert_allclose(np.percentile(val, [25, 50, 75]), [71.3, 87.8, 92.1], atol=3.5)
    assert val.max() == pytest.approx(95.7, abs=2.0)


def test_tinyimagenet_costs(predicted):
    wh, seconds = per_epoch(predicted["tinyimagenet"][1])
    low, high = np.percentile(wh, [10, 90])
    assert low == pytest.approx(0.4, rel=0.3)
    assert high == pytest.approx(1.6, rel=0.3)
    assert 27.0 < seconds.min() < 60.0
    assert np.corrcoef(wh, seconds)[0, 1] < 0.9
    low, median, high = np.percentile(3600.0 * wh / seconds, [1, 50, 99])
    assert 16.0 < low < median == pytest.approx(45.0, rel=0.2)
    assert high < 109.0


def test_tinyimagenet_accuracy(predicted):
    test = final(predicted["tinyimagenet"][1], "test_accuracy")
    assert test.max() == pytest.approx(61.2, abs=6.0)  # means, without the luck of the best
    assert test.min() < 3.0


@pytest.mark.parametrize("task", SIMULATED)
def test_they_rank_like_the_simulation(task, predicted):
    """Networks that no model has seen, against one simulated training of each."""
    configs, runs = predicted[task]
    truth = simulate(configs[:1500], task, seed=9)
    predictions = runs[:1500]
    assert np.corrcoef(ranks(final(truth)), ranks(final(predictions)))[0, 1] > 0.9
    # the load of the machine is not in a configuration and moves runtime more than energy
    least = (0.75, 0.5)
    for measured, modelled, bound in zip(
        per_epoch(truth), per_epoch(predictions), least, strict=True
    ):
        assert np.corrcoef(ranks(measured), ranks(modelled))[0, 1] > bound


@pytest.mark.parametrize("task", SIMULATED)
def test_fronts_of_energy_and_runtime_differ(task, predicted):
    runs = predicted[task][1]
    wh, seconds = per_epoch(runs)
    test = final(runs, "test_accuracy")

    def front(cost):
        beaten = (cost[:, None] > cost) & (test[:, None] <= test)
        return set(np.flatnonzero(~beaten.any(axis=1)).tolist())

    assert len(front(wh) - front(seconds)) >= 3


def test_constrained_task():
    bench = surrogate.load("cifar10", constrained=True)
    configs = bench.sample(200, seed=3)
    assert all(violation(config, "cifar10") is None for config in configs)
    assert np.median(final(bench.query_many(configs))) == pytest.approx(87.8, abs=4.0)
    with pytest.raises(ValueError, match="outside the constraints"):
        bench.query(bench.space.get_default_configuration())


def test_the_measured_task_cannot_be_constrained():
    with pytest.raises(ValueError, match="load it without them"):
        surrogate.load("fashion-nano", constrained=True)
