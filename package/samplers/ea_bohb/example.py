"""EA-BOHB and TPE with the same energy, on a benchmark that answers like a training."""

from eahas_plugins.optuna import EnergyBudget
from eahas_plugins.optuna import SurrogateObjective
import optuna
import optunahub
import surrogate


if __name__ == "__main__":
    ea_bohb = optunahub.load_module(package="samplers/ea_bohb").ea_bohb
    objective = SurrogateObjective(surrogate.load("fashion-nano"))
    for name in ("TPE", "EA-BOHB"):
        sampler, pruner = optuna.samplers.TPESampler(seed=0), optuna.pruners.NopPruner()
        if name == "EA-BOHB":
            sampler, pruner = ea_bohb(seed=0)
        study = optuna.create_study(sampler=sampler, pruner=pruner, direction="maximize")
        budget = EnergyBudget(kwh=5e-4)
        study.optimize(budget.guard(objective), callbacks=[budget])
        spent = budget.spent_kwh(study)
        print(f"{name}: accuracy {study.best_value:.3f} with {spent:.1e} kWh")
