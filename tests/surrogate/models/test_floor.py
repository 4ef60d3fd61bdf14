"""Predictions end where no training has been: at guessing."""

import numpy as np
import pytest

import surrogate
from surrogate.fitting.dataset import from_records
from surrogate.fitting.fit import Shape, fit
from surrogate.models.curves import read_curves
from tests.surrogate import made_up
from tests.surrogate.conftest import QUICK


@pytest.mark.parametrize("power", [None, 2.0])
def test_no_curve_falls_below_its_least_value_on_record(power):
    data = from_records(made_up.records(), made_up.TASK)
    floor = fit(data, Shape(degree=4, power=power), QUICK).floor
    for place, least in enumerate(floor):
        assert least == min(curves[place].min() for curves in data.curves)
    x = Shape(degree=4, power=power).x
    low = np.full((2, 15 + (3 if x is None else 0)), -9.0)
    found = read_curves(low, 4, x, 20, floor)
    np.testing.assert_allclose(found, np.tile(floor[:, None], (2, 1, 20)), rtol=1e-12)
    high = np.full_like(low, 2.0)
    above = read_curves(high, 4, x, 20, floor)
    np.testing.assert_allclose(above, read_curves(high, 4, x, 20))


@pytest.mark.parametrize(("task", "chance"), [("cifar10", 0.1), ("tinyimagenet", 0.005)])
@pytest.mark.parametrize("seed", [None, 1])
def test_simulated_tasks_keep_diverged_trainings_at_chance(task, chance, seed):
    bench = surrogate.load(task)
    bench.space.seed(5)
    runs = bench.query_many(bench.space.sample_configuration(2000), seed=seed)
    for name in ("train_accuracy", "val_accuracy", "test_accuracy"):
        least = np.array([getattr(run, name).min() for run in runs])
        assert least.min() >= 0.7 * chance  # guessing on so many images, at its unluckiest
    final = np.array([run.val_accuracy[-1] for run in runs])
    assert 0.001 < np.mean(final < 1.25 * chance) < 0.1
