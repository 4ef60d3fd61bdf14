"""SMAC with Dask workers: a scikit-learn network, searched by EA-BOHB's recipe.

pip install 'eahas-plugins[smac]'
"""

from ConfigSpace import ConfigurationSpace, Float, Integer
from dask.distributed import Client
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from smac import Scenario

from eahas_plugins.bridges.sklearn import fit_epochs
from eahas_plugins.smac import EnergyMultiFidelityFacade, EnergyTarget
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
    target = EnergyTarget(train, fidelity="schedule", fidelity_param="epochs")
    scenario = Scenario(
        space,
        name="digits",
        min_budget=5,
        max_budget=20,
        n_trials=1000,
        output_directory="smac_dask",
    )
    # The address of a cluster's scheduler in place of these two processes: Client("tcp://...").
    with Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
        facade = EnergyMultiFidelityFacade(
            scenario,
            target,
            budget_kwh=1e-5,  # 36 J, for all workers together
            n_startup_trials=6,
            dask_client=client,
            overwrite=True,
        )
        incumbent = facade.optimize()
    error = facade.runhistory.get_min_cost(incumbent)
    meter = next(iter(facade.runhistory.values())).additional_info
    spent = energy_text(facade.spent_kwh)
    print(f"accuracy {1 - error:.3f} with {spent}, {meter['energy_kind']} by {meter['meter']}")
    print(dict(incumbent))
