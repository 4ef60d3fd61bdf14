"""With the real library and a tiny model that is made here."""

import pytest
import torch
from transformers import Trainer, TrainingArguments

from eahas_plugins.bridges.transformers import ReportTo
from eahas_plugins.targets import EnergyTarget
from tests.eahas_plugins.bridges.contract import METER, Contract

pytestmark = pytest.mark.filterwarnings("ignore")  # the library's deprecations


class Line(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, x, labels):
        predicted = self.layer(x)
        return {"loss": torch.nn.functional.mse_loss(predicted, labels), "logits": predicted}


def fit(config, training, metric="eval_loss", *, several=False, late=False, **options):
    points = [{"x": torch.tensor([i / 16]), "labels": torch.tensor([i / 8])} for i in range(16)]
    torch.manual_seed(0)
    report = ReportTo(training, metric)
    arguments = {
        "num_train_epochs": config["epochs"],
        "learning_rate": 0.1 + config["x"],
        "lr_scheduler_type": "constant",
        "eval_strategy": "epoch",
        "save_strategy": "no",
    }
    trainer = Trainer(
        model=Line(),
        args=TrainingArguments(
            output_dir=str(training.checkpoint),
            per_device_train_batch_size=8,
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
            **(arguments | options),
        ),
        train_dataset=points,
        eval_dataset={"a": points, "b": points} if several else points,
        callbacks=[report],
    )
    trainer.train(resume_from_checkpoint=report.saved)
    if late:
        trainer.evaluate()


class TestTransformers(Contract):
    metric = "eval_loss"

    def train(self, config, training, metric):
        fit(config, training, metric)


def reports_of(tmp_path, *arguments, **options):
    seen = []

    def train(config, training):
        told = training.report
        training.report = lambda *args, **kw: seen.append(kw["epochs"]) or told(*args, **kw)
        fit({"epochs": 3, "x": 0.5}, training, *arguments, **options)

    target = EnergyTarget(train, METER, metric="loss", direction="minimize", checkpoints=tmp_path)
    target({})
    return seen


@pytest.mark.parametrize(
    ("options", "reports"),
    [
        ({}, [1, 2, 3]),
        ({"eval_strategy": "steps", "eval_steps": 1}, [1, 2, 3]),
        ({"eval_strategy": "steps", "eval_steps": 3}, [1, 3]),
        ({"max_steps": 5}, [2, 4, 5]),
        ({"max_steps": 5, "eval_strategy": "steps", "eval_steps": 2}, [2, 4, 5]),
        ({"eval_strategy": "no"}, [3]),  # the evaluation afterwards
    ],
)
def test_epochs_are_reported_and_steps_where_they_limit_the_training(options, reports, tmp_path):
    assert reports_of(tmp_path, late=True, **options) == reports


@pytest.mark.parametrize("metric", ["eval_a_loss", "eval_b_loss"])
def test_one_of_several_data_sets_is_reported(tmp_path, metric):
    assert reports_of(tmp_path, metric, several=True) == [1, 2, 3]


def test_a_metric_of_none_of_several_data_sets_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"'eval_a_loss'.*'eval_b_loss'.*but got 'eval_loss'"):
        reports_of(tmp_path, "eval_loss", several=True)
