"""CPU time of a process's descendants, which come, go and are left behind."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Process:
    parent: int
    born: str
    own_s: float  # of itself
    reaped_s: float  # of the children that it has waited for, and of theirs

    @property
    def seconds(self) -> float:
        return self.own_s + self.reaped_s


class ProcessTree:
    """CPU seconds of all descendants of this process, living and dead; never falls.

    A process that is waited for hands its time to its parent. One that is not (its parent died
    first, or ignores the signal) takes it along: then what was last seen of it is kept here.

    Raises:
        OSError: If neither ``/proc`` lists the children of processes nor psutil is installed.
    """

    def __init__(self) -> None:
        self._root = os.getpid()
        self._living = _way_to_look(self._root)
        self._known: dict[int, _Process] = {}
        self._lost_s = 0.0
        self._reaped_s = _reaped_by_this_process()

    def children_s(self) -> float:
        """Return the CPU seconds of all descendants so far."""
        living, reaped_s = self._look()
        self._keep_what_is_lost(living, reaped_s)
        self._known, self._reaped_s = living, reaped_s
        return self._lost_s + reaped_s + sum(process.seconds for process in living.values())

    def processes(self) -> frozenset[int]:
        """Return the ids of the descendants that lived when last looked at."""
        return frozenset(self._known)

    def _look(self) -> tuple[dict[int, _Process], float]:
        """Return the living and what this process has reaped, as of one moment.

        A process that is waited for while we look could be seen twice or not at all.
        """
        living = self._living(self._root)
        reaped_s = _reaped_by_this_process()
        if not living:  # whoever was waited for meanwhile is in the latter alone
            return living, reaped_s
        for _ in range(5):
            again = self._living(self._root)
            still_s = _reaped_by_this_process()
            if still_s == reaped_s and _settled(living) == _settled(again):
                return again, still_s
            living, reaped_s = again, still_s
        return living, reaped_s

    def _keep_what_is_lost(self, living: dict[int, _Process], reaped_s: float) -> None:
        """Add what the vanished had used and no survivor above them has taken over."""
        vanished_s: dict[int, float] = {}
        for pid, process in self._known.items():
            if not _same(living.get(pid), process):
                above = self._survivor_above(process, living)
                vanished_s[above] = vanished_s.get(above, 0.0) + process.seconds
        for pid, seconds in vanished_s.items():
            taken_s = (
                reaped_s - self._reaped_s
                if pid == self._root
                else living[pid].reaped_s - self._known[pid].reaped_s
            )
            self._lost_s += max(0.0, seconds - taken_s)

    def _survivor_above(self, process: _Process, living: dict[int, _Process]) -> int:
        parent = process.parent
        while parent != self._root:
            known = self._known.get(parent)
            if known is None:
                return self._root
            if _same(living.get(parent), known):
                return parent
            parent = known.parent
        return parent


def _way_to_look(root: int) -> Callable[[int], dict[int, _Process]]:
    if _proc_lists_children(root):
        return living_descendants
    with contextlib.suppress(Exception):  # not installed, or it does not see this process
        importlib.import_module("psutil").Process(root)
        return _by_psutil
    raise OSError(
        "children are counted through the kernel's /proc/PID/task/TID/children, which is not "
        "there, or through psutil: `pip install psutil`, or use include_children=False"
    )


def _proc_lists_children(pid: int) -> bool:
    return Path(f"/proc/self/task/{pid}/children").exists()


def _by_psutil(root: int) -> dict[int, _Process]:
    psutil = importlib.import_module("psutil")
    found: dict[int, _Process] = {}
    for child in psutil.Process(root).children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has ended
            times = child.cpu_times()
            found[child.pid] = _Process(
                parent=child.ppid(),
                born=str(child.create_time()),
                own_s=times.user + times.system,
                reaped_s=times.children_user + times.children_system,
            )
    return found


def living_descendants(root: int) -> dict[int, _Process]:
    """Return all living descendants of a process by their ids."""
    tick_s = 1.0 / os.sysconf("SC_CLK_TCK")
    found: dict[int, _Process] = {}
    pending = [(root, child) for child in _children(root)]
    while pending:
        parent, pid = pending.pop()
        fields = _stat(pid)
        if fields is None or pid in found:
            continue
        utime, stime, cutime, cstime = (int(value) for value in fields[11:15])
        found[pid] = _Process(
            parent=parent,
            born=fields[19],
            own_s=(utime + stime) * tick_s,
            reaped_s=(cutime + cstime) * tick_s,
        )
        pending.extend((pid, child) for child in _children(pid))
    return found


def _settled(living: dict[int, _Process]) -> set[tuple[int, str, float]]:
    return {(pid, process.born, process.reaped_s) for pid, process in living.items()}


def _same(now: _Process | None, before: _Process) -> bool:
    return now is not None and now.born == before.born  # ids are used again


def _reaped_by_this_process() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _children(pid: int) -> list[int]:
    """Return the direct children; the kernel lists them per thread that started them."""
    children: list[int] = []
    threads = f"/proc/{pid}/task"
    with contextlib.suppress(OSError):  # the process has ended
        for thread in os.listdir(threads):  # noqa: PTH208 (every report comes here: no Path)
            file = f"{threads}/{thread}/children"
            with contextlib.suppress(OSError), open(file, "rb") as listing:  # noqa: PTH123
                children.extend(map(int, listing.read().split()))  # else the thread has ended
    return children


def _stat(pid: int) -> list[str] | None:
    """Return the fields after the command's name, which may hold spaces and parentheses."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:  # ended while we were looking
        return None
