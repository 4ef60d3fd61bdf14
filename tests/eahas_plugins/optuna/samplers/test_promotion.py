import pickle
from itertools import pairwise

import numpy as np
import optuna
import pytest
from optuna.samplers import RandomSampler, TPESampler

from eahas_plugins.optuna._trials import StudyView
from eahas_plugins.optuna.samplers import (
    BananasSampler,
    EnergyTPESampler,
    LocalSearchSampler,
    RegularizedEvolutionSampler,
    SchedulePromotionSampler,
)
from eahas_plugins.optuna.samplers._promotion_log import PromotionLog
from eahas_plugins.optuna.samplers._schedules import schedules_of
from tests.eahas_plugins.optuna.samplers.tasks import (
    NAMES_CONSTRAINTS,
    SCHEDULES,
    history,
    study_of,
    train,
)


def promoting(sampler=None, **options):
    options = {"fidelity_param": "max_epoch", "n_startup_trials": 4, "seed": 0, **options}
    return SchedulePromotionSampler(sampler or RandomSampler(seed=0), **options)


def run(sampler, n_trials=60, **how):
    study = study_of(sampler, direction="maximize")
    study.optimize(train, n_trials=n_trials, **how)
    return study.trials


def source_of(trial):
    return trial.user_attrs.get("promoted_from")


def without_schedule(trial):
    return {n: v for n, v in trial.params.items() if n != "max_epoch"}


def check_repetitions(trials, target):
    repeated = [t for t in trials if source_of(t) is not None]
    for trial in repeated:
        source = trials[source_of(trial)]
        assert without_schedule(trial) == without_schedule(source)
        assert trial.params["max_epoch"] == target(source.params["max_epoch"])
    sources = [source_of(t) for t in repeated]
    assert len(set(sources)) == len(sources)
    return repeated


def share_of(trials):
    total = sum(t.user_attrs["energy_kwh"] for t in trials)
    promoted = sum(t.user_attrs["energy_kwh"] for t in trials if source_of(t) is not None)
    return promoted / total


@pytest.mark.parametrize(
    "sampler",
    [
        RandomSampler(seed=0),
        TPESampler(seed=0),
        EnergyTPESampler(seed=0),
        LocalSearchSampler(seed=0, n_startup_trials=5),
        RegularizedEvolutionSampler(seed=0, population_size=5, sample_size=3),
        BananasSampler(seed=0, n_startup_trials=5),
    ],
    ids=lambda sampler: type(sampler).__name__,
)
def test_repeats_the_best_with_the_longest_schedule(sampler):
    trials = run(promoting(sampler))
    repeated = check_repetitions(trials, lambda _: SCHEDULES[-1])
    assert len(repeated) > 3
    assert all(t.params["max_epoch"] == SCHEDULES[0] for t in trials if source_of(t) is None)
    dearest = max(t.user_attrs["energy_kwh"] for t in trials)
    total = sum(t.user_attrs["energy_kwh"] for t in trials)
    assert abs(share_of(trials) - 0.5) <= dearest / total


def test_the_source_is_one_of_the_top():
    trials = run(promoting(top=2))
    for trial in trials:
        if (source := source_of(trial)) is None:
            continue
        before = trials[: trial.number]
        taken = {source_of(t) for t in before}
        free = [t for t in before if source_of(t) is None and t.number not in taken]
        best = sorted(free, key=lambda t: -t.value)[:2]
        assert source in [t.number for t in best]


def test_ladder_goes_through_every_schedule():
    trials = run(promoting(skip_to_last=False), n_trials=100)
    following = dict(pairwise(SCHEDULES))
    repeated = check_repetitions(trials, following.__getitem__)
    assert {t.params["max_epoch"] for t in repeated} == set(SCHEDULES[1:])


def test_share_zero_never_repeats():
    assert share_of(run(promoting(promotion_share=0.0))) == 0.0


def test_minimised_studies_repeat_the_smallest():
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        trial.set_user_attr("energy_kwh", float(trial.suggest_int("max_epoch", 1, 4)))
        return x

    study = study_of(promoting(top=1))
    study.optimize(objective, n_trials=8)
    repetition = next(t for t in study.trials if source_of(t) is not None)
    before = study.trials[: repetition.number]
    assert source_of(repetition) == min(before, key=lambda t: t.value).number
    assert repetition.params["max_epoch"] == 4


def test_unpaid_repetitions_are_not_started():
    def objective(trial):
        trial.suggest_float("x", 0, 1)
        trial.set_user_attr("energy_kwh", float(trial.suggest_int("max_epoch", 1, 100)))
        return 1.0

    study = study_of(promoting(budget_kwh=50.0))
    study.optimize(objective, n_trials=20)
    assert all(source_of(t) is None for t in study.trials)


def test_pruned_and_failed_trials_are_not_repeated():
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        trial.suggest_int("max_epoch", 1, 4)
        trial.set_user_attr("energy_kwh", 1.0)
        if trial.number % 3 == 1:
            raise optuna.TrialPruned
        if trial.number % 3 == 2:
            raise RuntimeError
        return x

    study = study_of(promoting())
    study.optimize(objective, n_trials=40, catch=RuntimeError)
    states = {study.trials[s].state for t in study.trials if (s := source_of(t)) is not None}
    assert states == {optuna.trial.TrialState.COMPLETE}


def test_wrapped_sampler_learns_from_short_schedules_only():
    seen = []

    class Spy(RandomSampler):
        def sample_independent(self, study, trial, param_name, param_distribution):
            seen.append(study.get_trials(deepcopy=False))
            return super().sample_independent(study, trial, param_name, param_distribution)

    trials = run(promoting(Spy(seed=0)))
    assert any(source_of(t) is not None for t in trials)
    assert all(source_of(t) is None for shown in seen for t in shown)
    assert max(len(shown) for shown in seen) > 10


def test_enqueued_trials_are_left_alone():
    study = study_of(promoting(), direction="maximize")
    study.optimize(train, n_trials=10)
    fixed = {"width": 3, "lr": 0.5, "optimizer": "adam", "max_epoch": 10}
    for _ in range(4):
        study.enqueue_trial(fixed)
    study.optimize(train, n_trials=4)
    assert all(t.params == fixed and source_of(t) is None for t in study.trials[10:])


def test_any_worker_may_decide(tmp_path):
    url = f"sqlite:///{tmp_path}/study.db"
    storage = optuna.storages.RDBStorage(url)

    def objective(trial):
        trial.set_user_attr("energy_kwh", 1e-3 * trial.suggest_categorical("max_epoch", SCHEDULES))
        return trial.suggest_float("x", 0, 1)

    optuna.create_study(storage=storage, study_name="s", direction="maximize")
    workers = [
        optuna.load_study(
            storage=optuna.storages.RDBStorage(url),
            study_name="s",
            sampler=promoting(RandomSampler(seed=seed), seed=seed),
        )
        for seed in range(3)
    ]
    for _ in range(6):
        for worker in workers:
            worker.optimize(objective, n_trials=1)
    trials = workers[0].trials
    assert len(check_repetitions(trials, lambda _: SCHEDULES[-1])) > 1


def test_of_two_claims_that_see_each_other_none_holds():
    study = study_of(promoting(), direction="maximize")
    study.optimize(train, n_trials=4)
    log = PromotionLog(
        fidelity_param="max_epoch",
        schedules=None,
        promotion_share=1.0,
        top=1,
        skip_to_last=True,
        n_startup_trials=1,
        budget_kwh=None,
    )
    promotion = log.decide(study, np.random.default_rng(0))
    first, second = study.ask(), study.ask()
    second.set_user_attr("promoted_from", promotion.source.number)
    assert log.claimed(study, promotion, by=second.number)
    first.set_user_attr("promoted_from", promotion.source.number)
    assert not log.claimed(study, promotion, by=first.number)  # the second one cannot know
    assert not log.claimed(study, promotion, by=second.number)


def test_several_threads():
    trials = run(promoting(TPESampler(seed=0)), n_jobs=4, n_trials=80)
    assert len(check_repetitions(trials, lambda _: SCHEDULES[-1])) > 3


def test_reproducible_and_picklable():
    sampler = promoting(EnergyTPESampler(seed=1))
    studies = [
        study_of(s, direction="maximize") for s in (sampler, pickle.loads(pickle.dumps(sampler)))
    ]
    for study in studies:
        study.optimize(train, n_trials=40)
    assert history(studies[0]) == history(studies[1])
    used = pickle.loads(pickle.dumps(sampler))
    study = study_of(used, direction="maximize")
    study.optimize(train, n_trials=4)
    assert all(source_of(t) is None for t in study.trials)


def test_works_under_hyperband():
    study = optuna.create_study(
        sampler=promoting(TPESampler(seed=0)),
        pruner=optuna.pruners.HyperbandPruner(min_resource=1, max_resource=20),
        direction="maximize",
    )
    study.optimize(train, n_trials=60)
    check_repetitions(study.trials, lambda _: SCHEDULES[-1])


def test_view_hides_trials_from_optunas_own_readers():
    study = study_of(RandomSampler(seed=0), direction="maximize")
    study.optimize(train, n_trials=6)
    view = StudyView.of(study, lambda t: t.number % 2 == 0)
    assert [t.number for t in view.get_trials(deepcopy=False)] == [0, 2, 4]
    assert [t.number for t in view._get_trials(deepcopy=False, use_cache=True)] == [0, 2, 4]
    assert len(study.trials) == 6


def test_multi_objective_is_refused():
    study = study_of(promoting(), directions=["maximize", "minimize"])
    with pytest.raises(ValueError, match="one objective"):
        study.optimize(train, n_trials=1)
    if NAMES_CONSTRAINTS:
        assert [t.state.name for t in study.trials] == ["FAIL"]  # not RUNNING for ever


def test_schedules_of_distributions():
    assert schedules_of(optuna.distributions.CategoricalDistribution([200, 50, 100])) == (
        50,
        100,
        200,
    )
    assert schedules_of(optuna.distributions.IntDistribution(10, 90)) == (10, 90)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"promotion_share": -0.1}, "promotion_share must be between 0 and 1"),
        ({"promotion_share": float("nan")}, "promotion_share must be between 0 and 1"),
        ({"top": 0}, "top must be at least 1"),
        ({"n_startup_trials": 0}, "n_startup_trials must be at least 1"),
        ({"schedules": [10]}, "at least two values"),
        ({"budget_kwh": 0.0}, "`budget_kwh` must be a positive"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        promoting(**options)
