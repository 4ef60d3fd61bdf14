"""Where the checkpoints of a study are: beside its storage, unless its user names a folder."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import threading
import weakref
from pathlib import Path
from typing import Any

from optuna.study import Study
from optuna.trial import BaseTrial

from eahas_plugins.budget.attributes import IDENTITY_ATTR
from eahas_plugins.files import LineFile
from eahas_plugins.optuna._compat import storage_file, storage_in_memory
from eahas_plugins.targets.checkpoints import CheckpointStore, checked_folder
from eahas_plugins.targets.identity import new_identity

_NAME_LENGTH = 60  # of up to four bytes each, and a digest; file systems allow 255 bytes

_temporary: weakref.WeakKeyDictionary[Any, Path] = weakref.WeakKeyDictionary()
_roots: weakref.WeakKeyDictionary[Any, dict[str | None, Path]] = weakref.WeakKeyDictionary()
_swept: set[Path] = set()
_lock = threading.Lock()


def store_of(trial: BaseTrial, checkpoints: str | Path | None) -> CheckpointStore:
    """Where the checkpoints of a trial's study are.

    Raises:
        ValueError: If the storage is a server and no folder is given, or what is given is a file.
    """
    study: Study | None = getattr(trial, "study", None)
    name = "fixed trial" if study is None else study.study_name
    root = _root_of(trial if study is None else study, study, checkpoints)
    # No longer than a file name may be, and none that leads out of the folder, as ".." does.
    safe = re.sub(r"[^\w.-]|^\.+$", "_", name)[:_NAME_LENGTH] or "_"
    if safe != name:
        safe += f"-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    if study is not None:  # another study may have had the name, or has it in another storage
        safe += f"-{_identity_of(study, root)}"
    store = CheckpointStore(root / safe)
    with _lock:
        is_new = store.root not in _swept
        _swept.add(store.root)
    if is_new:
        store.sweep()
    return store


def _identity_of(study: Study, root: Path) -> str:
    """What is the study's for ever, wherever its storage is moved, and no other's of its name."""
    known = study.user_attrs.get(IDENTITY_ATTR)
    if known is None:
        with LineFile(root / "lock", wait=True):  # all workers share this folder, if nothing else
            known = study.user_attrs.get(IDENTITY_ATTR)
            if known is None:
                known = new_identity()
                study.set_user_attr(IDENTITY_ATTR, known)
    return str(known)


def _root_of(owner: object, study: Study | None, checkpoints: str | Path | None) -> Path:
    """The folder of all checkpoints, the same for a study wherever its process goes meanwhile."""
    with _lock:
        known = _roots.setdefault(owner, {})
    name = None if checkpoints is None else str(checkpoints)
    if name not in known:
        folder = checked_folder(checkpoints)
        if folder is None:
            folder = _in_memory(owner) if study is None else _default(study)
        known[name] = folder
    return known[name]


def _default(study: Study) -> Path:
    file = storage_file(study)
    if file is not None:
        return file.with_name(f"{file.name}.checkpoints")
    memory = storage_in_memory(study)
    if memory is None:
        raise ValueError(
            "checkpoints must be a folder on a file system that all workers share, since the "
            "study's storage is no file: give checkpoints=."
        )
    return _in_memory(memory)


def _in_memory(owner: object) -> Path:
    """A folder for as long as its owner is in memory."""
    with _lock:
        if owner not in _temporary:
            folder = _temporary[owner] = Path(tempfile.mkdtemp(prefix="checkpoints-"))
            weakref.finalize(owner, shutil.rmtree, folder, ignore_errors=True)
        return _temporary[owner]
