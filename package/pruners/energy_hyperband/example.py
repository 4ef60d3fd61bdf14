"""Hyperband over energy: the rungs are found from the first trials that finish."""

from eahas_plugins.optuna import EnergyTracker
import optuna
import optunahub


def train_for_one_epoch(width: int, epoch: int) -> float:
    """Stands for a training: it takes CPU time, and its accuracy grows."""
    work = sum(i % 7 for i in range(3_000 * width))
    return 0.9 - 0.1 / width - 0.5 / epoch - 1e-12 * work


def objective(trial: optuna.Trial) -> float:
    """Train, measure, and report after each epoch."""
    width = trial.suggest_int("width", 8, 64, log=True)
    epochs = trial.suggest_categorical("epochs", [3, 6])
    accuracy = 0.0
    with EnergyTracker(trial) as energy:
        for epoch in range(1, epochs + 1):
            accuracy = train_for_one_epoch(width, epoch)
            energy.report(accuracy, step=epoch)  # raises TrialPruned where that is due
    return accuracy


if __name__ == "__main__":
    module = optunahub.load_module(package="pruners/energy_hyperband")
    pruner = module.EnergyHyperbandPruner()
    study = optuna.create_study(study_name="training", pruner=pruner, direction="maximize")
    study.optimize(objective, n_trials=20)
    states = [trial.state.name for trial in study.trials]
    print({state: states.count(state) for state in sorted(set(states))})
