"""The simulation against every published figure (EA-HAS-Bench, ICLR 2023, read off its plots)."""

from __future__ import annotations

import numpy as np
import pytest

from surrogate.simulation.simulate import simulate
from surrogate.space.constraint import sample

QUARTILES = (71.3, 87.8, 92.1)


def ranks(values):
    return np.argsort(np.argsort(values))


def spearman(a, b):
    return np.corrcoef(ranks(a), ranks(b))[0, 1]


def front(cost, accuracy):
    """Positions of the points that no other beats in both."""
    best, kept = -np.inf, set()
    for i in np.lexsort((-accuracy, cost)):
        if accuracy[i] > best:
            best = accuracy[i]
            kept.add(int(i))
    return kept


def test_cifar10_quartiles(cifar10):
    np.testing.assert_allclose(np.percentile(cifar10.val, [25, 50, 75]), QUARTILES, atol=2.0)


def test_cifar10_whiskers(cifar10):
    low, _, high = np.percentile(cifar10.val, [25, 50, 75])
    inside = cifar10.val[cifar10.val >= low - 1.5 * (high - low)]
    # it lies 1.5 boxes below the box, so it moves 2.5 points with every point of its lower edge
    assert inside.min() == pytest.approx(40.2, abs=5.0)
    assert inside.max() == pytest.approx(95.7, abs=0.8)


def test_cifar10_random_guess_is_there(cifar10):
    assert 0.01 < (cifar10.val == 10.0).mean() < 0.08


def test_cifar10_quartiles_hold_for_the_constrained_networks_too():
    configs = sample("cifar10", 1000, seed=12)
    val = [100 * run.val_accuracy[-1] for run in simulate(configs, "cifar10", seed=range(1000))]
    np.testing.assert_allclose(np.percentile(val, [25, 50, 75]), QUARTILES, atol=3.0)


def test_tinyimagenet_energy_per_epoch(tinyimagenet):
    low, tenth, ninetieth = np.percentile(tinyimagenet.wh, [1, 10, 90])
    assert low == pytest.approx(0.3, rel=0.15)
    assert tenth == pytest.approx(0.4, rel=0.15)
    assert ninetieth == pytest.approx(1.6, rel=0.15)
    assert 2.8 < tinyimagenet.wh.max() < 5.5
    assert (tinyimagenet.wh > 2.0).mean() == pytest.approx(0.02, abs=0.008)


def test_tinyimagenet_runtime_per_epoch(tinyimagenet):
    assert tinyimagenet.seconds.min() == pytest.approx(28.5, abs=1.5)  # 27 published, floor near 30
    assert tinyimagenet.seconds.max() == pytest.approx(350.0, rel=0.25)
    assert (tinyimagenet.seconds > 150.0).mean() == pytest.approx(0.02, abs=0.008)


def test_tinyimagenet_runtime_has_a_hard_floor(tinyimagenet):
    """The loader bounds the fastest runs: 0.1 % of them lie below 29 s, 1 % already below 34 s."""
    lowest = np.percentile(tinyimagenet.seconds, [0.1, 1.0])
    assert lowest[1] / lowest[0] < 1.2


def test_tinyimagenet_power_at_one_wh(tinyimagenet):
    near = np.abs(tinyimagenet.wh - 1.0) < 0.15
    low, median, high = np.percentile(tinyimagenet.watts[near], [1, 50, 99])
    assert low == pytest.approx(16.0, rel=0.35)
    assert median == pytest.approx(45.0, rel=0.15)
    assert high == pytest.approx(109.0, rel=0.20)


def test_tinyimagenet_accuracy(tinyimagenet):
    assert tinyimagenet.test.max() == pytest.approx(61.2, abs=1.5)
    assert 0.01 < (tinyimagenet.test == 0.5).mean() < 0.08


def test_accuracy_hardly_depends_on_energy(tinyimagenet):
    assert abs(spearman(tinyimagenet.wh, tinyimagenet.test)) < 0.15


def test_energy_and_runtime_are_not_the_same(tinyimagenet):
    assert 0.3 < np.corrcoef(tinyimagenet.wh, tinyimagenet.seconds)[0, 1] < 0.7


def test_fronts_differ(tinyimagenet):
    by_runtime = front(tinyimagenet.seconds, tinyimagenet.test)
    by_energy = front(tinyimagenet.wh, tinyimagenet.test)
    assert len(by_runtime - by_energy) >= 3
    assert len(by_energy - by_runtime) >= 3
