"""Tune XGBoost; every ten boosting rounds are one step of the energy account."""

import optuna
import xgboost as xgb
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from eahas_plugins.optuna import EnergyBudget, EnergyTracker

X, y = load_breast_cancer(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(X, y, random_state=0)
train, val = xgb.DMatrix(X_train, y_train), xgb.DMatrix(X_val, y_val)


def objective(trial: optuna.Trial) -> float:
    """Boost for up to 100 rounds and return the area under the curve."""
    parameters = {
        "objective": "binary:logistic",
        "max_depth": trial.suggest_int("max_depth", 1, 8),
        "eta": trial.suggest_float("eta", 0.01, 0.5, log=True),
        "subsample": trial.suggest_float("subsample", 0.3, 1.0),
        "nthread": 1,
    }
    booster = None
    with EnergyTracker(trial) as energy:
        for step in range(10):
            booster = xgb.train(parameters, train, num_boost_round=10, xgb_model=booster)
            auc = float(roc_auc_score(y_val, booster.predict(val)))
            energy.report(auc, step=step)
    return auc


if __name__ == "__main__":
    budget = EnergyBudget(kwh=5e-6)  # 18 J: some seconds on one core
    sampler = optuna.samplers.TPESampler(seed=0)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.optimize(budget.guard(objective), callbacks=[budget])
    print(f"{study.best_value:.3f} with {budget.spent_kwh(study):.2e} kWh: {study.best_params}")
