"""Methods hosted by HpBandSter, with its master, name server and one worker in this process."""

from __future__ import annotations

import logging
import math
import tempfile
import uuid
from typing import Any, Literal

from ConfigSpace import ConfigurationSpace
from hpbandster.core.nameserver import NameServer

from benchmarks.harness.bench import SCHEDULE, HasSpace, SeededBench, longest_schedule
from benchmarks.harness.live import LiveBench
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.budget.entries import was_refused
from eahas_plugins.hpbandster import EnergyBOHB, EnergyWorker, SurrogateWorker, TargetWorker
from eahas_plugins.targets.schedules import schedules_of, without

_HOST = "127.0.0.1"


def optimise_hpbandster(
    setting: Setting,
    *,
    fidelity: Literal["cut", "schedule"],
    cooling: float = 0.0,
    reward_exponent: float = 0.0,
    short_until: float = 1.0,
) -> list[Evaluation]:
    """Run BOHB until the energy is spent, in a folder that is deleted afterwards.

    Cut trainings have the paper's rungs, from 4 of 200 epochs (here a fiftieth) upwards with
    factor 3; complete schedules are rungs as they are.

    Args:
        setting: What the method is given.
        fidelity: Whether a rung cuts a training or is a complete schedule.
        cooling: Weight of predicted energy in BOHB's ratio; 0 is its own choice.
        reward_exponent: Exponent of the energy in promotions; 0 is BOHB's own.
        short_until: Part of the budget after which new configurations go to the highest rung at
            once; 1 is BOHB's own.
    """
    setting.check_one_objective("HpBandSter")
    if fidelity == "schedule":
        setting.check_starts_anew("HpBandSter")
    bench = setting.bench
    run_id = f"study-{setting.seed}-{uuid.uuid4().hex[:8]}"
    quiet = logging.getLogger("benchmarks.hpbandster")
    quiet.setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        names = NameServer(run_id=run_id, host=_HOST, port=0, working_directory=folder)
        host, port = names.start()
        where: dict[str, Any] = {
            "run_id": run_id,
            "nameserver": host,
            "nameserver_port": port,
            "host": _HOST,
            "logger": quiet,
        }
        try:
            worker, space = _worker(bench, fidelity, where)
            worker.run(background=True)
            bohb = EnergyBOHB(
                space,
                budget_kwh=setting.budget_kwh,
                cooling=cooling,
                reward_exponent=reward_exponent,
                short_until=short_until,
                working_directory=folder,
                seed=setting.host_seed,
                **_rungs(bench, fidelity),
                **where,
            )
            try:
                result = bohb.run()
            finally:
                bohb.shutdown(shutdown_workers=True)
        finally:
            names.shutdown()
    configs = result.get_id2config_mapping()
    found = []
    for run in sorted(result.get_all_runs(), key=lambda run: run.time_stamps["finished"]):
        if was_refused(run.error_logs):
            break  # here the paper's studies end; a cheaper one that might still fit is not awaited
        config = dict(configs[run.config_id]["config"])
        if fidelity == "schedule":
            config[SCHEDULE] = round(run.budget)
        planned = config.get(SCHEDULE, math.inf)  # a rung beyond the schedule trains no further
        found.append(
            Evaluation(
                config=config,
                energy_kwh=float(run.info["energy_kwh"]),
                epochs=int(min(run.info["epochs"], planned)),
                outcome=bench.outcome(config, run.info) if isinstance(bench, LiveBench) else None,
            )
        )
    return found


def _worker(
    bench: SeededBench | LiveBench, fidelity: Literal["cut", "schedule"], where: dict[str, Any]
) -> tuple[TargetWorker, ConfigurationSpace]:
    """A worker, and what its master searches."""
    if not isinstance(bench, LiveBench):
        replayed = SurrogateWorker(bench, fidelity=fidelity, **where)
        return replayed, replayed.target.space
    planned = fidelity == "schedule"
    worker = EnergyWorker(
        bench.train,
        meter=bench.meter,
        fidelity="schedule" if planned and not bench.goes_on else "continue",
        fidelity_param=SCHEDULE if planned else None,
        metric=bench.metric.name,
        direction=bench.direction,
        **where,
    )
    return worker, without(bench.space, SCHEDULE) if planned else bench.space


def _rungs(bench: HasSpace, fidelity: Literal["cut", "schedule"]) -> dict[str, Any]:
    if fidelity == "schedule":
        lengths = schedules_of(bench.space, SCHEDULE, required=True)
        eta = float(lengths[1] / lengths[0]) if len(lengths) > 1 else 2.0
        return {"min_budget": lengths[0], "max_budget": lengths[-1], "eta": eta}
    highest = longest_schedule(bench)
    return {"min_budget": max(1.0, highest * 4 / 200), "max_budget": highest, "eta": 3.0}
