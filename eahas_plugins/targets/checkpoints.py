"""Checkpoints of trainings that pause and go on: one folder per configuration, whoever trains it.

``ROOT/KEY/latest.json`` says which folder ``ROOT/KEY/saved-*`` is the newest checkpoint, and where
the training stands there. No trial ever writes into that one. Each has a copy of its own,
``ROOT/KEY/trial-*``; what it has saved is copied to the disk first, and then, in one step, is the
newest. So a trial that is killed in the middle of saving leaves the checkpoint before, and two that
go on from the same one do not see each other's files. The root may be on a file system that several
machines share.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
import uuid
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from eahas_plugins.files import LineFile, as_dataclass, path_argument, read_json, write_json
from eahas_plugins.targets.progress import Progress

_LATEST, _LOCK = "latest.json", "lock"
_SAVED, _TRIAL, _FILES, _COPY = "saved-", "trial-", "checkpoint", "copy"
_ABANDONED_S = 7 * 24 * 3600.0
_HASHED_BYTES = 1 << 18
_TRIES = 20


def checked_folder(checkpoints: str | Path | None) -> Path | None:
    """The argument ``checkpoints``: a folder that may be made, wherever the process goes later.

    Raises:
        ValueError: If it is no path, or it or a folder above it is a file.
    """
    if checkpoints is None:
        return None
    folder = path_argument("checkpoints", checkpoints).expanduser().absolute()
    there = next(path for path in (folder, *folder.parents) if path.exists() or path.is_symlink())
    if not there.is_dir():
        raise ValueError(
            f"checkpoints must be a folder but {there} is a file: give another path, or None for "
            "the default."
        )
    return folder


class CheckpointStore:
    """The checkpoints of one run or study.

    Example:
        >>> import tempfile
        >>> store = CheckpointStore(Path(tempfile.mkdtemp()))
        >>> with store.open("a") as own:
        ...     _ = (own.folder / "weights.txt").write_text("0.5")
        ...     own.save(Progress(epochs=3, energy_kwh=0.1, length=3.0))
        >>> with store.open("a", towards=9.0) as own:
        ...     own.start.epochs, (own.folder / "weights.txt").read_text()
        (3, '0.5')

    Args:
        root: Their folder; made when the first training starts.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = path_argument("root", root).absolute()

    def progress(self, key: str) -> Progress:
        """Where the newest checkpoint of a configuration stands; a damaged one is none."""
        file, missing = self.root / key / _LATEST, None
        while True:
            try:
                found = as_dataclass(Progress, read_json(file), file)
            except (FileNotFoundError, ValueError):
                return Progress()
            if found.folder and (file.parent / found.folder).is_dir():
                return found
            if not found.folder or found.folder == missing:
                return Progress()
            missing = found.folder  # it may have been replaced since the file was read

    def open(
        self, key: str, *, towards: float | None = None, trial: int | None = None
    ) -> Checkpoint:
        """A trial's own copy of the newest checkpoint, or an empty folder.

        Args:
            key: The configuration, as a file name.
            towards: The length that the trial trains to. A checkpoint that is as long already is
                no help: the training starts anew.
            trial: The trial's number, where trials have numbers.

        Raises:
            OSError: If it cannot be copied, for example on a full disk.
        """
        own = self.root / key / f"{_TRIAL}{uuid.uuid4().hex[:12]}"
        for attempt in range(_TRIES):
            # the last time nobody else may replace what is copied
            last = attempt == _TRIES - 1
            with self._locked() if last else contextlib.nullcontext():
                start = self._copied(key, own, towards)
            if start is not None:
                return Checkpoint(self, own, start, towards=towards, trial=trial)
        raise OSError(f"{own.parent} must keep still for as long as a copy takes but does not.")

    def _copied(self, key: str, own: Path, towards: float | None) -> Progress | None:
        """Where the copy stands; None if the checkpoint was replaced or removed meanwhile."""
        start = self.progress(key)
        start = start if start.leads_to(towards) else Progress()
        try:
            own.mkdir(parents=True, exist_ok=True)
            if start.folder:
                shutil.copytree(own.parent / start.folder, own / _FILES, symlinks=True)
            else:
                (own / _FILES).mkdir()
        except (FileNotFoundError, shutil.Error) as error:
            shutil.rmtree(own, ignore_errors=True)
            if isinstance(error, shutil.Error) and self.progress(key) == start:
                raise
            return None
        if start.folder and self.progress(key).folder != start.folder:
            # what was removed before it was listed is missing without an error
            shutil.rmtree(own, ignore_errors=True)
            return None
        return start

    def discard(self, key: str) -> None:
        """Remove the checkpoint of a configuration that nobody will go on with.

        What a running trial has of it is its own copy, and stays until that ends.
        """
        folder = self.root / key
        if not folder.is_dir():
            return
        with self._locked():
            (folder / _LATEST).unlink(missing_ok=True)
            for saved in folder.glob(f"{_SAVED}*"):
                shutil.rmtree(saved, ignore_errors=True)
        self._tidy(folder)

    def clear(self) -> None:
        """Remove all checkpoints: nobody will go on with any of them."""
        for latest in self.root.glob(f"*/{_LATEST}"):
            self.discard(latest.parent.name)

    def sweep(self) -> None:
        """Remove the copies of trials that were killed a week ago or longer."""
        if not self.root.is_dir():
            return
        now_s = _time_of(self.root)
        for own in self.root.glob(f"*/{_TRIAL}*"):
            with contextlib.suppress(FileNotFoundError):
                if now_s - own.stat().st_mtime > _ABANDONED_S:
                    shutil.rmtree(own, ignore_errors=True)
                    self._tidy(own.parent)

    def replace(self, folder: Path, progress: Progress, copy: Path | None) -> Progress:
        """Make a copy the newest checkpoint, unless the newest is further already.

        Args:
            folder: The configuration's.
            progress: Where it stands.
            copy: What was saved; None where only what is known of it has changed.

        Returns:
            What is the newest of this training, its own, even where another's is further.
        """
        with self._locked():
            before = self.progress(folder.name)
            if copy is None:
                if progress.folder and before.folder == progress.folder:
                    write_json(folder / _LATEST, asdict(progress))
                return progress
            if before.folder and before.epochs > progress.epochs:
                return progress
            progress = replace(progress, folder=f"{_SAVED}{uuid.uuid4().hex[:12]}")
            copy.rename(folder / progress.folder)
            write_json(folder / _LATEST, asdict(progress))
            for saved in folder.glob(f"{_SAVED}*"):
                if saved.name != progress.folder:
                    shutil.rmtree(saved, ignore_errors=True)
        return progress

    def close(self, own: Path) -> None:
        """Remove a trial's copy."""
        shutil.rmtree(own, ignore_errors=True)
        self._tidy(own.parent)

    def _locked(self) -> LineFile:
        return LineFile(self.root / _LOCK, wait=True)

    def _tidy(self, folder: Path) -> None:
        with contextlib.suppress(OSError):  # not empty: there is a checkpoint, or a running trial
            folder.rmdir()


class Checkpoint:
    """A trial's own copy of a configuration's checkpoint. Made by `CheckpointStore.open`.

    Args:
        store: The store.
        own: The trial's folder.
        start: Where the copy stands.
        towards: The length that the trial trains to.
        trial: The trial's number, where trials have numbers.
    """

    def __init__(
        self,
        store: CheckpointStore,
        own: Path,
        start: Progress,
        *,
        towards: float | None,
        trial: int | None,
    ) -> None:
        self.folder = own / _FILES
        """Where the training keeps its state."""
        self.start = start
        """Where it stood when the trial began; without a folder if it starts anew."""
        self.latest = start
        """Where the newest checkpoint of this trial stands."""
        self._store, self._own = store, own
        self._towards, self._trial = towards, trial
        self._saved = _content(self.folder)

    def __enter__(self) -> Checkpoint:
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close(self._own)

    @property
    def has_changed(self) -> bool:
        """Whether something was saved since the newest checkpoint. This is also a sign of life."""
        with contextlib.suppress(OSError):
            os.utime(self._own)
        return _content(self.folder) != self._saved

    def save(self, progress: Progress) -> None:
        """Make what is in the folder the newest checkpoint; kill -9 leaves the one before.

        Raises:
            OSError: If it cannot be copied, for example on a full disk.
        """
        progress = replace(progress, towards=self._towards, trial=self._trial)
        content = _content(self.folder)
        if not content:
            return
        if content == self._saved and self.latest is not self.start:
            # Nothing new in it, but in what is known of where it stands.
            progress = replace(progress, folder=self.latest.folder)
            self.latest = self._store.replace(self._own.parent, progress, None)
            return
        copy = self._own / _COPY
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.folder, copy, symlinks=True, copy_function=_copy_to_disk)
        self.latest = self._store.replace(self._own.parent, progress, copy)
        self._saved = content


def _content(folder: Path) -> dict[str, Any]:
    """What tells one state of a folder from another: small files' content, large ones' date."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        with contextlib.suppress(OSError):
            status = path.lstat()
            name = path.relative_to(folder).as_posix()
            if path.is_dir() or path.is_symlink() or status.st_size > _HASHED_BYTES:
                is_file = not path.is_dir()
                found[name] = (status.st_ino, status.st_size, status.st_mtime_ns) if is_file else ()
            else:
                found[name] = hashlib.blake2b(path.read_bytes(), digest_size=16).digest()
    return found


def _copy_to_disk(source: str, target: str) -> str:
    shutil.copy2(source, target)
    with open(target, "rb+") as file:  # noqa: PTH123 (as copytree gives it)
        os.fsync(file.fileno())
    return target


def _time_of(folder: Path) -> float:
    """Now, by the clock of the file system, which may be another machine's."""
    probe = folder / f".{uuid.uuid4().hex}"
    try:
        probe.touch()
        return probe.stat().st_mtime
    except OSError:
        return time.time()
    finally:
        probe.unlink(missing_ok=True)
