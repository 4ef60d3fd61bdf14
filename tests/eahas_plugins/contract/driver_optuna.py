from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from eahas_plugins.optuna import EnergyBudget, EnergyObjective, EnergyPrice, energy_study
from eahas_plugins.optuna.objective import SurrogateObjective
from eahas_plugins.optuna.samplers import EnergyTPESampler
from eahas_plugins.spaces import OptunaSpace
from tests.eahas_plugins.contract.own_training import (
    LENGTH,
    LONG,
    METRIC,
    SHORT,
    Trained,
    space,
)
from tests.eahas_plugins.contract.problem import AnyTraining, ContractProblem, Outcome

N_INITIAL = 6


class FragileObjective(SurrogateObjective):
    """Fails where the problem says so, with its energy written down."""

    def __call__(self, trial: optuna.Trial) -> Any:
        problem: Any = self.bench
        config = OptunaSpace(problem.space).suggest(trial)
        if problem.fails(config):
            trial.set_user_attr("energy_kwh", problem.burnt_when_failing(config))
            raise RuntimeError("the training diverged")
        return super().__call__(trial)


class OptunaDriver:
    name = "optuna"
    unsupported: ClassVar[Mapping[str, str]] = {}

    def run(
        self,
        problem: ContractProblem,
        folder: Path,
        *,
        budget_kwh: float,
        seed: int = 0,
        weight: float | None = None,
        n_trials: int | None = None,
    ) -> list[Outcome]:
        sampler = EnergyTPESampler(
            cooling=1.0 if weight is None else weight,
            budget_kwh=budget_kwh,
            seed=seed,
            n_startup_trials=N_INITIAL,
        )
        study = self._study(folder, "aware", sampler)
        budget = EnergyBudget(budget_kwh)
        study.optimize(
            budget.guard(self._objective(problem)),
            n_trials=n_trials,
            callbacks=[budget],
            catch=(RuntimeError,),
        )
        return self._outcomes(study, problem)

    def plain(
        self, problem: ContractProblem, folder: Path, *, seed: int, n_trials: int
    ) -> list[Outcome]:
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=N_INITIAL)
        study = self._study(folder, "plain", sampler)
        study.optimize(self._objective(problem), n_trials=n_trials, catch=(RuntimeError,))
        return self._outcomes(study, problem)

    def search(
        self,
        training: AnyTraining,
        folder: Path,
        *,
        budget_kwh: float,
        seed: int,
        fidelity: Literal["schedule", "continue"] = "schedule",
        n_workers: int = 1,
        price_kwh: float | None = None,
        checkpoints: Path | None = None,
    ) -> list[Trained]:
        objective = EnergyObjective(
            training,
            space(),
            metric=METRIC,
            direction=training.direction,
            fidelity_param=LENGTH,
            schedules=[SHORT, LONG],
            fidelity=fidelity,
            meter=training.meter,
            checkpoints=checkpoints,
        )
        study, budget = energy_study(
            budget_kwh,
            direction=training.direction,
            fidelity_param=LENGTH,
            storage=JournalStorage(JournalFileBackend(str(folder / "study.log"))),
            study_name="own",
            meter=training.meter,
            seed=seed,
            lease_s=10.0,
        )
        callbacks: list[Any] = [budget]
        if price_kwh is not None:
            callbacks.append(EnergyPrice(price_kwh, fidelity_param=LENGTH, schedules=[SHORT, LONG]))
        study.optimize(
            budget.guard(objective), callbacks=callbacks, catch=(Exception,), n_jobs=n_workers
        )
        return self.trained(folder)

    def trained(self, folder: Path) -> list[Trained]:
        return [
            Trained(
                x=trial.params["x"],
                length=trial.params[LENGTH],
                score=trial.user_attrs.get(METRIC) if trial.state != TrialState.FAIL else None,
                size=trial.user_attrs.get("size"),
                energy_kwh=trial.user_attrs["energy_kwh"],
                training_kwh=trial.user_attrs.get("training_energy_kwh"),
                failed=trial.state == TrialState.FAIL,
            )
            for trial in self._own(folder).trials
            if "energy_kwh" in trial.user_attrs and trial.params
        ]

    def best_x(self, folder: Path) -> float | None:
        study = self._own(folder)
        complete = study.get_trials(states=(TrialState.COMPLETE,))
        return study.best_params["x"] if complete else None

    def run_folder(self, folder: Path) -> Path:
        return folder / "study.log"

    def _own(self, folder: Path) -> optuna.Study:
        storage = JournalStorage(JournalFileBackend(str(folder / "study.log")))
        return optuna.load_study(study_name="own", storage=storage)

    def checkpoints(self, folder: Path) -> Path:
        (own,) = (folder / "study.log.checkpoints").glob("own-*")
        return own

    def n_kept(self, n_waiting: int) -> range:
        return range(n_waiting, n_waiting + 1)  # any of them may yet be promoted

    def _study(self, folder: Path, name: str, sampler: optuna.samplers.BaseSampler) -> optuna.Study:
        folder.mkdir(parents=True, exist_ok=True)
        return optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(folder / "study.log"))),
            study_name=name,
            sampler=sampler,
            pruner=optuna.pruners.NopPruner(),
            direction="maximize",
            load_if_exists=True,
        )

    def _objective(self, problem: ContractProblem) -> SurrogateObjective:
        return (FragileObjective if problem.fragile else SurrogateObjective)(problem)

    def _outcomes(self, study: optuna.Study, problem: ContractProblem) -> list[Outcome]:
        space = OptunaSpace(problem.space)
        found = []
        for trial in study.trials:
            forbidden = trial.state == TrialState.PRUNED and "energy_kwh" in trial.user_attrs
            if forbidden and trial.user_attrs["energy_kwh"] == 0.0:
                continue  # given back before it trained: forbidden, or no energy left for it
            found.append(
                Outcome(
                    config=space.to_config(trial.params),
                    energy_kwh=trial.user_attrs.get("energy_kwh", 0.0),
                    failed=trial.state == TrialState.FAIL,
                )
            )
        return found


DRIVER = OptunaDriver()
