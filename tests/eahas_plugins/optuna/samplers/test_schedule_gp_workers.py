"""Several workers of one study that ask `ScheduleGPSampler`."""

import pickle

import optuna
import pytest
from optuna.pruners import NopPruner

from eahas_plugins.optuna.samplers import ScheduleGPSampler
from tests.eahas_plugins.optuna.samplers.tasks import SCHEDULES, history, study_of, train
from tests.eahas_plugins.optuna.samplers.test_schedule_gp import configuration, run


def test_threads_do_not_train_the_same_configuration_twice():
    def objective(trial):
        epochs = trial.suggest_categorical("max_epoch", SCHEDULES)
        width = trial.suggest_int("width", 1, 64)
        lr = trial.suggest_categorical("lr", [0.001, 0.01, 0.1, 1.0])
        trial.set_user_attr("energy_kwh", 1e-3 * epochs * width)
        return lr * width * (1.0 - 1.0 / epochs)

    trials = run(60, objective, n_jobs=4).trials
    trained = [(configuration(t), t.params["max_epoch"]) for t in trials]
    assert len(set(trained)) == len(trained)


def test_any_worker_may_decide(tmp_path):
    url = f"sqlite:///{tmp_path}/study.db"

    def objective(trial):
        epochs = trial.suggest_categorical("max_epoch", SCHEDULES)
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        trial.set_user_attr("energy_kwh", 1e-3 * epochs)
        return -((x - 0.3) ** 2) - (y - 0.8) ** 2

    optuna.create_study(storage=url, study_name="s", direction="maximize")
    workers = [
        optuna.load_study(
            storage=optuna.storages.RDBStorage(url),
            study_name="s",
            sampler=ScheduleGPSampler(seed=seed, n_candidates=50),
        )
        for seed in range(3)
    ]
    for _ in range(6):
        for worker in workers:
            worker.optimize(objective, n_trials=1)
    trials = workers[0].trials
    longer = [t for t in trials if t.params["max_epoch"] == SCHEDULES[-1]]
    assert len(longer) >= 2
    assert len({configuration(t) for t in longer}) == len(longer)


def test_same_seed_same_trials_also_after_pickling():
    sampler = ScheduleGPSampler(seed=3)
    studies = [
        study_of(s, direction="maximize") for s in (sampler, pickle.loads(pickle.dumps(sampler)))
    ]
    for study in studies:
        study.optimize(train, n_trials=25)
    assert history(studies[0]) == history(studies[1])
    assert history(studies[0]) != history(run(25, seed=4))


def test_no_place_of_the_hypercube_is_given_twice():
    study = study_of(ScheduleGPSampler(seed=0), direction="maximize")
    study.optimize(train, n_trials=3)
    fourth, promoted, before = study.ask(), study.ask(), study.ask()
    value = train(fourth)
    train(before)  # nobody knows yet that the one asked for first is no place of the hypercube
    study.tell(fourth, value)
    train(promoted)
    assert promoted.params["max_epoch"] == SCHEDULES[-1]
    others = [study.ask() for _ in range(3)]
    for trial in others:
        train(trial)
    started = [configuration(t) for t in (fourth, before, *others)]
    assert len(set(started)) == len(started)


def test_a_trial_that_has_not_told_its_parameters_hides_nothing():
    def objective(trial):
        trial.set_user_attr("energy_kwh", 1e-3 * trial.suggest_categorical("max_epoch", SCHEDULES))
        return float(trial.suggest_int("width", 1, 12))

    sampler = ScheduleGPSampler(seed=0, n_startup_trials=2, promotion_share=0.0)
    study = study_of(sampler, direction="maximize")
    study.optimize(objective, n_trials=6)
    other = optuna.load_study(
        study_name=study.study_name,
        storage=study._storage,
        sampler=optuna.samplers.RandomSampler(seed=0),
    )
    other.ask().suggest_categorical("max_epoch", SCHEDULES)
    for _ in range(5):
        tried = {t.params["width"] for t in study.trials if "width" in t.params}
        trial = study.ask()
        objective(trial)
        assert trial.params["width"] not in tried
        study.tell(trial, 0.0)


@pytest.mark.parametrize("n_workers", [16])
def test_no_two_workers_get_the_same_configuration(n_workers):
    sampler = ScheduleGPSampler(seed=0, budget_kwh=1.0, n_candidates=50)
    study = study_of(sampler, direction="maximize")
    study.pruner = NopPruner()
    pending = []
    for _ in range(3 * n_workers):
        while len(pending) < n_workers:
            trial = study.ask()
            value = train(trial)
            pending.append((trial, value))
        told = [{n: v for n, v in t.params.items() if n != "max_epoch"} for t, _ in pending]
        assert all(params not in told[:i] for i, params in enumerate(told))
        trial, value = pending.pop(0)
        study.tell(trial, value)
