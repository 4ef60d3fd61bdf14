import numpy as np
import pytest

from eahas_plugins.models.axes import Axis
from eahas_plugins.models.gain import expected_gain
from eahas_plugins.models.gaussian_process import log_expected_improvement
from eahas_plugins.models.schedule_model import ScheduleModel

AXES = {"x": Axis(), "y": Axis(), "epochs": Axis(choices=[3, 12])}


def fitted(*, schedules=(3, 12), running=()):
    rng = np.random.default_rng(0)
    known = []
    for number in range(12):
        config = {"x": rng.random(), "y": rng.random(), "epochs": 12 if number % 3 else 3}
        known.append((config, 5.0 - config["x"] * config["y"]))
    axes = AXES if len(schedules) > 1 else {n: AXES[n] for n in ("x", "y")}
    model = ScheduleModel(axes, "epochs", schedules)
    process = model.fit(known, running=running, failed=[], process=None)
    return model, process, known


@pytest.mark.parametrize("schedules", [(3, 12), (12,)])
@pytest.mark.parametrize("running", [(), ({"x": 0.2, "y": 0.9, "epochs": 3},)])
def test_what_is_expected_is_the_mean_over_lengths_as_fitted_and_half_as_long(schedules, running):
    model, process, known = fitted(schedules=schedules, running=running)
    rng = np.random.default_rng(1)
    places = rng.random((20, 2))
    configs = [{"x": x, "y": y, "epochs": 3} for x, y in places]
    level = [[1.0]] if len(schedules) > 1 else [[]]
    there = np.column_stack([places, np.repeat(level, 20, axis=0)])
    tried = np.array([[c["x"], c["y"], *level[0]] for c, _ in known])
    improvements = []
    for opinion in (process, process.with_lengths(0.5)):
        best = opinion.predict(tried)[0].max()
        if len(schedules) == 1:
            best = max(reward for _, reward in known)
        improvements.append(np.exp(log_expected_improvement(*opinion.predict(there), best)))
    found = model.gains(configs, np.zeros(20), alpha=0.0)
    np.testing.assert_allclose(np.exp(found), np.mean(improvements, axis=0), rtol=1e-6)


def test_a_price_is_compared_with_the_same_mean():
    model, process, known = fitted(schedules=(12,))
    tried = np.array([[c["x"], c["y"]] for c, _ in known])
    rewards = np.array([reward for _, reward in known])
    grid = np.stack(np.meshgrid(*[np.linspace(0.0, 1.0, 101)] * 2), axis=-1).reshape(-1, 2)
    gains = []
    for opinion in (process, process.with_lengths(0.5)):
        best = float(opinion.predict(tried)[0].max())
        gains.append(expected_gain(*opinion.predict(grid), best, rewards=rewards))
    found = model.gain_per_kwh(
        lambda columns: np.full(len(columns["x"]), np.log(0.5)), n=300, rng=np.random.default_rng(2)
    )
    assert found == pytest.approx(np.mean(gains, axis=0).max() / 0.5, rel=0.02)


def test_what_a_configuration_does_not_have_or_may_not_be_is_not_asked_for():
    axes = {"kind": Axis(choices=["a", "b"]), "depth": Axis(high=4.0), "x": Axis()}

    def active(values):
        if values["x"] > 0.7:
            return None
        return {n: v for n, v in values.items() if n != "depth" or values["kind"] == "a"}

    known = [
        ({"kind": "a", "depth": 2.0, "x": 0.1}, 1.0),
        ({"kind": "b", "x": 0.4}, 2.0),
        ({"kind": "a", "depth": 4.0, "x": 0.6}, 3.0),
    ]
    model = ScheduleModel(axes, None, None, active=active)
    model.fit(known, running=[], failed=[], process=None)
    asked = []

    def log_kwh(columns):
        asked.append(columns)
        return np.zeros(len(columns["x"]))

    rng = np.random.default_rng(0)
    chosen, _ = model.explore(log_kwh, longest_kwh=0.0, alpha=1.0, n=60, rng=rng)
    model.gain_per_kwh(log_kwh, n=60, rng=rng)
    assert chosen["x"] <= 0.7
    for columns in asked:
        may_not = np.isnan(columns["x"])
        np.testing.assert_array_equal(
            np.isnan(columns["depth"]), may_not | (columns["kind"] == 1.0)
        )
        assert not (columns["x"] > 0.7).any()
