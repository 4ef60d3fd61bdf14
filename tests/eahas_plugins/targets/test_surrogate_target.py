from __future__ import annotations

import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ConfigSpace import Categorical, Configuration, ConfigurationSpace, EqualsCondition, Float

from eahas_plugins.budget.entries import Grant
from eahas_plugins.budget.journal import Attempt
from eahas_plugins.smac import (
    EnergyExhaustedError,
    EnergyJournal,
    SurrogateTarget,
    energy_scenario,
)
from tests.eahas_plugins.smac.bench import PowerLawBench, PowerLawRun

VALUES = {"width": 16, "lr": 0.03, "optimizer": "sgd", "max_epoch": 20}
STEP_KWH = 2e-4  # of that width


def configuration(target: SurrogateTarget, **changes: Any) -> Configuration:
    values = {**VALUES, **changes}
    return Configuration(target.space, {n: values[n] for n in target.space})


def attempt(folder: Path, *, paid_kwh: float = 0.0, limit_kwh: float | None = None) -> Attempt:
    return EnergyJournal(folder).open(
        Grant(
            number=0,
            trial=(1, None, 0, None),
            cap_kwh=1.0,
            paid_kwh=paid_kwh,
            limit_kwh=limit_kwh,
        )
    )


@pytest.mark.parametrize(
    ("fidelity", "budget", "epochs", "max_epoch"),
    [
        ("cut", None, 20, 20),
        ("cut", 7.0, 7, 20),
        ("cut", 6.6667, 7, 20),
        ("cut", 0.1, 1, 20),
        ("cut", 1000.0, 20, 20),
        ("schedule", None, 20, 20),
        ("schedule", 5.0, 5, 5),
        ("schedule", 9.9999999, 10, 10),
        ("kwh", None, 20, 20),
        ("kwh", 7.5 * STEP_KWH, 7, 20),
        ("kwh", 7 * STEP_KWH, 7, 20),
        ("kwh", 0.1 * STEP_KWH, 1, 20),
        ("kwh", 1.0, 20, 20),
    ],
)
def test_what_a_budget_buys(
    fidelity: Any, budget: float | None, epochs: int, max_epoch: int
) -> None:
    bench = PowerLawBench()
    target = SurrogateTarget(bench, fidelity=fidelity)
    cost, info = target(configuration(target), budget=budget)
    expected = bench.query({**VALUES, "max_epoch": max_epoch})
    assert info["epochs"] == epochs
    assert cost == 1.0 - expected.val_accuracy[epochs - 1]
    assert info["accuracy"] == expected.val_accuracy[epochs - 1]
    assert info["test_accuracy"] == expected.test_accuracy[epochs - 1]
    assert info["energy_kwh"] == info["training_energy_kwh"] == expected.energy_kwh[epochs - 1]
    assert info["runtime_s"] == expected.runtime_s[epochs - 1]
    assert info["truncated"] is False
    estimate = target.estimate(configuration(target), seed=0, budget=budget, paid_kwh=0.0)
    assert estimate.total_kwh == info["energy_kwh"]
    assert estimate.first_kwh == pytest.approx(STEP_KWH)


def test_the_provenance_of_the_energy_goes_with_it() -> None:
    class Predicted(PowerLawBench):
        def query(self, config: Any) -> Any:
            run = super().query(config)
            provenance = {"val_accuracy": "measured", "energy_kwh": "predicted"}
            return SimpleNamespace(**{f: getattr(run, f) for f in vars(run)}, provenance=provenance)

    target = SurrogateTarget(Predicted())
    assert target(configuration(target))[1]["energy_kind"] == "predicted"
    silent = SurrogateTarget(PowerLawBench())
    assert "energy_kind" not in silent(configuration(silent))[1]


def test_a_shorter_schedule_is_not_a_cut() -> None:
    complete = SurrogateTarget(PowerLawBench(), fidelity="schedule")
    cut = SurrogateTarget(PowerLawBench(), fidelity="cut")
    assert "max_epoch" not in complete.space
    assert "max_epoch" in cut.space
    assert complete(configuration(complete), budget=5)[0] < cut(configuration(cut), budget=5)[0]


@pytest.mark.parametrize("fidelity", ["cut", "kwh"])
def test_a_promoted_training_pays_only_the_difference(tmp_path: Path, fidelity: Any) -> None:
    target = SurrogateTarget(PowerLawBench(), fidelity=fidelity)
    budget = 12 * (STEP_KWH if fidelity == "kwh" else 1)
    account = attempt(tmp_path, paid_kwh=4 * STEP_KWH)
    _, info = target(configuration(target), budget=budget, attempt=account)
    assert info["energy_kwh"] == pytest.approx(8 * STEP_KWH)
    assert info["training_energy_kwh"] == pytest.approx(12 * STEP_KWH)
    assert info["runtime_s"] == pytest.approx(24.0)
    assert account.energy_kwh == info["energy_kwh"]


@pytest.mark.parametrize(("fidelity", "resume"), [("schedule", True), ("cut", False)])
def test_another_schedule_or_no_checkpoint_pays_everything(
    tmp_path: Path, fidelity: Any, resume: bool
) -> None:
    target = SurrogateTarget(PowerLawBench(), fidelity=fidelity, resume=resume)
    account = attempt(tmp_path, paid_kwh=5 * STEP_KWH)
    _, info = target(configuration(target), budget=10, attempt=account)
    assert info["energy_kwh"] == pytest.approx(10 * STEP_KWH)


def test_a_limit_cuts_the_training_at_the_last_epoch_that_it_pays_for(tmp_path: Path) -> None:
    target = SurrogateTarget(PowerLawBench())
    account = attempt(tmp_path, limit_kwh=3.7 * STEP_KWH)
    _, info = target(configuration(target), budget=10, attempt=account)
    assert info["epochs"] == 3
    assert info["truncated"] is True
    assert account.energy_kwh == pytest.approx(3 * STEP_KWH)


def test_a_limit_below_one_epoch_spends_nothing(tmp_path: Path) -> None:
    target = SurrogateTarget(PowerLawBench())
    account = attempt(tmp_path, limit_kwh=0.5 * STEP_KWH)
    with pytest.raises(EnergyExhaustedError, match="raise budget_kwh"):
        target(configuration(target), budget=10, attempt=account)
    assert account.energy_kwh == 0.0


def test_both_objectives() -> None:
    target = SurrogateTarget(PowerLawBench(), objectives=("error", "energy_kwh"))
    cost, info = target(configuration(target))
    assert cost == {"error": 1.0 - info["accuracy"], "energy_kwh": info["training_energy_kwh"]}


def test_a_worker_gets_its_own_run_when_another_thread_asks_meanwhile() -> None:
    target = SurrogateTarget(PowerLawBench())

    class Meanwhile(str):
        """Another thread's turn comes when this is compared."""

        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            target({**VALUES, "width": 64})
            return str(self) == other

    alone = target(VALUES)
    assert target({**VALUES, "optimizer": Meanwhile("sgd")}) == alone


def test_it_travels_to_workers() -> None:
    target = SurrogateTarget(PowerLawBench(), fidelity="schedule")
    copy = pickle.loads(pickle.dumps(target))
    assert copy(configuration(copy), budget=5) == target(configuration(target), budget=5)


def test_removing_the_schedule_keeps_conditions_and_clauses() -> None:
    class Conditional(PowerLawBench):
        def __init__(self) -> None:
            super().__init__()
            kind = Categorical("kind", ["a", "b"])
            momentum = Float("momentum", (0.0, 1.0))
            self.space.add([kind, momentum])
            self.space.add(EqualsCondition(momentum, kind, "a"))

    space = SurrogateTarget(Conditional(), fidelity="schedule").space
    assert "max_epoch" not in space
    space.seed(0)
    drawn = space.sample_configuration(30)
    assert {("momentum" in dict(c)) == (c["kind"] == "a") for c in drawn} == {True}


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"fidelity": "epochs"}, "fidelity must be 'cut', 'schedule' or 'kwh' but got 'epochs'"),
        ({"objectives": "accuracy"}, "objectives must be 'error' or"),
        ({"objectives": ("energy_kwh", "error")}, "objectives must be 'error' or"),
        ({"fidelity": "schedule", "fidelity_param": "epochs"}, "hyperparameter 'epochs'"),
        ({"fidelity": "schedule", "fidelity_param": "lr"}, "hyperparameter 'lr'"),
    ],
)
def test_arguments_are_checked(kwargs: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SurrogateTarget(PowerLawBench(), **kwargs)


def test_a_budget_between_two_schedules_is_refused() -> None:
    target = SurrogateTarget(PowerLawBench(), fidelity="schedule")
    with pytest.raises(ValueError, match=r"one of the schedules \[5, 10, 20\] but got 7"):
        target(configuration(target), budget=7)


@pytest.mark.parametrize("budget", [0.0, -1.0, np.nan])
def test_a_budget_in_kwh_must_be_positive(budget: float) -> None:
    target = SurrogateTarget(PowerLawBench(), fidelity="kwh")
    with pytest.raises(ValueError, match="budget"):
        target(configuration(target), budget=budget)


def test_a_benchmark_without_energy_is_refused() -> None:
    class Blind(PowerLawBench):
        def query(self, config: Any) -> Any:
            run = super().query(config)
            object.__setattr__(run, "energy_kwh", None)
            return run

    target = SurrogateTarget(Blind())
    with pytest.raises(ValueError, match="must know energy_kwh"):
        target(configuration(target))


def test_a_schedule_under_a_condition_is_refused() -> None:
    class Conditional(PowerLawBench):
        def __init__(self) -> None:
            super().__init__()
            self.space = ConfigurationSpace()
            epochs = Categorical("max_epoch", [5, 10])
            kind = Categorical("kind", ["a", "b"])
            self.space.add([epochs, kind])
            self.space.add(EqualsCondition(epochs, kind, "a"))

    with pytest.raises(ValueError, match="free of conditions"):
        SurrogateTarget(Conditional(), fidelity="schedule").space  # noqa: B018


class _Fragile(PowerLawBench):
    def query(self, config: Any) -> Any:
        raise RuntimeError("this one cannot be trained")


def test_a_scenario_trains_nothing_where_its_budgets_are_known() -> None:
    scenario = energy_scenario(SurrogateTarget(_Fragile(), fidelity="schedule"))
    assert (scenario.min_budget, scenario.max_budget) == (5.0, 20.0)


def test_a_scenario_takes_smacs_word_for_any_seed() -> None:
    target = SurrogateTarget(PowerLawBench(), fidelity="kwh")
    seeds = {energy_scenario(target, seed=-1).seed for _ in range(4)}
    assert len(seeds) > 1
    assert min(seeds) >= 0


class _Far(np.ndarray[Any, Any]):
    """A curve on another machine."""

    def __getitem__(self, key: Any) -> Any:
        time.sleep(0.01)
        return super().__getitem__(key)


class _FarBench(PowerLawBench):
    def query(self, config: Any) -> PowerLawRun:
        run = super().query(config)
        return replace(run, energy_kwh=run.energy_kwh.view(_Far))


def test_many_that_begin_at_once_take_no_energy_twice(tmp_path: Path) -> None:
    """Nothing is promised to trials of which nobody knows yet what they need."""
    n_workers, cap_kwh, spent_kwh = 8, 20.5 * STEP_KWH, []
    target, together = SurrogateTarget(_FarBench()), Barrier(n_workers)
    config, journal = configuration(target), EnergyJournal(tmp_path)

    def work(number: int) -> None:
        grant = Grant(number=number, trial=(number, None, 0, None), cap_kwh=cap_kwh)
        own = journal.open(grant)
        together.wait()
        with suppress(EnergyExhaustedError):
            spent_kwh.append(target(config, attempt=own)[1]["energy_kwh"])

    with ThreadPoolExecutor(n_workers) as pool:
        list(pool.map(work, range(n_workers)))
    assert sum(spent_kwh) == pytest.approx(20 * STEP_KWH)
