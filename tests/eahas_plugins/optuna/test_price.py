"""A study that ends when a kWh is not worth its price."""

import logging
import pickle

import optuna
import pytest

from eahas_plugins.optuna import EnergyBudget, EnergyPrice, ea_bohb
from eahas_plugins.optuna.price import PRICE_ATTR
from tests.eahas_plugins.optuna.samplers.tasks import train


def study_with(price, *, sampler=None, objective=train, n_trials=60, **given):
    study = optuna.create_study(
        direction="maximize",
        sampler=sampler or ea_bohb(seed=0, n_candidates=50)[0],
        pruner=optuna.pruners.NopPruner(),
        **given,
    )
    study.optimize(objective, n_trials=n_trials, callbacks=[price])
    return study


def test_the_higher_the_price_the_sooner_it_ends():
    lengths = [len(study_with(EnergyPrice(price)).trials) for price in (1e-9, 2e-3, 30.0)]
    assert lengths[0] == 60
    assert 12 <= lengths[2] < lengths[1]


def test_the_last_line_says_why(caplog):
    optuna.logging.enable_propagation()
    optuna.logging.set_verbosity(optuna.logging.INFO)
    try:
        with caplog.at_level(logging.INFO):
            study = study_with(EnergyPrice(30.0))
    finally:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        optuna.logging.disable_propagation()
    told = study.user_attrs[PRICE_ATTR]
    assert told["price_per_kwh"] == 30.0
    assert 0.0 <= told["expected_per_kwh"] < 30.0
    line = caplog.messages[-1]
    assert line.startswith(
        "The study ends: stopped: the best next training is expected to bring "
        f"{told['expected_per_kwh']:.3g} per kWh, the price is 30; "
    )


def test_it_can_be_asked_and_goes_on_after_pickling():
    price = EnergyPrice(1e-9)
    study = study_with(price, n_trials=15)
    expected = price.expected_per_kwh(study)
    assert expected > 0.0
    assert pickle.loads(pickle.dumps(EnergyPrice(1.0))).expected_per_kwh(study) == pytest.approx(
        expected, rel=0.5
    )


def test_before_enough_is_known_it_says_nothing():
    price = EnergyPrice(1e9, n_startup_trials=20)
    study = study_with(price, n_trials=8)
    assert price.expected_per_kwh(study) is None
    assert len(study.trials) == 8

    def silent(trial):
        return trial.suggest_float("x", 0.0, 1.0)

    price = EnergyPrice(1e9, fidelity_param=None)
    study = study_with(price, objective=silent, n_trials=25)
    assert (price.expected_per_kwh(study), len(study.trials)) == (None, 25)


@pytest.mark.parametrize("kwh", [None, 0.0])
def test_where_energies_are_unknown_that_is_said_once(caplog, kwh):
    def silent(trial):
        trial.set_user_attr("energy_kwh", kwh)
        return trial.suggest_float("x", 0.0, 1.0)

    price = EnergyPrice(1e9, fidelity_param=None)
    study_with(price, objective=silent, n_trials=14, sampler=optuna.samplers.RandomSampler(seed=0))
    said = [line for line in caplog.messages if "no trial has reported its energy" in line]
    assert len(said) == 1
    assert said[0].startswith("EnergyPrice: ")


def test_its_warnings_bear_its_name(caplog):
    price = EnergyPrice(1.0)
    study_with(price, objective=lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=1)
    assert any(line.startswith("EnergyPrice: no parameter has") for line in caplog.messages)


def test_any_sampler_and_a_budget_beside_it():
    budget, price = EnergyBudget(kwh=100.0), EnergyPrice(30.0)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(budget.guard(train), n_trials=60, callbacks=[budget, price])
    assert len(study.trials) < 60
    assert PRICE_ATTR in study.user_attrs


def test_one_process_may_run_several_trials_at_once():
    study = optuna.create_study(direction="maximize", sampler=ea_bohb(seed=0)[0])
    study.optimize(train, n_trials=300, n_jobs=4, callbacks=[EnergyPrice(30.0)])
    assert len(study.trials) < 300  # which configurations it meets depends on the threads


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_a_price_is_positive(price):
    with pytest.raises(ValueError, match="price_kwh must be positive"):
        EnergyPrice(price)


def test_other_arguments_are_checked():
    with pytest.raises(ValueError, match="patience must be at least 1 but got 0"):
        EnergyPrice(1.0, patience=0)
    with pytest.raises(ValueError, match="n_startup_trials must be at least 2"):
        EnergyPrice(1.0, n_startup_trials=1)


def test_several_objectives_are_refused():
    study = optuna.create_study(directions=["minimize", "maximize"])
    study.optimize(lambda trial: (trial.suggest_float("x", 0.0, 1.0), 1.0), n_trials=1)
    with pytest.raises(ValueError, match="EnergyPrice ranks trials by one objective"):
        EnergyPrice(1.0)(study, study.trials[0])


@pytest.mark.parametrize("told", ["x", [1], {"a": 1}, {"price_per_kwh": "x"}, True])
def test_what_somebody_else_wrote_is_no_price(told: object) -> None:
    study = optuna.create_study()
    study.set_user_attr(PRICE_ATTR, told)
    study.optimize(lambda _: 1.0, n_trials=2, callbacks=[EnergyPrice(1.0)])
    assert len(study.trials) == 2
