"""Tune a small language model: the loss of predicting the next letter of Python's own manual.

pip install 'eahas-plugins[optuna,train]'
"""

from pydoc_data.topics import topics

import torch
from ConfigSpace import ConfigurationSpace, Float, Integer
from torch import nn

from eahas_plugins.bridges.torch import Epochs
from eahas_plugins.optuna import EnergyObjective, energy_study
from eahas_plugins.units import energy_text

device = "cuda" if torch.cuda.is_available() else "cpu"
text = "".join(topics[name] for name in sorted(topics))
letters = sorted(set(text))
number_of = {letter: number for number, letter in enumerate(letters)}
tokens = torch.tensor([number_of[letter] for letter in text], device=device)
train_tokens, val_tokens = tokens[:-20_000], tokens[-20_000:]
CONTEXT, BATCH, STEPS = 32, 32, 10


class LanguageModel(nn.Module):
    """A recurrent network that gives a distribution of the next letter after every letter."""

    def __init__(self, width):
        super().__init__()
        self.embedding = nn.Embedding(len(letters), width)
        self.network = nn.GRU(width, width, batch_first=True)
        self.head = nn.Linear(width, len(letters))

    def forward(self, tokens):
        """Loss of a batch, nats per letter."""
        seen, next_tokens = tokens[:, :-1], tokens[:, 1:]
        scores = self.head(self.network(self.embedding(seen))[0])
        return nn.functional.cross_entropy(scores.flatten(0, 1), next_tokens.flatten())


def train(config, training):
    """Train one model for ``config["epochs"]`` times ten steps."""
    torch.manual_seed(training.seed)
    model = LanguageModel(config["width"]).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=config["lr"])
    rates = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=config["lr"], total_steps=config["epochs"] * STEPS
    )
    epochs = Epochs(training, config["epochs"], model=model, optimizer=optimizer, rates=rates)
    for _ in epochs:
        for _ in range(STEPS):
            first = torch.randint(len(train_tokens) - CONTEXT, (BATCH, 1), device=device)
            batch = train_tokens[first + torch.arange(CONTEXT + 1, device=device)]
            optimizer.zero_grad()
            model(batch).backward()
            optimizer.step()
            rates.step()
        with torch.no_grad():
            loss = model(val_tokens[: 500 * CONTEXT].view(-1, CONTEXT))
        epochs.report(loss=loss)  # the loop ends here if pruner or budget want it


objective = EnergyObjective(
    train,
    ConfigurationSpace(
        space={
            "width": Integer("width", (16, 128), log=True),
            "lr": Float("lr", (1e-4, 1e-1), log=True),
        }
    ),
    metric="loss",
    direction="minimize",
    fidelity_param="epochs",
    schedules=[2, 8],  # the search looks at short trainings first
)

if __name__ == "__main__":
    # A budget of 8 mean trainings, on whatever machine.
    study, budget = energy_study(
        trainings=8, directions=objective.directions, metric="loss", seed=0
    )
    study.optimize(budget.guard(objective), callbacks=[budget])
    spent, meter = energy_text(budget.spent_kwh(study)), study.best_trial.user_attrs["energy_meter"]
    print(f"loss {study.best_value:.3f} with {spent}, {meter['kind']} by {meter['meter']}")
    print(study.best_params)
