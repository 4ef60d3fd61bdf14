"""Studies with several objectives, as `ea_bohb` searches them."""

import math
import pickle

import numpy as np
import optuna
import pytest
from optuna.pruners import MedianPruner
from optuna.trial import TrialState

from eahas_plugins.models.hypervolume import hypervolume, non_dominated
from eahas_plugins.optuna import EnergyBudget
from eahas_plugins.optuna.samplers import ScheduleGPSampler, ea_bohb
from tests.eahas_plugins.optuna.samplers.situations import OBJECTIVES
from tests.eahas_plugins.optuna.samplers.tasks import constrain, history, study_of

KWH = 1e-3


def network(trial):
    """Accuracy, size and energy of a network whose best width depends on what counts."""
    width = trial.suggest_int("width", 1, 64, log=True)
    lr = trial.suggest_float("lr", 1e-3, 1.0, log=True)
    epochs = trial.suggest_categorical("max_epoch", [5, 20])
    trial.set_user_attr("energy_kwh", KWH * width * epochs)
    error = 0.3 / math.sqrt(width) + 0.1 * (math.log10(lr) + 1.5) ** 2 + 0.5 / epochs
    return 1.0 - min(1.0, error), 100.0 * width, KWH * width * epochs


def accuracy_and_size(trial):
    return network(trial)[:2]


def accuracy_and_energy(trial):
    return network(trial)[::2]


def run(objective=accuracy_and_size, directions=("maximize", "minimize"), n_trials=40, **options):
    sampler = options.pop("sampler", None) or ea_bohb(**{"seed": 0, **options})[0]
    study = study_of(sampler, directions=list(directions))
    study.optimize(objective, n_trials=n_trials)
    return study


def volume(study):
    """Of the front in accuracy and the logarithm of the other objective, from 0.5 and 6400."""
    values = np.array([t.values for t in study.best_trials])
    points = np.stack([values[:, 0], -np.log(values[:, 1])], axis=1)
    return hypervolume(points, np.array([0.5, -math.log(6400.0)]))


def test_finds_a_larger_front_than_plain_methods_for_the_same_energy():
    def spend_all(sampler):
        study = study_of(sampler, directions=["maximize", "minimize"])
        budget = EnergyBudget(kwh=3.0)
        study.optimize(budget.guard(accuracy_and_size), n_trials=50, callbacks=[budget])
        return volume(study)

    for seed in range(2):
        ours = spend_all(ea_bohb(seed=seed)[0])
        assert ours > spend_all(optuna.samplers.RandomSampler(seed=seed))
        assert ours > spend_all(optuna.samplers.NSGAIISampler(seed=seed, population_size=10))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_directions_are_what_the_study_says(sign):
    """The same study with one objective negated is searched in the same way."""
    directions = ("maximize", "minimize") if sign > 0.0 else ("minimize", "minimize")

    def objective(trial):
        x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)
        trial.set_user_attr("energy_kwh", KWH)
        return sign * (5.0 + x - y**2), 5.0 + x**2

    trials = run(objective, directions, n_trials=30, seed=3, fidelity_param=None).trials
    late = trials[15:]
    assert np.mean([t.params["y"] for t in late]) < 0.25  # 0 is best whatever x is
    assert np.ptp([t.params["x"] for t in late]) > 0.5  # all x are on the front


def test_three_objectives():
    study = run(network, ("maximize", "minimize", "minimize"), n_trials=40)
    points = np.array([t.values for t in study.trials]) * [1.0, -1.0, -1.0]
    assert non_dominated(points).sum() == len(study.best_trials) > 5
    assert {t.params["max_epoch"] for t in study.best_trials} == {5, 20}


def test_more_objectives_are_refused_with_a_way_out():
    def objective(trial):
        return (*network(trial), 1.0)

    with pytest.raises(ValueError, match=r"at most 3 objectives but the study has 4.*constraints"):
        run(objective, ["minimize"] * 4, n_trials=1)


def test_what_has_been_tried_gets_a_longer_schedule_where_that_adds_to_the_front():
    """Of few networks all have soon been tried."""

    def objective(trial):
        width = trial.suggest_categorical("width", [8, 12, 16, 24, 32, 48, 64])
        epochs = trial.suggest_categorical("max_epoch", [5, 20])
        trial.set_user_attr("energy_kwh", KWH * width * epochs)
        return 1.0 - 0.3 / math.sqrt(width) - 0.5 / epochs, 100.0 * width

    study = run(objective, n_trials=14, n_startup_trials=7)
    again = [t for t in study.trials if "promoted_from" in t.user_attrs]
    assert len(again) >= 3
    for trial in again:
        source = study.trials[trial.user_attrs["promoted_from"]]
        assert source.params == {**trial.params, "max_epoch": 5}


def test_within_a_budget_it_begins_with_the_shortest_schedule():
    study = study_of(ea_bohb(seed=0)[0], directions=["maximize", "minimize"])
    budget = EnergyBudget(kwh=1.5)
    study.optimize(budget.guard(accuracy_and_energy), n_trials=60, callbacks=[budget])
    spent = np.cumsum([t.user_attrs["energy_kwh"] for t in study.trials])
    for trial, before in zip(study.trials[1:], spent[:-1], strict=True):
        if before < 0.35 * 1.5:
            assert trial.params["max_epoch"] == 5
    assert {t.params["max_epoch"] for t in study.trials} == {5, 20}


def test_a_known_objective_is_believed():
    """What has been tried says nothing of sizes here: they were all the same."""

    def objective(trial):
        width = trial.suggest_int("width", 1, 64)
        trial.set_user_attr("energy_kwh", KWH)
        return 0.5, 64.0 if trial.number < 5 else float(width)

    asked = []

    def size(params):
        asked.append(params)
        return float(params["width"])

    how = {"n_startup_trials": 5, "fidelity_param": None, "known_objectives": {1: size}}
    study = run(objective, n_trials=6, **how)
    assert study.trials[5].params["width"] <= 2
    assert set(asked[0]) == {"width"}


def test_known_objectives_see_constants_and_the_schedule():
    asked = []

    def size(params):
        asked.append(params)
        return params["width"] * params["heads"]

    def objective(trial):
        trial.suggest_categorical("heads", [4])
        return accuracy_and_size(trial)

    run(objective, n_trials=14, known_objectives={1: size})
    assert {frozenset(params) for params in asked} == {
        frozenset({"width", "lr", "max_epoch", "heads"})
    }


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ({"size": len}, "by their position"),
        ({3: len}, "by their position"),
        ({1: 2.0}, r"known_objectives\[1\] must be a function"),
    ],
)
def test_bad_known_objectives_are_refused(known, message):
    with pytest.raises(ValueError, match=message):
        ea_bohb(known_objectives=known)


def test_the_energy_of_the_training_is_predicted_as_energy_is():
    sampler = ScheduleGPSampler(seed=0)
    study = run(accuracy_and_energy, sampler=sampler, n_trials=30)
    learnt = sampler._studies.of(study).kept.processes
    assert set(learnt) == {"objective 0"}  # no process for the energy
    study = run(accuracy_and_size, sampler=sampler, n_trials=20)
    assert set(sampler._studies.of(study).kept.processes) == {"objective 0", "objective 1"}


def test_constraints_are_learnt():
    def objective(trial):
        accuracy, size = accuracy_and_size(trial)
        constrain(trial, size - 1000.0)  # at most 10 wide
        return accuracy, size

    study = run(objective, n_trials=45)
    late = [t.params["width"] for t in study.trials[20:]]
    assert np.mean([width <= 10 for width in late]) > 0.6
    assert max(width for width in late if width <= 10) >= 8  # up to the bound


def test_while_nothing_is_feasible_it_looks_for_that():
    def objective(trial):
        x = trial.suggest_float("x", 0.0, 1.0)
        trial.set_user_attr("energy_kwh", KWH)
        constrain(trial, 0.98 - x)
        return x, x

    study = run(objective, ("minimize", "minimize"), n_trials=30, fidelity_param=None)
    assert np.mean([t.params["x"] > 0.9 for t in study.trials[20:]]) > 0.7


def test_what_ends_early_is_avoided():
    def objective(trial):
        values = accuracy_and_size(trial)
        if trial.params["lr"] > 0.05:
            raise optuna.TrialPruned
        return values

    late = run(objective, n_trials=40).trials[20:]
    assert sum(t.state is TrialState.PRUNED for t in late) <= 6


@pytest.mark.filterwarnings("ignore::UserWarning")  # Optuna's own, of odd choices and steps
@pytest.mark.filterwarnings("ignore::RuntimeWarning:optuna")
@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda o: o.__name__)
def test_goes_on_however_odd_the_study_is(objective, n):
    class Trial:
        """Reports nothing, as Optuna refuses that of several objectives."""

        def __init__(self, trial):
            self._trial = trial

        def __getattr__(self, name):
            return getattr(self._trial, name)

        def report(self, value, step):
            pass

        def should_prune(self):
            return False

    def several(trial):
        value = objective(Trial(trial))
        others = (trial.user_attrs.get("energy_kwh", 1.0), trial.number % 3)
        return (value, *[o if isinstance(o, float | int) else 1.0 for o in others[: n - 1]])

    study = run(several, ("maximize", "minimize", "minimize")[:n], n_trials=18, n_startup_trials=5)
    assert {t.state for t in study.trials} <= {
        TrialState.COMPLETE,
        TrialState.PRUNED,
        TrialState.FAIL,  # a value that is NaN, which Optuna refuses
    }


def test_the_same_seed_makes_the_same_study_also_through_a_pickle():
    first = run(n_trials=25)
    again = study_of(ea_bohb(seed=0)[0], directions=["maximize", "minimize"])
    again.optimize(accuracy_and_size, n_trials=15)
    again.sampler = pickle.loads(pickle.dumps(again.sampler))
    again.optimize(accuracy_and_size, n_trials=10)
    assert history(first) == history(again)


def test_several_workers_try_different_things():
    study = study_of(ea_bohb(seed=0, n_startup_trials=5)[0], directions=["maximize", "minimize"])
    study.optimize(accuracy_and_size, n_trials=12)
    pending = [study.ask() for _ in range(6)]
    for trial in pending:
        accuracy_and_size(trial)
    tried = [tuple(t.params.items()) for t in [*study.trials[:12], *pending]]
    assert len(set(tried)) == len(tried)


def test_learns_from_the_best_and_the_latest_of_many_trials():
    study = run(n_trials=40, max_trials=10, n_startup_trials=5)
    assert len(study.trials) == 40


def test_optunas_default_pruner_is_let_be():
    study = optuna.create_study(
        directions=["maximize", "minimize"], sampler=ea_bohb()[0], pruner=MedianPruner()
    )
    study.optimize(accuracy_and_size, n_trials=2)
