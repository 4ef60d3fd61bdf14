import optuna
import pytest

from benchmarks.harness.bench import SeededBench
from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Setting
from tests.benchmarks.synthetic import SyntheticBench


def setting(budget_kwh=0.2):
    return Setting(bench=SeededBench(SyntheticBench(), 0), budget_kwh=budget_kwh, seed=0)


def test_trials_that_trained_come_back_in_their_order_with_what_they_spent():
    given = setting()
    found = optimise(given, sampler=optuna.samplers.RandomSampler(seed=0))
    assert len(found) > 2
    assert all(evaluation.energy_kwh > 0.0 for evaluation in found)
    assert sum(e.energy_kwh for e in found) <= given.budget_kwh * (1.0 + 1e-9)
    for evaluation in found[:-1]:
        whole = given.bench.query(evaluation.config).energy_kwh[-1]
        assert evaluation.energy_kwh == pytest.approx(whole)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_trial_whose_energy_nobody_knows_is_refused_and_not_taken_for_0(monkeypatch):
    class Forgetful:
        directions = ("maximize",)

        def __init__(self, bench, **how):
            pass

        def __call__(self, trial):
            trial.suggest_float("x", 0.0, 1.0)
            trial.report(0.5, 1)
            trial.study.stop()
            return 0.5

    monkeypatch.setattr("benchmarks.harness.hosts.optuna.SurrogateObjective", Forgetful)
    monkeypatch.setattr(
        "benchmarks.harness.hosts.optuna.OptunaSpace.to_config", lambda space, params: params
    )
    with pytest.raises(ValueError, match="a method must say what it spent"):
        optimise(setting(), sampler=optuna.samplers.RandomSampler(seed=0))
