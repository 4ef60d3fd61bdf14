"""Energy-aware TPE with a budget: cheap configurations first, the best ones last."""

from eahas_plugins.optuna import EnergyBudget
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
    module = optunahub.load_module(package="samplers/ea_tpe")
    budget = EnergyBudget(kwh=6e-7)
    sampler = module.EnergyTPESampler(fidelity_param="epochs", seed=0)
    study = optuna.create_study(sampler=sampler, direction="maximize")
    study.optimize(budget.guard(objective), callbacks=[budget])
    widths = [trial.params["width"] for trial in study.trials]
    print(f"{budget.spent_kwh(study):.2e} kWh, widths in order: {widths}")
