from dataclasses import replace

import numpy as np

from surrogate.simulation.simulate import simulate
from surrogate.space import definitions
from surrogate.space.definitions import TASKS
from surrogate.space.tasks import get_space


def test_keys_of_random_numbers_are_fixed_and_its_own_for_each_task():
    keys = {name: task.key for name, task in TASKS.items()}
    shipped = {"fashion-nano": 0, "cifar10": 1, "tinyimagenet": 2, "fashion-nano-gpu": 3}
    assert {name: keys[name] for name in shipped} == shipped
    assert len(set(keys.values())) == len(keys)
    assert all(name == task.name for name, task in TASKS.items())


def test_a_new_task_may_stand_anywhere(monkeypatch):
    config = get_space("tinyimagenet").get_default_configuration()
    (before,) = simulate([config], "tinyimagenet", seed=4)
    new = replace(TASKS["cifar10"], name="new", key=99)
    monkeypatch.setattr(definitions, "TASKS", {"new": new, **TASKS})
    monkeypatch.setattr("surrogate.space.tasks.TASKS", {"new": new, **TASKS})
    (after,) = simulate([config], "tinyimagenet", seed=4)
    np.testing.assert_array_equal(before.val_accuracy, after.val_accuracy)
    (other,) = simulate([get_space("new").get_default_configuration()], "new", seed=4)
    assert len(other.val_accuracy) == 100
