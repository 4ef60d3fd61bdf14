from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier, SGDRegressor
from sklearn.metrics import accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from eahas_plugins.bridges.sklearn import fit_epochs, fit_length
from eahas_plugins.targets import EnergyTarget, EnergyTraining
from tests.eahas_plugins.bridges.contract import METER, Contract

X, Y = load_digits(return_X_y=True)
HALF = (X[::2], Y[::2])
REST = (X[1::2], Y[1::2])


class TestEpochs(Contract):
    metric = "neg_log_loss"
    reported_as: ClassVar[dict[str, Any]] = {"metric": "score", "direction": "maximize"}

    def train(self, config: dict[str, Any], training: EnergyTraining, metric: str) -> None:
        model = SGDClassifier(loss="log_loss", alpha=0.01 + config["x"], random_state=0)
        parts: dict[str, Any] = {"n_epochs": config["epochs"], "scoring": metric}
        fit_epochs(training, model, *HALF, validation=REST, **parts)


class TestForest(Contract):
    metric = "neg_log_loss"
    reported_as: ClassVar[dict[str, Any]] = {"metric": "score", "direction": "maximize"}
    per_report = 2

    def train(self, config: dict[str, Any], training: EnergyTraining, metric: str) -> None:
        forest = RandomForestClassifier(max_features=0.1 + 0.5 * config["x"], random_state=0)
        length = {"n_estimators": config["epochs"]}
        fit_length(training, forest, *HALF, validation=REST, scoring=metric, step=2, **length)


def train_whole(train: Any) -> dict[str, Any]:
    """Run a training as a host does, and return what it has told."""
    return EnergyTarget(lambda config, training: train(training), METER)({})[1]


def test_an_ensemble_that_grows_in_a_pipeline_is_the_one_that_is_fitted_at_once() -> None:
    def ensemble() -> Any:
        boosted = HistGradientBoostingClassifier(max_leaf_nodes=4, random_state=0)
        return make_pipeline(StandardScaler(), boosted)

    name = "histgradientboostingclassifier__max_iter"
    at_once = ensemble().set_params(**{name: 5}).fit(*HALF)
    grown = []

    def train(training: EnergyTraining) -> None:
        grown.append(fit_length(training, ensemble(), *HALF, validation=REST, step=2, **{name: 5}))
        assert [round(e["accuracy"], 3) for e in training.reported] == sorted(
            round(e["accuracy"], 3) for e in training.reported
        )
        assert len(training.reported) == 3  # after 2, 4 and 5 rounds

    info = train_whole(train)
    assert info["epochs"] == 5
    assert info["accuracy"] == accuracy_score(REST[1], at_once.predict(REST[0]))
    np.testing.assert_allclose(grown[0].predict_proba(REST[0]), at_once.predict_proba(REST[0]))


def test_any_estimator_is_fitted_whole_and_reported_once() -> None:
    def train(training: EnergyTraining) -> None:
        fit_length(training, DecisionTreeClassifier(), *HALF, validation=REST, max_depth=5)
        assert len(training.reported) == 1

    assert train_whole(train)["epochs"] == 5


def test_a_regressor_has_no_classes() -> None:
    def train(training: EnergyTraining) -> None:
        model = SGDRegressor(eta0=1e-6, random_state=0)
        fit_epochs(
            training, model, *HALF, n_epochs=2, validation=REST, scoring="neg_mean_squared_error"
        )

    target = EnergyTarget(
        lambda _, training: train(training), METER, metric="s", direction="maximize"
    )
    assert target({})[1]["epochs"] == 2


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        (LogisticRegression(), {"max_iter": 9, "step": 3}, "None for LogisticRegression but got 3"),
        (LogisticRegression(), {}, "give one length, such as n_estimators=100, but got {}"),
        (LogisticRegression(), {"max_iter": 1, "verbose": 0}, "give one length"),
        (RandomForestClassifier(), {"n_estimators": 9, "step": 0}, "step must be at least 1"),
        (RandomForestClassifier(), {"n_estimators": 9, "step": "3"}, "step must be a whole number"),
        (RandomForestClassifier(), {"n_estimators": True}, "n_estimators must be a whole number"),
    ],
)
def test_what_cannot_be_is_said(model: Any, arguments: dict[str, Any], message: str) -> None:
    def train(training: EnergyTraining) -> None:
        fit_length(training, model, *HALF, validation=REST, **arguments)

    with pytest.raises(ValueError, match=message):
        train_whole(train)


def test_epochs_are_counted() -> None:
    def train(training: EnergyTraining) -> None:
        fit_epochs(training, SGDClassifier(), *HALF, validation=REST, n_epochs=2.5)  # type: ignore[arg-type]

    with pytest.raises(ValueError, match=r"n_epochs must be a whole number but got 2\.5"):
        train_whole(train)


def test_a_model_of_another_trial_is_no_beginning() -> None:
    for model, fit in (
        (SGDClassifier(random_state=0), _epochs),
        (RandomForestClassifier(3, random_state=0), _forest),
    ):
        train_whole(lambda training, model=model, fit=fit: fit(training, model))
        with pytest.raises(ValueError, match="must not have been fitted"):
            train_whole(lambda training, model=model, fit=fit: fit(training, model))


class Own(SGDClassifier):  # type: ignore[misc]
    """An estimator of a user's own that has what only a fitted one should have."""

    def __init__(self, random_state: int = 0) -> None:
        super().__init__(random_state=random_state)
        self.history_: list[float] = []


class WithoutParameters:
    def __init__(self, scale: float) -> None:
        self.model_, self._given = SGDClassifier(random_state=0), scale

    def __sklearn_tags__(self) -> Any:
        return self.model_.__sklearn_tags__()

    def fit(self, x: Any, y: Any) -> Any:
        return self.partial_fit(x, y, classes=np.unique(y))

    def partial_fit(self, x: Any, y: Any, classes: Any) -> Any:
        self.model_.partial_fit(x, y, classes=classes)
        return self

    def score(self, x: Any, y: Any) -> float:
        return float(self.model_.score(x, y))


@pytest.mark.parametrize("model", [Own(), WithoutParameters(2.0)])
def test_an_attribute_from_the_beginning_is_no_fit(model: Any) -> None:
    assert train_whole(lambda training: _epochs(training, model))["epochs"] == 2


def _epochs(training: EnergyTraining, model: Any) -> None:
    fit_epochs(training, model, *HALF, n_epochs=2, validation=REST)


def _forest(training: EnergyTraining, model: Any) -> None:
    fit_length(training, model, *HALF, validation=REST, step=2, n_estimators=4)
