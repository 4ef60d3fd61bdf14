"""What must hold of a scenario and its folder before SMAC runs."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

from smac.runhistory import StatusType
from smac.scenario import Scenario

from eahas_plugins.targets.estimate import EstimatesEnergy


def with_crash_cost(scenario: Scenario, target: Any) -> Scenario:
    """The scenario with a finite cost of failed trials.

    Raises:
        ValueError: If only the user can know one.
    """
    costs = scenario.crash_cost
    costs = costs if isinstance(costs, list) else [costs]
    if all(math.isfinite(c) for c in costs):
        return scenario
    if isinstance(target, EstimatesEnergy) and scenario.count_objectives() == 1:
        return dataclasses.replace(scenario, crash_cost=1.0)
    raise ValueError(
        f"crash_cost must be finite but got {scenario.crash_cost}: SMAC's model cannot learn from "
        "a failed trial otherwise. Give Scenario(crash_cost=...) the worst cost there is."
    )


def check_same_run(scenario: Scenario) -> None:
    """Refuse a folder with a run of other settings; SMAC would ask on stdin what to do.

    Raises:
        RuntimeError: If it holds one.
    """
    folder = Path(scenario.output_directory)
    files = ("optimization.json", "runhistory.json", "intensifier.json", "scenario.json")
    if not all((folder / name).exists() for name in files):
        return
    stored = Scenario.make_serializable(Scenario.load(folder))
    wanted = Scenario.make_serializable(scenario)
    if stored != wanted:
        raise RuntimeError(
            f"the folder {folder} must hold the same run or none but holds one with other "
            f"{', '.join(_differences(stored, wanted))}: give the scenario another name, or "
            "overwrite=True to start anew."
        )


def _differences(stored: Any, wanted: Any, path: str = "") -> list[str]:
    if not (isinstance(stored, dict) and isinstance(wanted, dict)):
        return [path] if stored != wanted else []
    found = []
    for key in sorted({*stored, *wanted}):
        inner = f"{path}.{key}" if path else str(key)
        found += _differences(stored.get(key), wanted.get(key), inner)
    return found


def requeue_lost(file: Path) -> None:
    """Forget trials that were running when a run was killed, so that they are run again.

    SMAC would wait for them for ever. What they burnt is in the journal.
    """
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):  # killed while SMAC wrote it
        return
    kept = [row for row in stored["data"] if row["status"] != StatusType.RUNNING]
    lost = len(stored["data"]) - len(kept)
    if not lost:
        return
    stored["data"] = kept
    stored["stats"]["running"] = 0
    stored["stats"]["submitted"] -= lost
    partial = file.with_suffix(".part")
    partial.write_text(json.dumps(stored), encoding="utf-8")
    partial.replace(file)
