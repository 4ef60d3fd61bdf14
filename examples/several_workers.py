"""Several workers on one study and one budget of energy. Start it as often as you like.

Needs ``pip install 'eahas-plugins[optuna]' scikit-learn``. Two workers:

    python examples/several_workers.py & python examples/several_workers.py

Workers on several machines share the journal on their file system, or PostgreSQL. Started again
with a larger budget, it goes on where it stopped.
"""

import argparse

from ConfigSpace import ConfigurationSpace, Float, Integer
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from eahas_plugins.bridges.sklearn import fit_epochs
from eahas_plugins.optuna import EnergyObjective, energy_study
from eahas_plugins.units import energy_text

X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(X / 16.0, y, random_state=0)


def train(config, training):
    """Train one network for ``config["epochs"]`` epochs."""
    model = MLPClassifier(
        hidden_layer_sizes=[config["width"]],
        learning_rate_init=config["lr"],
        random_state=training.seed,
    )
    n_epochs, validation = config["epochs"], (X_val, y_val)
    fit_epochs(training, model, X_train, y_train, n_epochs=n_epochs, validation=validation)


objective = EnergyObjective(
    train,
    ConfigurationSpace(
        space={
            "width": Integer("width", (8, 128), log=True),
            "lr": Float("lr", (1e-4, 1e-1), log=True),
        }
    ),
    fidelity_param="epochs",
    schedules=[5, 20],
)

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--journal", default="several_workers.journal")
    parser.add_argument("--budget-kwh", type=float, default=1e-5)  # 36 J, for all workers together
    arguments = parser.parse_args()
    study, budget = energy_study(
        kwh=arguments.budget_kwh,
        directions=objective.directions,
        storage=JournalStorage(JournalFileBackend(arguments.journal)),
        study_name="digits",
    )  # without a seed: each worker then searches in its own way
    study.optimize(budget.guard(objective), callbacks=[budget])
    spent, meter = energy_text(budget.spent_kwh(study)), study.best_trial.user_attrs["energy_meter"]
    print(f"accuracy {study.best_value:.3f} with {spent}, {meter['kind']} by {meter['meter']}")
    print(study.best_params)
