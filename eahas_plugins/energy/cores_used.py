"""How many cores this process has used of late, as the weight of its trials."""

from __future__ import annotations

import os
import threading
import time
import weakref
from typing import ClassVar

from eahas_plugins.energy.process_tree import ProcessTree

_EVERY_S = 1.0  # CPU time of children is counted in steps of 10 ms
_CHANGED = 0.25  # a smaller change is not worth the others' reading
_LEAST = 0.01  # cores; who waits uses a little


class CoresUsed:
    """One trial's part of the cores that its process uses; trials in threads share equally."""

    _here: ClassVar[weakref.WeakSet[CoresUsed]] = weakref.WeakSet()
    _tree: ClassVar[tuple[int, ProcessTree] | None] = None
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        self._said: float | None = None
        self._last_s = time.monotonic()
        self._last_cpu_s = self._cpu_s()
        self._here.add(self)

    def since_last(self) -> float | None:
        """Return how many cores were used since this was last asked.

        None if that is no news, or the trial has ended.
        """
        now_s = time.monotonic()
        if now_s - self._last_s < _EVERY_S or self not in self._here:
            return None
        cpu_s = self._cpu_s()
        cores = max(_LEAST, (cpu_s - self._last_cpu_s) / (now_s - self._last_s) / len(self._here))
        self._last_s, self._last_cpu_s = now_s, cpu_s
        if self._said is not None and abs(cores - self._said) < _CHANGED * self._said:
            return None
        self._said = cores
        return cores

    def end(self) -> None:
        """The trial has ended: those that go on share what the process uses."""
        self._here.discard(self)

    @classmethod
    def own_processes(cls) -> frozenset[int]:
        """Return the ids of this process and of its descendants, as last seen."""
        known = cls._tree[1].processes() if cls._tree and cls._tree[0] == os.getpid() else ()
        return frozenset({os.getpid(), *known})

    @classmethod
    def _cpu_s(cls) -> float:
        """Return the CPU seconds of this process and its descendants."""
        with cls._lock:
            if cls._tree is None or cls._tree[0] != os.getpid():
                try:
                    cls._tree = (os.getpid(), ProcessTree())
                except OSError:  # nobody tells; the children that have ended are known
                    times = os.times()
                    return time.process_time() + times.children_user + times.children_system
            return time.process_time() + cls._tree[1].children_s()


def _forget_lock() -> None:
    CoresUsed._lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lock)
