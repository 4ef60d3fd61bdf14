import math

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace, EqualsCondition
from ConfigSpace import UniformFloatHyperparameter as Float

from eahas_plugins.models.kwh import Choice, KwhModel, Number, columns_of
from eahas_plugins.models.kwh_features import Features
from surrogate.space.regnet import complexity
from surrogate.space.tasks import check, get_space, get_task


def energies(task, configs):
    """Energy that is proportional to multiply-adds times epochs, with 10 % noise."""
    noise = np.exp(0.1 * np.random.default_rng(0).normal(size=len(configs)))
    return [
        1e-9 * complexity(c, get_task(task).trunk).flops * c["max_epoch"] * factor
        for c, factor in zip(configs, noise, strict=True)
    ]


@pytest.mark.parametrize("task", ["fashion-nano", "cifar10"])
def test_learns_the_energy_of_regnets(task):
    space = get_space(task, seed=0)
    configs = [check(c, task) for c in space.sample_configuration(260)]
    kwh = energies(task, configs)
    model = KwhModel(columns_of(space))
    model.add_many(list(zip(configs[:60], kwh[:60], strict=True)))
    errors = model.predict_log_kwh(configs[60:]) - np.log(kwh[60:])
    assert np.sqrt(np.mean(errors**2)) < 0.4 * np.std(np.log(kwh))


def test_one_by_one_is_all_at_once():
    columns = {"x": Number(low=1, high=10), "c": Choice(values=("a", "b"))}
    data = [({"x": i % 9 + 1, "c": "ab"[i % 2]}, 0.1 * (i + 1)) for i in range(12)]
    one, many = KwhModel(columns), KwhModel(columns)
    for config, kwh in data:
        one.add(config, kwh)
    many.add_many(data)
    queries = [{"x": 2.5, "c": "a"}, {"x": 7, "c": "b"}]
    np.testing.assert_allclose(one.predict_log_kwh(queries), many.predict_log_kwh(queries))


def test_running_trials_count_while_they_run():
    columns = {"x": Number(low=0, high=1)}
    model = KwhModel(columns, min_observations=2)
    model.add_many([({"x": 0.0}, 1.0), ({"x": 0.1}, 1.0)])
    before = model.predict_log_kwh([{"x": 1.0}])
    during = model.predict_log_kwh([{"x": 1.0}], running=[({"x": 1.0}, 50.0)])
    assert during > before + 0.5
    assert model.predict_log_kwh([{"x": 1.0}]) == before


def test_ready_after_enough_usable_observations():
    model = KwhModel({"x": Number(low=0, high=1)}, min_observations=3)
    for kwh in (0.0, -1.0, math.nan, math.inf, 1.0, 1.0):
        model.add({"x": 0.5}, kwh)
    assert not model.ready
    with pytest.raises(RuntimeError, match="must have 3 observations but has 2"):
        model.predict_log_kwh([{"x": 0.5}])
    model.add({"x": 0.5}, 1.0)
    assert model.ready
    assert model.predict_log_kwh([{"x": 0.5}]) == pytest.approx(0.0, abs=1e-6)


def test_inactive_hyperparameters_have_an_effect_of_their_own():
    space = ConfigurationSpace({"kind": ["with", "without"]})
    extra = Float("extra", 1.0, 10.0)
    space.add(extra)
    space.add(EqualsCondition(extra, space["kind"], "with"))
    model = KwhModel(columns_of(space))
    for config in [{"kind": "with", "extra": 5.0}, {"kind": "without"}] * 20:
        model.add(config, 8.0 if "extra" in config else 1.0)
    got = model.predict_log_kwh([{"kind": "with", "extra": 5.0}, {"kind": "without"}])
    np.testing.assert_allclose(got, [math.log(8.0), 0.0], atol=0.2)


def test_a_longer_schedule_than_ever_seen_is_dearer():
    model = KwhModel({"max_epoch": Choice(values=(50, 100, 200)), "x": Number(low=0, high=1)})
    for i in range(30):
        epochs = (50, 100)[i % 2]
        model.add({"max_epoch": epochs, "x": i / 30}, 0.01 * epochs)
    seen, unseen = model.predict_log_kwh(
        [{"max_epoch": 100, "x": 0.5}, {"max_epoch": 200, "x": 0.5}]
    )
    assert unseen > seen + 0.15


def test_columns_of_every_kind():
    columns = columns_of(get_space("fashion-nano"))
    assert columns["wa"] == Number(low=2.0, high=8.0)
    assert columns["optimizer"] == Choice(values=("sgd", "adam", "adamw"))
    assert columns["max_epoch"] == Choice(values=(10, 20, 40))
    space = ConfigurationSpace({"c": 3, "lr": Float("lr", 1e-3, 1.0, log=True)})
    assert columns_of(space) == {"lr": Number(low=1e-3, high=1.0, log=True)}


def test_degenerate_ranges():
    model = KwhModel(
        {"x": Number(low=2, high=2), "c": Choice(values=(None, 1))}, min_observations=2
    )
    model.add_many([({"x": 2, "c": None}, 1.0), ({"x": 2, "c": 1}, 1.0)])
    assert np.isfinite(model.predict_log_kwh([{"x": 2, "c": None}, {}])).all()


def test_bad_arguments():
    with pytest.raises(ValueError, match="at least one hyperparameter"):
        KwhModel({})
    with pytest.raises(ValueError, match="at least 2"):
        KwhModel({"x": Number(low=0, high=1)}, min_observations=1)


def test_features_in_their_order():
    features = Features(
        {
            "lr": Number(low=1.0, high=100.0, log=True),
            "c": Choice(values=("a", "b")),
            "n": Number(low=2.0, high=8.0),
            "e": Choice(values=(20, 10)),
        }
    )
    encoded = {"lr": [10.0, np.nan], "c": [1.0, 0.0], "n": [8.0], "e": [1.0, np.nan]}
    expected = [
        # one; log lr, off; c's a, b, off; n, log n, off; e's size, 20, 10, off; lr lr, lr n, n n
        [1, 0, 0, 0, 1, 0, 1, 1, 0, -1, 0, 1, 0, 0, 0, 1],
        [1, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 1],
    ]
    np.testing.assert_allclose(features(encoded), expected, atol=1e-12)
    assert features.penalty.shape == (16,)


def test_an_unknown_column_is_inactive():
    features = Features({"x": Number(low=0, high=1), "c": Choice(values=("a", "b"))})
    np.testing.assert_array_equal(features({"c": [0.0]}), features({"c": [0.0], "x": [np.nan]}))
