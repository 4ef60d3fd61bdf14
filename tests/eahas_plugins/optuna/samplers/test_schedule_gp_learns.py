"""What the process of EA-BOHB makes of corners, of trainings that fail, and of energies."""

import numpy as np
import pytest
from optuna.pruners import NopPruner
from optuna.trial import TrialState

from eahas_plugins.optuna.samplers import ScheduleGPSampler
from tests.eahas_plugins.optuna.samplers.tasks import SCHEDULES, study_of, train


def test_an_optimum_at_a_corner_is_reached():
    def objective(trial):
        x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 1e-5, 1e-1, log=True)
        layers = trial.suggest_int("layers", 1, 5)
        return -((x - 1.0) ** 2) - 0.1 * np.log10(y / 1e-5) - 0.1 * abs(layers - 5) - 0.1

    study = study_of(ScheduleGPSampler(seed=0), direction="maximize")
    study.optimize(objective, n_trials=25)
    best = study.best_params
    assert best == {"x": 1.0, "y": 1e-5, "layers": 5}


@pytest.mark.parametrize("broken", [True, False])
def test_trainings_that_fail_spoil_nothing(broken):
    chance = np.random.default_rng(0)

    def objective(trial):
        x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)
        if x > 0.8 if broken else chance.random() < 0.25:
            raise RuntimeError("out of memory")
        return -((x - (0.85 if broken else 0.5)) ** 2) - (y - 0.3) ** 2 - 0.01

    study = study_of(ScheduleGPSampler(seed=0), direction="maximize")
    study.optimize(objective, n_trials=40, catch=RuntimeError)
    assert study.best_value > -0.018  # the best are -0.0125 and -0.01


def test_a_region_in_which_all_fails_is_left_where_nothing_more_is_expected_elsewhere():
    """What works is soon known to the last digit, and improves towards what does not."""

    def objective(trial):
        x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)
        if x > 0.5:
            raise RuntimeError("out of memory")
        return 0.5 + 0.1 * y + 0.01 * x

    study = study_of(ScheduleGPSampler(seed=0, n_candidates=100), direction="maximize")
    study.optimize(objective, n_trials=50, catch=RuntimeError)
    late = [t.params["x"] for t in study.trials[25:] if t.state == TrialState.FAIL]
    assert sum(x > 0.55 for x in late) < 4  # the best is at the border, which is looked at
    assert study.best_value > 0.6


def test_the_energy_of_the_longest_schedule_is_learnt():
    def objective(trial):
        value = train(trial)
        # starting costs as much as all of the longest schedule
        trial.set_user_attr("energy_kwh", 1.0 + trial.params["max_epoch"] / SCHEDULES[-1])
        return value

    study = study_of(ScheduleGPSampler(seed=0), direction="maximize")
    study.pruner = NopPruner()
    study.optimize(objective, n_trials=30)
    factor = study.sampler._studies.of(study).longest_factor()
    assert factor == pytest.approx(1.6)


@pytest.mark.parametrize(("tells", "few"), [(True, False), (False, True)])
def test_short_trainings_that_tell_nothing_are_done_without(tells, few):
    chance = np.random.default_rng(0)

    def objective(trial):
        x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)
        length = trial.suggest_categorical("max_epoch", [9, 20])
        trial.set_user_attr("energy_kwh", 1e-3 * (length if not tells or length == 20 else 4))
        if length == 9 and not tells:
            return 0.5 * chance.random()
        return 0.9 - (x - 0.3) ** 2 - (y - 0.7) ** 2

    sampler = ScheduleGPSampler(seed=0, budget_kwh=10.0, n_candidates=100)
    study = study_of(sampler, direction="maximize")
    study.pruner = NopPruner()
    study.optimize(objective, n_trials=40)
    late = [t.params["max_epoch"] for t in study.trials[20:]]
    assert (late.count(9) < 8) == few
