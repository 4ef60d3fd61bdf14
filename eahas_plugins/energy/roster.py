"""Who uses a meter on this machine, and since when: one small file per trial.

Nobody writes another's file, so there is no lock. A killed process leaves its file behind; its
trial is taken to have ended at its last sign of life.
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import json
import os
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

from eahas_plugins.energy.readings import Provenance

FOLDER_VARIABLE = "EAHAS_ENERGY_DIR"
_GRACE_S = 60.0  # between a trial's first reading and the moment its file is seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """From when to when a trial used the meter, monotonic seconds; None: it still does."""

    start_s: float
    end_s: float | None


class Roster:
    """The trials that use one meter on this machine, one small file each.

    Args:
        provenance: What the meter is. Trials share if they name the same meter and devices; a
            meter that counts one process is shared by the trials of that process.
        folder: Where the files lie. By default the environment variable ``EAHAS_ENERGY_DIR``, else
            a folder of the user in the temporary one.
    """

    def __init__(self, provenance: Provenance, *, folder: Path | None = None) -> None:
        if folder is None:
            chosen = os.environ.get(FOLDER_VARIABLE)
            fallback = Path(tempfile.gettempdir()) / f"eahas-energy-{getpass.getuser()}"
            folder = Path(chosen) if chosen else fallback
        group = json.dumps([provenance.meter, provenance.devices, _boot_id()])
        if provenance.scope == "process":
            group += str(os.getpid())
        self._folder = folder / hashlib.sha256(group.encode()).hexdigest()[:16]
        self._folder.mkdir(parents=True, exist_ok=True)

    def join(self, start_s: float) -> Membership:
        """Say that a trial begins to use the meter."""
        return Membership(self, self._folder / f"{uuid.uuid4().hex}.json", start_s)

    def others(self, own: Path) -> list[Activity]:
        """Return what all trials but one's own have done and do."""
        found = []
        for path in self._folder.glob("*.json"):
            with contextlib.suppress(FileNotFoundError):  # pruned by somebody else
                entry = json.loads(path.read_text(encoding="utf-8"))
                alive = entry["end_s"] is None and _alive(entry["pid"], entry["born"])
                end_s = None if alive else entry["end_s"] or entry["seen_s"]
                found.append((path, entry, end_s))
        # What ended before the last reading of every running trial is in nobody's next step.
        settled_s = min((e["seen_s"] for _, e, end_s in found if end_s is None), default=0.0)
        activities = []
        for path, entry, end_s in found:
            if end_s is not None and end_s < settled_s - _GRACE_S:
                path.unlink(missing_ok=True)
            elif path != own:
                activities.append(Activity(start_s=entry["start_s"], end_s=end_s))
        return activities


class Membership:
    """One trial's entry in a roster. See `Roster.join`."""

    def __init__(self, roster: Roster, path: Path, start_s: float) -> None:
        self._roster = roster
        self._path = path
        self._start_s = start_s
        self._born = _born(os.getpid())
        self._write(seen_s=start_s, end_s=None)

    def others(self) -> list[Activity]:
        """Return what the other trials have done and do."""
        return self._roster.others(self._path)

    def seen(self, now_s: float) -> None:
        """Leave a sign of life: up to here the energy has been taken."""
        self._write(seen_s=now_s, end_s=None)

    def leave(self, now_s: float) -> None:
        """Say that the trial no longer uses the meter."""
        self._write(seen_s=now_s, end_s=now_s)

    def _write(self, *, seen_s: float, end_s: float | None) -> None:
        entry = {
            "pid": os.getpid(),
            "born": self._born,
            "start_s": self._start_s,
            "seen_s": seen_s,
            "end_s": end_s,
        }
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(entry), encoding="utf-8")
        with contextlib.suppress(FileNotFoundError):  # somebody emptied the temporary folder
            fresh.replace(self._path)  # at once: a reader sees the old entry or the new one


def _born(pid: int) -> str | None:
    """Return when a process started, in the kernel's words; None if it does not run."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in "ZX" else fields[18]


def _alive(pid: int, born: str | None) -> bool:
    if not Path("/proc/self/stat").exists():  # not Linux: no better way without a dependency
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True
    return _born(pid) == born


def _boot_id() -> str:
    """Return what tells this start of the machine from others: monotonic time begins anew."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else os.uname().nodename
