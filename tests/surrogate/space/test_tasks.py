import pickle
from collections import Counter

import numpy as np
import pytest
from ConfigSpace import Configuration, ConfigurationSpace
from hypothesis import given, settings
from hypothesis import strategies as st

from surrogate.space.definitions import TASKS
from surrogate.space.task import ARCHITECTURE, TRAINING
from surrogate.space.tasks import (
    check,
    from_upstream,
    get_space,
    get_task,
    to_upstream,
)

NAMES = [*ARCHITECTURE, *TRAINING]


@pytest.mark.parametrize("task", TASKS)
def test_samples_lie_on_the_grid_and_are_plain_python_after_a_check(task: str) -> None:
    for sample in get_space(task, seed=1).sample_configuration(200):
        config = check(sample, task)
        assert list(config) == NAMES
        assert config == dict(sample)
        assert {type(value) for value in config.values()} == {int, float, str}


def test_the_published_values() -> None:
    values = get_task("cifar10").values
    assert values["w0"] == tuple(range(48, 129, 8))
    assert (values["wa"][0], values["wa"][3], values["wa"][-1]) == (8.0, 8.3, 32.0)
    assert (values["wm"][1], len(values["wm"])) == (2.501, 501)
    assert values["group_width"] == (1, 2, 4, 8, 16, 24, 32)
    assert values["max_epoch"] == (50, 100, 200)
    assert len(get_task("tinyimagenet").values["wm"]) == 1501
    assert get_task("fashion-nano").values["max_epoch"] == (10, 20, 40)


def test_the_published_priors() -> None:
    samples = get_space("cifar10", seed=0).sample_configuration(10_000)
    groups = Counter(int(sample["group_width"]) for sample in samples)
    assert groups[1] / 10_000 == pytest.approx(0.167, abs=0.015)
    assert groups[24] / 10_000 == pytest.approx(0.096, abs=0.015)
    assert groups[32] / 10_000 == pytest.approx(0.069, abs=0.015)
    # log-uniform on (40, 128], rounded up to a step: half of the draws are below sqrt(40 x 128)
    w0 = np.array([sample["w0"] for sample in samples])
    assert np.mean(w0 <= 72) == pytest.approx(np.log(72 / 40) / np.log(128 / 40), abs=0.015)
    wa = np.array([sample["wa"] for sample in samples])
    assert np.mean(wa <= 16.0) == pytest.approx(np.log(16 / 7.9) / np.log(32 / 7.9), abs=0.015)


@pytest.mark.parametrize("task", TASKS)
def test_spaces_survive_pickle_and_json(task: str, tmp_path) -> None:
    space = get_space(task, seed=3)
    copy = pickle.loads(pickle.dumps(space))
    assert copy == space
    assert [dict(c) for c in copy.sample_configuration(20)] == [
        dict(c) for c in space.sample_configuration(20)
    ]
    space.to_json(tmp_path / "space.json")
    assert ConfigurationSpace.from_json(tmp_path / "space.json") == space
    sample = space.sample_configuration()
    assert pickle.loads(pickle.dumps(sample)) == sample
    assert Configuration(space, check(sample, task)) == sample


def _config(**changes: object) -> dict[str, object]:
    base = check(get_space("cifar10", seed=5).sample_configuration(), "cifar10")
    return {**base, **changes}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"w0": 50}, r"w0 must be one of 48, 56, .*128 for task 'cifar10' but got 50"),
        ({"wa": 8.05}, r"wa must be one of 8.0, 8.1 \.\. 32.0 .*but got 8.05"),
        ({"wm": float("nan")}, "wm must be one of .*but got nan"),
        ({"depth": True}, "depth must be one of .*but got True"),
        ({"depth": "8"}, "depth must be one of .*but got '8'"),
        ({"optimizer": "lion"}, "optimizer must be one of sgd, adam, adamw"),
        ({"max_epoch": 10}, "max_epoch must be one of 50, 100, 200"),
        ({"base_lr": None}, "base_lr must be one of .*but got None"),
        ({"base_lrr": 0.1}, "unknown hyperparameter 'base_lrr'.*Did you mean 'base_lr'"),
    ],
)
def test_values_outside_say_what_must_hold(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check(_config(**changes), "cifar10")


def test_missing_names_and_unknown_tasks() -> None:
    config = _config()
    del config["wm"]
    with pytest.raises(ValueError, match="lacks wm"):
        check(config, "cifar10")
    with pytest.raises(ValueError, match=r"task must be one of .*Did you mean 'cifar10'"):
        get_space("cifar-10")


@given(st.integers(0, 240))
@settings(derandomize=True)
def test_a_step_reached_by_adding_is_the_step(i: int) -> None:
    assert check(_config(wa=8.0 + i * 0.1), "cifar10")["wa"] == round(8.0 + i * 0.1, 1)


def test_numpy_values_become_plain() -> None:
    config = check(
        _config(depth=np.int64(7), base_lr=np.float64(0.1), optimizer=np.str_("sgd")), "cifar10"
    )
    assert [type(config[name]) for name in ("depth", "base_lr", "optimizer")] == [int, float, str]


@pytest.mark.parametrize("task", TASKS)
def test_upstream_form_and_back(task: str) -> None:
    for sample in get_space(task, seed=2).sample_configuration(50):
        config = check(sample, task)
        nested = to_upstream(config, task)
        assert nested["REGNET"]["GROUP_W"] == config["group_width"]
        assert nested["OPTIM"]["MAX_EPOCH"] == config["max_epoch"]
        assert nested["TRAIN"]["CUTOUT_LENGTH"] == config["cutout_length"]
        assert from_upstream({**nested, "BN": {"EPS": 1e-5}}, task) == config


def test_upstream_form_must_be_whole() -> None:
    nested = to_upstream(_config())
    del nested["OPTIM"]["BASE_LR"]
    with pytest.raises(ValueError, match=r"lacks OPTIM\.BASE_LR"):
        from_upstream(nested)
