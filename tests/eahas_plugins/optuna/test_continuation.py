"""Trials that pause and go on, in Optuna."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import FixedTrial, TrialState

from eahas_plugins.optuna import EnergyBudget, EnergyTracker, TrialCheckpoint, energy_study
from eahas_plugins.targets import EnergyTraining
from tests.eahas_plugins.meters import Counter
from tests.eahas_plugins.optuna.paused_trainings import (
    LONG,
    SHORT,
    Training,
    enqueue,
    journal,
    n_kept,
    new_study,
    objective,
)


def test_attributes_say_what_was_paid_and_by_whom() -> None:
    meter, study = Counter(), new_study()
    enqueue(study, SHORT, LONG)
    study.optimize(objective(meter), n_trials=2)
    first, second = (trial.user_attrs for trial in study.trials)
    assert (first["energy_kwh"], first["training_energy_kwh"]) == (SHORT, SHORT)
    assert first["energy_saved_kwh"] == SHORT
    assert "continues" not in first
    assert "energy_paid_kwh" not in first
    assert (second["energy_kwh"], second["energy_paid_kwh"]) == (LONG - SHORT, SHORT)
    assert (second["training_energy_kwh"], second["continues"]) == (LONG, 0)
    assert second["epochs"] == LONG
    assert sorted(study.trials[1].intermediate_values) == list(range(SHORT + 1, LONG + 1))
    assert n_kept(study) == 0  # at the largest length there is nothing to go on to


def test_the_difference_is_reserved() -> None:
    meter, study, seen = Counter(), new_study(), list[float | None]()

    def look(config: dict[str, Any], training: EnergyTraining) -> None:
        (running,) = study.get_trials(states=(TrialState.RUNNING,))
        seen.append(running.user_attrs.get("energy_reserved_kwh"))
        Training(meter)(config, training)

    for x in (0.1, 0.2):
        enqueue(study, SHORT, x=x)
    enqueue(study, LONG, x=0.1)
    enqueue(study, LONG, x=0.3)
    budget = EnergyBudget(100.0)
    study.optimize(budget.guard(objective(meter, look)), n_trials=4, callbacks=[budget])
    # Nothing is known at first; then what others have needed, the difference, and all of it.
    assert seen == [None, SHORT, LONG - SHORT, LONG]


def test_what_no_longer_fits_is_refused_by_its_difference() -> None:
    meter, study = Counter(), new_study()
    enqueue(study, SHORT, LONG)
    enqueue(study, LONG, x=0.3)
    budget = EnergyBudget(SHORT + LONG, shortfall="skip")
    study.optimize(budget.guard(objective(meter)), n_trials=3, callbacks=[budget])
    assert [t.state for t in study.trials[:2]] == [TrialState.COMPLETE] * 2
    assert study.trials[1].user_attrs["energy_kwh"] == LONG - SHORT
    assert all(t.state is TrialState.PRUNED for t in study.trials[2:])
    assert budget.spent_kwh(study) == LONG


def test_both_objectives_have_the_energy_of_the_whole_training() -> None:
    meter = Counter()
    both = objective(meter, objectives=("loss", "energy_kwh"))
    study = new_study(directions=both.directions)
    enqueue(study, SHORT, LONG)
    study.optimize(both, n_trials=2)
    assert [trial.values[1] for trial in study.trials] == [SHORT, LONG]


def test_a_failed_trial_leaves_its_newest_checkpoint_to_a_retry() -> None:
    meter, study = Counter(), new_study()
    enqueue(study, SHORT, LONG, LONG)
    failing = objective(meter, Training(meter, fails_at=5))
    study.optimize(failing, n_trials=2, catch=(RuntimeError,))
    assert study.trials[1].state is TrialState.FAIL
    assert study.trials[1].user_attrs["energy_kwh"] == 3.0
    assert study.trials[1].user_attrs["energy_saved_kwh"] == 4.0
    study.optimize(objective(meter), n_trials=1)
    retry = study.trials[2].user_attrs
    assert (retry["energy_kwh"], retry["energy_paid_kwh"], retry["continues"]) == (4.0, 4.0, 1)
    assert sum(t.user_attrs["energy_kwh"] for t in study.trials) == meter.energy_kwh - 100.0


def test_a_retry_that_inherits_attributes_tells_its_own() -> None:
    meter, study = Counter(), new_study()
    inherited = {"energy_paid_kwh": 99.0, "continues": 7, "energy_saved_kwh": 99.0}
    study.enqueue_trial({"x": 0.5, "epochs": SHORT}, user_attrs=inherited)
    study.optimize(objective(meter), n_trials=1)
    attrs = study.trials[0].user_attrs
    assert (attrs["energy_paid_kwh"], attrs["continues"], attrs["energy_saved_kwh"]) == (0, None, 2)


class At(optuna.pruners.BasePruner):
    def __init__(self, step: int) -> None:
        self.step = step

    def prune(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> bool:
        return trial.last_step == self.step


def test_what_a_pruner_ends_is_not_kept() -> None:
    meter, study = Counter(), new_study(pruner=At(4))
    enqueue(study, LONG)
    study.optimize(objective(meter), n_trials=1)
    assert study.trials[0].state is TrialState.PRUNED
    assert n_kept(study) == 0


def test_what_the_budget_ends_goes_on_when_there_is_more(tmp_path: Path) -> None:
    meter, study = Counter(), new_study(journal(tmp_path), study_name="own")
    enqueue(study, LONG, LONG)
    budget = EnergyBudget(4.0)
    study.optimize(budget.guard(objective(meter)), callbacks=[budget])
    assert study.trials[0].state is TrialState.PRUNED
    assert n_kept(study) == 1
    larger = EnergyBudget(40.0)
    again = optuna.load_study(storage=journal(tmp_path), study_name="own")
    again.optimize(larger.guard(objective(meter)), n_trials=1, callbacks=[larger])
    ended = again.trials[-1]
    assert (ended.state, ended.user_attrs["energy_kwh"]) == (TrialState.COMPLETE, 4.0)
    assert larger.spent_kwh(again) == LONG


def plain(meter: Counter, *, saves_each: bool = False) -> Any:
    def train(trial: Any) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        epochs = trial.suggest_categorical("epochs", [SHORT, LONG])
        with EnergyTracker(trial, meter=meter) as energy, TrialCheckpoint(trial, energy) as saved:
            state = saved.folder / "epoch"
            assert (int(state.read_text()) if saved.resumed else 0) == saved.epochs
            for epoch in range(saved.epochs + 1, epochs + 1):
                meter.energy_kwh += 1.0
                state.write_text(str(epoch))
                if saves_each:
                    saved.save(epochs=epoch)
                energy.report(x + 1.0 / epoch, step=epoch)
        return x + 1.0 / epochs

    return train


def test_an_objective_of_ones_own_goes_on_too() -> None:
    meter, study = Counter(), new_study()
    enqueue(study, SHORT, LONG)
    study.optimize(plain(meter), n_trials=2)
    first, second = (trial.user_attrs for trial in study.trials)
    assert (first["energy_saved_kwh"], first["training_energy_kwh"]) == (SHORT, SHORT)
    assert (second["energy_kwh"], second["continues"]) == (LONG - SHORT, 0)
    assert second["training_energy_kwh"] == LONG
    assert n_kept(study) == 0


def test_what_an_objective_saves_on_the_way_outlives_the_budget() -> None:
    meter, study = Counter(), new_study()
    enqueue(study, LONG, LONG)
    budget = EnergyBudget(5.0)
    study.optimize(budget.guard(plain(meter, saves_each=True)), callbacks=[budget])
    larger = EnergyBudget(50.0)
    study.optimize(larger.guard(plain(meter)), n_trials=1, callbacks=[larger])
    assert [t.user_attrs["energy_kwh"] for t in study.trials] == [5.0, 3.0]


def test_a_trial_of_no_study_trains_alone() -> None:
    assert plain(Counter())(FixedTrial({"x": 0.5, "epochs": SHORT})) == 1.0


def test_a_search_promotes_from_the_shortest_to_the_longest_and_pays_the_difference() -> None:
    meter = Counter()
    own = objective(meter, schedules=[SHORT, 4, LONG])
    study, budget = energy_study(kwh=120.0, directions=own.directions, seed=0)
    study.optimize(budget.guard(own), callbacks=[budget])
    done = [trial for trial in study.trials if trial.state is TrialState.COMPLETE]
    assert {trial.params["epochs"] for trial in done} == {SHORT, LONG}
    promoted = [trial for trial in done if "promoted_from" in trial.user_attrs]
    assert promoted
    for trial in promoted:
        told = trial.user_attrs
        assert told["continues"] == told["promoted_from"]
        assert (told["energy_paid_kwh"], told["energy_kwh"]) == (SHORT, LONG - SHORT)
    assert budget.spent_kwh(study) == pytest.approx(meter.energy_kwh - Counter.energy_kwh)


def test_what_is_wrong_is_said() -> None:
    trial = new_study().ask({"x": optuna.distributions.FloatDistribution(0.0, 1.0)})
    with EnergyTracker(trial, meter=Counter()) as energy:
        with pytest.raises(ValueError, match="'epochs' is None: suggest all parameters first"):
            TrialCheckpoint(trial, energy)
        saved = TrialCheckpoint(trial, energy, fidelity_param="x")
        with pytest.raises(RuntimeError, match="use the checkpoint inside"):
            saved.save(epochs=1)
        energy_meter = energy._meter
        assert isinstance(energy_meter, Counter)
        energy_meter.energy_kwh += 1.0
    with pytest.raises(ValueError, match="fidelity must be 'schedule' or 'continue'"):
        objective(Counter(), fidelity="cut")
    with pytest.raises(ValueError, match="fidelity_param must be given with fidelity 'continue'"):
        objective(Counter(), fidelity_param=None, schedules=None)


@pytest.mark.parametrize("lengths", [["2", "8"], [2, math.nan], [2.0, math.inf], [0, 2]])
def test_schedules_are_lengths(lengths: Any) -> None:
    with pytest.raises(ValueError, match="schedules must be lengths of trainings"):
        objective(Counter(), schedules=lengths)


def test_lengths_of_numpy_are_stored(tmp_path: Path) -> None:
    study = new_study(storage=f"sqlite:///{tmp_path / 'a.db'}")
    study.optimize(objective(Counter(), schedules=np.array([SHORT, LONG])), n_trials=1)
    assert study.trials[0].params["epochs"] in (SHORT, LONG)
