import numpy as np
import optuna
import pytest
from optuna.distributions import (
    FloatDistribution,
)
from optuna.pruners import MedianPruner, NopPruner
from optuna.trial import TrialState

from eahas_plugins.optuna import EnergyBudget
from eahas_plugins.optuna.samplers import ScheduleGPSampler, ea_bohb
from eahas_plugins.optuna.samplers._encoding import Axis
from tests.eahas_plugins.optuna.samplers.tasks import (
    SCHEDULES,
    conditional,
    study_of,
    train,
)


def run(n_trials=40, objective=train, direction="maximize", n_jobs=1, **options):
    sampler = ScheduleGPSampler(**{"seed": 0, **options})
    study = study_of(sampler, direction=direction)
    study.optimize(objective, n_trials=n_trials, n_jobs=n_jobs)
    return study


def kwh(trial):
    return trial.user_attrs["energy_kwh"]


def configuration(trial):
    return tuple(sorted((n, v) for n, v in trial.params.items() if n != "max_epoch"))


def test_starts_with_a_latin_hypercube_of_short_trainings():
    places = {}
    for centred in (False, True):
        trials = run(8, n_startup_trials=8, centred_start=centred, promotion_share=0.0).trials
        assert {t.params["max_epoch"] for t in trials} == {SCHEDULES[0]}
        axis = Axis(FloatDistribution(1e-3, 1.0, log=True))
        places[centred] = np.sort(axis.positions(np.array([t.params["lr"] for t in trials])))
    assert (8 * places[False]).astype(int).tolist() == list(range(8))
    # The distribution function of Beta(2, 2) is 3 x^2 - 2 x^3.
    np.testing.assert_allclose(3 * places[True] ** 2 - 2 * places[True] ** 3, places[False])


def test_after_every_four_trainings_of_the_start_the_best_gets_the_longest_schedule():
    trials = run(12, n_startup_trials=10).trials
    short, longest = SCHEDULES[0], SCHEDULES[-1]
    assert [t.params["max_epoch"] for t in trials] == ([short] * 4 + [longest]) * 2 + [short] * 2
    axis = Axis(trials[0].distributions["lr"])
    places = sorted(axis.positions(np.array([t.params["lr"] for t in trials])))
    for promoted in (trials[4], trials[9]):
        before = [t for t in trials[: promoted.number] if t.params["max_epoch"] == short]
        others = [
            configuration(t)
            for t in trials
            if t.params["max_epoch"] == longest and t.number < promoted.number
        ]
        best = max((t for t in before if configuration(t) not in others), key=lambda t: t.value)
        assert configuration(promoted) == configuration(best)
    assert len(places) - len(set(places)) == 2  # the hypercube goes on where it was


def test_starts_in_the_middle_only_where_there_is_one():
    def objective(trial):
        trial.suggest_categorical("kind", ["a", "b", "c", "d", "e", "f", "g", "h"])
        trial.suggest_int("few", 1, 3)
        trial.suggest_int("many", 1, 8)
        return 0.0

    for name, expected in (("few", 3), ("kind", 8)):
        values = [t.params[name] for t in run(24, objective, n_startup_trials=24).trials]
        assert [values.count(v) for v in set(values)] == [24 / expected] * expected
    many = [t.params["many"] for t in run(24, objective, n_startup_trials=24).trials]
    assert sum(3 <= v <= 6 for v in many) > 14 > 10 > sum(v in (1, 2, 7, 8) for v in many)


def test_longest_schedules_are_for_tried_configurations_and_get_a_share_without_a_budget():
    trials = run(60).trials
    longer = [t for t in trials if t.params["max_epoch"] != SCHEDULES[0]]
    assert {t.params["max_epoch"] for t in longer} == {SCHEDULES[-1]}
    for trial in longer:
        before = [configuration(t) for t in trials[: trial.number]]
        assert configuration(trial) in before
    assert len({configuration(t) for t in longer}) == len(longer)
    total, dearest = sum(map(kwh, trials)), max(map(kwh, trials))
    assert sum(map(kwh, longer)) / total > 0.5 - dearest / total


def test_finds_better_configurations_than_random_search():
    ours, random = [], []
    for seed in range(3):
        ours.append(run(30, seed=seed, promotion_share=0.0).best_value)
        study = study_of(optuna.samplers.RandomSampler(seed=seed), direction="maximize")
        study.optimize(lambda t: train(t) * (t.params["max_epoch"] == SCHEDULES[0]), n_trials=90)
        random.append(study.best_value)
    assert np.mean(ours) > np.mean(random)


def test_cooling_tries_cheaper_configurations():
    def flat(trial):
        width = trial.suggest_int("width", 1, 64)
        trial.set_user_attr("energy_kwh", 1e-3 * width)
        return 0.5 + 0.001 * trial.suggest_float("x", 0.0, 1.0)

    spent = [
        sum(kwh(t) for t in run(40, flat, cooling=weight).trials[20:]) for weight in (0.0, 1.0)
    ]
    assert spent[1] < 0.5 * spent[0]


def test_share_zero_tries_short_schedules_only():
    assert {t.params["max_epoch"] for t in run(promotion_share=0.0).trials} == {SCHEDULES[0]}


def test_without_fidelity_the_schedule_is_a_parameter_like_others():
    assert {t.params["max_epoch"] for t in run(fidelity_param=None).trials} == set(SCHEDULES)


def test_minimises_conditional_spaces_without_schedules():
    study = run(45, conditional, direction="minimize")
    assert study.best_value < 0.3
    assert len({t.params["kind"] for t in study.trials}) == 2


def test_trainings_that_cannot_be_paid_are_not_promoted():
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        trial.set_user_attr("energy_kwh", float(trial.suggest_int("max_epoch", 1, 100)))
        return x

    study = run(20, objective, budget_kwh=50.0)
    assert {t.params["max_epoch"] for t in study.trials} == {1}


def priced(trial):
    x = trial.suggest_float("x", 0.0, 1.0)
    epochs = trial.suggest_categorical("max_epoch", SCHEDULES)
    trial.set_user_attr("energy_kwh", epochs * (1.0 + x))
    return 1.0 - (x - 0.3) ** 2 - 1.0 / epochs


def test_later_new_configurations_get_the_longest_schedule_while_it_can_be_paid():
    budget_kwh = 1000.0
    study = run(80, priced, budget_kwh=budget_kwh, short_until=0.4)
    spent, seen = 0.0, set()
    for trial in study.trials:
        key, schedule = configuration(trial), trial.params["max_epoch"]
        dearest = SCHEDULES[-1] * 2.0
        if trial.number >= 10 and spent + dearest < budget_kwh:
            if spent > 0.4 * budget_kwh:
                assert schedule == SCHEDULES[-1]
                assert key not in seen
            elif key not in seen:
                assert schedule == SCHEDULES[0]
        elif spent + SCHEDULES[-1] > budget_kwh:
            assert schedule == SCHEDULES[0]
        seen.add(key)
        spent += kwh(trial)
    assert spent > budget_kwh


@pytest.mark.parametrize(("budget_kwh", "matters"), [(300.0, True), (150.0, False)])
def test_energy_counts_until_the_budget_is_spent(budget_kwh, matters):
    trials = run(
        30, priced, short_until=1.0, promotion_share=0.0
    ).trials  # 30 short trainings: 195 kWh
    assert 150.0 < sum(map(kwh, trials)) < 290.0
    proposed = []
    for weight in (0.0, 20.0):
        sampler = ScheduleGPSampler(
            seed=1, cooling=weight, budget_kwh=budget_kwh, promotion_share=0.0
        )
        study = study_of(sampler, direction="maximize")
        study.add_trials(trials)
        trial = study.ask()
        priced(trial)
        proposed.append(trial.params)
    assert (proposed[0] != proposed[1]) == matters


def test_short_until_the_end_and_without_a_budget():
    for options in ({"short_until": 1.0, "budget_kwh": 200.0}, {"short_until": 0.1}):
        seen = set()
        for trial in run(50, priced, **options).trials:
            if trial.params["max_epoch"] == SCHEDULES[-1]:
                assert configuration(trial) in seen
            seen.add(configuration(trial))


def test_the_budget_of_the_study_is_kept():
    sampler, pruner = ea_bohb(seed=0, n_candidates=50)
    study = optuna.create_study(sampler=sampler, pruner=pruner, direction="maximize")
    budget = EnergyBudget(kwh=4.0)
    study.optimize(budget.guard(train), n_trials=200, callbacks=[budget])
    assert 3.0 < budget.spent_kwh(study) < 4.0 + 0.064  # a step is at most 64e-3
    assert any(t.params["max_epoch"] == SCHEDULES[-1] for t in study.trials)


def test_pruned_and_failed_trials():
    def objective(trial):
        value = train(trial)
        if trial.number % 5 == 1:
            raise optuna.TrialPruned
        if trial.number % 5 == 2:
            raise RuntimeError
        return value

    study = study_of(ScheduleGPSampler(seed=0), direction="maximize")
    study.optimize(objective, n_trials=50, catch=RuntimeError)
    done = {configuration(t) for t in study.trials if t.state is TrialState.COMPLETE}
    longer = [t for t in study.trials if t.params["max_epoch"] == SCHEDULES[-1]]
    assert longer
    assert all(configuration(t) in done for t in longer)


def test_a_training_that_fails_with_the_longest_schedule_is_not_tried_again():
    def objective(trial):
        value = train(trial)
        if trial.params["max_epoch"] == SCHEDULES[-1]:
            raise RuntimeError("out of memory")
        return value

    study = study_of(ScheduleGPSampler(seed=0, n_candidates=50), direction="maximize")
    study.optimize(objective, n_trials=40, catch=RuntimeError)
    failed = [configuration(t) for t in study.trials if t.state is TrialState.FAIL]
    assert len(failed) > 2
    assert len(set(failed)) == len(failed)
    assert sum(t.params["max_epoch"] == SCHEDULES[0] for t in study.trials) > 20


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_infinite_values(value):
    def objective(trial):
        x = trial.suggest_float("x", 0.0, 1.0)
        return x if trial.number % 3 else value

    assert len(run(20, objective).trials) == 20
    assert len(run(20, lambda trial: trial.suggest_float("x", 0.0, 1.0) * 0.0 + value).trials) == 20


def test_learns_from_a_bounded_number_of_trials():
    study = run(50, max_trials=10, n_candidates=20)
    assert len(study.sampler._studies.of(study).kept.process._z) <= 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"promotion_share": 1.5}, "promotion_share must be between 0 and 1"),
        ({"promotion_share": float("nan")}, "promotion_share must be between 0 and 1"),
        ({"short_until": -0.1}, "short_until must be between 0 and 1"),
        ({"short_until": float("nan")}, "short_until must be between 0 and 1"),
        ({"cooling": -1.0}, "cooling must be finite and not negative"),
        ({"n_startup_trials": 1}, "n_startup_trials must be at least 2"),
        ({"n_candidates": 0}, "n_candidates must be at least 2"),
        ({"max_trials": 1}, "max_trials must be at least 2"),
        ({"schedules": [10]}, "at least two values"),
        ({"budget_kwh": 0.0}, "`budget_kwh` must be a positive"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        ScheduleGPSampler(**options)


def test_ea_bohb_takes_a_pruner_and_has_none_by_default():
    given = MedianPruner()
    assert ea_bohb(pruner=given)[1] is given
    assert isinstance(ea_bohb()[1], NopPruner)
