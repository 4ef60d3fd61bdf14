"""Tune a support vector machine by cross-validation; a fold is one step of the energy account.

pip install 'eahas-plugins[optuna]' scikit-learn
"""

import numpy as np
from ConfigSpace import ConfigurationSpace, Float
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC

from eahas_plugins.optuna import EnergyObjective, energy_study
from eahas_plugins.units import energy_text

X, y = load_digits(return_X_y=True)
folds = list(StratifiedKFold(n_splits=10, shuffle=True, random_state=0).split(X, y))


def train(config, training):
    """Fit a model in each of the first ``config["n_folds"]`` folds."""
    accuracies = []
    for fit, rest in folds[: config["n_folds"]]:
        model = SVC(C=config["C"], gamma=config["gamma"])
        model.fit(X[fit] / 16.0, y[fit])
        accuracies.append(model.score(X[rest] / 16.0, y[rest]))
        if training.report(np.mean(accuracies)):  # True: pruner or budget end it
            return


objective = EnergyObjective(
    train,
    ConfigurationSpace(
        space={
            "C": Float("C", (1e-2, 1e3), log=True),
            "gamma": Float("gamma", (1e-4, 10.0), log=True),
        }
    ),
    fidelity_param="n_folds",
    schedules=[2, 10],  # what looks bad in two folds need not be fitted in ten
)

if __name__ == "__main__":
    # A budget of 12 complete cross-validations, on whatever machine.
    study, budget = energy_study(
        trainings=12, directions=objective.directions, fidelity_param="n_folds", seed=0
    )
    study.optimize(budget.guard(objective), callbacks=[budget])
    # The mean of two folds says less than that of ten: the best is one of the latter.
    whole = [trial for trial in study.trials if trial.params.get("n_folds") == len(folds)]
    best = max((trial for trial in whole if trial.value is not None), key=lambda trial: trial.value)
    spent, meter = energy_text(budget.spent_kwh(study)), best.user_attrs["energy_meter"]
    print(f"accuracy {best.value:.3f} with {spent}, {meter['kind']} by {meter['meter']}")
    print(best.params)
