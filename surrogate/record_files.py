"""Files of training records: one JSON object per line, gzipped if the name ends in ``.gz``."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from eahas_plugins.files import (
    Line,
    objects_of,
    parse_lines,
    path_argument,
    read_lines,
    write_atomically,
)
from surrogate.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFile:
    """What a file holds.

    Args:
        records: The records, in the order of the file.
        damaged: A message for each line that is not JSON, as a crash leaves behind.
    """

    records: tuple[Record, ...]
    damaged: tuple[str, ...]


def read_records(path: str | Path) -> RecordFile:
    """Read a record file; a half-written line is reported and costs no other record.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it cannot be read, a gzip file is not whole, a line is whole but does not
            follow the schema, or over 100 lines are not.
    """
    path = path_argument("path", path)
    return _records(read_lines(path), path)


def parse_records(raw: bytes, path: Path) -> RecordFile:
    """The same from the content of the file at ``path``; see :func:`read_records`.

    Raises:
        ValueError: If it is no record file.
    """
    return _records(parse_lines(raw, path, packed=path.suffix == ".gz"), path)


def write_records(path: str | Path, records: Iterable[Record]) -> None:
    """Write a whole file; the same records always give the same bytes.

    Raises:
        OSError: If it cannot be written.
    """
    raw = b"".join(_encode(record) for record in records)
    path = path_argument("path", path)
    write_atomically(path, gzip.compress(raw, mtime=0) if path.suffix == ".gz" else raw)


def _records(lines: Iterable[Line], path: Path) -> RecordFile:
    records: list[Record] = []
    torn: list[str] = []
    for number, line in objects_of(lines, path, torn=torn):
        try:
            records.append(Record.from_json(line))
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
    damaged = (f"{message} A crash while it was written? It was left out." for message in torn)
    return RecordFile(records=tuple(records), damaged=tuple(damaged))


def _encode(record: Record) -> bytes:
    return json.dumps(record.to_json(), separators=(",", ":"), allow_nan=False).encode() + b"\n"
