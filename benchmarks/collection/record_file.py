"""A file of JSON lines that only ever grows by whole lines, whatever kills its writer."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class RecordFile:
    """Append records to ``path``; one process at a time may hold it open.

    Opening drops a half-written last line, which a crash may leave, and keeps all others.

    Raises:
        ValueError: If another process holds the file, or a whole line is not JSON.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise ValueError(
                f"{path} is being written by another process: wait for it or choose another folder."
            ) from None
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        self.dropped_bytes = len(content) - whole
        """Length of the half-written line that was dropped on opening."""
        os.ftruncate(self._descriptor, whole)
        self.records = [
            _parse(line, path, number)
            for number, line in enumerate(content[:whole].splitlines(), start=1)
        ]

    def append(self, record: dict[str, Any]) -> None:
        """Write one record as one line, in one call, through to the disk."""
        line = json.dumps(record, separators=(",", ":"), allow_nan=False) + "\n"
        os.write(self._descriptor, line.encode())
        os.fsync(self._descriptor)
        self.records.append(record)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)


def _parse(line: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise ValueError(
            f"{path} line {number} must be a JSON object: restore the file or delete that line."
        )
    return record
