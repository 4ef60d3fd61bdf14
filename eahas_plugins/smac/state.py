"""SMAC's files as one state on disk: whole at any moment, whatever dies while they are written.

SMAC writes five files in place, three of them after every trial; a process that is killed meanwhile
leaves one that cannot be read, or files that do not belong together. Here they are replaced whole,
and a copy of all five, written at once, is what a run goes back to.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ConfigSpace import ConfigurationSpace
from smac.scenario import Scenario

from eahas_plugins.budget.fence import Fence
from eahas_plugins.files import json_object, read_json_object, write_atomically, write_json
from eahas_plugins.smac._compat import EnergySMBO

log = logging.getLogger(__name__)

HISTORY, INTENSIFIER, PROGRESS = "runhistory.json", "intensifier.json", "optimization.json"
SCENARIO, SPACE = "scenario.json", "configspace.json"
LAST_STATE = "last_state.json"
"""The last whole state: the texts of the five files, by name."""

_WRITTEN = (HISTORY, INTENSIFIER, PROGRESS)
_FILES = (*_WRITTEN, SCENARIO, SPACE)
_KEYS = {
    HISTORY: ("stats", "data", "configs"),
    INTENSIFIER: ("incumbent_ids", "rejected_config_ids", "trajectory", "state"),
    PROGRESS: ("used_walltime", "used_target_function_walltime", "finished"),
    SCENARIO: ("seed", "n_trials", "_meta"),
    SPACE: ("hyperparameters",),
}
MAX_BYTES = 1 << 30
"""Size of one of the files: a history has a few hundred bytes per trial."""


class DurableSMBO(EnergySMBO):
    """SMAC's main loop, whose files are never seen half written, nor in another folder."""

    def __init__(self, scenario: Scenario, *args: Any, fence: Fence, **kwargs: Any) -> None:
        # Trainings may change the working directory; SMAC saves as soon as this is made.
        self._folder = Path(scenario.output_directory).absolute()
        self._fence = fence
        super().__init__(scenario, *args, **kwargs)

    def save(self) -> None:
        """Replace SMAC's files, and the copy of all of them, by what is known now.

        Raises:
            RuntimeError: If another facade goes on with the run since.
        """
        self._fence.check()
        try:
            self._write_state(self._folder)
        except FileNotFoundError:  # who goes on with the run has cleared what was half written
            self._fence.check()
            raise

    def _write_state(self, folder: Path) -> None:
        part = folder / f".saving-{os.getpid()}"
        part.mkdir(parents=True, exist_ok=True)
        self.runhistory.save(part / HISTORY)
        self.intensifier.save(part / INTENSIFIER)
        progress = {
            "used_walltime": self.used_walltime,
            "used_target_function_walltime": self.used_target_function_walltime,
            "used_target_function_cputime": self.used_target_function_cputime,
            "last_update": time.time(),
            "finished": self.finished,
        }
        (part / PROGRESS).write_text(json.dumps(progress, indent=2), encoding="utf-8")
        texts = {
            name: ((part if name in _WRITTEN else folder) / name).read_text(encoding="utf-8")
            for name in _FILES
        }
        write_json(folder / LAST_STATE, texts)
        for name in _WRITTEN:  # the intensifier's refers to the history's: that one first
            (part / name).replace(folder / name)
        part.rmdir()


def restore(folder: Path, *, spent_kwh: float) -> bool:
    """Make sure that SMAC's files in a folder are whole, from the last whole state if need be.

    Args:
        folder: The run's folder.
        spent_kwh: Energy that is known to have been spent there, kWh.

    Returns:
        Whether there is a run to go on with.

    Raises:
        RuntimeError: If there was one that can be neither read nor restored.
    """
    for part in folder.glob(".saving-*"):  # of a process that was killed while it saved
        for file in part.iterdir():
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it is not dead, and writes: it hears of us next time
            part.rmdir()
    texts = _texts(folder)
    saved = _text(folder / LAST_STATE)
    if saved is None and all(text is None for text in texts.values()):
        if spent_kwh > 0.0:
            log.warning("%s holds no trials but the energy of some, which counts", folder)
        return False
    faults = faults_of(texts)
    if not faults:
        return True
    named = ", ".join(f"{name} ({fault})" for name, fault in faults.items())
    last = _saved_texts(folder / LAST_STATE)
    if last is not None and not faults_of(last):
        for name, text in last.items():
            write_atomically(folder / name, text or "")
        log.warning(
            "the run in %s goes on from its last whole state, since a process died while it wrote: "
            "%s",
            folder,
            named,
        )
        return True
    if texts[HISTORY] is None and spent_kwh == 0.0:  # killed before the first trial was kept
        forget(folder)
        return False
    raise RuntimeError(
        f"the folder {folder} must hold a run that can be read but holds no whole state: {named}. "
        "Restore the files from a copy, or give overwrite=True to start anew (energy counts anew)."
    )


def is_whole(folder: Path) -> bool:
    """Whether SMAC's files are all in a folder, and belong together."""
    return not faults_of(_texts(folder))


def forget(folder: Path) -> None:
    """Delete SMAC's files and the copy of them, so that a run starts anew."""
    for name in (LAST_STATE, *_FILES):
        (folder / name).unlink(missing_ok=True)


def faults_of(texts: Mapping[str, str | None]) -> dict[str, str]:
    """What is wrong with SMAC's files, by name; empty if they are whole and belong together."""
    faults, values = {}, {}
    for name in _FILES:
        text = texts.get(name)
        if text is None:
            faults[name] = "missing"
            continue
        try:
            values[name] = value = json_object(text, name, allow_nan=True)
        except ValueError:
            faults[name] = "torn" if text else "empty"
            continue
        if lacking := [key for key in _KEYS[name] if key not in value]:
            faults[name] = f"without {', '.join(lacking)}"
    if not faults:
        faults.update(_mismatches(values))
    return faults


def _mismatches(values: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    try:
        known = {int(number) for number in values[HISTORY]["configs"]}
        rows = {int(row["config_id"]) for row in values[HISTORY]["data"]}
        used = {int(number) for number in values[INTENSIFIER]["incumbent_ids"]}
    except (KeyError, TypeError, ValueError, AttributeError):
        return {HISTORY: "of another form"}
    if not rows <= known:
        return {HISTORY: "with trials of unknown configurations"}
    if not used <= known:
        return {INTENSIFIER: f"of another state than {HISTORY}"}
    try:
        ConfigurationSpace.from_serialized_dict(values[SPACE])
    except Exception:
        return {SPACE: "of another form"}
    return {}


def _texts(folder: Path) -> dict[str, str | None]:
    return {name: _text(folder / name) for name in _FILES}


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (UnicodeDecodeError, IsADirectoryError):
        return ""


def _saved_texts(file: Path) -> dict[str, str | None] | None:
    try:
        saved = read_json_object(file, limit=MAX_BYTES)
    except (FileNotFoundError, ValueError):
        return None
    return {name: text for name, text in saved.items() if name in _FILES and isinstance(text, str)}
