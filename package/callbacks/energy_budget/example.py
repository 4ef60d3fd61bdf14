"""A study ends at its budget, and goes on when it is given a larger one."""

import optuna
import optunahub


module = optunahub.load_module(package="callbacks/energy_budget")
EnergyTracker = module.EnergyTracker


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
    for kwh in (2e-7, 4e-7):
        budget = module.EnergyBudget(kwh=kwh)
        study = optuna.create_study(
            study_name="training",
            storage="sqlite:///training.db",
            load_if_exists=True,
            direction="maximize",
        )
        study.optimize(budget.guard(objective), callbacks=[budget])
        print(f"{budget.spent_kwh(study):.2e} of {kwh:.1e} kWh in {len(study.trials)} trials")
