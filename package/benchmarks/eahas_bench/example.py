"""The front of accuracy and training energy, by NSGA-II."""

import optuna
import optunahub


if __name__ == "__main__":
    problem = optunahub.load_module(package="benchmarks/eahas_bench").Problem()
    study = optuna.create_study(
        directions=problem.directions, sampler=optuna.samplers.NSGAIISampler(seed=0)
    )
    study.set_metric_names(problem.metric_names)
    study.optimize(problem, n_trials=200)
    for trial in sorted(study.best_trials, key=lambda trial: trial.values[1]):
        accuracy, energy_kwh = trial.values
        print(f"accuracy {accuracy:.3f}  {energy_kwh:.2e} kWh  {trial.params}")
