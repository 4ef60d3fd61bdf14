"""What a promotion costs where it goes on from a checkpoint, and what energy models learn of it."""

from __future__ import annotations

from collections.abc import Callable

import optuna
import pytest
from optuna.samplers import RandomSampler

from eahas_plugins.optuna._trials import promotion_kwh, training_kwh
from eahas_plugins.optuna.samplers import ScheduleGPSampler, SchedulePromotionSampler
from eahas_plugins.optuna.samplers._energy import StudyEnergy
from tests.eahas_plugins.optuna.samplers.tasks import study_of

SHORT, LONG = 10, 40
Objective = Callable[[optuna.Trial], float]


def training(*, saves: bool) -> Objective:
    """1 kWh an epoch; a trial pays what its configuration has not paid yet."""
    paid_epochs: dict[float, int] = {}

    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        epochs = trial.suggest_categorical("epochs", [SHORT, LONG])
        done = paid_epochs.get(x, 0)
        if done:
            trial.set_user_attr("energy_paid_kwh", float(done))
        trial.set_user_attr("energy_kwh", float(epochs - done))
        if saves:
            paid_epochs[x] = epochs
            trial.set_user_attr("energy_saved_kwh", float(epochs))
        return 1.0 - (x - 0.3) ** 2 - 1.0 / epochs

    return objective


def run(sampler: optuna.samplers.BaseSampler, objective: Objective, n_trials: int) -> optuna.Study:
    study = study_of(sampler, direction="maximize")
    study.optimize(objective, n_trials=n_trials)
    return study


def promoting(budget_kwh: float | None = None) -> list[optuna.samplers.BaseSampler]:
    return [
        ScheduleGPSampler(seed=0, n_startup_trials=5, budget_kwh=budget_kwh, short_until=1.0),
        SchedulePromotionSampler(
            RandomSampler(seed=0),
            fidelity_param="epochs",
            n_startup_trials=5,
            budget_kwh=budget_kwh,
            seed=0,
        ),
    ]


@pytest.mark.parametrize("which", [0, 1])
def test_a_promoted_trial_names_the_one_whose_configuration_it_trains_longer(which: int) -> None:
    trials = run(promoting()[which], training(saves=True), 12).trials
    promoted = [t for t in trials if t.params["epochs"] == LONG]
    assert promoted
    for trial in promoted:
        source = trials[trial.user_attrs["promoted_from"]]
        assert (source.params["x"], source.params["epochs"]) == (trial.params["x"], SHORT)
        assert trial.user_attrs["energy_kwh"] == LONG - SHORT
    assert not any("promoted_from" in t.user_attrs for t in trials if t not in promoted)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("saves", [True, False])
def test_a_promotion_is_affordable_by_the_difference_where_there_is_a_checkpoint(
    which: int, saves: bool
) -> None:
    tried_kwh = (4 + which) * SHORT  # when the first promotion is due
    for left_kwh, promotes in ((LONG, True), (LONG - 0.5 * SHORT, saves), (SHORT, False)):
        sampler = promoting(tried_kwh + left_kwh)[which]
        trials = run(sampler, training(saves=saves), 5 + which).trials
        assert (trials[-1].params["epochs"] == LONG) is promotes


def test_energy_models_learn_whole_trainings() -> None:
    study = run(RandomSampler(seed=0), training(saves=True), 4)
    x = study.trials[0].params["x"]
    study.enqueue_trial({"x": x, "epochs": LONG})
    study.optimize(training(saves=True), n_trials=1)
    trial = study.trials[-1]
    whole = study.trials[0].params["epochs"] == LONG
    assert training_kwh(trial) == LONG
    assert promotion_kwh(trial, 1.0) == 0.0
    assert promotion_kwh(study.trials[0], 4.0) == (4 * LONG - LONG if whole else LONG - SHORT)
    energy = StudyEnergy(fidelity_param="epochs")
    energy.says_something(study)
    assert energy._learnt[-1][1] == LONG


def test_a_trial_without_those_attributes_is_a_whole_training() -> None:
    study = run(RandomSampler(seed=0), training(saves=False), 2)
    for trial in study.trials:
        assert training_kwh(trial) == trial.user_attrs["energy_kwh"]
        assert promotion_kwh(trial, 4.0) == 4.0 * trial.user_attrs["energy_kwh"]
    silent = optuna.trial.create_trial(value=0.0, user_attrs={"energy_paid_kwh": 3.0})
    assert training_kwh(silent) is None
