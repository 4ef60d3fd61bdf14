from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xgboost

from eahas_plugins.bridges.xgboost import ReportTo
from eahas_plugins.targets import EnergyTarget, EnergyTraining
from tests.eahas_plugins.bridges.contract import METER, Contract

RNG = np.random.default_rng(0)
X = RNG.random((200, 3))
Y = X @ [1.0, 2.0, 3.0] + 0.1 * RNG.random(200)


class TestXgboost(Contract):
    metric = "valid-rmse"

    def train(self, config: dict[str, Any], training: EnergyTraining, metric: str) -> None:
        report = ReportTo(training, metric)
        data, rest = xgboost.DMatrix(X[:150], Y[:150]), xgboost.DMatrix(X[150:], Y[150:])
        xgboost.train(
            {"eta": 0.1 + 0.2 * config["x"], "nthread": 1},
            data,
            config["epochs"] - training.epochs,
            evals=[(data, "train"), (rest, "valid")],
            verbose_eval=False,
            callbacks=[report],
            xgb_model=report.saved,
        )


def test_the_estimators_of_scikit_learn_take_it() -> None:
    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        model = xgboost.XGBRegressor(
            n_estimators=5, n_jobs=1, callbacks=[ReportTo(training, "validation_0-rmse")]
        )
        model.fit(X[:150], Y[:150], eval_set=[(X[150:], Y[150:])], verbose=False)

    _, info = EnergyTarget(train, METER, metric="rmse", direction="minimize")({})
    assert info["epochs"] == 5


def test_the_mean_of_a_cross_validation_is_reported() -> None:
    seen: list[float] = []

    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        report = ReportTo(training, "test-rmse")
        data = xgboost.DMatrix(X[:150], Y[:150])
        table = xgboost.cv({"nthread": 1}, data, 4, nfold=3, callbacks=[report])
        seen.extend(table["test-rmse-mean"])
        assert [epoch["rmse"] for epoch in training.reported] == pytest.approx(seen)

    cost, info = EnergyTarget(train, METER, metric="rmse", direction="minimize")({})
    assert info["epochs"] == 4
    assert cost == pytest.approx(seen[-1])
