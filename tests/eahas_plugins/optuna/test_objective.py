import pickle

import numpy as np
import optuna
import pytest
from optuna.samplers import RandomSampler
from optuna.trial import TrialState

import surrogate
from eahas_plugins.benchmark import Benchmark
from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
from eahas_plugins.optuna.objective import SurrogateObjective
from surrogate.loading import load_table
from tests.eahas_plugins.optuna.bench import Bench

optuna.logging.set_verbosity(optuna.logging.WARNING)


def run(objective, n_trials=10, pruner=None, guard=None, **how):
    study = optuna.create_study(
        directions=objective.directions,
        sampler=RandomSampler(seed=0),
        pruner=pruner or optuna.pruners.NopPruner(),
    )
    called = objective if guard is None else guard(objective)
    study.optimize(called, n_trials=n_trials, **how)
    return study


def test_is_a_benchmark():
    assert isinstance(Bench(), Benchmark)


def test_a_complete_trial_holds_the_whole_training():
    bench = Bench()
    for trial in run(SurrogateObjective(bench)).trials:
        expected = bench.query(trial.params)
        assert trial.value == expected.val_accuracy[-1]
        assert list(trial.intermediate_values) == list(range(1, trial.params["max_epoch"] + 1))
        assert list(trial.intermediate_values.values()) == expected.val_accuracy.tolist()
        attrs = trial.user_attrs
        assert attrs["energy_kwh"] == expected.energy_kwh[-1]
        assert attrs["energy_reserved_kwh"] == expected.energy_kwh[-1]
        assert attrs["test_accuracy"] == expected.test_accuracy[-1]
        assert attrs["val_accuracy"] == expected.val_accuracy[-1]
        assert attrs["runtime_s"] == expected.runtime_s[-1]
        assert attrs["epochs"] == trial.params["max_epoch"]
        assert attrs["provenance"] == "simulated"


def test_a_pruned_trial_keeps_what_it_burnt():
    bench = Bench()
    pruner = optuna.pruners.ThresholdPruner(upper=0.0, n_warmup_steps=3)  # prunes at epoch 3
    study = run(SurrogateObjective(bench), pruner=pruner)
    assert {t.state for t in study.trials} == {TrialState.PRUNED}
    for trial in study.trials:
        expected = bench.query(trial.params)
        assert trial.user_attrs["epochs"] == 3
        assert trial.user_attrs["energy_kwh"] == expected.energy_kwh[2]
        assert trial.user_attrs["test_accuracy"] == expected.test_accuracy[2]


@pytest.mark.parametrize("every", [3, 7, 100])
def test_reports_only_every_k_epochs_and_the_last(every):
    writes = []

    class Spy(optuna.storages.InMemoryStorage):
        def set_trial_user_attr(self, trial_id, key, value):
            writes.append(key)
            super().set_trial_user_attr(trial_id, key, value)

    study = optuna.create_study(storage=Spy(), sampler=RandomSampler(seed=0))
    study.enqueue_trial({"width": 8, "max_epoch": 20})
    study.optimize(SurrogateObjective(Bench(), report_every=every), n_trials=1)
    (trial,) = study.trials
    assert list(trial.intermediate_values) == [*range(every, 20, every), 20]
    assert writes.count("energy_kwh") == 1 + len(trial.intermediate_values)
    assert writes.count("energy_step_kwh") <= 2  # only where the step changes


def test_never_overshoots_a_budget():
    for cap in (0.1, 0.777, 2.0):
        budget = EnergyBudget(kwh=cap)
        objective = SurrogateObjective(Bench())
        study = run(objective, n_trials=200, guard=budget.guard, callbacks=[budget])
        spent = sum(t.user_attrs["energy_kwh"] for t in study.trials)
        assert cap - 0.064 < spent <= cap * (1 + 1e-9)  # the dearest epoch is 0.064 kWh
        assert len(study.trials) < 200


def test_never_overshoots_with_threads():
    budget = EnergyBudget(kwh=1.0)
    objective = SurrogateObjective(Bench())
    study = run(objective, n_trials=100, n_jobs=4, guard=budget.guard, callbacks=[budget])
    assert sum(t.user_attrs["energy_kwh"] for t in study.trials) <= 1.0 + 1e-9


def test_two_objectives():
    bench = Bench()
    objective = SurrogateObjective(bench, objectives=("val_accuracy", "energy_kwh"))
    assert objective.directions == ["maximize", "minimize"]
    for trial in run(objective).trials:
        expected = bench.query(trial.params)
        assert trial.values == [expected.val_accuracy[-1], expected.energy_kwh[-1]]
        assert trial.user_attrs["energy_kwh"] == expected.energy_kwh[-1]
        assert not trial.intermediate_values
    objective = SurrogateObjective(bench, objectives=("val_accuracy", "inference_energy_kwh"))
    trial = run(objective).trials[0]
    assert trial.values[1] == 1e-6 * trial.params["width"]


def test_two_objectives_obey_a_budget():
    budget = EnergyBudget(kwh=1.0)
    objective = SurrogateObjective(Bench(), objectives=("val_accuracy", "energy_kwh"))
    study = run(objective, n_trials=100, guard=budget.guard, callbacks=[budget])
    assert 0.9 < sum(t.user_attrs["energy_kwh"] for t in study.trials) <= 1.0 + 1e-9


def test_noise_differs_between_trials_and_repeats_with_the_seed():
    def values(seed):
        study = optuna.create_study(sampler=RandomSampler(seed=0))
        for _ in range(3):
            study.enqueue_trial({"width": 8, "max_epoch": 5})
        study.optimize(SurrogateObjective(Bench(), noise_seed=seed), n_trials=3)
        return [t.value for t in study.trials]

    assert values(1) == values(1)
    assert len({*values(1), *values(7)}) == 6


def test_forbidden_configurations_are_pruned_without_energy():
    study = run(SurrogateObjective(Bench(forbid=True)), n_trials=40)
    pruned = [t for t in study.trials if t.state is TrialState.PRUNED]
    assert pruned
    assert all(t.params["width"] == 64 and t.user_attrs["energy_kwh"] == 0.0 for t in pruned)


def test_unknown_energy_stays_unknown():
    study = run(SurrogateObjective(Bench(energy=False)))
    for name in ("energy_kwh", "energy_reserved_kwh", "energy_step_kwh"):
        assert all(name not in t.user_attrs for t in study.trials)
    for name in ("energy_kwh", "inference_energy_kwh"):
        objective = SurrogateObjective(Bench(energy=False), objectives=("val_accuracy", name))
        with pytest.raises(ValueError, match=f"must know {name}"):
            run(objective, n_trials=1)


def test_is_picklable():
    objective = pickle.loads(pickle.dumps(SurrogateObjective(Bench(), report_every=2)))
    assert np.isfinite(run(objective).best_value)


def test_a_fixed_trial_replays_a_configuration():
    fixed = optuna.trial.FixedTrial({"width": 32, "max_epoch": 20})
    assert SurrogateObjective(Bench())(fixed) == Bench().query(fixed.params).val_accuracy[-1]


@pytest.mark.parametrize("objectives", [(), ("speed",), "val_accuracy"])
def test_bad_objectives(objectives):
    with pytest.raises(ValueError, match="objectives must be a sequence"):
        SurrogateObjective(Bench(), objectives=objectives)


@pytest.mark.parametrize("every", [0, -1, float("nan")])
def test_bad_report_every(every):
    with pytest.raises(ValueError, match=r"report_every must be (at least 1|a whole number)"):
        SurrogateObjective(Bench(), report_every=every)


def test_a_study_says_of_its_trials_what_the_benchmark_says_of_its_numbers():
    bench = surrogate.load("fashion-nano")
    study = optuna.create_study(direction="maximize")
    study.optimize(SurrogateObjective(bench), n_trials=1)
    assert study.trials[0].user_attrs["provenance"] == "predicted"
    table = load_table("fashion-nano")
    study = optuna.create_study(direction="maximize")
    study.enqueue_trial(dict(table.records[0].config))
    study.optimize(SurrogateObjective(table), n_trials=1)
    told = study.trials[0].user_attrs["provenance"]
    assert (told["val_accuracy"], told["energy_kwh"]) == ("measured", "estimated")


def test_trials_without_a_guard_count_in_a_later_budget():
    study = run(SurrogateObjective(Bench()), n_trials=3)
    spent_kwh = sum(t.user_attrs["energy_kwh"] for t in study.trials)
    budget = EnergyBudget(1e6)
    study.optimize(budget.guard(SurrogateObjective(Bench())), n_trials=1)
    last_kwh = study.trials[-1].user_attrs["energy_kwh"]
    assert budget.spent_kwh(study) == pytest.approx(spent_kwh + last_kwh)
