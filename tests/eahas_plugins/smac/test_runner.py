"""What goes to a target function and what comes back, before and after it runs."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace
from smac import Scenario
from smac.runhistory import StatusType, TrialValue

from eahas_plugins.smac import (
    EnergyHyperparameterOptimizationFacade,
    EnergyMultiFidelityFacade,
    EnergyTarget,
    EnergyTraining,
    SurrogateTarget,
)
from tests.eahas_plugins.meters import Counter
from tests.eahas_plugins.smac.bench import PowerLawBench
from tests.eahas_plugins.smac.helpers import QUIET


def facade(folder: Path, target: Any, *, budget_kwh: float = 1.0, **kwargs: Any) -> Any:
    scenario = Scenario(
        ConfigurationSpace({"x": (0.0, 1.0)}, seed=0), name="run", output_directory=folder,
        **{"deterministic": True, "crash_cost": 1.0, "n_trials": 8, **kwargs},
    )  # fmt: skip
    make: Any = EnergyHyperparameterOptimizationFacade
    if scenario.max_budget is not None:
        make = EnergyMultiFidelityFacade
    return make(scenario, target, budget_kwh=budget_kwh, n_startup_trials=20, logging_level=QUIET)


def plain(config: Any, seed: int = 0) -> Any:
    return float(config["x"]), {"energy_kwh": 0.3}


@pytest.mark.parametrize("energy_kwh", [math.nan, math.inf, -0.1, "much"])
@pytest.mark.parametrize("name", ["energy_kwh", "training_energy_kwh"])
@pytest.mark.parametrize("reports", [False, True])
def test_what_is_no_energy_is_refused_and_the_trial_named(
    tmp_path: Path, energy_kwh: Any, name: str, reports: bool
) -> None:
    def told(config: Any, seed: int = 0) -> Any:
        return float(config["x"]), {"energy_kwh": 0.1, name: energy_kwh}

    def metered(config: Any, seed: int = 0, attempt: Any = None) -> Any:
        attempt.report(0.1)
        return told(config)

    host = facade(tmp_path, metered if reports else told)
    with pytest.raises(ValueError, match=rf"{name} must be a finite.*configuration 1 \(.*told"):
        host.optimize()


@pytest.mark.parametrize("kind", [np.float64, np.float32, float])
def test_scalars_of_numpy_count(tmp_path: Path, kind: Any) -> None:
    def told(config: Any, seed: int = 0) -> Any:
        return float(config["x"]), {"energy_kwh": kind(0.25)}

    host = facade(tmp_path, told, n_trials=3)
    host.optimize()
    assert host.spent_kwh == 0.75


def test_what_cannot_be_cut_is_not_started_where_it_is_known_not_to_fit(tmp_path: Path) -> None:
    host = facade(tmp_path, plain)
    host.optimize()
    assert host.spent_kwh == pytest.approx(0.9)
    with pytest.raises(StopIteration):
        host.ask()


def test_what_can_be_cut_uses_the_budget_up(tmp_path: Path) -> None:
    def metered(config: Any, seed: int = 0, attempt: Any = None) -> Any:
        for step in range(1, 4):
            attempt.report(0.1 * step)
            if attempt.must_stop():
                break
        return float(config["x"]), {"energy_kwh": 0.1 * step}

    host = facade(tmp_path, metered)
    host.optimize()
    assert host.spent_kwh == pytest.approx(1.0)


def test_a_rung_that_does_not_fit_leaves_cheaper_ones(tmp_path: Path) -> None:
    def rungs(config: Any, seed: int = 0, budget: float = 1.0) -> Any:
        return float(config["x"]), {"energy_kwh": 0.01 * budget, "training_energy_kwh": 0.01}

    host = facade(tmp_path, rungs, budget_kwh=1.0, min_budget=1, max_budget=9, n_trials=999)
    host.optimize()
    assert 0.9 < host.spent_kwh <= 1.0 + 1e-9


@pytest.mark.parametrize("reserved", [True, False])
def test_a_lost_epochs_trial_is_charged_the_median(tmp_path: Path, reserved: bool) -> None:
    """A target that does not know what it needs: what finished ones took is promised."""
    for name, target in (
        ("plain", plain),
        ("own", EnergyTarget(lambda config, training: None, fidelity="continue")),
    ):
        host = facade(tmp_path / name, target, budget_kwh=5.0)
        early = None if reserved else host.ask()
        for _ in range(3):
            info = host.ask()
            host.tell(info, TrialValue(cost=0.5, additional_info={"energy_kwh": 0.1}))
        lost = early or host.ask()
        if reserved:
            assert host.account.balance().reserved_kwh == pytest.approx(0.1)
        host.tell(lost, TrialValue(cost=1.0, status=StatusType.CRASHED))
        assert host.spent_kwh == pytest.approx(0.4)


def test_a_trial_whose_energy_nobody_knows_has_none(tmp_path: Path) -> None:
    host = facade(tmp_path, plain)
    host.tell(host.ask(), TrialValue(cost=1.0, status=StatusType.CRASHED))
    (recorded,) = host.runhistory.values()
    assert recorded.additional_info["energy_kwh"] is None


def test_a_resumed_run_knows_what_trials_take(tmp_path: Path) -> None:
    facade(tmp_path, plain, n_trials=2).optimize()
    again = facade(tmp_path, plain, n_trials=5)
    again.ask()
    assert again.account.balance().reserved_kwh == pytest.approx(0.3)


def by_instance(config: dict[str, Any], training: EnergyTraining) -> None:
    COUNTER.energy_kwh += 0.01
    SEEN.append((training.instance, str(training.checkpoint)))
    training.report(0.5 if training.instance == "easy" else 0.25)


COUNTER = Counter()
SEEN: list[tuple[str | None, str]] = []


def test_instances_reach_a_training_each_with_its_own_checkpoint(tmp_path: Path) -> None:
    SEEN.clear()
    host = facade(
        tmp_path, EnergyTarget(by_instance, COUNTER), instances=["easy", "hard"],
        instance_features={"easy": [0.0], "hard": [1.0]}, n_trials=6,
    )  # fmt: skip
    best = host.optimize()
    assert {instance for instance, _ in SEEN} == {"easy", "hard"}
    assert len({folder for _, folder in SEEN}) == len(SEEN) == 6
    assert host.runhistory.average_cost(best) in (0.5, 0.625, 0.75)
    assert host.spent_kwh == pytest.approx(0.06)


@pytest.mark.parametrize(
    ("target", "scenario", "message"),
    [
        ({"objectives": ("error", "energy_kwh")}, {}, "must have the target's objectives"),
        ({}, {"objectives": ["error", "energy_kwh"]}, r"Scenario\(objectives=\['error'\]\)"),
        (
            {"objectives": ("error", "energy_kwh")},
            {"objectives": ["a", "b"]},
            "must have the target's objectives",
        ),
        (
            {"fidelity": "schedule", "fidelity_param": "x"},
            {"min_budget": 1, "max_budget": 9},
            "'x' must not be in the space",
        ),
    ],
)
def test_what_every_training_would_fail_of_is_said_before_the_first(
    tmp_path: Path, target: dict[str, Any], scenario: dict[str, Any], message: str
) -> None:
    own = EnergyTarget(by_instance, meter=Counter(), **target)
    with pytest.raises(ValueError, match=message):
        facade(tmp_path, own, **scenario)


def test_a_benchmark_has_no_instances(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a benchmark has no instance but the scenario has"):
        facade(
            tmp_path, SurrogateTarget(PowerLawBench()), instances=["a"],
            instance_features={"a": [0.0]},
        )  # fmt: skip


def test_our_targets_are_not_told_to_drop_arguments(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "from ConfigSpace import ConfigurationSpace\n"
        "from smac import Scenario\n"
        "from eahas_plugins.smac import EnergyHyperparameterOptimizationFacade, EnergyTarget\n"
        "target = EnergyTarget(lambda config, training: None)\n"
        "scenario = Scenario(ConfigurationSpace({'x': (0.0, 1.0)}), output_directory=sys.argv[1])\n"
        "EnergyHyperparameterOptimizationFacade(scenario, target, budget_kwh=1.0)\n"
    )
    run = subprocess.run(
        [sys.executable, script, tmp_path / "out"], capture_output=True, text=True, check=True
    )
    assert "not set by SMAC" not in run.stdout + run.stderr


LOCAL = """
import sys
from ConfigSpace import ConfigurationSpace
from smac import Scenario
from eahas_plugins.smac import EnergyHyperparameterOptimizationFacade, EnergyTarget

def train(config, training):
    training.report(0.5)

if __name__ == "__main__":
    scenario = Scenario(
        ConfigurationSpace({"x": (0.0, 1.0)}), output_directory=sys.argv[1], n_workers=2,
        trial_walltime_limit=60, n_trials=4,
    )
    EnergyHyperparameterOptimizationFacade(scenario, EnergyTarget(train), budget_kwh=1.0)
"""


def test_a_training_that_cannot_be_found_by_name_is_refused_before_the_first_trial(
    tmp_path: Path,
) -> None:
    script = tmp_path / "script.py"
    script.write_text(LOCAL)
    run = subprocess.run(
        [sys.executable, "-W", "ignore", script, tmp_path / "out"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "must be importable by name" in run.stderr
    assert "move it to a module of its own" in run.stderr


def test_what_cannot_be_sent_at_all_is_refused(tmp_path: Path) -> None:
    open_file = (tmp_path / "log.txt").open("w")

    def train(config: Any, training: Any) -> None:
        open_file.write("x")

    with open_file, pytest.raises(ValueError, match="cannot be pickled"):
        facade(tmp_path, EnergyTarget(train), n_workers=2)
