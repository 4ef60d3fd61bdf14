"""A file of trainings, one JSON line each, that only ever grows by whole lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from eahas_plugins.files import LineFile, json_object, read_lines
from surrogate.records import Record
from surrogate.step_records import board


class RecordFile:
    """Append records to ``path``; one process at a time may hold it open.

    Opening drops a half-written last line, which a crash may leave, and keeps all others.

    Raises:
        ValueError: If another process holds the file, it cannot be read, or a whole line is not a
            JSON object with the number of a run. Nothing is changed then.
        OSError: If it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = LineFile(path)
        try:
            self.records = read_runs(path)
            self.dropped_bytes = self._file.torn_bytes
            """Length of the half-written line that was dropped on opening."""
            self._file.truncate(self._file.size - self.dropped_bytes)
        except BaseException:
            self._file.close()
            raise

    def append(self, record: dict[str, Any]) -> None:
        """Write one record as one line, through to the disk.

        Raises:
            ValueError: If a number of it is not finite.
            OSError: If the disk is full; the file is then as it was.
        """
        self._file.append(json.dumps(record, separators=(",", ":"), allow_nan=False))
        self.records.append(record)

    def close(self) -> None:
        """Let others write."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_runs(path: Path) -> list[dict[str, Any]]:
    """The records of a file, gzip if its name ends in ``.gz``, which is not changed.

    A last line without an end, which a crash may leave, is left out.

    Raises:
        ValueError: If it cannot be read, or a whole line is not a JSON object with the number of a
            run.
    """
    return [
        _parse(line.text, f"{path}, line {line.number},") for line in read_lines(path) if line.ended
    ]


def check_runs(file: RecordFile, task: str, gpu: Mapping[str, Any] | None = None) -> None:
    """Make sure that what a file holds can be learnt from together with what will be appended.

    Args:
        file: The file.
        task: Whose runs it must hold.
        gpu: The machine, if energy is measured there: the board must be of the same kind.

    Raises:
        ValueError: If a run follows another schema, or is of another task or board.
    """

    def setting(task: str | None, machine: Mapping[str, Any] | None) -> dict[str, Any]:
        if gpu is None or machine is None:
            return {"task": task}
        limit = machine.get("power_limit_watts")
        return {"task": task, "board": board(machine), "power_limit_watts": limit}

    wanted = setting(task, gpu)
    for line in file.records:
        try:
            record = Record.from_json(line)
        except ValueError as error:
            raise ValueError(f"{file.path}, run {line['run']}: {error}") from error
        for name, value in setting(record.task, record.machine).items():
            if value != wanted[name]:
                raise ValueError(
                    f"{file.path} has runs with {name} {value} but this is {wanted[name]}: name "
                    "another folder with --out."
                )


def _parse(text: bytes, where: str) -> dict[str, Any]:
    try:
        record = json_object(text, where)
    except ValueError as error:
        raise ValueError(f"{error} Restore the file or delete that line.") from None
    run = record.get("run")
    if not isinstance(run, int) or isinstance(run, bool) or run < 0:
        raise ValueError(f"{where} must have the number of its run but has {run!r:.40}.")
    return record
