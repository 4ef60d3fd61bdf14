"""A file of lines that grows by whole lines, whoever is killed and however full the disk is."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from pathlib import Path
from typing import Self

from eahas_plugins.files.names import path_argument
from eahas_plugins.files.reading import check_regular
from eahas_plugins.files.writing import write_all

_CHUNK = 1 << 16


class FileInUseError(ValueError):
    """Another process holds the file open for appending."""


class LineFile:
    r"""A file that is held open for appending by one process at a time.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "log.jsonl")
        >>> with LineFile(path) as file:
        ...     file.append('{"run": 1}')
        >>> path.read_text()
        '{"run": 1}\n'

    Args:
        path: The file; made, with its folders, if it does not exist.
        wait: Wait until nobody else holds it, instead of refusing.

    Raises:
        FileInUseError: If another process holds it (a ``ValueError``).
        ValueError: If it is not a regular file, or its name ends in ``.gz``.
        OSError: If it cannot be opened or locked.
    """

    def __init__(self, path: str | Path, *, wait: bool = False) -> None:
        self.path = path_argument("path", path)
        if self.path.suffix == ".gz":  # what is read as gzip must not get plain lines behind it
            raise ValueError(f"{self.path} must be a plain file for lines to be added: gunzip it.")
        if self.path.parent.exists() and not self.path.parent.is_dir():
            raise NotADirectoryError(
                errno.ENOTDIR, "a folder must be here but it is a file", str(self.path.parent)
            )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            check_regular(self.path)  # opening a pipe could wait for ever
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        descriptor = os.open(self.path, flags, 0o666)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ValueError(f"{self.path} must be a regular file.")
            _lock(descriptor, self.path, wait=wait)
        except BaseException:
            os.close(descriptor)
            raise
        self._pid = os.getpid()
        self._descriptor: int | None = descriptor

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return os.fstat(self._open()).st_size

    @property
    def torn_bytes(self) -> int:
        """Bytes after the last line break, a line whose writer was killed; or 0."""
        descriptor, size = self._open(), self.size
        for start in range((size - 1) // _CHUNK * _CHUNK, -1, -_CHUNK):
            found = _read_at(descriptor, start, min(_CHUNK, size - start)).rfind(b"\n")
            if found >= 0:
                return size - start - found - 1
        return size

    def append(self, lines: str | bytes) -> None:
        """Add one or more lines, through to the disk, or nothing at all.

        A torn line before them is ended first, so that it takes no good line with it.

        Args:
            lines: Text with or without its last line break; several lines go in one step.

        Raises:
            OSError: If they cannot be written, for example on a full disk; the file is then as it
                was before.
            ValueError: If the file was closed.
        """
        descriptor, size = self._open(), self.size
        raw = lines.encode() if isinstance(lines, str) else lines
        raw += b"" if raw.endswith(b"\n") else b"\n"
        if size and _read_at(descriptor, size - 1, 1) != b"\n":
            raw = b"\n" + raw
        try:
            write_all(descriptor, raw)
            os.fsync(descriptor)
        except BaseException as error:
            self.truncate(size)
            if isinstance(error, OSError) and error.filename is None:
                error.filename = os.fspath(self.path)
            raise

    def truncate(self, n_bytes: int) -> None:
        """Keep only the first bytes, for example ``file.size - file.torn_bytes``.

        Raises:
            OSError: If the file cannot be changed.
            ValueError: If it was closed.
        """
        os.ftruncate(self._open(), n_bytes)

    def close(self) -> None:
        """Let others write."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            try:
                if os.getpid() == self._pid:  # a fork's copy would end its parent's lock
                    _unlock(descriptor)
            finally:
                os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError, OSError):  # the constructor may have refused
            self.close()

    def _open(self) -> int:
        if self._descriptor is None:
            raise ValueError(f"{self.path} must be open but was closed.")
        return self._descriptor


def _read_at(descriptor: int, start: int, n_bytes: int) -> bytes:
    os.lseek(descriptor, start, os.SEEK_SET)  # appending is at the end wherever reading was
    return os.read(descriptor, n_bytes)


def _lock(descriptor: int, path: Path, *, wait: bool) -> None:
    """Take the operating system's lock, which ends with the descriptor, also when we are killed."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, 2**40, os.SEEK_SET)  # beyond the content, which stays readable
            msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            raise
        raise FileInUseError(
            f"{path} is being written by another process: wait for it, or choose another file."
        ) from None


def _unlock(descriptor: int) -> None:
    """Give the lock up, also if a process that was forked meanwhile has the descriptor, too."""
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_UN)
