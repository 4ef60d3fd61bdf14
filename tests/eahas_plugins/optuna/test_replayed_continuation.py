"""Replayed trainings that go on: what a trial pays, and what it says of it."""

from __future__ import annotations

from typing import Any

import optuna
import pytest
from optuna.trial import FixedTrial, TrialState

from eahas_plugins.optuna import EnergyBudget, SurrogateObjective, ea_bohb
from tests.eahas_plugins.optuna.bench import Bench, Curves


class Prefixes(Bench):
    """Short trainings are the beginnings of longer ones."""

    def query(self, config: Any, *, seed: int | None = None) -> Curves:
        n = int(config["max_epoch"])
        whole = super().query({**config, "max_epoch": 20}, seed=seed)
        return Curves(
            val_accuracy=whole.val_accuracy[:n],
            test_accuracy=whole.test_accuracy[:n],
            energy_kwh=None if whole.energy_kwh is None else whole.energy_kwh[:n],
            runtime_s=whole.runtime_s[:n],
            inference_energy_kwh=whole.inference_energy_kwh,
        )


def objective(**how: Any) -> SurrogateObjective:
    return SurrogateObjective(Prefixes(**how), fidelity="continue")


def run(*trained: tuple[int, int], energy: bool = True, **how: Any) -> list[Any]:
    study = optuna.create_study(direction="maximize", **how)
    for width, epochs in trained:
        study.enqueue_trial({"width": width, "max_epoch": epochs})
    study.optimize(objective(energy=energy), n_trials=len(trained))
    return study.trials


def test_a_longer_training_goes_on_from_the_longest_shorter_one() -> None:
    trials = run((8, 5), (16, 5), (8, 10), (8, 20))
    told = [trial.user_attrs for trial in trials]
    assert [t.get("continues") for t in told] == [None, None, 0, 2]
    assert [t["energy_kwh"] for t in told] == pytest.approx([0.04, 0.08, 0.04, 0.08])
    assert [t["energy_reserved_kwh"] for t in told] == pytest.approx([0.04, 0.08, 0.04, 0.08])
    assert [t.get("energy_paid_kwh", 0.0) for t in told] == pytest.approx([0.0, 0.0, 0.04, 0.08])
    assert [t["training_energy_kwh"] for t in told] == pytest.approx([0.04, 0.08, 0.08, 0.16])
    assert [t["energy_saved_kwh"] for t in told] == [t["training_energy_kwh"] for t in told]
    assert [t["runtime_s"] for t in told] == pytest.approx([50.0, 50.0, 50.0, 100.0])
    assert [t["epochs"] for t in told] == [5, 5, 10, 20]
    assert list(trials[3].intermediate_values) == list(range(11, 21))
    whole = Prefixes().query({"width": 8, "max_epoch": 20}).val_accuracy
    assert [t.value for t in trials if t.params["width"] == 8] == list(whole[[4, 9, 19]])


def test_what_is_as_long_or_shorter_is_trained_from_its_start() -> None:
    told = [trial.user_attrs for trial in run((8, 10), (8, 10), (8, 5))]
    assert [t["energy_kwh"] for t in told] == pytest.approx([0.08, 0.08, 0.04])
    assert all("continues" not in t for t in told)


def test_what_a_pruner_has_ended_is_gone() -> None:
    pruner = optuna.pruners.ThresholdPruner(upper=0.0)
    trials = run((8, 5), (8, 10), pruner=pruner)
    assert {trial.state for trial in trials} == {TrialState.PRUNED}
    assert "continues" not in trials[1].user_attrs
    assert trials[1].user_attrs["energy_kwh"] == pytest.approx(0.008)


def test_without_energy_nothing_is_said_of_it() -> None:
    told = run((8, 5), (8, 20), energy=False)[1].user_attrs
    assert told["continues"] == 0
    assert not [name for name in told if name.endswith("kwh") and name != "energy_paid_kwh"]


def test_a_fixed_trial_trains_alone() -> None:
    fixed = FixedTrial({"width": 8, "max_epoch": 20})
    assert objective()(fixed) == Prefixes().query(fixed.params).val_accuracy[-1]
    assert fixed.user_attrs["energy_kwh"] == pytest.approx(0.16)


def test_a_search_pays_the_difference_and_keeps_to_its_budget() -> None:
    budget = EnergyBudget(kwh=2.0)
    sampler, _ = ea_bohb(seed=0, n_startup_trials=4)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.optimize(budget.guard(objective()), n_trials=60, callbacks=[budget])
    trials = [t for t in study.trials if t.state is TrialState.COMPLETE]
    went_on = [t for t in trials if "continues" in t.user_attrs]
    assert went_on
    for trial in went_on:
        whole = Prefixes().query(trial.params).energy_kwh
        told = trial.user_attrs
        assert told["energy_kwh"] + told["energy_paid_kwh"] == pytest.approx(whole[-1])
    spent = sum(t.user_attrs["energy_kwh"] for t in study.trials)
    assert spent <= 2.0 * (1.0 + 1e-9)
    assert spent == pytest.approx(budget.spent_kwh(study))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"fidelity": "cut"}, "fidelity must be 'schedule' or 'continue' but got 'cut'"),
        ({"noise_seed": 1}, "noise_seed must be None with fidelity 'continue' but got 1"),
        ({"fidelity_param": "epochs"}, "fidelity_param must be in the space but 'epochs' is not"),
    ],
)
def test_what_is_wrong_is_said(how: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SurrogateObjective(Prefixes(), **{"fidelity": "continue", **how})
