"""All four figures of a study with an energy budget, as pages of their own."""

from eahas_plugins.optuna import EnergyBudget
from eahas_plugins.optuna import SurrogateObjective
import optuna
import optunahub
import surrogate


if __name__ == "__main__":
    module = optunahub.load_module(package="visualization/plot_energy")
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=0),
        pruner=optuna.pruners.MedianPruner(),
        direction="maximize",
    )
    budget = EnergyBudget(kwh=2e-4)
    objective = SurrogateObjective(surrogate.load("fashion-nano"))
    study.optimize(budget.guard(objective), callbacks=[budget])
    for name in sorted(module.__all__):
        getattr(module, name)(study).write_html(f"{name}.html")
        print(f"{name}.html")
