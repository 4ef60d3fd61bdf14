"""One sampler serves several studies, in turn or at once, and goes on when it was pickled."""

import pickle
import threading

import optuna
import pytest
from optuna.trial import TrialState

from tests.eahas_plugins.optuna.samplers.situations import spend
from tests.eahas_plugins.optuna.samplers.tasks import history, study_of, train


def simple(low, high):
    def objective(trial):
        x, epochs = trial.suggest_float("x", 0.0, 1.0), trial.suggest_int("max_epoch", low, high)
        spend(trial, 1e-3 * epochs)
        return 1.0 - (x - 0.3) ** 2 + 1e-4 * epochs

    return objective


def test_one_object_for_studies_in_turn_and_interleaved(make):
    for n_each in (16, 1):
        sampler = make()
        studies = [study_of(sampler, direction="maximize") for _ in range(2)]
        for _ in range(16 // n_each):
            for study, (low, high) in zip(studies, ((50, 200), (5, 20)), strict=True):
                study.optimize(simple(low, high), n_trials=n_each)
        for study, (low, high) in zip(studies, ((50, 200), (5, 20)), strict=True):
            epochs = [t.params["max_epoch"] for t in study.trials]
            assert all(low <= e <= high for e in epochs)
            if epochs.count(low) > 8:  # schedules are chosen on purpose
                assert set(epochs) == {low, high}


def test_one_object_for_studies_at_once_in_threads(make):
    sampler = make()
    studies = [study_of(sampler, direction="maximize") for _ in range(3)]
    ranges = ((50, 200), (5, 20), (1, 3))
    threads = [
        threading.Thread(target=study.optimize, args=(simple(*r),), kwargs={"n_trials": 16})
        for study, r in zip(studies, ranges, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for study, (low, high) in zip(studies, ranges, strict=True):
        assert [t.state for t in study.trials] == [TrialState.COMPLETE] * 16
        assert all(low <= t.params["max_epoch"] <= high for t in study.trials)


def cut_short(trial):
    """Pruned trials of different lengths, whose energy has to be extrapolated."""
    width = trial.suggest_int("width", 1, 64, log=True)
    x = trial.suggest_float("x", 0.0, 1.0)
    n_epochs = trial.suggest_categorical("length", [4, 8])
    for epoch in range(1, n_epochs + 1):
        spend(trial, 1e-3 * width * epoch)
        trial.report(x, epoch)
        if trial.number % 3 == 1 and epoch == 2:
            raise optuna.TrialPruned
    return x - 0.01 * width


@pytest.mark.parametrize("objective", [train, cut_short])
def test_pickled_in_the_middle_goes_on_as_before(make, objective):
    one, other = (study_of(make(), direction="maximize", study_name="s") for _ in range(2))
    for study in (one, other):
        study.optimize(objective, n_trials=15)
    other.sampler = pickle.loads(pickle.dumps(other.sampler))
    for study in (one, other):
        study.optimize(objective, n_trials=20)
    assert history(one) == history(other)
