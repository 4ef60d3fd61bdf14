"""With the real library and a tiny model that is made here."""

import optuna
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


def train(energy, folder, monitor="eval_loss", *, several=False, late=False):
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
        eval_dataset={"a": points, "b": points} if several else points,
        callbacks=[EnergyReport(energy, monitor)],
    )
    trainer.train()
    if late:
        trainer.evaluate()
    if not several:
        return [log for log in trainer.state.log_history if "eval_loss" in log][-1]["eval_loss"]
    return 0.0


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


def test_a_study_of_several_objectives_records_the_energy_alone(meter, tmp_path):
    study = optuna.create_study(directions=["minimize", "minimize"])

    def objective(trial):
        with EnergyTracker(trial, meter=meter) as energy:
            loss = train(energy, tmp_path)
        return loss, energy.energy_kwh

    study.optimize(objective, n_trials=1)
    (trial,) = study.trials
    assert trial.state.name == "COMPLETE"
    assert trial.values[1] == trial.user_attrs["energy_kwh"] > 0.0


def test_an_evaluation_after_the_training_reports_nothing(study, meter, tmp_path):
    def objective(trial):
        with EnergyTracker(trial, meter=meter) as energy:
            return train(energy, tmp_path, late=True)

    study.optimize(objective, n_trials=1)
    (trial,) = study.trials
    assert trial.state.name == "COMPLETE"
    assert sorted(trial.intermediate_values) == [2, 4, 6]


@pytest.mark.parametrize("monitor", ["eval_a_loss", "eval_b_loss"])
def test_one_of_several_data_sets_is_reported(study, meter, tmp_path, monitor):
    def objective(trial):
        with EnergyTracker(trial, meter=meter) as energy:
            return train(energy, tmp_path, monitor, several=True)

    study.optimize(objective, n_trials=1)
    assert sorted(study.trials[0].intermediate_values) == [2, 4, 6]
