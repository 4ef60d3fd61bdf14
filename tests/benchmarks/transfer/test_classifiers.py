"""Networks that are trained on tables."""

import numpy as np
import pytest

from benchmarks.harness.bench import SCHEDULE, plain_config
from benchmarks.transfer.classifiers import NEW_TABLES, TABLES, ClassifierProblem, table

CONFIG = {
    "n_layers": 1,
    "width": 16,
    "learning_rate": 0.02,
    "batch_size": 16,
    "weight_decay": 1e-3,
    SCHEDULE: 6,
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_split_once_and_its_classes_are_in_all_parts(name):
    parts = table(name)
    assert len({len(np.unique(y)) for _, y in parts}) == 1
    assert all(len(x) == len(y) and np.isfinite(x).all() for x, y in parts)
    together = np.concatenate([x for x, _ in parts])
    assert abs(together.mean(axis=0)).max() < 1e-3


def test_a_network_learns():
    run = ClassifierProblem("wine").load().query(CONFIG)
    assert len(run.val_accuracy) == 6
    assert run.test_accuracy[-1] > 0.85
    bad = ClassifierProblem("wine").load().query(CONFIG | {"learning_rate": 1e-4})
    assert bad.test_accuracy[-1] < run.test_accuracy[-1]


def test_the_same_is_trained_once_and_always_alike():
    bench = ClassifierProblem("wine").load()
    run = bench.query(CONFIG, seed=1)
    assert bench.query(CONFIG) is run
    again = ClassifierProblem("wine").load().query(CONFIG)
    assert np.array_equal(again.val_accuracy, run.val_accuracy)


def test_energy_is_that_of_steps_and_operations():
    bench = ClassifierProblem("wine").load()
    kwh = bench.epoch_kwh(CONFIG)
    assert bench.query(CONFIG).energy_kwh == pytest.approx(kwh * np.arange(1, 7))
    assert bench.epoch_kwh(CONFIG | {"width": 32}) > kwh
    assert bench.epoch_kwh(CONFIG | {"batch_size": 8}) > 1.5 * kwh


def test_earlier_spaces_differ_from_the_new_one():
    new = ClassifierProblem("digits").load().space
    for name in TABLES:
        earlier = ClassifierProblem(name, earlier=True).load()
        shared = set(new) & set(earlier.space)
        assert {"width", "learning_rate", SCHEDULE} <= shared
        assert all(new[n] != earlier.space[n] for n in shared)
        config = plain_config(earlier.space.get_default_configuration()) | {SCHEDULE: 1}
        assert len(earlier.query(config).test_accuracy) == 1
    assert set(NEW_TABLES) < set(TABLES)
