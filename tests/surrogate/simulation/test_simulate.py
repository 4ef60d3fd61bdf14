"""The simulation as a function: shapes, units, seeds, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from surrogate.simulation.simulate import J_PER_KWH, simulate
from surrogate.simulation.tasks import SIMULATED
from surrogate.space.constraint import sample
from surrogate.space.regnet import complexity
from surrogate.space.task import Limits
from surrogate.space.tasks import get_space, get_task


@pytest.mark.parametrize("task", SIMULATED)
def test_a_run_has_every_curve_at_the_length_of_its_schedule(task):
    configs = sample(task, 60, seed=3, limits=Limits())
    assert {config["max_epoch"] for config in configs} == {50, 100, 200}
    for config, run in zip(configs, simulate(configs, task), strict=True):
        for name in ("train_accuracy", "val_accuracy", "test_accuracy"):
            curve = getattr(run, name)
            assert curve.shape == (config["max_epoch"],)
            assert ((curve >= 0.0) & (curve <= 1.0)).all()
        assert (np.diff(run.energy_kwh) > 0.0).all()
        assert (np.diff(run.runtime_s) > 0.0).all()
        assert run.complexity == complexity(config, get_task(task).trunk)


def test_energy_is_power_times_time():
    """Mean power, from the two curves alone, is that of a V100, at every epoch the same."""
    (run,) = simulate(sample("cifar10", 1, limits=Limits()), "cifar10")
    watts = np.diff(run.energy_kwh) * J_PER_KWH / np.diff(run.runtime_s)
    assert 5.0 < watts[0] < 300.0
    np.testing.assert_allclose(watts, watts[0], rtol=1e-9)


def test_a_run_does_not_depend_on_what_else_is_simulated():
    configs = sample("cifar10", 20, limits=Limits())
    together = simulate(configs, "cifar10", seed=range(20))
    for i in (0, 7, 19):
        (alone,) = simulate([configs[i]], "cifar10", seed=i)
        np.testing.assert_allclose(alone.val_accuracy, together[i].val_accuracy, rtol=1e-12)
        np.testing.assert_allclose(alone.energy_kwh, together[i].energy_kwh, rtol=1e-12)


def test_seeds_differ_and_repeat():
    configs = sample("cifar10", 5, limits=Limits())
    one, again, other = (simulate(configs, "cifar10", seed=seed) for seed in (1, 1, 2))
    for a, b, c in zip(one, again, other, strict=True):
        np.testing.assert_array_equal(a.test_accuracy, b.test_accuracy)
        np.testing.assert_array_equal(a.energy_kwh, b.energy_kwh)
        assert not np.array_equal(a.energy_kwh, c.energy_kwh)


def test_inference_costs_far_less_than_an_epoch():
    for run in simulate(sample("tinyimagenet", 50, limits=Limits()), "tinyimagenet"):
        assert 0.0 < run.inference_energy_kwh < 0.2 * run.energy_kwh[0]


def test_any_number_of_stages_can_be_simulated():
    configs = get_space("tinyimagenet", seed=0).sample_configuration(40)
    assert len(simulate(configs, "tinyimagenet")) == 40


def test_nothing_gives_nothing():
    assert simulate([], "cifar10") == []


@pytest.mark.parametrize(
    ("task", "change", "seed", "message"),
    [
        ("fashion-nano", {}, 0, "measured"),
        ("cifar100", {}, 0, "Did you mean 'cifar10'"),
        ("cifar10", {"depth": 5}, 0, "depth must be one of"),
        ("cifar10", {}, -1, "must not be negative"),
        ("cifar10", {}, [1, 2], "one for each of 1"),
    ],
)
def test_bad_input_is_refused(task, change, seed, message):
    config = {**get_space("cifar10").get_default_configuration(), **change}
    with pytest.raises(ValueError, match=message):
        simulate([config], task, seed=seed)
