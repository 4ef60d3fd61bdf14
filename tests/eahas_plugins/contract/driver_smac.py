from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import joblib
from smac import MultiFidelityFacade, Scenario
from smac.runhistory import RunHistory, StatusType

from eahas_plugins.smac import (
    EnergyHyperband,
    EnergyMultiFidelityFacade,
    EnergyTarget,
    SurrogateTarget,
    energy_scenario,
)
from eahas_plugins.spaces import native_config
from tests.eahas_plugins.contract.fragile import FragileTarget
from tests.eahas_plugins.contract.own_training import (
    LENGTH,
    LONG,
    METRIC,
    SHORT,
    Trained,
    space,
)
from tests.eahas_plugins.contract.problem import AnyTraining, ContractProblem, Outcome
from tests.eahas_plugins.smac.helpers import QUIET, forest, maximizer

N_STARTUP_TRIALS = 6


class SmacDriver:
    name = "smac"
    unsupported: ClassVar[Mapping[str, str]] = {}

    def __init__(self) -> None:
        self._best_x: dict[Path, float] = {}

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
        target, parts = self._parts(problem, folder, seed, n_trials, "aware")
        weights = {} if weight is None else {"reward_exponent": weight, "cooling": weight}
        scenario = parts.pop("scenario")
        facade = EnergyMultiFidelityFacade(
            scenario,
            target,
            budget_kwh=budget_kwh,
            n_startup_trials=N_STARTUP_TRIALS,
            **weights,
            **parts,
        )
        return self._optimized(facade)

    def plain(
        self, problem: ContractProblem, folder: Path, *, seed: int, n_trials: int
    ) -> list[Outcome]:
        target, parts = self._parts(problem, folder, seed, n_trials, "plain")
        scenario = parts.pop("scenario")
        design = MultiFidelityFacade.get_initial_design(
            scenario, n_configs=N_STARTUP_TRIALS, max_ratio=1.0
        )
        return self._optimized(
            MultiFidelityFacade(scenario, target, initial_design=design, **parts)
        )

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
        target = EnergyTarget(
            training,
            training.meter,
            fidelity=fidelity,
            fidelity_param=LENGTH,
            metric=METRIC,
            direction=training.direction,
            checkpoints=checkpoints,
        )
        scenario = Scenario(
            space(),
            name="own",
            output_directory=folder,
            seed=seed,
            deterministic=True,
            min_budget=SHORT,
            max_budget=LONG,
            n_trials=1000,
            crash_cost=200.0,
            n_workers=n_workers,
        )
        eta = {"intensifier": EnergyHyperband(scenario, LONG // SHORT)}
        facade = EnergyMultiFidelityFacade(
            scenario,
            target,
            budget_kwh=budget_kwh,
            price_kwh=price_kwh,
            logging_level=QUIET,
            **(eta if fidelity == "continue" else {}),
        )
        with joblib.parallel_config(backend="sequential"):
            best: Any = facade.optimize()
        self._best_x[folder] = best["x"]
        return self.trained(folder)

    def trained(self, folder: Path) -> list[Trained]:
        history = RunHistory()
        (file,) = folder.glob("own/*/runhistory.json")
        history.load(file, space())
        return [
            Trained(
                x=history.get_config(key.config_id)["x"],
                length=key.budget or 0.0,
                score=value.additional_info.get(METRIC),
                size=value.additional_info.get("size"),
                energy_kwh=value.additional_info["energy_kwh"],
                training_kwh=value.additional_info.get("training_energy_kwh"),
                failed=value.status == StatusType.CRASHED,
            )
            for key, value in history.items()
        ]

    def best_x(self, folder: Path) -> float | None:
        return self._best_x.get(folder)

    def run_folder(self, folder: Path) -> Path:
        return folder / "own"

    def checkpoints(self, folder: Path) -> Path:
        return folder / "own" / "checkpoints"

    def n_kept(self, n_waiting: int) -> range:
        return range(LONG // SHORT + 1)  # of the rung that is not complete

    def _parts(
        self, problem: ContractProblem, folder: Path, seed: int, n_trials: int | None, name: str
    ) -> tuple[SurrogateTarget, dict[str, Any]]:
        target = (FragileTarget if problem.fragile else SurrogateTarget)(problem)
        scenario = energy_scenario(
            target,
            name=name,
            output_directory=folder,
            seed=seed,
            min_budget=1.5,
            max_budget=9,
            n_trials=n_trials or 1000,
        )
        return target, {
            "scenario": scenario,
            "acquisition_maximizer": maximizer(scenario),
            "model": forest(scenario),
            "logging_level": QUIET,
        }

    def _optimized(self, facade: Any) -> list[Outcome]:
        with joblib.parallel_config(backend="sequential"):
            facade.optimize()
        history: RunHistory = facade.runhistory
        return [
            Outcome(
                config={**native_config(history.get_config(key.config_id)), "budget": key.budget},
                energy_kwh=value.additional_info.get("energy_kwh", 0.0),
                failed=value.status == StatusType.CRASHED,
            )
            for key, value in history.items()
        ]


DRIVER = SmacDriver()
