"""Tune a PyTorch network, on the GPU where there is one."""

import optuna
import torch
from sklearn.datasets import load_digits
from torch.nn.functional import cross_entropy

from eahas_plugins.optuna import EnergyBudget, EnergyTracker

device = "cuda" if torch.cuda.is_available() else "cpu"
digits = load_digits()
X = torch.tensor(digits.data / 16.0, dtype=torch.float32, device=device)
y = torch.tensor(digits.target, device=device)
val = torch.arange(len(X), device=device) % 4 == 0


def objective(trial: optuna.Trial) -> float:
    """Train one network and return its validation accuracy."""
    width = trial.suggest_int("width", 8, 256, log=True)
    layers = [torch.nn.Linear(64, width), torch.nn.ReLU(), torch.nn.Linear(width, 10)]
    model = torch.nn.Sequential(*layers).to(device)
    rate = trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    with EnergyTracker(trial) as energy:
        for epoch in range(20):
            for batch in torch.randperm(len(X), device=device).split(64):
                batch = batch[~val[batch]]
                optimizer.zero_grad()
                cross_entropy(model(X[batch]), y[batch]).backward()
                optimizer.step()
            with torch.no_grad():  # .item() waits for the GPU: its energy is counted too
                accuracy = (model(X[val]).argmax(1) == y[val]).float().mean().item()
            energy.report(accuracy, step=epoch)
    return accuracy


if __name__ == "__main__":
    budget = EnergyBudget(kwh=5e-6)  # 18 J: some seconds on one core
    sampler = optuna.samplers.TPESampler(seed=0)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.optimize(budget.guard(objective), callbacks=[budget])
    print(f"{study.best_value:.3f} with {budget.spent_kwh(study):.2e} kWh: {study.best_params}")
