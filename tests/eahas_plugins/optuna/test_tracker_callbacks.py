"""Callbacks that know only the trial: they call its ``report`` and ``should_prune``."""

import pickle

import numpy as np
import optuna
import pytest
import xgboost

from eahas_plugins.energy import CpuTimeMeter, FakeMeter
from eahas_plugins.optuna import EnergyBudget, EnergyBudgetPruner, EnergyTracker

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


@pytest.fixture(autouse=True)
def own_roster(tmp_path, monkeypatch):
    monkeypatch.setenv("EAHAS_ENERGY_DIR", str(tmp_path / "roster"))


class PruningCallback(xgboost.callback.TrainingCallback):
    """What the callbacks of ``optuna-integration`` do after a round, an epoch or a validation."""

    def __init__(self, trial):
        super().__init__()
        self.trial = trial
        self.seen_kwh = []

    def after_iteration(self, model, epoch, evals_log):
        self.trial.report(evals_log["valid"]["rmse"][-1], step=epoch)
        pruned = self.trial.should_prune()
        self.seen_kwh.append(self.trial.user_attrs["energy_kwh"])
        if pruned:
            raise optuna.TrialPruned(f"Trial was pruned at iteration {epoch}.")
        return False


def boost(trial, n_rounds=8):
    rng = np.random.default_rng(0)
    data = xgboost.DMatrix(rng.random((200, 4)), rng.random(200))
    callback = PruningCallback(trial)
    try:
        xgboost.train(
            {"nthread": 1},
            data,
            n_rounds,
            evals=[(data, "valid")],
            verbose_eval=False,
            callbacks=[callback],
        )
    finally:
        trial.set_user_attr("seen_kwh", callback.seen_kwh)
    return 0.0


def objective(trial):
    meter = CpuTimeMeter(watts_per_core=3.6e6, idle_watts=0.0)  # 1 kWh per CPU second
    with EnergyTracker(trial, meter=meter):
        return boost(trial)


def test_every_round_of_xgboost_records_the_energy():
    study = optuna.create_study()
    study.optimize(objective, n_trials=1)
    (trial,) = study.trials
    seen = trial.user_attrs["seen_kwh"]
    assert len(seen) == 8
    assert seen == sorted(seen)
    assert 0.0 < seen[0] < seen[-1] <= trial.user_attrs["energy_kwh"]


def test_the_budget_ends_a_training_that_only_the_callback_reports():
    study = optuna.create_study()
    budget = EnergyBudget(kwh=1e-6)  # less than one round
    study.optimize(budget.guard(objective), callbacks=[budget], n_trials=20)
    (trial,) = study.trials
    assert trial.state.name == "PRUNED"
    assert len(trial.user_attrs["seen_kwh"]) == 1


def test_a_pruner_by_energy_ends_a_training_that_only_the_callback_reports():
    meter = FakeMeter()

    def steps(trial):
        with EnergyTracker(trial, meter=meter):
            for step in range(10):
                meter.advance(kwh=1.0)
                trial.report(0.5, step)
                if trial.should_prune():
                    raise optuna.TrialPruned
        return 0.0

    pruner = EnergyBudgetPruner(optuna.pruners.NopPruner(), trial_limit_kwh=3.0)
    study = optuna.create_study(pruner=pruner)
    study.optimize(steps, n_trials=1)
    assert study.trials[0].user_attrs["energy_kwh"] == pytest.approx(3.0, abs=1.0)
    assert study.trials[0].state.name == "PRUNED"


def test_a_training_that_never_asks_is_ended_by_the_budget_a_step_later():
    meter = FakeMeter()

    def steps(trial):
        with EnergyTracker(trial, meter=meter):
            for step in range(10):
                meter.advance(kwh=1.0)
                trial.report(0.5, step)
        return 0.0

    study = optuna.create_study()
    budget = EnergyBudget(kwh=2.5)
    study.optimize(budget.guard(steps), callbacks=[budget], n_trials=20)
    assert study.trials[0].user_attrs["energy_kwh"] <= 4.0
    assert len(study.trials) == 1


def test_a_question_alone_records_the_energy():
    meter, trial = FakeMeter(), optuna.create_study().ask()
    with EnergyTracker(trial, meter=meter):
        for step in range(3):
            meter.advance(kwh=1.0)
            assert not trial.should_prune()
            assert trial.user_attrs["energy_kwh"] == step + 1.0


def test_each_step_is_recorded_once():
    class Counting(FakeMeter):
        reads = 0

        def read(self):
            self.reads += 1
            return super().read()

    meter, trial = Counting(), optuna.create_study().ask()
    with EnergyTracker(trial, meter=meter) as energy:
        meter.advance(kwh=1.0)
        before = meter.reads
        energy.report(0.5, step=0)
        assert meter.reads == before + 1
        trial.report(0.5, step=1)
        trial.should_prune()
        assert meter.reads == before + 2


def test_outside_the_with_the_trial_is_as_it_was():
    meter, trial = FakeMeter(), optuna.create_study().ask()
    before = dict(vars(trial))
    with EnergyTracker(trial, meter=meter):
        assert vars(trial) != before
        meter.advance(kwh=1.0)
    assert vars(trial) == before


def test_a_trial_can_still_travel_to_another_process(tmp_path):
    study = optuna.create_study(storage=f"sqlite:///{tmp_path}/study.db")
    meter, trial = FakeMeter(), study.ask()
    with EnergyTracker(trial, meter=meter):
        meter.advance(kwh=1.0)
        other = pickle.loads(pickle.dumps(trial))
        other.report(0.5, step=3)
        assert not other.should_prune()
    assert study.trials[0].intermediate_values == {3: 0.5}
