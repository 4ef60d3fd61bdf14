"""Whether a process is still there: it holds the lock on a file of its own until it ends.

The kernel gives up the lock with the process, however it ends, and everybody sees it: also from
another container, where process ids mean something else.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import ClassVar

from eahas_plugins.energy.roster_folder import let_read

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class Presence:
    """This process in one folder. Make it with `of`.

    Args:
        folder: Where the file lies.
    """

    _here: ClassVar[dict[Path, Presence]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, folder: Path) -> None:
        self.name = uuid.uuid4().hex
        self._folder = folder
        self._pid = os.getpid()
        self._descriptor: int | None = None
        self.ensure()

    @classmethod
    def of(cls, folder: Path) -> Presence:
        """Return the presence of this process in a folder: one for all its trials.

        Raises:
            OSError: If no file can be made and locked there.
        """
        with cls._lock:
            found = cls._here.get(folder)
            if found is None:
                found = cls._here[folder] = cls(folder)
                for path in folder.glob("*.here"):  # of processes that have ended
                    cls.is_held(folder, path.stem)
            return found

    def ensure(self) -> str:
        """Return the name, after the file has been made again if somebody removed it.

        Raises:
            OSError: If no file can be made and locked there.
        """
        path = _file(self._folder, self.name)
        if self._descriptor is not None and _is_at(self._descriptor, path):
            return self.name
        self._close()
        for _ in range(100):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            let_read(path)
            # Somebody who finds the file before it is locked locks and removes it.
            if _try_lock(descriptor) and _is_at(descriptor, path):
                self._descriptor = descriptor
                return self.name
            os.close(descriptor)
            time.sleep(0.001)
        raise OSError(f"{path} cannot be locked")

    @classmethod
    def is_held(cls, folder: Path, name: str) -> bool:
        """Whether the process of that name is still there."""
        own = cls._here.get(folder)
        if own is not None and own.name == name:
            return True
        path = _file(folder, name)
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return False
        except OSError:  # nobody can tell, so it is believed
            return True
        try:
            if not _try_lock(descriptor):
                return True
        except OSError:  # a file system without locks: nobody can tell, so it is believed
            return True
        finally:
            os.close(descriptor)
        with contextlib.suppress(OSError):
            path.unlink()
        return False

    @classmethod
    def forget(cls) -> None:
        """In a forked process: the names, files and locks are the parent's."""
        cls._lock = threading.Lock()
        for presence in cls._here.values():
            presence._close()
        cls._here.clear()

    def _close(self) -> None:
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _file(folder: Path, name: str) -> Path:
    if not name.isalnum():
        raise ValueError(f"a presence must be called by letters and digits but got {name!r}")
    return folder / f"{name}.here"


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=Presence.forget)
