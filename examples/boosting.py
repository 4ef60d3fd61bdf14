"""Tune gradient boosting with XGBoost: a promising model pauses, and goes on with more rounds.

pip install 'eahas-plugins[optuna,fit]'
"""

import xgboost
from ConfigSpace import ConfigurationSpace, Float, Integer
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from eahas_plugins.bridges.xgboost import ReportTo
from eahas_plugins.optuna import EnergyObjective, energy_study
from eahas_plugins.units import energy_text

X, y = load_breast_cancer(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(X, y, random_state=0)
train_data, val_data = xgboost.DMatrix(X_train, y_train), xgboost.DMatrix(X_val, y_val)


def train(config, training):
    """Boost up to ``config["n_estimators"]`` rounds, from those of a checkpoint if there is one."""
    report = ReportTo(training, "valid-auc")
    parameters = {name: config[name] for name in ("max_depth", "eta", "subsample")}
    xgboost.train(
        {"objective": "binary:logistic", "eval_metric": "auc", "nthread": 1, **parameters},
        train_data,
        num_boost_round=config["n_estimators"] - training.epochs,
        evals=[(val_data, "valid")],
        verbose_eval=False,
        callbacks=[report],  # ends it if pruner or budget want it
        xgb_model=report.saved,
    )


objective = EnergyObjective(
    train,
    ConfigurationSpace(
        space={
            "max_depth": Integer("max_depth", (1, 8)),
            "eta": Float("eta", (0.01, 0.5), log=True),
            "subsample": (0.3, 1.0),
        }
    ),
    metric="auc",
    direction="maximize",
    fidelity_param="n_estimators",
    schedules=[20, 100],
    fidelity="continue",  # the energy of the first 20 rounds is not paid again
    report_every=10,  # rounds of a millisecond: look at the meter after every ten
)

if __name__ == "__main__":
    # 18 J are some seconds on one core. For your own task: energy_study(trainings=30, ...), a
    # budget of 30 mean trainings.
    study, budget = energy_study(kwh=5e-6, directions=objective.directions, metric="auc", seed=0)
    study.optimize(budget.guard(objective), callbacks=[budget])
    spent, meter = energy_text(budget.spent_kwh(study)), study.best_trial.user_attrs["energy_meter"]
    print(f"auc {study.best_value:.3f} with {spent}, {meter['kind']} by {meter['meter']}")
    print(study.best_params)
