"""The bridges' lines in the documentation."""

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from tests.eahas_plugins.bridges.printed import printed, run_printed
from tests.trainers.test_lightning import Line as YourNet
from tests.trainers.test_transformers import Line as YourModel

pytestmark = pytest.mark.filterwarnings("ignore")  # the libraries' own

X = torch.linspace(-1, 1, 16).reshape(-1, 1)
POINTS = TensorDataset(X, 2 * X)
ROWS = [{"x": x, "labels": y} for x, y in POINTS]


def train_one_epoch(net, optimizer):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(net(X), 2 * X)
    loss.backward()
    optimizer.step()
    return loss


NAMES = {
    "torch": {
        "your_net": lambda config: torch.nn.Linear(1, 1),
        "train_one_epoch": train_one_epoch,
    },
    "lightning": {
        "YourNet": lambda lr: YourNet(lr),
        "train_data": DataLoader(POINTS),
        "val_data": DataLoader(POINTS),
    },
    "transformers": {
        "your_model": lambda config: YourModel(),
        "train_data": ROWS,
        "val_data": ROWS,
    },
    "keras": {},
}


@pytest.mark.parametrize("bridge", NAMES)
def test_the_printed_lines_train(bridge, tmp_path, monkeypatch):
    monkeypatch.setenv("EAHAS_ENERGY_DIR", str(tmp_path / "roster"))
    monkeypatch.chdir(tmp_path)
    (block,) = printed(bridge)
    run_printed(block, **NAMES[bridge])
