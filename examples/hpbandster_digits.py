"""HpBandSter: EnergyBOHB tunes a scikit-learn network; its rungs are complete trainings.

pip install 'eahas-plugins[hpbandster]' scikit-learn
"""

import logging
import os

from ConfigSpace import ConfigurationSpace, Float, Integer
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from eahas_plugins.bridges.sklearn import fit_epochs
from eahas_plugins.hpbandster import EnergyBOHB, EnergyWorker, NameServer
from eahas_plugins.units import energy_text

X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(X / 16.0, y, random_state=0)


def train(config, training):
    """Train one network for ``config["epochs"]`` epochs; the same function serves Optuna."""
    model = MLPClassifier(
        hidden_layer_sizes=[config["width"]],
        learning_rate_init=config["lr"],
        random_state=training.seed,
    )
    n_epochs, validation = config["epochs"], (X_val, y_val)
    fit_epochs(training, model, X_train, y_train, n_epochs=n_epochs, validation=validation)


space = ConfigurationSpace(
    space={
        "width": Integer("width", (8, 128), log=True),
        "lr": Float("lr", (1e-4, 1e-1), log=True),
    },
    seed=0,
)

if __name__ == "__main__":
    logging.getLogger("hpbandster").setLevel(logging.WARNING)
    run_id = f"digits-{os.getpid()}"  # a run whose name is given again goes on
    with NameServer(run_id=run_id, host="127.0.0.1") as where:
        worker = EnergyWorker(train, fidelity="schedule", fidelity_param="epochs", **where)
        worker.run(background=True)  # more workers: the same in other processes
        rungs = {"min_budget": 5, "max_budget": 20, "eta": 2}
        with EnergyBOHB(space, budget_kwh=1e-5, **rungs, **where) as bohb:
            result = bohb.run()
    runs = [run for run in result.get_all_runs() if run.loss is not None]
    best = min(runs, key=lambda run: run.loss)
    spent, meter = energy_text(bohb.spent_kwh), best.info
    print(f"accuracy {1 - best.loss:.3f} with {spent}, {meter['energy_kind']} by {meter['meter']}")
    print(result.get_id2config_mapping()[best.config_id]["config"])
