"""With the real library."""

import optuna
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from eahas_plugins.optuna import EnergyTracker
from eahas_plugins.optuna.lightning import Callback, EnergyReport

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice and deprecations

if Callback.__module__.startswith("lightning."):
    import lightning.pytorch as pl
else:
    import pytorch_lightning as pl


class Line(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch, index):
        x, y = batch
        return torch.nn.functional.mse_loss(self.layer(x), y)

    def validation_step(self, batch, index):
        self.log("val_loss", self.training_step(batch, index))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(energy, monitor="val_loss", *, step="auto", late=False, **options):
    x = torch.linspace(-1, 1, 32).reshape(-1, 1)
    data = DataLoader(TensorDataset(x, 2 * x), batch_size=8)
    trainer = pl.Trainer(
        max_epochs=3,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[EnergyReport(energy, monitor, step=step)],
        **options,
    )
    trainer.fit(net := Line(), data, data)
    if late:
        trainer.validate(net, data, verbose=False)
    return float(trainer.callback_metrics["val_loss"])


def test_every_epoch_is_reported_and_the_pruner_ends_the_training(study, meter):
    def objective(trial):
        with EnergyTracker(trial, meter=meter) as energy:
            return fit(energy)

    study.optimize(objective, n_trials=2)
    finished, pruned = study.trials
    assert sorted(finished.intermediate_values) == [0, 1, 2]
    assert finished.value == finished.intermediate_values[2]
    assert pruned.state.name == "PRUNED"
    assert len(pruned.intermediate_values) < 3
    assert 0.0 < pruned.user_attrs["energy_kwh"] < finished.user_attrs["energy_kwh"]


def test_an_unknown_metric_names_the_known_ones(study, meter):
    with pytest.raises(ValueError, match=r"\['val_loss'\], but got 'val_acc'"):  # noqa: SIM117
        with EnergyTracker(study.ask(), meter=meter) as energy:
            fit(energy, "val_acc")


def test_a_study_of_several_objectives_records_the_energy_alone(meter):
    study = optuna.create_study(directions=["minimize", "minimize"])

    def objective(trial):
        with EnergyTracker(trial, meter=meter) as energy:
            loss = fit(energy)
        return loss, energy.energy_kwh

    study.optimize(objective, n_trials=1)
    (trial,) = study.trials
    assert trial.state.name == "COMPLETE"
    assert trial.values[1] == trial.user_attrs["energy_kwh"] > 0.0


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({}, [0, 1, 2]),
        ({"val_check_interval": 0.5}, [2, 4, 6, 8, 10, 12]),
        ({"val_check_interval": 3, "check_val_every_n_epoch": None}, [3, 6, 9, 12]),
        ({"check_val_every_n_epoch": 2}, [1]),
        ({"step": "batch"}, [4, 8, 12]),
    ],
)
def test_every_validation_is_a_report(study, meter, options, steps):
    def objective(trial):
        with EnergyTracker(trial, meter=meter) as energy:
            return fit(energy, **options)

    study.optimize(objective, n_trials=1)
    assert sorted(study.trials[0].intermediate_values) == steps


def test_a_validation_after_the_training_reports_nothing(meter):
    class AfterTheLastEpoch(optuna.pruners.BasePruner):
        def prune(self, study, trial):
            return trial.last_step >= 3

    study = optuna.create_study(pruner=AfterTheLastEpoch())

    def objective(trial):
        with EnergyTracker(trial, meter=meter) as energy:
            return fit(energy, late=True)

    study.optimize(objective, n_trials=1)
    assert study.trials[0].state.name == "COMPLETE"


def test_an_unknown_kind_of_step_is_refused(study, meter):
    with pytest.raises(ValueError, match="'epoch' or 'batch'"):
        EnergyReport(EnergyTracker(study.ask(), meter=meter), "val_loss", step="epochs")
