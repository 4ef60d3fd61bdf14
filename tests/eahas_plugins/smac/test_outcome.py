"""Failures are said, the best is a trial that has finished, and the end is one line."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ConfigSpace import Configuration, ConfigurationSpace
from smac import Scenario
from smac.runhistory import RunHistory, StatusType

from eahas_plugins.report import Report, read_run
from eahas_plugins.smac import (
    EnergyHyperparameterOptimizationFacade,
    EnergyMultiFidelityFacade,
    EnergyTarget,
)
from eahas_plugins.smac.outcome import best_that_finished, end_of
from tests.eahas_plugins.meters import Counter
from tests.eahas_plugins.smac.helpers import QUIET, multi_fidelity


def facade(folder: Path, target: Any, trial_limit_kwh: float | None = None, **kwargs: Any) -> Any:
    scenario = Scenario(
        ConfigurationSpace({"x": (0.0, 1.0), "act": ["cos", "tanh"]}, seed=0), name="run",
        output_directory=folder,
        **{"deterministic": True, "crash_cost": 1.0, "n_trials": 12, **kwargs},
    )  # fmt: skip
    make: Any = EnergyHyperparameterOptimizationFacade
    if scenario.max_budget is not None:
        make = EnergyMultiFidelityFacade
    limits: Any = {"budget_kwh": 1.0, "trial_limit_kwh": trial_limit_kwh}
    return make(scenario, target, n_startup_trials=8, logging_level=QUIET, **limits)


def broken(config: Any, seed: int = 0, budget: float | None = None) -> Any:
    raise RuntimeError("no such data set")


@pytest.mark.parametrize("kwargs", [{}, {"min_budget": 1, "max_budget": 9}])
def test_a_run_in_which_everything_fails_says_so_with_the_first_error(
    tmp_path: Path, said: Callable[[], str], kwargs: Any
) -> None:
    host = facade(tmp_path, broken, **kwargs)
    with pytest.raises(RuntimeError, match=r"all 12 have failed.*no such data set"):
        host.optimize()
    assert said().count("a trial has failed") == 1
    assert "no such data set" in said()
    assert host.best_config is None


def test_a_run_in_which_nothing_succeeds_ends(tmp_path: Path) -> None:
    host = facade(tmp_path, broken, n_trials=100_000)
    with pytest.raises(RuntimeError, match="all 50 have failed"):
        host.optimize()


def test_an_own_training_that_fails_is_named(tmp_path: Path) -> None:
    meter = Counter()

    def train(config: Any, training: Any) -> None:
        meter.energy_kwh += 0.01
        training.report(98.5)

    host = facade(tmp_path, EnergyTarget(train, meter))
    with pytest.raises(RuntimeError, match=r"as a fraction in \[0, 1\] but got 98\.5"):
        host.optimize()
    assert host.spent_kwh == pytest.approx(0.12)


def test_a_failed_trial_with_the_lowest_cost_is_not_the_best(
    tmp_path: Path, said: Callable[[], str]
) -> None:
    """Costs are above what a failure was said to cost."""

    def high(config: Any, seed: int = 0) -> Any:
        if config["act"] == "cos":
            raise ValueError("odd")
        return 10.0 + config["x"], {"energy_kwh": 0.01}

    host = facade(tmp_path, high)
    best = host.optimize()
    assert best["act"] == "tanh"
    finished = [v.cost for v in host.runhistory.values() if v.status == StatusType.SUCCESS]
    assert host.runhistory.average_cost(best) == min(finished)
    assert host.best_config == {"x": best["x"], "act": "tanh"}
    assert "give Scenario(crash_cost=) a larger one" in said()


def test_the_end_is_one_line(tmp_path: Path, said: Callable[[], str]) -> None:
    def some(config: Any, seed: int = 0) -> Any:
        if config["x"] > 0.7:
            raise ValueError("odd")
        return float(config["x"]), {"energy_kwh": 0.01}

    host = facade(tmp_path, some)
    best = host.optimize()
    lines = [line for line in said().splitlines() if line.startswith("the run ends")]
    assert len(lines) == 1
    failed = [v for v in host.runhistory.values() if v.status != StatusType.SUCCESS]
    spent = f"{host.spent_kwh * 1000:g}"
    assert f"{spent} of 1" in lines[0] or f"{host.spent_kwh:g} of 1 kWh" in lines[0]
    assert f"12 trials, {len(failed)} of them failed" in lines[0]
    assert f"best cost {host.runhistory.average_cost(best):.6g}" in lines[0]


def test_the_best_configuration_is_plain_and_has_its_schedule(tmp_path: Path) -> None:
    host = multi_fidelity(tmp_path, budget_kwh=0.2, fidelity="schedule", n_startup_trials=6)
    host.optimize()
    best = host.best_config
    assert best is not None
    assert set(best) == {"width", "lr", "optimizer", "max_epoch"}
    assert best["max_epoch"] in (5, 20)
    assert {type(value) for value in best.values()} <= {int, float, str}
    assert "np." not in repr(best)


def test_a_failed_trial_is_on_no_front(tmp_path: Path, said: Callable[[], str]) -> None:
    """A failure was said to cost less than any training does."""

    def two(config: Any, seed: int = 0) -> Any:
        if config["act"] == "cos":
            raise ValueError("odd")
        x = config["x"]
        return {"error": 10.0 + x, "size": 12.0 - x}, {"energy_kwh": 0.01}

    host = facade(tmp_path, two, objectives=["error", "size"])
    front = host.optimize()
    assert front
    assert {config["act"] for config in front} == {"tanh"}
    succeeded = [v for v in host.runhistory.values() if v.status == StatusType.SUCCESS]
    assert len(front) == len(succeeded)  # what one has less of the error, it has more of the size
    assert host.best_config is not None
    assert host.best_config["act"] == "tanh"
    assert "give Scenario(crash_cost=) a larger one" in said()


@pytest.mark.parametrize("n_whole", [3, 0])
def test_a_training_that_the_budget_ended_is_best_only_if_no_other_has_finished(
    tmp_path: Path, said: Callable[[], str], n_whole: int
) -> None:
    """One that is to get worse later looked best when the budget was used up."""
    meter = Counter()
    step_kwh = 0.95 / (10 * n_whole + 5)

    def train(config: Any, training: Any) -> None:
        for step in range(10):
            meter.energy_kwh += step_kwh
            if training.report(loss=float(step)):
                return

    target = EnergyTarget(train, meter, metric="loss", direction="minimize")
    host = facade(tmp_path, target, crash_cost=100.0)
    host.optimize()
    values = list(host.runhistory.values())
    assert [v.additional_info["truncated"] for v in values] == [*[False] * n_whole, True]
    if n_whole:
        assert values[-1].cost < values[0].cost
    best = host.best_config
    assert best is not None
    (at,) = [i for i, c in enumerate(host.runhistory.get_configs()) if c["x"] == best["x"]]
    assert values[at].additional_info["truncated"] is (n_whole == 0)
    assert "failed" not in said()
    best_of_report = Report.of(read_run(tmp_path)).numbers.best[0]
    assert best_of_report.config["x"] == best["x"]
    assert best_of_report.state == ("complete" if n_whole else "cut")


def test_a_trial_that_reached_the_limit_of_all_trials_may_be_the_best(tmp_path: Path) -> None:
    meter = Counter()

    def train(config: Any, training: Any) -> None:
        for _ in range(10 if config["x"] < 0.5 else 2):
            meter.energy_kwh += 0.01
            if training.report(loss=float(config["x"])):
                return

    target = EnergyTarget(train, meter, metric="loss", direction="minimize")
    host = facade(tmp_path, target, trial_limit_kwh=0.05)
    host.optimize()
    values = list(host.runhistory.values())
    best = min(values, key=lambda v: v.cost)
    assert (best.additional_info["truncated"], best.additional_info["limited"]) == (True, True)
    assert host.best_config is not None
    assert host.best_config["x"] == best.cost
    (first, *_) = Report.of(read_run(tmp_path)).numbers.best
    assert (first.state, first.values) == ("complete", (best.cost,))


def test_of_several_incumbents_only_those_without_a_result_are_dropped() -> None:
    space = ConfigurationSpace({"x": (0.0, 1.0)}, seed=0)
    a, b, c = (Configuration(space, values={"x": x}) for x in (0.25, 0.5, 0.75))
    history = RunHistory(multi_objective_algorithm=None)
    cut = {"truncated": True}
    for config, seed, cost, info in (
        *((a, 0, [1.0, 5.0], {}), (a, 1, [9.0, 5.0], {}), (b, 0, [4.0, 4.0], {})),
        *((b, 1, [4.0, 4.0], {}), (c, 0, [0.0, 0.0], cut)),
    ):
        history.add(config, cost=cost, seed=seed, status=StatusType.SUCCESS, additional_info=info)
    end = partial(end_of, history, spent_kwh=0.5, cap_kwh=1.0)
    assert end([a, c]) == [a]
    assert best_that_finished(history) == [b]  # by the means over its seeds a is worse
    assert end([c]) == [b]
