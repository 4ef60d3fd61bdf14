"""What is trained is compared with what was proposed."""

import re
from collections import Counter

import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import GridSampler, PartialFixedSampler, QMCSampler, RandomSampler

from eahas_plugins.optuna import (
    LocalSearchSampler,
    SchedulePromotionSampler,
    ea_bohb,
)
from eahas_plugins.optuna.samplers._schedules import (
    check_schedules,
    schedule_after,
    schedules_of,
)
from eahas_plugins.optuna.samplers.local_search import step_of
from tests.eahas_plugins.optuna.samplers.tasks import study_of


def promoting(sampler=None, **how):
    how = {"fidelity_param": "max_epoch", "n_startup_trials": 3, "seed": 0, **how}
    return SchedulePromotionSampler(sampler or RandomSampler(seed=0), **how)


def searching(**how):
    return ea_bohb(**{"seed": 0, "n_startup_trials": 5, "n_candidates": 50, **how})[0]


def objective(low=10, high=20, name="max_epoch"):
    def train(trial):
        x = trial.suggest_float("x", 0.0, 1.0)
        epochs = trial.suggest_int(name, low, high)
        trial.set_user_attr("energy_kwh", 1e-3 * epochs)
        return 1.0 - (x - 0.3) ** 2 + 1e-3 * epochs

    return train


def run(sampler, train, n_trials=25):
    study = study_of(sampler, direction="maximize")
    study.optimize(train, n_trials=n_trials)
    return study


def repeats(study):
    return max(Counter(str(sorted(t.params.items())) for t in study.trials).values())


@pytest.mark.parametrize(
    ("distribution", "expected"),
    [
        (CategoricalDistribution([200, 50, 100.0]), (50, 100.0, 200)),
        (CategoricalDistribution(["short", "long"]), ("short", "long")),
        (CategoricalDistribution(["50", "100", "200"]), ("50", "100", "200")),
        (CategoricalDistribution([None, 10]), (None, 10)),
        (CategoricalDistribution([5, True]), (5, True)),
        (CategoricalDistribution([20, 10.0, "5"]), (20, 10.0, "5")),
        (IntDistribution(10, 90, step=10), (10, 90)),
        (FloatDistribution(0.5, 2.0), (0.5, 2.0)),
        (IntDistribution(7, 7), (7,)),
    ],
)
def test_numbers_are_sorted_and_everything_else_keeps_its_order(distribution, expected):
    found = schedules_of(distribution)
    assert found == expected
    assert list(map(type, found)) == list(map(type, expected))


@pytest.mark.parametrize(
    ("schedules", "message"),
    [
        ((20, 10), "must rise, shortest first, but got (20, 10)"),
        ((10, 10), "must rise"),
        (("a", "b", "a"), "must differ"),
        ((10,), "at least two values"),
        ("ab", "at least two values"),
    ],
)
def test_schedules_that_cannot_be(schedules, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        check_schedules(schedules, promotion_share=0.5)


@pytest.mark.parametrize("schedules", [(50, 100), (10, 100), (10, 15.5)])
@pytest.mark.parametrize("make", [promoting, searching])
def test_schedules_that_the_parameter_does_not_have(make, schedules):
    study = study_of(make(schedules=schedules), direction="maximize")
    message = rf"schedules must be values of 'max_epoch', IntDist.*of \({schedules[0]}, "
    with pytest.raises(ValueError, match=message):
        study.optimize(objective(), n_trials=3)


def test_what_follows_a_schedule():
    assert schedule_after(5, (5, 10, 20), skip_to_last=True) == 20
    assert schedule_after(5, (5, 10, 20), skip_to_last=False) == 10
    assert schedule_after(20, (5, 10, 20), skip_to_last=True) is None
    assert schedule_after(7, (5, 10, 20), skip_to_last=False) == 10  # of an earlier range
    assert schedule_after("a", ("b", "c"), skip_to_last=True) is None


@pytest.mark.parametrize("make", [promoting, searching])
@pytest.mark.parametrize("ranges", [((50, 200), (5, 20)), ((5, 20), (50, 200)), ((5, 20), (5, 40))])
def test_a_resumed_study_may_have_another_range(make, ranges):
    study = study_of(make(), direction="maximize")
    for low, high in ranges:
        study.optimize(objective(low, high), n_trials=20)
    before, after = ([t.params["max_epoch"] for t in part] for part in _halves(study.trials))
    assert set(before) == set(ranges[0])
    assert set(after[2:]) == set(ranges[1])
    assert repeats(study) == 1


def _halves(trials):
    return trials[: len(trials) // 2], trials[len(trials) // 2 :]


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("make", [promoting, searching])
def test_a_schedule_that_somebody_else_fixes_is_not_repeated_for_ever(make):
    study = run(PartialFixedSampler({"max_epoch": 15}, make()), objective(), n_trials=30)
    assert repeats(study) <= 2
    assert sum(n > 1 for n in Counter(t.params["x"] for t in study.trials).values()) <= 2


def test_enqueued_trials_are_not_taken_for_promotions():
    study = study_of(searching(), direction="maximize")
    study.optimize(objective(), n_trials=4)
    study.enqueue_trial({"max_epoch": 12})  # where a promotion is due
    study.optimize(objective(), n_trials=8)
    xs = [t.params["x"] for t in study.trials]
    assert xs[4] not in xs[:4]
    assert any(x in xs[:i] for i, x in enumerate(xs) if i > 4)


def gridded(trial):
    epochs = trial.suggest_categorical("max_epoch", [5, 20])
    trial.set_user_attr("energy_kwh", 1e-3 * epochs)
    return float(trial.suggest_int("a", 0, 3) + trial.suggest_int("b", 0, 4))


def test_a_grid_loses_no_point():
    grid = {"a": [0, 1, 2, 3], "b": [0, 1, 2, 3, 4]}
    study = study_of(promoting(GridSampler(grid, seed=0)), direction="maximize")
    study.optimize(gridded)  # ends when the grid is done
    short = [t.params for t in study.trials if t.params["max_epoch"] == 5]
    assert len({(p["a"], p["b"]) for p in short}) == 20
    assert len(short) == 20
    assert len(study.trials) > 20


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_a_sequence_loses_no_point():
    def points(sampler):
        study = study_of(sampler, direction="maximize")
        study.optimize(objective(5, 20), n_trials=20)
        return [t.params["x"] for t in study.trials if t.params["max_epoch"] == 5], study

    fixed = PartialFixedSampler(
        {"max_epoch": 5}, QMCSampler(seed=0, warn_independent_sampling=False)
    )
    alone, _ = points(fixed)
    inside, study = points(promoting(QMCSampler(seed=0, warn_independent_sampling=False)))
    assert len(study.trials) > len(inside)
    assert inside[1:] == alone[1 : len(inside)]


def test_references_brought_along_from_another_study_are_checked():
    def train(trial):
        value = objective(5, 20)(trial)
        if trial.number in (1, 3):
            raise MemoryError
        return value

    def sampler():
        return promoting(RandomSampler(seed=1), promotion_share=0.9, top=1)

    old = study_of(sampler(), direction="maximize")
    old.optimize(train, n_trials=14, catch=(MemoryError,))
    complete = [t for t in old.trials if t.state.name == "COMPLETE"]
    assert any(t.user_attrs.get("promoted_from") for t in complete)
    new = study_of(sampler(), direction="maximize")
    new.add_trials(complete)
    n = len(complete)
    copied = [t for t in new.trials if t.user_attrs.get("promoted_from") is not None]
    new.enqueue_trial({"x": 0.123, "max_epoch": 5}, user_attrs=copied[0].user_attrs)
    new.optimize(objective(5, 20), n_trials=6)
    log = new.sampler._studies.of(new)
    for trial in new.trials:
        source = log.source_of(trial)
        if source is not None:
            assert new.trials[source].params["x"] == trial.params["x"]
    assert log.source_of(new.trials[n]) is None
    assert log.is_short(new.trials[n])  # and so the wrapped sampler learns from it


def test_local_search_believes_its_own_numbers_only():
    old = study_of(LocalSearchSampler(seed=0, n_startup_trials=3, n_neighbors=2))
    old.optimize(objective(), n_trials=12)
    assert step_of(old.trials[-1]) != (0, None)
    new = study_of(LocalSearchSampler(seed=0, n_startup_trials=3, n_neighbors=2))
    new.add_trials(old.trials[5:])
    assert {step_of(t) for t in new.trials} == {(0, None)}
