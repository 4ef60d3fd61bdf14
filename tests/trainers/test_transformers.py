"""With the real library and a tiny model that is made here."""

import pytest
import torch
from transformers import Trainer, TrainingArguments

from eahas_plugins.optuna import EnergyTracker
from eahas_plugins.optuna.transformers import EnergyReport

pytestmark = pytest.mark.filterwarnings("ignore")  # the library's deprecations


class Line(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, x, labels):
        predicted = self.layer(x)
        return {"loss": torch.nn.functional.mse_loss(predicted, labels), "logits": predicted}


def train(energy, folder, monitor="eval_loss"):
    points = [{"x": torch.tensor([i / 16]), "labels": torch.tensor([i / 8])} for i in range(16)]
    trainer = Trainer(
        model=Line(),
        args=TrainingArguments(
            output_dir=str(folder),
            num_train_epochs=3,
            per_device_train_batch_size=8,
            eval_strategy="epoch",
            save_strategy="no",
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
        ),
        train_dataset=points,
        eval_dataset=points,
        callbacks=[EnergyReport(energy, monitor)],
    )
    trainer.train()
    return trainer.state.log_history[-2]["eval_loss"]


def test_every_evaluation_is_reported_and_the_pruner_ends_the_training(study, meter, tmp_path):
    def objective(trial):
        with EnergyTracker(trial, meter=meter) as energy:
            return train(energy, tmp_path)

    study.optimize(objective, n_trials=2)
    finished, pruned = study.trials
    assert sorted(finished.intermediate_values) == [2, 4, 6]
    assert finished.value == finished.intermediate_values[6]
    assert pruned.state.name == "PRUNED"
    assert len(pruned.intermediate_values) < 3
    assert 0.0 < pruned.user_attrs["energy_kwh"] < finished.user_attrs["energy_kwh"]


def test_an_unknown_metric_names_the_known_ones(study, meter, tmp_path):
    with pytest.raises(ValueError, match=r"'eval_loss'.* but got 'eval_accuracy'"):  # noqa: SIM117
        with EnergyTracker(study.ask(), meter=meter) as energy:
            train(energy, tmp_path, "eval_accuracy")
