"""Seeded queries show what repeating a training with another seed would, not what is unknown."""

import numpy as np
import pytest

import surrogate
from surrogate.fitting.dataset import from_records
from surrogate.fitting.fit import Settings, Shape, fit
from surrogate.records import Record
from tests.surrogate import made_up


@pytest.mark.parametrize("task", ["fashion-nano", "cifar10", "tinyimagenet"])
def test_good_networks_differ_by_well_under_a_point_and_a_half(task):
    bench = surrogate.load(task)
    bench.space.seed(0)
    configs = bench.space.sample_configuration(100)
    means = np.array([run.val_accuracy[-1] for run in bench.query_many(configs)])
    best = [configs[i] for i in np.argsort(means)[-10:]]
    draws = np.array(
        [[bench.query(c, seed=seed).val_accuracy[-1] for seed in range(40)] for c in best]
    )
    assert 0.001 < np.median(draws.std(axis=1)) < 0.015
    assert draws.max() < means.max() + 5.0 * draws.std(axis=1).max()
    assert draws.max() < 1.0


def test_validation_and_test_are_drawn_together_but_not_alike():
    bench = surrogate.load("fashion-nano")
    config = bench.space.get_default_configuration()
    runs = [bench.query(config, seed=seed) for seed in range(200)]
    val, test = (
        np.array([getattr(run, f"{name}_accuracy")[-1] for run in runs]) for name in ("val", "test")
    )
    assert 0.4 < np.corrcoef(val, test)[0, 1] < 0.97
    energies = np.array([run.energy_kwh[-1] for run in runs])
    assert 0.005 < np.std(np.log(energies)) < 0.2


def test_the_shift_is_learnt_from_repeats():
    records = made_up.records(60, 0)
    rng = np.random.default_rng(3)
    repeats = []
    for i, record in enumerate(records[:30]):
        for repeat in range(2):
            data = record.to_json()
            shift = 0.1 * rng.standard_normal()
            for name in ("train_accuracy", "val_accuracy", "test_accuracy"):
                curve = np.array(data[name])
                data[name] = np.clip(curve + (1.0 - curve) * shift, 0.0, 1.0).tolist()
            repeats.append(Record.from_json({**data, "run": 1000 + 2 * i + repeat}))
    noise = fit(
        from_records([*records, *repeats], made_up.TASK), Shape(degree=4, power=2.0), Settings()
    ).noise
    # Of three trainings one has no shift: the standard deviation is 0.1 x sqrt(2 / 3) or less.
    assert 0.05 < noise.offset < 0.13
