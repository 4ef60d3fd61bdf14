"""Every sampler of ours goes on where plain TPE goes on."""

import itertools
import math

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState, create_trial

from eahas_plugins.optuna import EnergyTPESampler, LocalSearchSampler, SchedulePromotionSampler
from eahas_plugins.optuna.samplers import ScheduleGPSampler
from tests.eahas_plugins.optuna.samplers.conftest import MAKERS
from tests.eahas_plugins.optuna.samplers.situations import (
    OBJECTIVES,
    dicts_and_nothing,
    equal_choices,
    lists,
    spend,
)
from tests.eahas_plugins.optuna.samplers.tasks import (
    NAMES_CONSTRAINTS,
    constrain,
    history,
    study_of,
    train,
)


def run(sampler, objective, n_trials=18, **how):
    study = study_of(sampler, direction="maximize")
    study.optimize(objective, n_trials=n_trials, **how)
    return study


@pytest.mark.filterwarnings("ignore::UserWarning")  # Optuna's own, of odd choices and steps
@pytest.mark.filterwarnings("ignore::RuntimeWarning:optuna")
@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda o: o.__name__)
def test_goes_on(make, objective):
    assert {t.state for t in run(make(), objective).trials} <= {
        TrialState.COMPLETE,
        TrialState.PRUNED,
    }


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("objective", [lists, dicts_and_nothing], ids=lambda o: o.__name__)
def test_goes_on_from_a_database(make, objective, tmp_path):
    url = f"sqlite:///{tmp_path}/study.db"
    for _ in range(2):  # the second time out of the database
        study = optuna.create_study(
            storage=url,
            study_name="s",
            direction="maximize",
            sampler=make(),
            load_if_exists=True,
        )
        study.optimize(objective, n_trials=8)
    assert {t.state for t in study.trials} == {TrialState.COMPLETE}


@pytest.mark.parametrize("fidelity_param", ["max_epoch", None])
def test_equal_choices_are_not_tried_again_and_again(fidelity_param):
    study = run(ScheduleGPSampler(fidelity_param=fidelity_param, seed=0), equal_choices, 26)
    assert len({tuple(t.params.values()) for t in study.trials}) == 26


@pytest.mark.parametrize("n_objectives", [1, 2])
def test_what_is_no_longer_learnt_is_not_tried_again(n_objectives):
    """Where all parameters are finite, and there are more trials than the model learns from."""

    def objective(trial):
        a, b = trial.suggest_int("a", 0, 7), trial.suggest_int("b", 0, 7)
        spend(trial, 1e-3)
        values = (float(abs(a - 3) + abs(b - 5) + (a * 7 + b) % 3), float(a))
        return values[:n_objectives]

    sampler = ScheduleGPSampler(
        fidelity_param=None, max_trials=12, n_startup_trials=4, n_candidates=50, seed=0
    )
    study = study_of(sampler, directions=["minimize"] * n_objectives)
    study.optimize(objective, n_trials=40)
    guided = [tuple(t.params.values()) for t in study.trials[8:]]
    assert len(set(guided)) == 32


def test_enqueued_and_known_trials(make):
    study = study_of(make(), direction="maximize")
    study.add_trial(create_trial(value=9.0))  # without parameters, and the best
    study.enqueue_trial({"width": 3, "max_epoch": 20})
    study.optimize(train, n_trials=6)
    study.enqueue_trial({"width": 5, "lr": 0.5, "optimizer": "adam", "max_epoch": 20})
    study.optimize(train, n_trials=9)
    assert study.trials[1].params["width"] == 3
    assert study.trials[7].params["width"] == 5


def test_infeasible_trials_are_avoided_and_never_trained_longer(make):
    def objective(trial):
        x = trial.suggest_float("x", 0.0, 1.0)
        epochs = trial.suggest_categorical("max_epoch", [5, 20])
        spend(trial, 1e-3 * epochs)
        constrain(trial, x - 0.5)
        return x

    study = run(make(), objective, n_trials=50)
    ours = not isinstance(study.sampler, EnergyTPESampler | SchedulePromotionSampler)
    if not ours and not NAMES_CONSTRAINTS:
        return  # the TPE of Optuna 4 wants a function of its own
    late = study.trials[15:]
    assert sum(t.params["x"] <= 0.5 for t in late) >= 18
    longer = [t for t in study.trials if t.params["max_epoch"] == 20]
    if not isinstance(study.sampler, EnergyTPESampler | LocalSearchSampler) and len(longer) < 12:
        assert sum(t.params["x"] > 0.5 for t in longer) <= 3


def test_several_objectives_are_searched_or_refused_with_a_way_out(make):
    def objective(trial):
        spend(trial, 1e-3)
        return trial.suggest_float("x", 0.0, 1.0), 1.0

    study = study_of(make(), directions=["maximize", "minimize"])
    with_earlier = make is MAKERS["ea-bohb-earlier"]
    if isinstance(study.sampler, EnergyTPESampler | ScheduleGPSampler) and not with_earlier:
        study.optimize(objective, n_trials=15)
        return
    way_out = "earlier must be empty" if with_earlier else "but the study has 2: use ea_bohb"
    with pytest.raises(ValueError, match=way_out):
        study.optimize(objective, n_trials=1)
    if NAMES_CONSTRAINTS:
        assert [t.state for t in study.trials] == [TrialState.FAIL]


def test_numpy_energies_count_like_others(make):
    def objective(kind):
        def train(trial):
            width = trial.suggest_int("width", 1, 64, log=True)
            trial.set_user_attr("energy_kwh", kind(width))
            return (trial.suggest_float("x", 0.0, 1.0) - 0.3) ** 2

        return train

    tried = [history(run(make(), objective(kind))) for kind in (float, np.float32, np.int64)]
    assert all(a == b for a, b in itertools.pairwise(tried))


def test_budgets_that_are_no_energies_are_none(make):
    study = study_of(make(), direction="maximize")
    for cap in ("much", math.nan, -1.0, np.float64(2.0)):
        study.set_user_attr("energy_cap_kwh", cap)
        study.optimize(train, n_trials=6)
    assert len(study.trials) == 24
