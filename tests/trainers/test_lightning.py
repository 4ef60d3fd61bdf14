"""With the real library."""

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from eahas_plugins.bridges.lightning import Callback, ReportTo
from eahas_plugins.targets import EnergyTarget
from tests.eahas_plugins.bridges.contract import METER, Contract

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice and deprecations

if Callback.__module__.startswith("lightning."):
    import lightning.pytorch as pl
else:
    import pytorch_lightning as pl


class Line(pl.LightningModule):
    def __init__(self, rate):
        super().__init__()
        self.rate = rate
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch, index):
        x, y = batch
        return torch.nn.functional.mse_loss(self.layer(x), y)

    def validation_step(self, batch, index):
        self.log("val_loss", self.training_step(batch, index))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.rate, momentum=0.5)


def fit(config, training, metric="val_loss", *, late=False, **options):
    torch.manual_seed(0)
    x = torch.linspace(-1, 1, 32).reshape(-1, 1)
    data = DataLoader(TensorDataset(x, 2 * x), batch_size=8)
    report = ReportTo(training, metric)
    trainer = pl.Trainer(
        **({"max_epochs": config["epochs"]} | options),
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[report],
    )
    net = Line(0.01 + 0.1 * config["x"])
    trainer.fit(net, data, data, ckpt_path=report.saved)
    if late:
        trainer.validate(net, data, verbose=False)


class TestLightning(Contract):
    metric = "val_loss"

    def train(self, config, training, metric):
        fit(config, training, metric)


@pytest.mark.parametrize(
    ("options", "reports"),
    [
        ({}, [1, 2, 3]),
        ({"val_check_interval": 0.5}, [1, 2, 3]),
        ({"val_check_interval": 3, "check_val_every_n_epoch": None}, [1, 2, 3]),
        ({"check_val_every_n_epoch": 2}, [2]),
        ({"max_epochs": -1, "max_steps": 9}, [4, 8]),
        ({"max_epochs": -1, "max_steps": 9, "val_check_interval": 2}, [2, 4, 6, 8]),
    ],
)
def test_epochs_are_reported_and_steps_where_they_limit_the_training(options, reports, tmp_path):
    seen = []

    def train(config, training):
        told = training.report
        training.report = lambda *args, **kw: seen.append(kw["epochs"]) or told(*args, **kw)
        fit({"epochs": 3, "x": 0.5}, training, late=True, **options)

    target = EnergyTarget(train, METER, metric="loss", direction="minimize", checkpoints=tmp_path)
    target({})
    assert seen == reports
