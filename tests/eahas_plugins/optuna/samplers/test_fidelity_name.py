"""Which parameter is the length of a training, and what is said where none is."""

import logging

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, IntDistribution

from eahas_plugins.optuna import EnergyTPESampler
from eahas_plugins.optuna._trials import usual_lengths
from eahas_plugins.optuna.samplers._encoding import Axis
from tests.eahas_plugins.optuna.samplers.test_schedules import objective, promoting, run, searching

LOGGER = "eahas_plugins.optuna.samplers._schedules"


def test_the_length_of_a_training_is_found_by_its_name(caplog):
    caplog.set_level(logging.INFO, LOGGER)
    for name in ("max_epoch", "epochs", "n_estimators"):
        study = run(searching(), objective(name=name))
        assert {t.params[name] for t in study.trials} == {10, 20}
        assert f"the length of a training is '{name}'" in caplog.records[-1].message
    assert len(caplog.records) == 3


@pytest.mark.parametrize(
    ("how", "name", "message"),
    [
        (
            {},
            "depth",
            "no parameter has a usual name of the length of a training; there are x, depth",
        ),
        ({"fidelity_param": "epochs"}, "max_epoch", "'epochs' is no parameter of the study so far"),
    ],
)
def test_one_warning_where_there_is_none(caplog, how, name, message):
    run(searching(**how), objective(name=name))
    assert len(caplog.records) == 1
    assert message in caplog.text
    assert name in caplog.text


@pytest.mark.parametrize("choices", [["5", "20"], [5], [0, 20]])
def test_a_usual_name_of_which_no_length_can_be_chosen_is_named(caplog, choices):
    def objective(trial):
        trial.set_user_attr("energy_kwh", 1e-3)
        return trial.suggest_float("x", 0.0, 1.0) + int(
            trial.suggest_categorical("epochs", choices)
        )

    run(searching(), objective, n_trials=2)
    assert "'epochs' has a usual name" in caplog.text
    assert f"choices={tuple(choices)}" in caplog.text
    assert len(caplog.records) == 1


@pytest.mark.parametrize("make", [promoting, lambda **how: EnergyTPESampler(seed=0, **how)])
def test_every_sampler_warns_of_a_name_that_no_trial_has(caplog, make):
    run(make(fidelity_param="epochs"), objective())
    assert [r.getMessage().count("'epochs' is no parameter") for r in caplog.records] == [1]
    caplog.clear()
    run(make(fidelity_param="max_epoch"), objective())
    assert not caplog.records


def test_two_usual_names_are_not_guessed(caplog):
    def both(trial):
        trial.set_user_attr("energy_kwh", 1e-3)
        return trial.suggest_int("epochs", 1, 9) + trial.suggest_int("n_estimators", 1, 9)

    run(searching(), both, n_trials=8)
    assert "epochs and n_estimators may both be the length" in caplog.text
    assert "fidelity_param='epochs'" in caplog.text


def test_none_switches_promotion_off_without_a_word(caplog):
    study = run(searching(fidelity_param=None), objective())
    assert len({t.params["max_epoch"] for t in study.trials}) > 2
    assert not caplog.records


@pytest.mark.filterwarnings("ignore:Choices for a categorical")
def test_lengths_may_be_numbers_of_numpy():
    choices = CategoricalDistribution([np.int64(2), np.float32(8.0)])
    assert usual_lengths({"epochs": choices}) == ["epochs"]
    assert Axis(choices).ordered


def test_usual_lengths_are_positive_numbers_of_which_there_are_several():
    assert usual_lengths({"Epochs": IntDistribution(1, 9)}) == ["Epochs"]
    for distribution in (
        IntDistribution(0, 9),
        IntDistribution(5, 5),
        CategoricalDistribution(["a", "b"]),
    ):
        assert usual_lengths({"epochs": distribution}) == []


@pytest.mark.parametrize("make", [promoting, searching])
def test_energy_that_nobody_reports_is_said_once(make, caplog):
    def silent(trial):
        trial.suggest_int("max_epoch", 5, 20)
        return trial.suggest_float("x", 0.0, 1.0)

    run(make(), silent)
    assert caplog.text.count("no trial has reported its energy") == 1
    caplog.clear()
    run(make(), objective())
    run(make(promotion_share=0.0), silent)
    assert not caplog.records
