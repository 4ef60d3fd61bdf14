"""What EA-BOHB's model makes of trainings that fail."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eahas_plugins.models.axes import Axis
from eahas_plugins.models.schedule_model import ScheduleModel

SHORT, LONG = 5, 20


def value(x: float) -> float:
    """Rises to the right, where everything fails."""
    return 0.5 + 0.4 * x


def fitted(failed: list[dict[str, Any]], *, levels: bool, running: int = 0) -> ScheduleModel:
    axes = {name: Axis(low=0.0, high=1.0) for name in ("x", "y")}
    lengths: tuple[int, ...] = ()
    if levels:
        lengths = (SHORT, LONG)
        axes["n"] = Axis(low=SHORT, high=LONG, log=True)
    rng = np.random.default_rng(0)
    configs: list[dict[str, Any]] = [{"x": 0.5 * x, "y": y} for x, y in rng.random((12, 2))]
    if levels:
        configs = [{**c, "n": LONG if i % 4 == 0 else SHORT} for i, c in enumerate(configs)]
    known = [(c, value(c["x"]) - 0.02 * (c.get("n") == SHORT)) for c in configs]
    model = ScheduleModel(axes, "n" if levels else None, lengths or None, longest_factor=4.0)
    pending = [{**c, "x": 0.95} for c in configs[:running]]
    model.fit(known, running=pending, failed=failed, process=None)
    return model


def failures(count: int = 14, **also: Any) -> list[dict[str, Any]]:
    rng = np.random.default_rng(1)
    return [{"x": 0.5 + 0.5 * x, "y": y, **also} for x, y in rng.random((count, 2))]


def proposed(model: ScheduleModel) -> float:
    rng = np.random.default_rng(0)
    params, _ = model.explore(None, longest_kwh=0.0, alpha=0.0, n=200, rng=rng)
    return float(params["x"])


@pytest.mark.parametrize("levels", [False, True])
def test_a_region_in_which_all_fails_is_left(levels: bool) -> None:
    also = {"n": SHORT} if levels else {}
    assert proposed(fitted([], levels=levels)) > 0.6
    assert proposed(fitted(failures(**also), levels=levels)) < 0.52


def test_what_is_running_there_is_no_success() -> None:
    assert proposed(fitted(failures(n=SHORT), levels=True, running=6)) < 0.52


def test_a_tried_configuration_that_would_fail_when_trained_longer_is_worth_less() -> None:
    fails_long = [{**config, "n": LONG, "x": 0.45} for config in failures(12)]
    tried = [{"x": 0.44, "y": 0.5, "n": SHORT}, {"x": 0.1, "y": 0.5, "n": SHORT}]
    before, after = (
        fitted(failed, levels=True).gains(tried, np.zeros(2), alpha=0.0)
        for failed in ([], fails_long)
    )
    assert after[0] < before[0] - 1.0
    assert after[1] == pytest.approx(before[1], abs=0.5)


@pytest.mark.parametrize("levels", [False, True])
def test_what_would_fail_is_not_expected_to_bring_anything(levels: bool) -> None:
    def per_kwh(failed: list[dict[str, Any]]) -> float:
        model = fitted(failed, levels=levels)
        rng = np.random.default_rng(0)
        return model.gain_per_kwh(lambda columns: np.zeros(len(columns["x"])), n=200, rng=rng)

    also = {"n": SHORT} if levels else {}
    assert per_kwh(failures(30, **also)) < 0.5 * per_kwh([])
