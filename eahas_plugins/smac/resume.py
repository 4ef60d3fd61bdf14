"""What must hold of a scenario and its folder before SMAC runs."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
from pathlib import Path
from typing import Any

from smac.runhistory import StatusType
from smac.scenario import Scenario

from eahas_plugins.budget.fence import Fence
from eahas_plugins.files import read_json_object, write_atomically
from eahas_plugins.smac.state import MAX_BYTES, SCENARIO, SPACE, is_whole


def with_crash_cost(scenario: Scenario, target: Any) -> Scenario:
    """The scenario with a finite cost of failed trials.

    Raises:
        ValueError: If only the user can know one.
    """
    costs = scenario.crash_cost
    costs = costs if isinstance(costs, list) else [costs]
    if all(math.isfinite(c) for c in costs):
        return scenario
    worst = getattr(target, "worst_cost", None)
    if worst is not None and scenario.count_objectives() == 1:
        return dataclasses.replace(scenario, crash_cost=float(worst))
    raise ValueError(
        f"crash_cost must be finite but got {scenario.crash_cost}: SMAC's model cannot learn from "
        "a failed trial otherwise. Give Scenario(crash_cost=...) the worst cost there is."
    )


_FREE = (
    "n_trials", "walltime_limit", "cputime_limit", "termination_cost_threshold", "n_workers",
    "name", "output_directory", "_meta.initial_design.n_configs",
)  # fmt: skip
"""What a run that goes on may have otherwise: how long it runs, by whom and where it lies. The size
of the initial design follows from ``n_trials``, and has been tried first."""
_IN_WORDS = {"_meta.runner.code": "code of the target function (edited, or run by another Python)"}


def take_over(scenario: Scenario, folder: Path, *, anew: bool) -> Fence:
    """Go on with a folder in place of whoever does, or refuse and leave it to them.

    Args:
        scenario: The scenario.
        folder: Its folder, absolute.
        anew: Whether what the folder holds is forgotten.

    Raises:
        RuntimeError: If the folder holds another run; one that must be restored is not refused yet.
    """
    if not anew and is_whole(folder):
        _refuse(folder, differences(scenario, folder))
    return Fence(folder)


def check_same_run(scenario: Scenario, folder: Path) -> None:
    """Refuse a folder with a run of other settings; SMAC would ask on stdin what to do.

    How long a run may last and where it lies are not settings of it: the scenario takes the place
    of the stored one, so that larger limits count, and a copied or renamed folder is the same run.

    Raises:
        RuntimeError: If the folder holds another run.
    """
    _refuse(folder, differences(scenario, folder))
    scenario.save()


def _refuse(folder: Path, other: list[str]) -> None:
    if other:
        settings = ", ".join(_IN_WORDS.get(path, path) for path in other)
        raise RuntimeError(
            f"the folder {folder} must hold the same run or none but holds one with other "
            f"{settings}: give the scenario another name, or overwrite=True to start anew."
        )


def differences(scenario: Scenario, folder: Path) -> list[str]:
    """In what a stored run differs from a scenario, so that it is not the same run."""
    stored = Scenario.make_serializable(Scenario.load(folder))
    wanted = Scenario.make_serializable(scenario)
    found = [path for path in _differences(stored, wanted) if path not in _FREE]
    known = read_json_object(folder / SPACE, limit=MAX_BYTES, allow_nan=True)
    # As JSON: a space that was read back is not always equal to itself (log integers).
    space = json.loads(json.dumps(scenario.configspace.to_serialized_dict()))
    parts = ("hyperparameters", "conditions", "forbiddens")
    return found + [f"configspace.{part}" for part in parts if known.get(part) != space[part]]


def adopt_unnamed(scenario: Scenario) -> None:
    """Let a scenario without a name go on with the run that it is, if there is one.

    SMAC names it after all its settings, limits included: with a larger ``n_trials`` it would be
    another run, and start anew beside the first.
    """
    folder = Path(scenario.output_directory)
    if folder.exists():
        return
    stored = folder.parent.parent.glob(f"*/{folder.name}/{SCENARIO}")
    for file in sorted(stored, key=lambda file: file.stat().st_mtime, reverse=True):
        with contextlib.suppress(ValueError, KeyError, TypeError, OSError):
            if not differences(scenario, file.parent):
                # As SMAC itself does with this frozen record when it finds the name.
                object.__setattr__(scenario, "name", file.parent.parent.name)
                object.__setattr__(scenario, "output_directory", file.parent)
                return


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
    stored = read_json_object(file, limit=MAX_BYTES, allow_nan=True)
    kept = [row for row in stored["data"] if row["status"] != StatusType.RUNNING]
    lost = len(stored["data"]) - len(kept)
    if not lost:
        return
    stored["data"] = kept
    stored["stats"]["running"] = 0
    stored["stats"]["submitted"] -= lost
    write_atomically(file, json.dumps(stored))  # as SMAC does: what users tell may be NaN
