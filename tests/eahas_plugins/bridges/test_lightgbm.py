from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pytest

from eahas_plugins.bridges.lightgbm import ReportTo
from eahas_plugins.targets import EnergyTarget, EnergyTraining
from tests.eahas_plugins.bridges.contract import METER, Contract

RNG = np.random.default_rng(0)
X = RNG.random((400, 3))
Y = X @ [1.0, 2.0, 3.0] + 0.1 * RNG.random(400)
QUIET = {"num_threads": 1, "verbose": -1}


class TestLightgbm(Contract):
    metric = "valid l2"

    def train(self, config: dict[str, Any], training: EnergyTraining, metric: str) -> None:
        data = lightgbm.Dataset(X[:300], Y[:300])
        report = ReportTo(training, metric)
        lightgbm.train(
            {**QUIET, "learning_rate": 0.1 + 0.2 * config["x"]},
            data,
            config["epochs"] - training.epochs,
            valid_sets=[data, lightgbm.Dataset(X[300:], Y[300:], reference=data)],
            valid_names=["train", "valid"],
            callbacks=[report],
            init_model=report.saved,
        )


def test_the_estimators_of_scikit_learn_take_it() -> None:
    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        model = lightgbm.LGBMRegressor(n_estimators=5, n_jobs=1, verbose=-1)
        report = ReportTo(training, "valid_0 l2")
        model.fit(X[:300], Y[:300], eval_X=X[300:], eval_y=Y[300:], callbacks=[report])

    _, info = EnergyTarget(train, METER, metric="l2", direction="minimize")({})
    assert info["epochs"] == 5


def test_the_mean_of_a_cross_validation_is_reported() -> None:
    seen: list[float] = []

    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        report = ReportTo(training, "valid l2")
        data = lightgbm.Dataset(X[:300], Y[:300])
        means = lightgbm.cv(QUIET, data, 4, nfold=3, stratified=False, callbacks=[report])
        seen.extend(means["valid l2-mean"])

    cost, info = EnergyTarget(train, METER, metric="l2", direction="minimize")({})
    assert info["epochs"] == 4
    assert cost == pytest.approx(seen[-1])
