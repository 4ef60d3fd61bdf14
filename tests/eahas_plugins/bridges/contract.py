"""What every bridge does, with the real library and an estimate of its real energy."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import optuna
import pytest

from eahas_plugins.energy import CpuTimeMeter
from eahas_plugins.optuna import EnergyBudget, EnergyObjective
from eahas_plugins.targets import EnergyTarget, EnergyTraining

N_EPOCHS = 6
METER = CpuTimeMeter(watts_per_core=10.0, idle_watts=0.0)


class NotTheFirst(optuna.pruners.BasePruner):
    """Ends the second trial at its second report."""

    def prune(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> bool:
        return trial.number > 0 and len(trial.intermediate_values) > 1


class Contract:
    """A test class of a bridge says how to train ``config["epochs"]`` epochs with the library."""

    metric: ClassVar[str]
    reported_as: ClassVar[dict[str, Any]] = {"metric": "loss", "direction": "minimize"}
    per_report = 1

    def train(self, config: dict[str, Any], training: EnergyTraining, metric: str) -> None:
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _apart(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EAHAS_ENERGY_DIR", str(tmp_path / "roster"))
        monkeypatch.chdir(tmp_path)

    def target(self, **arguments: Any) -> tuple[EnergyTarget, list[EnergyTraining]]:
        trainings = []

        def train(config: dict[str, Any], training: EnergyTraining) -> None:
            trainings.append(training)
            self.train({"epochs": N_EPOCHS, **config}, training, self.metric)
            self.files = list(training.checkpoint.rglob("*"))

        return EnergyTarget(train, METER, **self.reported_as, **arguments), trainings

    def objective(self, *schedules: int, **arguments: Any) -> EnergyObjective:
        lengths = schedules or (N_EPOCHS,)
        return EnergyObjective(
            lambda config, training: self.train(config, training, self.metric),
            lambda trial: {
                "x": trial.suggest_float("x", 0.0, 1.0),
                "epochs": trial.suggest_categorical("epochs", lengths),
            },
            **self.reported_as,
            fidelity_param="epochs",
            meter=METER,
            **arguments,
        )

    def test_optuna_gets_every_epoch_and_its_pruner_ends_a_training(self) -> None:
        objective = self.objective()
        study = optuna.create_study(directions=objective.directions, pruner=NotTheFirst())
        study.optimize(objective, n_trials=2)
        whole, pruned = study.trials
        steps = range(self.per_report, N_EPOCHS + 1, self.per_report)
        assert sorted(whole.intermediate_values) == list(steps)
        assert whole.value == whole.intermediate_values[N_EPOCHS]
        assert whole.state.name == "COMPLETE"
        assert pruned.state.name == "PRUNED"
        assert sorted(pruned.intermediate_values) == list(steps)[:2]
        assert pruned.user_attrs["energy_kwh"] > 0.0
        assert whole.user_attrs["energy_kwh"] > 0.0

    def test_an_empty_budget_ends_a_training_after_its_first_epoch(self) -> None:
        objective = self.objective()
        study = optuna.create_study(directions=objective.directions)
        budget = EnergyBudget(1e-15)
        study.optimize(budget.guard(objective), callbacks=[budget], n_trials=3)
        (trial,) = study.trials
        assert trial.state.name == "PRUNED"
        assert sorted(trial.intermediate_values) == [self.per_report]

    def test_a_promotion_goes_on_from_the_checkpoint(self, tmp_path: Path) -> None:
        target, trainings = self.target(fidelity="continue", checkpoints=tmp_path / "kept")
        first, short = target({"x": 0.5}, budget=2.0)
        second, rest = target({"x": 0.5}, budget=float(N_EPOCHS))
        assert (short["epochs"], rest["epochs"]) == (2, N_EPOCHS)
        assert [training.resumed for training in trainings] == [False, True]
        counts = [len(training.reported) for training in trainings]
        assert counts == [2 // self.per_report, (N_EPOCHS - 2) // self.per_report]
        assert rest["training_energy_kwh"] > rest["energy_kwh"] > 0.0
        anew, _ = self.target()[0]({"x": 0.5})
        assert second != first
        assert second == pytest.approx(anew, rel=1e-5)
        left = [path.name.partition("-")[0] for path in (tmp_path / "kept").glob("*/*")]
        assert sorted(left) == ["latest.json", "saved"]

    def test_a_promoted_trial_of_optuna_goes_on_from_the_checkpoint(self) -> None:
        objective = self.objective(2, N_EPOCHS, fidelity="continue")
        study = optuna.create_study(directions=objective.directions)
        for length in (2, N_EPOCHS):
            study.enqueue_trial({"x": 0.5, "epochs": length})
        study.optimize(objective, n_trials=2)
        first, second = study.trials
        assert second.user_attrs["continues"] == first.number
        assert min(second.intermediate_values) == 2 + self.per_report
        anew = self.objective()(optuna.trial.FixedTrial({"x": 0.5, "epochs": N_EPOCHS}))
        assert second.value == pytest.approx(anew, rel=1e-5)

    def test_nothing_is_saved_where_nothing_goes_on(self) -> None:
        target, _ = self.target(fidelity="schedule", fidelity_param="epochs")
        target({"x": 0.5}, budget=float(N_EPOCHS))
        assert self.files == []

    def test_an_unknown_metric_names_the_known_ones(self) -> None:
        def train(config: dict[str, Any], training: EnergyTraining) -> None:
            self.train({**config, "epochs": 2}, training, "no_such")

        target = EnergyTarget(train, METER, **self.reported_as)
        with pytest.raises(ValueError, match=rf"(?i)'{self.metric}'.*got 'no_such'"):
            target({"x": 0.5})
