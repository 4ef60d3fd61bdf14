import pytest
import torch

from eahas_plugins.bridges.torch import Epochs
from eahas_plugins.targets import EnergyTarget
from tests.eahas_plugins.bridges.contract import METER, Contract


class TestTorch(Contract):
    metric = "loss"

    def train(self, config, training, metric):
        torch.manual_seed(0)
        x = torch.linspace(-1, 1, 32).reshape(-1, 1)
        model = torch.nn.Linear(1, 1)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01 + 0.1 * config["x"])
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2)
        parts = {"model": model, "optimizer": optimizer, "schedule": schedule}
        epochs = Epochs(training, config["epochs"], **parts)
        for _ in epochs:
            for batch in torch.randperm(32).split(8):
                optimizer.zero_grad()
                loss = torch.nn.functional.mse_loss(model(x[batch]), 2 * x[batch])
                loss.backward()
                optimizer.step()
            schedule.step()
            epochs.report(**{metric: loss})

    def test_an_unknown_metric_names_the_known_ones(self):
        def train(config, training):
            self.train({"x": 0.5, "epochs": 1}, training, "no_such")

        target = EnergyTarget(train, METER, **self.reported_as)
        with pytest.raises(ValueError, match="must be given the loss once"):
            target({})


def test_an_epoch_that_is_not_reported_is_an_error():
    def train(config, training):
        for _ in Epochs(training, 2):
            pass

    with pytest.raises(ValueError, match=r"must end with report\(\) but epoch 0 has not"):
        EnergyTarget(train, METER)({})


@pytest.mark.parametrize(
    ("n_epochs", "parts", "message"),
    [
        (0, {}, "n_epochs must be at least 1"),
        ("3", {}, "n_epochs must be a whole number"),
        (2.5, {}, "n_epochs must be a whole number"),
        (2, {"lr": 0.1}, "lr must have state_dict and load_state_dict"),
    ],
)
def test_what_cannot_be_trained_or_saved_is_refused_before_it_is_paid(n_epochs, parts, message):
    with pytest.raises(ValueError, match=message):
        EnergyTarget(lambda config, training: Epochs(training, n_epochs, **parts), METER)({})


def test_a_part_that_is_none_is_left_out():
    def train(config, training):
        epochs = Epochs(training, 2, model=torch.nn.Linear(1, 1), scheduler=None)
        for _ in epochs:
            epochs.report(0.5)

    assert EnergyTarget(train, METER)({})[1]["epochs"] == 2
