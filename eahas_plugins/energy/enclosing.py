"""Which trials run around this program: what a trial starts is a part of it.

Programs inherit the names by a variable of the environment. With trials in several threads of one
process nobody can tell which of them has started a program: it inherits none of theirs.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence

WITHIN_VARIABLE = "EAHAS_ENERGY_WITHIN"
"""Names of what is measured around a program, a list in JSON."""

_here: list[tuple[str, int]] = []  # trials of this process and threads that have begun to track
_lock = threading.RLock()  # a trial may also end wherever memory is collected


def enclosing_owners() -> tuple[str, ...]:
    """Return the names of what is measured around this program, outermost first."""
    try:
        names = json.loads(os.environ.get(WITHIN_VARIABLE) or "[]")
    except (ValueError, RecursionError):  # not ours
        return ()
    listed, own = names if isinstance(names, list) else [], {owner for owner, _ in _here}
    return tuple(name for name in listed if isinstance(name, str) and name not in own)


def owner_in_this_thread() -> str | None:
    """Return the name of the trial that this thread trains; None if it trains none."""
    thread = threading.get_ident()
    return next((owner for owner, began in reversed(_here) if began == thread), None)


def within(*owners: str) -> str:
    """Return what the variable says to a program that runs inside some trials of this one."""
    return json.dumps([*enclosing_owners(), *owners])


def begins(owner: str) -> None:
    """From now on the programs that this process starts are a part of a trial."""
    with _lock:
        around = enclosing_owners()
        if owner not in around:  # else it is tracked outside, too
            _here.append((owner, threading.get_ident()))
            _tell(around)


def ends(owner: str) -> None:
    """The trial has ended."""
    with _lock:
        last = next((i for i in reversed(range(len(_here))) if _here[i][0] == owner), None)
        if last is not None:
            around = enclosing_owners()
            del _here[last]
            _tell(around)


def _tell(around: Sequence[str]) -> None:
    own = {owner for owner, _ in _here}
    os.environ[WITHIN_VARIABLE] = json.dumps([*around, *(own if len(own) == 1 else ())])


def _forget() -> None:
    """In a forked process: the trials are its parent's, and around it."""
    global _lock
    _lock = threading.RLock()
    _here.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
