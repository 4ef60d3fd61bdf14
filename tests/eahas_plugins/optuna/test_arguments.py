"""Arguments are what they must be: of everything that Optuna's adapter makes."""

from __future__ import annotations

from typing import Any

import optuna
import pytest
from optuna.trial import FixedTrial

from eahas_plugins.optuna import (
    BananasSampler,
    EnergyBudget,
    EnergyBudgetPruner,
    EnergyGPSampler,
    EnergyHyperbandPruner,
    EnergyObjective,
    EnergyPrice,
    EnergySuccessiveHalvingPruner,
    EnergyTPESampler,
    EnergyTracker,
    LocalSearchSampler,
    MarginalGainPruner,
    RegularizedEvolutionSampler,
    ScheduleGPSampler,
    SchedulePromotionSampler,
    ScheduleRelativePruner,
    SurrogateObjective,
    TrainingsBudget,
    ea_bohb,
    energy_report,
    energy_study,
    export_study,
    visualization,
)
from tests.eahas_plugins.bad_numbers import Arguments, check_refuses, table
from tests.eahas_plugins.meters import Counter
from tests.eahas_plugins.optuna.bench import Bench

SEARCH = {
    "promotion_share": "share",
    "short_until": "share",
    "cooling": "not negative",
    "budget_kwh": "positive?",
    "n_startup_trials": "count",
    "n_candidates": "count",
    "max_trials": "count",
    "seed": "from 0?",
    "centred_start": "switch",
    "fidelity_param": "name?",
    "schedules": "list?",
}


def whole_study(**how: Any) -> Any:
    return energy_study(**{"kwh": 1.0, "direction": "minimize", **how})


def reported(**how: Any) -> Any:
    study = optuna.create_study()
    attrs = {"energy_kwh": 1.0}
    study.add_trial(optuna.trial.create_trial(value=1.0, user_attrs=attrs))
    return energy_report(study, **how)


def trained(config: Any, training: Any) -> None:
    training.report(loss=1.0)


MADE = {
    "BananasSampler": Arguments(
        BananasSampler,
        {
            **dict.fromkeys(("n_startup_trials", "n_candidates", "n_parents"), "count"),
            "max_trials": "count",
            "reward_exponent": "exponent",
            "seed": "from 0?",
        },
    ),
    "EnergyBudget": Arguments(
        EnergyBudget,
        {
            "kwh": "positive?",
            "trial_limit_kwh": "positive?",
            "lease_s": "positive",
            "min_gain_per_kwh": "positive?",
            "gain_window_kwh": "positive?",
            "g_per_kwh": "positive?",
            **dict.fromkeys(("steady", "count_added", "show_progress"), "switch"),
        },
        {"kwh": 1.0},
    ),
    "EnergyBudget of emissions": Arguments(
        EnergyBudget,
        {"kg_co2e": "positive?", "g_per_kwh": "positive?"},
        {"kg_co2e": 1.0, "g_per_kwh": 1.0},
    ),
    "TrainingsBudget": Arguments(
        TrainingsBudget,
        {"trainings": "positive", "n_measured": "count", "fidelity_param": "name?"},
        {"trainings": 9},
    ),
    "energy_study": Arguments(
        whole_study,
        {
            **{"trial_limit_kwh": "positive?", "g_per_kwh": "positive?", "seed": "from 0?"},
            **{"load_if_exists": "switch", "show_progress": "switch?", "steady": "switch"},
            **{"fidelity_param": "name?"},
        },
    ),
    "energy_report": Arguments(reported, {"g_per_kwh": "not negative?"}, {"country": "NOR"}),
    "EnergyBudgetPruner": Arguments(
        EnergyBudgetPruner, {"trial_limit_kwh": "positive"}, {"trial_limit_kwh": 1.0}
    ),
    "EnergyTPESampler": Arguments(
        EnergyTPESampler,
        {
            **{"cooling": "not negative", "budget_kwh": "positive?", "seed": "from 0?"},
            "fidelity_param": "name?",
        },
    ),
    "EnergyGPSampler": Arguments(
        EnergyGPSampler,
        {
            **{"cooling": "not negative", "budget_kwh": "positive?", "seed": "from 0?"},
            "fidelity_param": "name?",
        },
    ),
    "EnergyHyperbandPruner": Arguments(
        EnergyHyperbandPruner,
        {
            "min_kwh": "positive?",
            "max_kwh": "positive?",
            "reduction_factor": "positive",
            "bootstrap_count": "from 0",
            "n_startup_trials": "count",
        },
        {"min_kwh": 1.0, "max_kwh": 9.0},
    ),
    "EnergySuccessiveHalvingPruner": Arguments(
        EnergySuccessiveHalvingPruner,
        {
            "min_kwh": "positive?",
            "max_kwh": "positive?",
            "reduction_factor": "positive",
            "min_early_stopping_rate": "from 0",
            "bootstrap_count": "from 0",
            "n_startup_trials": "count",
        },
        {"min_kwh": 1.0, "max_kwh": 9.0},
    ),
    "EnergyObjective": Arguments(
        EnergyObjective,
        {"report_every": "count", "seed": "from 0"},
        {
            "train": trained,
            "space": lambda trial: {"x": trial.suggest_float("x", 0.0, 1.0)},
            "metric": "loss",
            "direction": "minimize",
            "meter": Counter(),
        },
    ),
    "EnergyPrice": Arguments(
        EnergyPrice,
        {
            **{"price_kwh": "positive", "n_startup_trials": "count", "patience": "count"},
            **{"fidelity_param": "name?", "schedules": "list?"},
        },
        {"price_kwh": 1.0},
    ),
    "LocalSearchSampler": Arguments(
        LocalSearchSampler,
        {
            "n_startup_trials": "count",
            "n_neighbors": "count",
            "groups": "groups?",
            "reward_exponent": "exponent",
            "seed": "from 0?",
        },
    ),
    "MarginalGainPruner": Arguments(
        MarginalGainPruner,
        {
            "min_kwh": "positive",
            "n_startup_trials": "count",
            "window": "share",
            "strictness": "not negative",
        },
        {"min_kwh": 1.0},
    ),
    "RegularizedEvolutionSampler": Arguments(
        RegularizedEvolutionSampler,
        {
            "population_size": "count",
            "sample_size": "count",
            "reward_exponent": "exponent",
            "seed": "from 0?",
        },
    ),
    "ScheduleGPSampler": Arguments(ScheduleGPSampler, SEARCH),
    "ea_bohb": Arguments(ea_bohb, SEARCH),
    "SchedulePromotionSampler": Arguments(
        SchedulePromotionSampler,
        {
            "promotion_share": "share",
            "top": "count",
            "n_startup_trials": "count",
            "budget_kwh": "positive?",
            "seed": "from 0?",
            "skip_to_last": "switch",
            "fidelity_param": "name",
            "schedules": "list?",
        },
        {"sampler": optuna.samplers.RandomSampler(), "fidelity_param": "epochs"},
    ),
    "ScheduleRelativePruner": Arguments(
        ScheduleRelativePruner,
        {
            **{"keep": "share", "n_startup_trials": "from 0", "first_step": "from 0"},
            **{"same_schedule": "switch", "fidelity_param": "name?"},
        },
    ),
    "SurrogateObjective": Arguments(
        SurrogateObjective,
        {"report_every": "count", "noise_seed": "from 0?"},
        {"bench": Bench()},
    ),
}


RANDOM = optuna.samplers.RandomSampler
MEDIAN = optuna.pruners.MedianPruner
STUDY = {"kwh": 1.0, "direction": "minimize"}


@pytest.mark.parametrize("what", ["the class", "text", "nothing"])
@pytest.mark.parametrize(
    ("make", "name", "right", "given"),
    [
        (SchedulePromotionSampler, "sampler", RANDOM, {"fidelity_param": "epochs"}),
        (ea_bohb, "pruner", MEDIAN, {}),
        (EnergyBudgetPruner, "wrapped_pruner", MEDIAN, {"trial_limit_kwh": 1.0}),
        (energy_study, "sampler", RANDOM, STUDY),
        (energy_study, "pruner", MEDIAN, STUDY),
        (energy_study, "meter", Counter, STUDY),
        (EnergyTracker, "meter", Counter, {"trial": FixedTrial({})}),
        (EnergyTracker, "trial", FixedTrial, {}),
    ],
)
def test_what_is_none_of_its_kind_is_refused_by_name(
    make: Any, name: str, right: type, given: dict[str, Any], what: str
) -> None:
    wrong = {"the class": right, "text": "x", "nothing": object()}[what]
    with pytest.raises((TypeError, ValueError), match=f"{name} must be .* but got") as error:
        make(**{**given, name: wrong})
    assert ("make one" in str(error.value)) == (what == "the class")


def test_a_length_that_nobody_looks_for_is_named() -> None:
    with pytest.raises(ValueError, match="only ea_bohb and ScheduleGPSampler look for one"):
        SchedulePromotionSampler(RANDOM(), fidelity_param="auto")


@pytest.mark.parametrize("unused", [{"seed": 3}, {"fidelity_param": "epochs"}])
def test_what_another_sampler_would_not_use_is_refused(unused: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"it would not be used\. Give it to RandomSampler"):
        energy_study(1.0, direction="minimize", sampler=RANDOM(), **unused)
    energy_study(trainings=9, direction="minimize", sampler=RANDOM(), fidelity_param="epochs")


@pytest.mark.filterwarnings("ignore:GPSampler is experimental")  # in Optuna 4
@table(MADE)
def test_what_is_no_number_is_refused_by_name(arguments: Arguments, name: str) -> None:
    check_refuses(arguments, name)


@pytest.mark.parametrize("wrong", [None, "study", optuna.create_study().ask()])
@pytest.mark.parametrize(
    "ask",
    [
        energy_report,
        lambda study: export_study(study, "never.jsonl"),
        EnergyPrice(1.0).expected_per_kwh,
        visualization.plot_energy_history,
        visualization.plot_value_over_energy,
        visualization.plot_attainment,
        lambda study: visualization.plot_energy_history([optuna.create_study(), study]),
    ],
)
def test_what_is_no_study_is_refused_by_name(ask: Any, wrong: Any) -> None:
    with pytest.raises(TypeError, match="study must be a Study but got"):
        ask(wrong)
