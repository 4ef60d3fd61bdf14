from __future__ import annotations

import numpy as np
import pytest
from ConfigSpace import (
    Categorical,
    Configuration,
    ConfigurationSpace,
    EqualsCondition,
    Float,
    OrdinalHyperparameter,
)

from eahas_plugins.smac import GaussianProcessModel


def everything() -> ConfigurationSpace:
    space = ConfigurationSpace(seed=0)
    kind, extra = Categorical("kind", ["a", "b", "c"]), Float("extra", (0.0, 1.0))
    size = OrdinalHyperparameter("size", [1, 2, 4, 8])
    space.add([kind, extra, size, Float("lr", (1e-3, 1.0), log=True)])
    space.add(EqualsCondition(extra, kind, "a"))
    return space


def test_the_model_learns_every_kind_of_hyperparameter() -> None:
    space = everything()
    configs = space.sample_configuration(120)

    def cost(config: Configuration) -> float:
        return (config["kind"] == "b") + 0.2 * config["size"] + abs(np.log10(config["lr"]) + 1.5)

    X = np.array([config.get_array() for config in configs])
    y = np.array([[cost(config)] for config in configs])
    model = GaussianProcessModel(space, seed=0)
    with pytest.raises(ValueError, match="must be trained"):
        model.predict(X)
    model.train(X[:80], y[:80])
    mean, variance = model.predict(X[80:])
    assert np.corrcoef(mean[:, 0], y[80:, 0])[0, 1] > 0.95
    assert variance is not None
    deviation = model.predict(X[80:], covariance_type="std")[1]
    np.testing.assert_allclose(deviation, np.sqrt(variance))
    assert model.predict(X[80:], covariance_type=None)[1] is None
    with pytest.raises(ValueError, match="covariance_type must be"):
        model.predict(X[80:], covariance_type="full")


def test_the_model_learns_from_a_bounded_number_of_trials() -> None:
    space = everything()
    X = np.array([config.get_array() for config in space.sample_configuration(50)])
    y = np.arange(50.0)[:, None]
    model = GaussianProcessModel(space, max_trials=10)
    model.train(X, y)
    assert model._process is not None
    z = model._process._z
    order = np.argsort(z)
    assert len(z) == 10
    assert order.tolist() == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]  # costs 0 to 4 and 45 to 49
    with pytest.raises(ValueError, match="max_trials must be at least 2"):
        GaussianProcessModel(space, max_trials=1)
