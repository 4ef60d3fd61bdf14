"""Local search, regularised evolution and BANANAS: plain and energy-aware."""

import pickle

import numpy as np
import optuna
import pytest
from optuna.samplers import RandomSampler

from eahas_plugins.optuna.samplers import (
    BananasSampler,
    LocalSearchSampler,
    RegularizedEvolutionSampler,
)
from eahas_plugins.optuna.samplers.local_search import step_of
from tests.eahas_plugins.optuna.samplers.tasks import conditional, history, study_of, train

MAKERS = {
    "local-search": lambda **how: LocalSearchSampler(n_startup_trials=8, **how),
    "evolution": lambda **how: RegularizedEvolutionSampler(
        population_size=10, sample_size=5, **how
    ),
    "bananas": lambda **how: BananasSampler(n_startup_trials=8, n_candidates=20, **how),
}


@pytest.fixture(params=MAKERS)
def make(request):
    return MAKERS[request.param]


def bowl(trial):
    x = [trial.suggest_float(name, -1.0, 1.0) for name in "abc"]
    kind = trial.suggest_categorical("kind", ["good", "bad", "worse"])
    trial.set_user_attr("energy_kwh", 1.0)
    return sum(v * v for v in x) + ["good", "bad", "worse"].index(kind)


def best_after(sampler, n_trials=100, objective=bowl):
    study = study_of(sampler)
    study.optimize(objective, n_trials=n_trials)
    return study.best_value


def test_better_than_random(make):
    ours = np.median([best_after(make(seed=seed)) for seed in range(2)])
    random = np.median([best_after(RandomSampler(seed=seed)) for seed in range(2)])
    assert ours < 0.6 * random


def test_equal_energy_changes_nothing(make):
    plain, aware = (study_of(make(seed=2, reward_exponent=w)) for w in (0.0, -0.07))
    for study in (plain, aware):
        study.optimize(bowl, n_trials=40)  # every trial takes the same energy
    assert history(aware) == history(plain)


def test_reward_prefers_the_cheap(make):
    def mean_log_kwh(exponent):
        sampler = make(seed=0, reward_exponent=exponent)
        study = study_of(sampler, direction="maximize", pruner=optuna.pruners.NopPruner())
        study.optimize(train, n_trials=60)
        return np.mean([np.log(t.user_attrs["energy_kwh"]) for t in study.trials[20:]])

    assert mean_log_kwh(-2.0) < mean_log_kwh(0.0) - 0.5


def test_conditional_parameters_are_inherited(make):
    study = study_of(make(seed=0, reward_exponent=0.0))
    study.optimize(conditional, n_trials=60)
    kinds = {t.params["kind"] for t in study.trials[20:]}
    assert kinds == {"line", "bowl"}
    assert all(t.state is optuna.trial.TrialState.COMPLETE for t in study.trials)


def test_reproducible_picklable_and_resumable(make):
    one, other = study_of(make(seed=4)), study_of(pickle.loads(pickle.dumps(make(seed=4))))
    for study in (one, other):
        study.optimize(bowl, n_trials=30)
    assert history(one) == history(other)
    resumed = study_of(make(seed=4))
    resumed.add_trials(one.trials)
    resumed.optimize(bowl, n_trials=10)
    assert min(t.value for t in resumed.trials[30:]) < 2.0 * one.best_value + 0.5


def test_a_used_sampler_can_be_pickled_and_starts_afresh_in_another_study(make):
    sampler = make(seed=0)
    study_of(sampler).optimize(bowl, n_trials=15)
    for again in (sampler, pickle.loads(pickle.dumps(sampler))):
        study = study_of(again)
        study.optimize(bowl, n_trials=5)
        sampler_knows = {one.trial.number for one in again._studies.of(study).complete}
        assert sampler_knows <= set(range(5))


def test_several_threads(make):
    study = study_of(make(seed=0))
    study.optimize(bowl, n_trials=40, n_jobs=4)
    assert len(study.trials) == 40


def test_failed_and_pruned_trials_are_no_parents(make):
    def objective(trial):
        value = bowl(trial)
        if trial.number % 2:
            raise optuna.TrialPruned
        return value

    study = study_of(make(seed=0))
    study.optimize(objective, n_trials=50)
    assert len(study.trials) == 50


def changed(child, parent):
    return {name for name in parent if child[name] != parent[name]}


def test_local_search_moves_to_the_first_better_neighbour():
    groups = [["a", "b"], ["c", "kind"]]
    study = study_of(LocalSearchSampler(n_startup_trials=5, n_neighbors=6, groups=groups, seed=0))
    study.optimize(bowl, n_trials=60)
    trials = study.trials
    assert [step_of(t) for t in trials[:5]] == [(0, None)] * 5
    turns: dict[int, int] = {}
    for trial in trials[5:]:
        search_round, center = step_of(trial)
        same_round = [t for t in trials[: trial.number] if step_of(t)[0] == search_round]
        if center is None:
            assert len(same_round) < 5
            continue
        assert center == min(same_round, key=lambda t: t.value).number
        group = groups[turns.get(center, 0) % 2]
        turns[center] = turns.get(center, 0) + 1
        assert changed(trial.params, trials[center].params) <= set(group)
        assert changed(trial.params, trials[center].params)
    assert max(turns.values()) <= 6
    assert step_of(trials[-1])[0] >= 1  # it gave up at least once


def test_evolution_changes_one_parameter_of_a_young_parent():
    study = study_of(RegularizedEvolutionSampler(population_size=5, sample_size=5, seed=0))
    study.optimize(bowl, n_trials=30)
    for trial in study.trials[5:]:
        population = study.trials[trial.number - 5 : trial.number]
        parent = min(population, key=lambda t: t.value)
        assert len(changed(trial.params, parent.params)) == 1


def test_bananas_changes_one_parameter_of_one_of_the_best():
    study = study_of(BananasSampler(n_startup_trials=5, n_parents=2, n_candidates=10, seed=0))
    study.optimize(bowl, n_trials=30)
    for trial in study.trials[5:]:
        best = sorted(study.trials[: trial.number], key=lambda t: t.value)[:2]
        assert 1 in [len(changed(trial.params, parent.params)) for parent in best]


def test_bananas_learns_from_the_best_and_the_latest():
    study = study_of(BananasSampler(n_startup_trials=5, max_trials=6, seed=0))
    study.optimize(bowl, n_trials=25)
    assert len(study.trials) == 25


@pytest.mark.parametrize(
    ("maker", "options", "message"),
    [
        (LocalSearchSampler, {"n_startup_trials": 0}, "n_startup_trials must be at least 1"),
        (LocalSearchSampler, {"n_neighbors": 0}, "n_neighbors must be at least 1"),
        (LocalSearchSampler, {"groups": [[]]}, "groups must be a list of non-empty"),
        (RegularizedEvolutionSampler, {"population_size": 0}, "population_size must be"),
        (RegularizedEvolutionSampler, {"sample_size": 0}, "sample_size must be at least 1"),
        (BananasSampler, {"n_candidates": 0}, "n_candidates must be at least 1"),
        (BananasSampler, {"max_trials": 1}, "max_trials must be at least 2"),
        (BananasSampler, {"reward_exponent": float("nan")}, "reward_exponent must be at most 0"),
        (LocalSearchSampler, {"reward_exponent": 1.0}, "reward_exponent must be at most 0"),
    ],
)
def test_bad_arguments(maker, options, message):
    with pytest.raises(ValueError, match=message):
        maker(**options)
