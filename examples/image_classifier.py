"""Tune a small convolutional network on images of digits, on the GPU where there is one.

pip install 'eahas-plugins[optuna,train]' scikit-learn
"""

import torch
from ConfigSpace import ConfigurationSpace, Float, Integer
from sklearn.datasets import load_digits
from torch import nn

from eahas_plugins.bridges.torch import Epochs
from eahas_plugins.optuna import EnergyObjective, energy_study
from eahas_plugins.units import energy_text

device = "cuda" if torch.cuda.is_available() else "cpu"
digits = load_digits()
images = torch.tensor(digits.images / 16.0, dtype=torch.float32, device=device)[:, None]
labels = torch.tensor(digits.target, device=device)
is_val = torch.arange(len(labels), device=device) % 4 == 0
train_images, train_labels = images[~is_val], labels[~is_val]


def train(config, training):
    """Train one network for ``config["epochs"]`` epochs."""
    torch.manual_seed(training.seed)
    width = config["width"]
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(width, 2 * width, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(2 * width * 16, 10),
    ).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=config["lr"])
    # The learning rate falls to 0 by the end of the training, however long that is.
    steps = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config["epochs"])
    epochs = Epochs(training, config["epochs"], model=model, optimizer=optimizer, steps=steps)
    for _ in epochs:
        for batch in torch.randperm(len(train_labels), device=device).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(train_images[batch]), train_labels[batch]).backward()
            optimizer.step()
        steps.step()
        with torch.no_grad():
            correct = model(images[is_val]).argmax(1) == labels[is_val]
        epochs.report(correct.float().mean())  # the loop ends here if pruner or budget want it


objective = EnergyObjective(
    train,
    ConfigurationSpace(
        space={
            "width": Integer("width", (2, 16), log=True),
            "lr": Float("lr", (1e-4, 1e-1), log=True),
        }
    ),
    fidelity_param="epochs",
    schedules=[2, 8],  # the search looks at short trainings first
)

if __name__ == "__main__":
    # 25 J are some seconds on one core. For your own task: energy_study(trainings=30, ...), a
    # budget of 30 mean trainings.
    study, budget = energy_study(kwh=7e-6, directions=objective.directions, seed=0)
    study.optimize(budget.guard(objective), callbacks=[budget])
    spent, meter = energy_text(budget.spent_kwh(study)), study.best_trial.user_attrs["energy_meter"]
    print(f"accuracy {study.best_value:.3f} with {spent}, {meter['kind']} by {meter['meter']}")
    print(study.best_params)
