from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Literal

from ConfigSpace import ConfigurationSpace
from hpbandster.core.nameserver import NameServer
from hpbandster.core.result import logged_results_to_HBS_result

from eahas_plugins.budget.entries import was_refused
from eahas_plugins.hpbandster import BOHB, EnergyBOHB, EnergyResultLogger, TargetWorker
from eahas_plugins.targets import EnergyTarget, SurrogateTarget
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
from tests.eahas_plugins.hpbandster.conftest import QUIET, within_time

RUN_ID = "contract"
# Few candidates per choice: drawing one takes HpBandSter a millisecond per hyperparameter.
RUNGS = {"min_budget": 1, "max_budget": 9, "num_samples": 8}


class HpBandSterDriver:
    """HpBandSter counts brackets, not trials: ``n_trials`` are the first ones of enough."""

    name = "hpbandster"
    unsupported: ClassVar[Mapping[str, str]] = {
        "ordinal relation": "a forbidden relation must not compare an ordinal but got",
    }

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
        weights = {} if weight is None else {"cooling": weight, "reward_exponent": -weight}
        logs = self._logs(folder)
        earlier = logged_results_to_HBS_result(str(logs[-1])) if logs else None
        with self._served(
            EnergyBOHB,
            self._target(problem),
            problem.space,
            folder,
            **RUNGS,
            seed=seed,
            budget_kwh=budget_kwh,
            previous_result=earlier,
            result_logger=EnergyResultLogger(str(folder / f"log{len(logs)}")),
            **weights,
        ) as master:
            within_time(lambda: master.run(n_iterations=_brackets(n_trials)))
        outcomes = itertools.chain.from_iterable(map(self._outcomes, self._logs(folder)))
        return list(itertools.islice(outcomes, n_trials))

    def plain(
        self, problem: ContractProblem, folder: Path, *, seed: int, n_trials: int
    ) -> list[Outcome]:
        with self._served(
            BOHB,
            self._target(problem),
            problem.space,
            folder,
            **RUNGS,
            seed=seed,
            result_logger=EnergyResultLogger(str(folder / "log0")),
        ) as master:
            within_time(lambda: master.run(n_iterations=_brackets(n_trials)))
        return list(itertools.islice(self._outcomes(folder / "log0"), n_trials))

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
        logs = self._logs(folder)
        earlier = logged_results_to_HBS_result(str(logs[-1])) if logs else None
        with self._served(
            EnergyBOHB,
            target,
            space(),
            folder,
            min_budget=SHORT,
            max_budget=LONG,
            eta=LONG / SHORT,
            seed=seed,
            budget_kwh=budget_kwh,
            price_kwh=price_kwh,
            previous_result=earlier,
            result_logger=EnergyResultLogger(str(folder / f"log{len(logs)}")),
            n_workers=n_workers,
        ) as master:
            within_time(lambda: master.run(min_n_workers=n_workers))
        return self.trained(folder)

    def trained(self, folder: Path) -> list[Trained]:
        return [trial for log in self._logs(folder) for trial in self._trained(log)]

    def best_x(self, folder: Path) -> float | None:
        result = logged_results_to_HBS_result(str(self._logs(folder)[-1]))
        number = result.get_incumbent_id()
        return None if number is None else result.get_id2config_mapping()[number]["config"]["x"]

    def run_folder(self, folder: Path) -> Path:
        return self._logs(folder)[-1]

    def checkpoints(self, folder: Path) -> Path:
        return folder / f"energy_{RUN_ID}" / "checkpoints"

    def n_kept(self, n_waiting: int) -> range:
        return range(LONG // SHORT + 1)  # of the rung that is not complete

    def _trained(self, log: Path) -> Iterator[Trained]:
        runs = logged_results_to_HBS_result(str(log)).get_all_runs()
        told = {(run.config_id, run.budget): run.info or {} for run in runs}
        for line, outcome in zip(self._lines(log), self._outcomes(log), strict=True):
            info = told.get((tuple(line["config_id"]), line["budget"]), {})
            yield Trained(
                x=outcome.config["x"],
                length=line["budget"],
                score=info.get(METRIC),
                size=info.get("size"),
                energy_kwh=outcome.energy_kwh,
                training_kwh=info.get("training_energy_kwh"),
                failed=outcome.failed,
            )

    def _target(self, problem: ContractProblem) -> SurrogateTarget:
        return (FragileTarget if problem.fragile else SurrogateTarget)(problem)

    @contextmanager
    def _served(
        self,
        kind: Any,
        target: SurrogateTarget | EnergyTarget,
        searched: ConfigurationSpace,
        folder: Path,
        n_workers: int = 1,
        **settings: Any,
    ) -> Iterator[Any]:
        server = NameServer(run_id=RUN_ID, host="127.0.0.1", port=0)
        host, port = server.start()
        where = {"run_id": RUN_ID, "nameserver": host, "nameserver_port": port, "logger": QUIET}
        try:
            for _ in range(n_workers):
                TargetWorker(target, id=uuid.uuid4().hex[:6], **where).run(background=True)
            master = kind(
                searched,
                working_directory=str(folder),
                ping_interval=1,
                **where,
                **settings,
            )
            try:
                yield master
            finally:
                master.shutdown(shutdown_workers=True)
        finally:
            server.shutdown()

    def _logs(self, folder: Path) -> list[Path]:
        return sorted(folder.glob("log*"), key=lambda path: int(path.name.removeprefix("log")))

    def _lines(self, log: Path) -> Iterator[dict[str, Any]]:
        rows = map(json.loads, (log / "results.json").read_text().splitlines())
        refused = {(tuple(row[0]), row[1]) for row in rows if was_refused(str(row[4]))}
        for line in map(json.loads, (log / "energy.json").read_text().splitlines()):
            if (tuple(line["config_id"]), line["budget"]) not in refused:
                yield line  # else it was given back before it trained: no energy was left for it

    def _outcomes(self, log: Path) -> Iterator[Outcome]:
        lines = (log / "configs.json").read_text().splitlines()
        configs = {tuple(key): config for key, config, _ in map(json.loads, lines)}
        for line in self._lines(log):
            config = configs[tuple(line["config_id"])]
            yield Outcome(
                config={**config, "budget": line["budget"]},
                energy_kwh=line["energy_kwh"] or 0.0,
                failed=line["failed"],
            )


def _brackets(n_trials: int | None) -> int | None:
    """Three brackets in turn have 13, 4 and 3 trials."""
    return None if n_trials is None else 3 * (1 + n_trials // 20)


DRIVER = HpBandSterDriver()
