"""Tune a scikit-learn network: an Optuna objective as it is, with three more lines.

pip install 'eahas-plugins[optuna]' scikit-learn
"""

import optuna
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from eahas_plugins.optuna import EnergyBudget, EnergyTracker
from eahas_plugins.units import energy_text

X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(X / 16.0, y, random_state=0)


def objective(trial: optuna.Trial) -> float:
    """Train one network and return its validation accuracy."""
    model = MLPClassifier(
        hidden_layer_sizes=trial.suggest_int("width", 8, 128, log=True),
        learning_rate_init=trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True),
        random_state=0,
    )
    with EnergyTracker(trial) as energy:
        for epoch in range(20):
            model.partial_fit(X_train, y_train, classes=range(10))
            accuracy = float(model.score(X_val, y_val))
            energy.report(accuracy, step=epoch)  # may end the trial: pruner or budget
    return accuracy


if __name__ == "__main__":
    budget = EnergyBudget(kwh=5e-6)  # 18 J: some seconds on one core
    sampler = optuna.samplers.TPESampler(seed=0)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.optimize(budget.guard(objective), callbacks=[budget])
    spent, meter = energy_text(budget.spent_kwh(study)), study.best_trial.user_attrs["energy_meter"]
    print(f"accuracy {study.best_value:.3f} with {spent}, {meter['kind']} by {meter['meter']}")
    print(study.best_params)
