"""The pruning callbacks of ``optuna-integration``, as their documentation uses them."""

import numpy as np
import optuna
import pytest

from eahas_plugins.optuna import EnergyBudget, EnergyTracker

integration = pytest.importorskip("optuna_integration", reason="pip install optuna-integration")

pytestmark = pytest.mark.filterwarnings("ignore")  # the libraries' own


def with_xgboost(trial):
    xgboost = pytest.importorskip("xgboost")
    rng = np.random.default_rng(0)
    data = xgboost.DMatrix(rng.random((100, 3)), rng.random(100))
    callback = integration.XGBoostPruningCallback(trial, "valid-rmse")
    xgboost.train({"nthread": 1}, data, 6, evals=[(data, "valid")], callbacks=[callback])


def with_lightgbm(trial):
    pytest.importorskip("sklearn")  # which the callback asks for
    lightgbm = pytest.importorskip("lightgbm")
    rng = np.random.default_rng(0)
    data = lightgbm.Dataset(rng.random((100, 3)), rng.random(100))
    callback = integration.LightGBMPruningCallback(trial, "l2", valid_name="valid")
    lightgbm.train(
        {"metric": "l2", "num_threads": 1, "verbose": -1},
        data,
        6,
        valid_sets=[data],
        valid_names=["valid"],
        callbacks=[callback],
    )


def with_keras(trial):
    keras = pytest.importorskip("keras")
    rng = np.random.default_rng(0)
    x, y = rng.random((100, 3)), rng.random(100)
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", loss="mse")
    callback = integration.KerasPruningCallback(trial, "loss")
    model.fit(x, y, epochs=6, verbose=0, callbacks=[callback])


@pytest.mark.parametrize("train", [with_xgboost, with_lightgbm, with_keras])
def test_the_budget_ends_a_training_that_only_the_callback_reports(train, meter):
    def objective(trial):
        with EnergyTracker(trial, meter=meter):
            train(trial)
        return 0.0

    free = optuna.create_study()
    free.optimize(objective, n_trials=1)
    assert len(free.trials[0].intermediate_values) == 6
    assert free.trials[0].user_attrs["energy_kwh"] > 0.0
    tight = optuna.create_study()
    budget = EnergyBudget(kwh=1e-12)
    tight.optimize(budget.guard(objective), callbacks=[budget], n_trials=10)
    (trial,) = tight.trials
    assert trial.state.name == "PRUNED"
    assert len(trial.intermediate_values) == 1
