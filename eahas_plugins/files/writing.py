"""Replacing a file as a whole: readers see the old content or the new one."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import uuid
from pathlib import Path
from typing import Any

from eahas_plugins.files.names import path_argument


def write_atomically(
    path: str | Path, content: bytes | str, *, mode: int = 0o666, durable: bool = True
) -> None:
    """Write a file whole or leave it as it was.

    The content goes to a file beside it (``.NAME.RANDOM.part``), to the disk, and is renamed.

    Args:
        path: The file; its folder must exist.
        content: All of it. Text is written as UTF-8.
        mode: Permissions, less the process's umask.
        durable: Wait for the disk, so that not even a power cut leaves an empty file. Without it
            only the content after a power cut is uncertain.

    Raises:
        OSError: If it could not be written, for example on a full disk. Nothing is left behind.
    """
    path = path_argument("path", path)
    if path.is_dir():
        raise IsADirectoryError(
            errno.EISDIR, "a file must be written but this is a folder", str(path)
        )
    raw = content.encode() if isinstance(content, str) else content
    # Names may have 255 bytes: a long one keeps its beginning.
    partial = path.with_name(f".{path.name[:32]}.{uuid.uuid4().hex}.part")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode)
    except OSError as error:
        if path.parent.is_dir():
            raise
        raise FileNotFoundError(
            errno.ENOENT, "a file must be written into a folder but there is none", str(path.parent)
        ) from error
    try:
        try:
            write_all(descriptor, raw)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(partial, path)  # noqa: PTH105 (Path.replace would return a path nobody needs)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    if durable:
        _sync_folder(path.parent)


def write_json(
    path: str | Path,
    value: Any,
    *,
    indent: int | None = None,
    mode: int = 0o666,
    durable: bool = True,
) -> None:
    """Write a value as JSON, whole or not at all; see :func:`write_atomically`.

    Raises:
        ValueError: If it holds a number that is not finite.
        TypeError: If it holds what JSON does not have.
        OSError: If it could not be written.
    """
    text = json.dumps(value, indent=indent, allow_nan=False) + "\n"
    write_atomically(path, text, mode=mode, durable=durable)


def write_all(descriptor: int, raw: bytes) -> None:
    """Write every byte: a disk that becomes full takes some first and fails only at the next call.

    Raises:
        OSError: If it could not.
    """
    rest = memoryview(raw)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


_BINARY = getattr(os, "O_BINARY", 0)  # Windows alone has it


def _sync_folder(folder: Path) -> None:
    """Make the new name last; where folders cannot be synced (Windows, some mounts) do without."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
