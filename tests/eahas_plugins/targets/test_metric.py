"""What a training's numbers mean, and what is no training."""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import Configuration, ConfigurationSpace

from eahas_plugins.budget.attributes import KEPT_NAMES
from eahas_plugins.smac import EnergyTarget
from eahas_plugins.targets import metric
from eahas_plugins.targets.metric import metric_of
from tests.eahas_plugins.meters import Counter

SPACE = ConfigurationSpace({"x": (0.0, 1.0)}, seed=0)
CONFIG = Configuration(SPACE, {"x": 0.25})


def result(tmp_path: Path, train: Any, **kwargs: Any) -> Any:
    """A training that burns 1 kWh; ``train`` is its value, or a function of the training."""
    meter = Counter()

    def burning(config: Any, training: Any) -> Any:
        meter.energy_kwh += 1.0
        return train(training) if callable(train) else train

    return EnergyTarget(burning, meter, checkpoints=tmp_path, **kwargs)(CONFIG)


@pytest.mark.parametrize("value", [98.5, 1.1, -0.1, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("how", ["report", "return"])
def test_what_is_no_accuracy_is_refused(tmp_path: Path, value: float, how: str) -> None:
    with pytest.raises(ValueError, match=rf"accuracy.*but got {value}"):
        result(
            tmp_path,
            (lambda training: training.report(value) and None) if how == "report" else value,
            metric="accuracy",
        )


def test_percent_is_noticed_and_nan_names_the_epoch(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"as a fraction that is 0\.985"):
        result(tmp_path, lambda training: training.report(98.5))

    def diverges(training: Any) -> None:
        training.report(0.5)
        training.report(math.nan)

    with pytest.raises(ValueError, match=r"report\(\) after epoch 2 .* finite .* diverged"):
        result(tmp_path / "other", diverges)


@pytest.mark.parametrize("value", [0.25, np.float32(0.25), np.array(0.25)])
def test_any_kind_of_number(tmp_path: Path, value: Any) -> None:
    assert result(tmp_path, lambda training: training.report(value) and None)[0] == 0.75


@pytest.mark.parametrize("value", ["good", None, np.zeros(2), [0.5]])
def test_what_is_no_number_is_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(ValueError, match="must be given"):
        result(tmp_path, lambda training: training.report(value))


@pytest.mark.parametrize(("direction", "cost"), [("minimize", 12.5), ("maximize", -12.5)])
def test_any_metric_in_both_directions(tmp_path: Path, direction: Any, cost: float) -> None:
    found, info = result(tmp_path, 12.5, metric="score", direction=direction)
    assert found == cost
    assert info["score"] == 12.5
    assert "accuracy" not in info


def test_several_metrics_are_recorded_and_one_decides(tmp_path: Path) -> None:
    def train(training: Any) -> None:
        training.report(loss=2.0, accuracy=0.1)
        training.report(1.5, accuracy=0.2)

    cost, info = result(tmp_path, train, metric="loss", direction="minimize")
    assert cost == 1.5
    assert (info["loss"], info["accuracy"], info["epochs"]) == (1.5, 0.2, 2)


def test_a_metric_and_the_energy_are_two_objectives(tmp_path: Path) -> None:
    cost, _ = result(
        tmp_path, 2.5, metric="loss", direction="minimize", objectives=("loss", "energy_kwh")
    )
    assert cost == {"loss": 2.5, "energy_kwh": 1.0}


@pytest.mark.parametrize(
    ("returned", "cost"), [({"accuracy": 0.75}, 0.25), ({"accuracy": 0.75, "n_params": 3}, 0.25)]
)
def test_a_dictionary_says_what_its_values_are(tmp_path: Path, returned: Any, cost: float) -> None:
    found, info = result(tmp_path, returned)
    assert found == cost
    assert {name: info[name] for name in returned} == returned


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (0.09, r"must say what it returns but returned 0\.09 alone"),
        ((0.09, {"energy_kwh": 1.0}), "as SMAC's own functions do"),
        ({"loss": 0.09}, "must return its 'accuracy'"),
        (None, "must report or return its accuracy"),
    ],
)
def test_a_value_without_a_meaning_shows_the_right_shape(
    tmp_path: Path, returned: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        result(tmp_path, returned)
    if not isinstance(returned, dict):
        assert "def train(config, training):" in str(caught.value)


def test_what_was_reported_may_be_returned(tmp_path: Path) -> None:
    def best(training: Any) -> float:
        for accuracy in (0.5, 0.75, 0.625):
            training.report(accuracy)
        return 0.75

    assert result(tmp_path, best)[0] == 0.25

    def cost(training: Any) -> float:
        training.report(0.75)
        return 1.0 - 0.75

    with pytest.raises(ValueError, match=r"returned 0\.25 alone"):
        result(tmp_path / "other", cost)


@pytest.mark.parametrize("metric", [None, "accuracy", "loss"])
@pytest.mark.parametrize("returned", [object(), [0.5, 0.75], "done", np.array([0.5, 0.75])])
def test_a_model_may_be_returned_once_the_metric_has_been_reported(
    tmp_path: Path, metric: str | None, returned: Any
) -> None:
    def fits(training: Any) -> Any:
        training.report(0.75)
        return returned

    how = {"direction": "minimize"} if metric == "loss" else {}
    found, _ = result(tmp_path, fits, metric=metric, **how)
    assert found == (0.75 if metric == "loss" else 0.25)
    with pytest.raises(ValueError, match=r"must (say what it returns|be given one number)"):
        result(tmp_path / "other", returned, metric=metric, **how)


def smac_style(config: Any, seed: int = 0, budget: float = 0) -> float:
    return float((config["x"] - 0.3) ** 2)


@pytest.mark.parametrize(
    "train",
    [
        smac_style,
        functools.partial(smac_style),
        lambda config, seed: 0.5,
        lambda config, budget=1.0: 0.5,
        lambda config: 0.5,
        lambda config, training, more: 0.5,
        lambda: 0.5,
        None,
        "train.sh",
    ],
)
def test_a_function_of_another_shape_is_refused(train: Any) -> None:
    with pytest.raises(ValueError, match=r"train must (take \(config, training\)|be a function)"):
        EnergyTarget(train)


@pytest.mark.parametrize(
    "train",
    [
        lambda config, training: None,
        lambda c, t, verbose=False: None,
        lambda *args: None,
        lambda config, training, **rest: None,
        functools.partial(lambda data, config, training: None, [1]),
    ],
)
def test_a_function_of_the_right_shape_is_taken(train: Any) -> None:
    EnergyTarget(train)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"metric": "loss"}, "direction must be 'maximize' or 'minimize' for the metric 'loss'"),
        ({"metric": "loss", "direction": "down"}, "direction must be"),
        ({"metric": "accuracy", "direction": "minimize"}, "an accuracy must be maximized"),
        ({"metric": "val loss", "direction": "minimize"}, "metric must be a name"),
        ({"metric": 3}, "metric must be a name"),
        ({"metric": "loss", "direction": "minimize", "objectives": "error"}, "objectives must be"),
    ],
)
def test_arguments_are_checked(kwargs: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EnergyTarget(lambda config, training: None, **kwargs)


@pytest.mark.parametrize("name", sorted(KEPT_NAMES))
def test_no_metric_has_the_name_of_what_a_trial_keeps(name: str) -> None:
    with pytest.raises(ValueError, match=f"metric must not be '{name}'"):
        metric_of(name, "minimize")


@pytest.mark.parametrize("how", ["report", "return"])
def test_a_value_under_such_a_name_is_told_and_changes_nothing(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(metric, "_told", set())
    mine = {name: -7.0 for name in KEPT_NAMES if how == "return" or name != "epochs"}

    def train(training: Any) -> Any:
        if how == "report":
            return training.report(accuracy=0.5, f1=0.25, **mine) and None
        return {"accuracy": 0.5, "f1": 0.25, **mine}

    cost, info = result(tmp_path, train)
    assert (cost, info["accuracy"], info["f1"]) == (0.5, 0.5, 0.25)
    assert -7.0 not in info.values()
    assert info["energy_kwh"] == 1.0
    assert "runtime_s of a training is not recorded" in caplog.text


@pytest.mark.parametrize("epochs", ["2", 1.5, math.nan, math.inf, True, [1]])
def test_epochs_are_counted_in_whole_numbers(tmp_path: Path, epochs: Any) -> None:
    with pytest.raises(ValueError, match="epochs must be a whole number but got"):
        result(tmp_path, lambda training: training.report(0.5, epochs=epochs) and None)


@pytest.mark.parametrize("epochs", [3, 3.0, np.int64(3), np.float32(3.0)])
def test_any_whole_number_of_epochs_will_do(tmp_path: Path, epochs: Any) -> None:
    _, info = result(tmp_path, lambda training: training.report(0.5, epochs=epochs) and None)
    assert (info["epochs"], type(info["epochs"])) == (3, int)


@pytest.mark.parametrize("how", ["report", "return", "other"])
def test_an_integer_of_hundreds_of_digits_is_refused_in_words(tmp_path: Path, how: str) -> None:
    answers: dict[str, Any] = {
        "report": lambda training: training.report(10**400) and None,
        "return": 10**400,
        "other": {"accuracy": 0.5, "f1": 10**400},
    }
    with pytest.raises(ValueError, match="must be"):
        result(tmp_path, answers[how], metric="accuracy")


def test_a_function_that_only_makes_an_object_when_called_is_refused() -> None:
    def yields(config: Any, training: Any) -> Any:
        yield training.report(0.5)

    async def later(config: Any, training: Any) -> None:
        training.report(0.5)

    for train in (yields, later):
        with pytest.raises(ValueError, match="train must run when it is called"):
            EnergyTarget(train)


@pytest.mark.parametrize("value", ["0.5", b"0.5", True, np.True_, np.array([True])])
def test_text_and_truth_are_no_numbers(tmp_path: Path, value: Any) -> None:
    with pytest.raises(ValueError, match="must be given one number, the accuracy, but got"):
        result(tmp_path, lambda training: training.report(value) and None)
    with pytest.raises(ValueError, match="f1 must be a number but is"):
        result(tmp_path / "other", lambda training: training.report(0.5, f1=value) and None)
