"""A study and its budget by one call."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.pruners import MedianPruner, NopPruner
from optuna.trial import TrialState

from eahas_plugins.optuna import (
    EnergyTPESampler,
    EnergyTracker,
    ScheduleGPSampler,
    energy_study,
)
from tests.eahas_plugins.meters import Counter


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], str]]:
    optuna.logging.enable_propagation()
    optuna.logging.set_verbosity(optuna.logging.INFO)
    caplog.set_level(logging.INFO)
    yield lambda: "\n".join(m for r in caplog.records if "searched by" in (m := r.getMessage()))
    optuna.logging.disable_propagation()


def trained(meter: Counter, sign: float = 1.0) -> Callable[[optuna.Trial], float]:
    """1 kWh per epoch."""

    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        epochs = trial.suggest_categorical("epochs", [1, 4])
        value = math.nan
        with EnergyTracker(trial, meter=meter) as energy:
            for epoch in range(epochs):
                meter.energy_kwh += 1.0
                value = sign * (abs(x - 0.3) + 1.0 / (epoch + 1))
                energy.report(value, step=epoch)
        return value

    return objective


@pytest.mark.parametrize(("direction", "sign"), [("minimize", 1.0), ("maximize", -1.0)])
def test_recipe_budget_and_names_in_one_call(direction: str, sign: float) -> None:
    meter = Counter()
    study, budget = energy_study(kwh=40.0, direction=direction, metric="loss", meter=meter, seed=0)
    assert isinstance(study.sampler, ScheduleGPSampler)
    assert isinstance(study.pruner, NopPruner)
    assert study.metric_names == ["loss"]
    study.optimize(budget.guard(trained(meter, sign)), callbacks=[budget])
    assert 40.0 <= budget.spent_kwh(study) <= 41.0
    assert study.best_params["epochs"] == 4  # the recipe has promoted the best
    assert abs(study.best_params["x"] - 0.3) < 0.2


def test_the_log_says_meter_sampler_and_budget_once(said: Callable[[], str]) -> None:
    energy_study(kwh=0.002, direction="minimize", study_name="mine", meter=Counter())
    (line,) = said().splitlines()
    assert line.startswith("Study 'mine': 0 of 2 Wh of its energy budget spent, searched by Sched")
    assert line.endswith("Trainings under EnergyTracker are measured by counter: this process.")


def test_the_machines_own_meter_is_named(said: Callable[[], str]) -> None:
    energy_study(kwh=1.0, direction="minimize")
    assert "EnergyTracker are measured by " in said() or "are estimated by " in said()


def test_where_nothing_is_measured_no_meter_is_named(said: Callable[[], str]) -> None:
    energy_study(kwh=1.0, direction="minimize", meter=None)
    assert said().endswith("searched by ScheduleGPSampler.")


def test_a_study_goes_on_with_a_larger_budget(tmp_path: Path) -> None:
    meter, storage = Counter(), f"sqlite:///{tmp_path}/study.db"
    spent = []
    for cap_kwh in (10.0, 10.0, 20.0):
        study, budget = energy_study(
            kwh=cap_kwh, direction="minimize", storage=storage, study_name="s", meter=meter, seed=1
        )
        if not budget.exhausted(study):
            study.optimize(budget.guard(trained(meter)), callbacks=[budget])
        spent.append(budget.spent_kwh(study))
    assert spent == [pytest.approx(10.0, abs=1.0), spent[0], pytest.approx(20.0, abs=1.0)]
    ended = {t.state for t in study.trials}
    assert ended <= {TrialState.COMPLETE, TrialState.PRUNED}


def test_a_study_goes_on_only_as_it_was_begun(tmp_path: Path) -> None:
    again: dict[str, Any] = {"storage": f"sqlite:///{tmp_path}/study.db", "study_name": "s"}
    energy_study(kwh=1.0, direction="minimize", meter=Counter(), **again)
    with pytest.raises(ValueError, match=r"as it was begun, \['minimize'\], but got \['maximize'"):
        energy_study(kwh=1.0, direction="maximize", meter=Counter(), **again)
    with pytest.raises(optuna.exceptions.DuplicatedStudyError):
        energy_study(kwh=1.0, direction="minimize", load_if_exists=False, **again)


def test_a_budget_as_emissions() -> None:
    meter = Counter()
    _, by_country = energy_study(kg_co2e=0.381, country="deu", direction="minimize", meter=meter)
    _, by_number = energy_study(kg_co2e=1.0, g_per_kwh=500.0, direction="minimize", meter=meter)
    assert (by_country.cap_kwh, by_number.cap_kwh) == (1.0, 2.0)


def test_a_budget_in_trainings(said: Callable[[], str]) -> None:
    meter = Counter()
    study, budget = energy_study(trainings=10, direction="minimize", meter=meter, seed=0)
    assert "0 J spent, its energy budget to be measured, searched by Schedule" in said()
    study.optimize(budget.guard(trained(meter)), callbacks=[budget])
    assert budget.cap_kwh == 40.0  # the longest schedule takes 4 kWh
    assert 40.0 <= budget.spent_kwh(study) <= 41.0


@pytest.mark.parametrize("n", [2, 4])
def test_several_objectives_get_a_sampler_that_has_them(n: int, said: Callable[[], str]) -> None:
    meter = Counter()
    names = ["loss", "size", "time", "memory"][:n]
    study, budget = energy_study(
        kwh=20.0, directions=["minimize"] * n, metric=names, meter=meter, seed=0
    )
    words = said()
    if n == 2:
        assert isinstance(study.sampler, ScheduleGPSampler)
        assert "searched by ScheduleGPSampler." in words
    else:
        assert isinstance(study.sampler, EnergyTPESampler)
        assert "EnergyTPESampler for 4 objectives, since EA-BOHB searches 3." in words

    def objective(trial: optuna.Trial) -> tuple[float, ...]:
        x = trial.suggest_float("x", 0.0, 1.0)
        with EnergyTracker(trial, meter=meter):
            meter.energy_kwh += 1.0
        return (x, 1.0 - x, x, x)[:n]

    study.optimize(budget.guard(objective), callbacks=[budget])
    assert budget.spent_kwh(study) == 20.0
    assert study.metric_names == names


def test_own_sampler_pruner_and_arguments_of_the_budget() -> None:
    sampler = optuna.samplers.RandomSampler(seed=0)
    study, budget = energy_study(
        kwh=1.0, direction="minimize", sampler=sampler, pruner=MedianPruner(), trial_limit_kwh=0.1
    )
    assert study.sampler is sampler
    assert isinstance(study.pruner, MedianPruner)
    assert budget.trial_limit_kwh == 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kwh": 1.0}, "give either direction"),
        ({"kwh": 1.0, "direction": "minimize", "directions": ["minimize"]}, "give either"),
        ({"kwh": 1.0, "directions": "minimize"}, "give either direction"),
        ({"kwh": 1.0, "direction": "max"}, "must be 'maximize' or 'minimize' but got 'max'"),
        ({"kwh": 1.0, "directions": []}, "must hold one for each objective"),
        ({"kwh": math.nan, "direction": "minimize"}, "positive finite number of kWh but got nan"),
        ({"direction": "minimize"}, "as one of kwh, trainings and kg_co2e but got 0"),
        ({"kwh": 1.0, "trainings": 9, "direction": "minimize"}, "kg_co2e but got 2 of them"),
        ({"kg_co2e": 1.0, "direction": "minimize"}, "needs `g_per_kwh`"),
        ({"kg_co2e": 1.0, "country": "XYZ", "direction": "minimize"}, "country must be one of"),
        ({"kwh": 1.0, "direction": "minimize", "metric": ["a", "b"]}, "each of 1 objectives but"),
        (
            {"kwh": 1.0, "directions": ["minimize"] * 2, "pruner": MedianPruner()},
            "pruner must be None with several objectives but got MedianPruner",
        ),
    ],
)
def test_wrong_arguments_are_said(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        energy_study(**arguments)


@pytest.mark.parametrize("name", ["budget_kwh", "n_trials", "Kwh"])
def test_an_unknown_argument_is_named(name: str) -> None:
    arguments: dict[str, Any] = {name: 1.0}
    with pytest.raises(TypeError, match=rf"takes no {name}: .*kwh, .*shortfall") as refused:
        energy_study(direction="maximize", **arguments)
    assert "seed" not in str(refused.value)
