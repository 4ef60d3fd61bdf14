"""One's own training as the objective of a study."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import optuna
import pytest
from ConfigSpace import ConfigurationSpace, ForbiddenEqualsClause
from optuna.pruners import PercentilePruner
from optuna.samplers import RandomSampler
from optuna.trial import TrialState

from eahas_plugins.budget.attributes import KEPT_NAMES
from eahas_plugins.optuna import EnergyBudget, EnergyObjective, energy_study
from eahas_plugins.optuna._origin import ACCOUNT_ATTR
from eahas_plugins.optuna._trials import PROMOTED_KEY
from eahas_plugins.optuna.budget.readers import STOPPED_ATTR
from eahas_plugins.optuna.samplers._earlier import MEMBER_ATTR
from eahas_plugins.optuna.tracker import METER_ATTR, PARTS_ATTR, RUNTIME_ATTR
from eahas_plugins.targets import EnergyTraining, Train
from tests.eahas_plugins.meters import Counter

N_EPOCHS = 4


def space() -> ConfigurationSpace:
    return ConfigurationSpace({"x": (0.0, 1.0)})


def train_on(meter: Counter, ended: list[int] | None = None) -> Train:
    """1 kWh per epoch; the accuracy is x, approached."""

    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        for epoch in range(1, config.get("epochs", N_EPOCHS) + 1):
            meter.energy_kwh += 1.0
            if training.report(config["x"] * (1.0 - 0.5**epoch), loss=1.0 / epoch):
                break
        if ended is not None:
            ended.append(training.epochs)

    return train


def new_study(direction: str = "maximize", **options: Any) -> optuna.Study:
    return optuna.create_study(direction=direction, sampler=RandomSampler(seed=0), **options)


def test_reports_energy_and_every_metric_are_with_the_trial() -> None:
    meter = Counter()
    study = new_study()
    study.optimize(EnergyObjective(train_on(meter), space(), meter=meter), n_trials=2)
    trial = study.trials[1]
    assert trial.value == trial.params["x"] * (1.0 - 0.5**N_EPOCHS)
    assert sorted(trial.intermediate_values) == [1, 2, 3, 4]
    assert trial.user_attrs["energy_kwh"] == N_EPOCHS
    assert trial.user_attrs["energy_meter"]["meter"] == "counter"
    assert (trial.user_attrs["loss"], trial.user_attrs["epochs"]) == (0.25, 4)
    assert trial.user_attrs["accuracy"] == trial.value


def test_the_training_ends_by_itself_when_the_pruner_says_so() -> None:
    meter, ended = Counter(), list[int]()
    study = new_study(pruner=PercentilePruner(1.0, n_startup_trials=1))
    study.enqueue_trial({"x": 0.9})
    study.enqueue_trial({"x": 0.1})
    study.optimize(EnergyObjective(train_on(meter, ended), space(), meter=meter), n_trials=2)
    assert [t.state for t in study.trials] == [TrialState.COMPLETE, TrialState.PRUNED]
    assert ended == [4, 1]
    assert study.trials[1].user_attrs["energy_kwh"] == 1.0
    assert study.trials[1].user_attrs["loss"] == 1.0


@pytest.mark.parametrize("several", [False, True])
def test_the_budget_ends_a_training_in_flight(several: bool) -> None:
    meter, ended = Counter(), list[int]()
    objective = EnergyObjective(
        train_on(meter, ended),
        space(),
        objectives=("accuracy", "energy_kwh") if several else None,
        meter=meter,
    )
    study = optuna.create_study(directions=objective.directions)
    budget = EnergyBudget(10.0)
    study.optimize(budget.guard(objective), callbacks=[budget])
    assert ended == [4, 4, 2]
    assert budget.spent_kwh(study) == 10.0
    if several:
        assert study.trials[0].values == [study.trials[0].user_attrs["accuracy"], 4.0]


def test_quick_epochs_are_reported_in_bundles() -> None:
    meter, ended = Counter(), list[int]()
    parts: dict[str, Any] = {"meter": meter, "fidelity_param": "epochs", "schedules": [5, 9]}
    objective = EnergyObjective(train_on(meter, ended), space(), report_every=4, **parts)
    study = new_study()
    for epochs in (9, 5, 9):
        study.enqueue_trial({"x": 0.5, "epochs": epochs})
    budget = EnergyBudget(17.0)
    study.optimize(budget.guard(objective), n_trials=3, callbacks=[budget])
    assert [sorted(t.intermediate_values) for t in study.trials] == [[4, 8, 9], [4, 5], [4]]
    assert ended == [9, 5, 4]  # the budget was reached at 3 and noticed at 4
    assert budget.spent_kwh(study) == 18.0
    assert study.trials[0].user_attrs["epochs"] == 9


def test_reports_of_several_epochs_are_looked_at_where_a_bundle_is_full() -> None:
    meter = Counter()

    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        for epochs in (3, 6, 7, 12):
            meter.energy_kwh += 1.0
            training.report(0.5, epochs=epochs)

    objective = EnergyObjective(train, space(), report_every=5, meter=meter)
    study = new_study()
    study.optimize(objective, n_trials=1)
    assert sorted(study.trials[0].intermediate_values) == [6, 12]


def test_a_failed_training_keeps_what_it_burnt_and_reported() -> None:
    meter = Counter()

    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        meter.energy_kwh += 1.0
        training.report(0.5)
        meter.energy_kwh += 0.25
        raise RuntimeError("diverged")

    study = new_study()
    study.optimize(EnergyObjective(train, space(), meter=meter), n_trials=1, catch=(RuntimeError,))
    assert study.trials[0].state is TrialState.FAIL
    assert study.trials[0].user_attrs["energy_kwh"] == 1.25
    assert study.trials[0].user_attrs["accuracy"] == 0.5


def test_lengths_of_complete_schedules_are_chosen_by_the_trial() -> None:
    meter, seen = Counter(), list[tuple[int, float | None]]()

    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        seen.append((config["epochs"], training.budget))
        train_on(meter)(config, training)

    objective = EnergyObjective(
        train, space(), fidelity_param="epochs", schedules=[2, 8], meter=meter
    )
    study, budget = energy_study(kwh=60.0, direction="maximize", meter=meter, seed=0)
    study.optimize(budget.guard(objective), callbacks=[budget])
    assert {length for length, _ in seen} == {2, 8}
    assert all(length == told for length, told in seen)
    assert study.best_params["epochs"] == 8
    assert 60.0 <= budget.spent_kwh(study) <= 61.0


def test_a_complete_schedule_is_not_pruned_after_its_last_epoch() -> None:
    class Always(optuna.pruners.BasePruner):
        def prune(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> bool:
            return trial.last_step == N_EPOCHS

    meter = Counter()
    parts: dict[str, Any] = {"meter": meter, "fidelity_param": "epochs"}
    lengths = ConfigurationSpace({"x": (0.0, 1.0), "epochs": [N_EPOCHS]})
    study = new_study(pruner=Always())
    study.optimize(EnergyObjective(train_on(meter), lengths, **parts), n_trials=1)
    study.optimize(EnergyObjective(train_on(meter), space(), meter=meter), n_trials=1)
    assert [t.state for t in study.trials] == [TrialState.COMPLETE, TrialState.PRUNED]
    assert study.trials[0].last_step == N_EPOCHS


def test_a_returned_value_counts_where_it_has_a_name() -> None:
    meter = Counter()

    def train(config: dict[str, Any], training: EnergyTraining) -> dict[str, float]:
        meter.energy_kwh += 1.0
        return {"loss": 2.5, "auc": 0.75, "energy_kwh": 99.0}

    study = new_study("minimize")
    objective = EnergyObjective(train, space(), metric="loss", direction="minimize", meter=meter)
    study.optimize(objective, n_trials=1)
    trial = study.trials[0]
    assert (trial.value, trial.user_attrs["auc"], trial.user_attrs["energy_kwh"]) == (2.5, 0.75, 1)
    with pytest.raises(ValueError, match=r"must say what it returns but returned 0\.5 alone"):
        new_study().optimize(EnergyObjective(alone(meter), space(), meter=meter), n_trials=1)


def alone(meter: Counter) -> Callable[[dict[str, Any], EnergyTraining], float]:
    def train(config: dict[str, Any], training: EnergyTraining) -> float:
        meter.energy_kwh += 1.0
        return 0.5

    return train


def test_a_space_may_be_suggestions_in_a_function() -> None:
    meter = Counter()
    objective = EnergyObjective(
        train_on(meter), lambda trial: {"x": trial.suggest_float("x", 0.0, 1.0)}, meter=meter
    )
    study = new_study()
    study.optimize(objective, n_trials=1)
    assert list(study.best_params) == ["x"]


def test_a_length_may_be_a_number_of_numpys() -> None:
    meter = Counter()

    def suggest(trial: optuna.Trial) -> dict[str, Any]:
        return {"x": 0.5, "epochs": np.int64(trial.suggest_int("epochs", 3, 3))}

    study = new_study()
    objective = EnergyObjective(train_on(meter), suggest, fidelity_param="epochs", meter=meter)
    study.optimize(objective, n_trials=1)
    assert study.trials[0].state is TrialState.COMPLETE


def test_what_the_space_forbids_costs_nothing() -> None:
    forbidding = ConfigurationSpace({"x": (0.0, 1.0), "kind": ["good", "bad"]})
    forbidding.add(ForbiddenEqualsClause(forbidding["kind"], "bad"))
    meter = Counter()
    study = new_study()
    study.enqueue_trial({"x": 0.5, "kind": "bad"})
    study.optimize(EnergyObjective(train_on(meter), forbidding, meter=meter), n_trials=1)
    assert study.trials[0].state is TrialState.PRUNED
    assert study.trials[0].user_attrs["energy_kwh"] == 0.0


def test_a_study_that_would_search_the_wrong_way_is_refused() -> None:
    objective = EnergyObjective(alone(Counter()), space(), metric="loss", direction="minimize")
    with pytest.raises(ValueError, match=r"loss by \['minimize'\] but has the directions \['maxi"):
        new_study("maximize").optimize(objective, n_trials=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metric": "loss"}, "direction must be 'maximize' or 'minimize' for the metric 'loss'"),
        ({"objectives": "error"}, "objectives must be 'accuracy' or"),
        ({"meter": "gpu"}, "meter must be 'auto' or an EnergyMeter"),
        ({"schedules": [2, 8]}, "fidelity_param that is not in the space but got None"),
        ({"schedules": [2, 8], "fidelity_param": "x"}, "not in the space but got 'x'"),
        ({"schedules": [8, 2], "fidelity_param": "n"}, "schedules must rise"),
        ({"report_every": 0}, "report_every must be at least 1"),
        ({"report_every": math.nan}, "report_every must be a whole number"),
        ({"space": 3}, "space must be a ConfigurationSpace"),
        ({"train": lambda trial: 0.0}, r"must take \(config, training\)"),
    ],
)
def test_wrong_arguments_are_said(arguments: dict[str, Any], message: str) -> None:
    parts: dict[str, Any] = {"train": alone(Counter()), "space": space(), **arguments}
    with pytest.raises(ValueError, match=message):
        EnergyObjective(parts.pop("train"), parts.pop("space"), **parts)


def test_the_class_of_a_meter_is_none() -> None:
    with pytest.raises(TypeError, match=r"make one, Counter\(...\)"):
        EnergyObjective(alone(Counter()), space(), meter=Counter)  # type: ignore[arg-type]


def test_a_length_that_the_configuration_lacks_is_an_error() -> None:
    objective = EnergyObjective(alone(Counter()), space(), fidelity_param="epochs")
    with pytest.raises(ValueError, match="fidelity_param must be in the configuration but 'epochs"):
        new_study().optimize(objective, n_trials=1)


@pytest.mark.parametrize(("value", "message"), [(93.0, "0.93"), (math.nan, "diverged")])
def test_percent_and_nan_are_noticed(value: float, message: str) -> None:
    meter = Counter()

    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        meter.energy_kwh += 1.0
        training.report(value)

    with pytest.raises(ValueError, match=message):
        new_study().optimize(EnergyObjective(train, space(), meter=meter), n_trials=1)


def test_what_a_trial_keeps_itself_is_not_overwritten() -> None:
    meter, study = Counter(), new_study()
    mine: dict[str, Any] = {name: -7.0 for name in KEPT_NAMES if name != "epochs"}

    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        meter.energy_kwh += 1.0
        training.report(loss=0.5, f1=0.25, **mine)

    study.optimize(
        EnergyObjective(train, space(), metric="loss", direction="maximize", meter=meter),
        n_trials=1,
    )
    found = study.trials[0].user_attrs
    assert (found["energy_kwh"], found["loss"], found["f1"]) == (1.0, 0.5, 0.25)
    assert -7.0 not in found.values()


def test_every_attribute_of_a_trial_is_a_name_that_no_metric_has() -> None:
    own = (ACCOUNT_ATTR, STOPPED_ATTR, METER_ATTR, PARTS_ATTR, RUNTIME_ATTR, PROMOTED_KEY)
    assert {*own, MEMBER_ATTR} <= KEPT_NAMES
