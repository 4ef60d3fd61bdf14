"""What is the same run, and what may change when it goes on."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ConfigSpace import ConfigurationSpace, Float
from smac import Scenario
from smac.runhistory import TrialValue

from eahas_plugins.smac import (
    EnergyHyperparameterOptimizationFacade,
    EnergyMultiFidelityFacade,
    ScheduleIntensifier,
)
from tests.eahas_plugins.smac.helpers import QUIET, forest, maximizer, trials
from tests.eahas_plugins.smac.test_state import facade, finished


def train(config: Any, seed: int = 0) -> Any:
    return float(config["x"]), {"energy_kwh": 1e-3}


class Trained:
    def __call__(self, config: Any, seed: int = 0, data: Any = None) -> Any:
        return train(config)


def complete(folder: Path, *, name: str | None = "run", n_trials: int = 5, **kwargs: Any) -> Any:
    space = ConfigurationSpace({"x": kwargs.pop("x", (0.0, 1.0))}, seed=0)
    target = kwargs.pop("target", train)
    scenario = Scenario(
        space, name=name, output_directory=folder, deterministic=True, n_trials=n_trials,
        crash_cost=1.0, seed=1, **kwargs,
    )  # fmt: skip
    return EnergyHyperparameterOptimizationFacade(
        scenario, target, budget_kwh=1.0, logging_level=QUIET
    )


@pytest.mark.parametrize("name", ["run", None])
def test_a_run_that_ended_by_its_number_of_trials_goes_on_with_more(
    tmp_path: Path, name: str | None
) -> None:
    first = complete(tmp_path, name=name)
    first.optimize()
    again = complete(tmp_path, name=name)
    assert trials(again.runhistory) == trials(first.runhistory)
    more = complete(tmp_path, name=name, n_trials=12)
    more.optimize()
    assert len(more.runhistory) == 12
    assert trials(more.runhistory)[:5] == trials(first.runhistory)
    assert more.spent_kwh == pytest.approx(0.012)
    assert len(list(tmp_path.glob("*/1/runhistory.json"))) == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: partial(Trained(), data=[1, 2]),
        lambda: partial(lambda config, seed=0, data=None: train(config), data=3),
        lambda: Trained().__call__,
    ],
    ids=["partial object", "partial function", "method"],
)
def test_a_target_that_is_made_anew_in_each_process_is_the_same(
    tmp_path: Path, make: Callable[[], Any]
) -> None:
    first = complete(tmp_path, target=make())
    first.optimize()
    more = complete(tmp_path, target=make(), n_trials=6)
    more.optimize()
    assert trials(more.runhistory)[:5] == trials(first.runhistory)
    assert len(more.runhistory) == 6


def test_a_run_that_ended_by_its_wall_time_goes_on_with_more(tmp_path: Path) -> None:
    first = complete(tmp_path, n_trials=20, walltime_limit=1e-3)
    first.optimize()
    assert 1 <= len(first.runhistory) < 20
    more = complete(tmp_path, n_trials=20, walltime_limit=1e6)
    more.optimize()
    assert len(more.runhistory) == 20


def test_an_unnamed_run_of_other_settings_is_another_run(tmp_path: Path) -> None:
    complete(tmp_path, name=None).optimize()
    other = complete(tmp_path, name=None, x=(0.0, 2.0))
    assert len(other.runhistory) == 0
    assert other.spent_kwh == 0.0


@pytest.mark.parametrize("move", [shutil.copytree, shutil.move])
@pytest.mark.parametrize("part", [".", "run"])
def test_a_copied_or_renamed_folder_goes_on(tmp_path: Path, move: Any, part: str) -> None:
    """The whole output directory, or the run's own folder under another name."""
    _, before = finished(tmp_path / "here")
    name = "run" if part == "." else "again"
    move(tmp_path / "here" / part, tmp_path / "there" / (part if part == "." else name))
    again = facade(tmp_path / "there", 0.012, name=name)
    assert trials(again.runhistory) == before
    assert again.spent_kwh == pytest.approx(0.008)
    again.optimize()
    assert again.spent_kwh == pytest.approx(0.012)


def test_another_space_is_another_run(tmp_path: Path) -> None:
    finished(tmp_path)
    space = ConfigurationSpace(seed=0)
    space.add(Float("x", (0.0, 2.0)))
    with pytest.raises(RuntimeError, match=r"configspace\.hyperparameters.*another name"):
        facade(tmp_path, 0.012, space=space)


def test_another_limit_of_a_trial_is_another_run(tmp_path: Path) -> None:
    complete(tmp_path).optimize()
    with pytest.raises(RuntimeError, match="trial_walltime_limit"):
        complete(tmp_path, trial_walltime_limit=10)


def test_what_trials_have_told_may_be_nan_where_a_run_was_killed(tmp_path: Path) -> None:
    first = complete(tmp_path)
    first.ask()  # its worker dies
    info = first.ask()
    told = {"energy_kwh": 1e-3, "gap": math.nan}
    first.tell(info, TrialValue(cost=0.5, additional_info=told))
    again = complete(tmp_path)
    again.optimize()
    assert len(again.runhistory) == 5
    assert again.runhistory.running == 0
    assert any("gap" in value.additional_info for value in again.runhistory.values())


@pytest.mark.parametrize("search", ["complete", "hyperband", "schedules"])
def test_categories_that_are_tuples_go_on(tmp_path: Path, search: str) -> None:
    """In SMAC's files they are lists, which is none of the space's categories."""

    def target(config: Any, seed: int = 0, budget: float = 1.0) -> Any:
        assert isinstance(config["layers"], tuple)
        return config["x"] / budget, {"energy_kwh": 1e-3 * budget}

    space = ConfigurationSpace({"x": (0.0, 1.0), "layers": [(32, 32), (64,)]}, seed=0)
    rungs = {} if search == "complete" else {"min_budget": 2, "max_budget": 8}
    for budget_kwh in (0.025, 0.04):
        scenario = Scenario(
            space, name="run", output_directory=tmp_path, deterministic=True, n_trials=100,
            crash_cost=1.0, **rungs,
        )  # fmt: skip
        parts: dict[str, Any] = {"model": forest(scenario)}
        parts["acquisition_maximizer"] = maximizer(scenario)
        kind = EnergyHyperparameterOptimizationFacade if not rungs else EnergyMultiFidelityFacade
        if search == "schedules":
            parts = {"intensifier": ScheduleIntensifier(scenario, n_startup_trials=4)}
        host = kind(scenario, target, budget_kwh=budget_kwh, logging_level=QUIET, **parts)
        before = len(host.runhistory)
        host.optimize()
        assert len(host.runhistory) > before
    assert before > 0
    best = host.best_config
    assert best is not None
    assert best["layers"] in ((32, 32), (64,))
    assert host.spent_kwh == pytest.approx(0.04, abs=4e-3)
