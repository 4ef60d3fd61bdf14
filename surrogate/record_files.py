"""Files of training records: one JSON object per line, gzipped if the name ends in ``.gz``."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

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
        ValueError: If a gzip file is not whole, or a line is whole but does not follow the schema.
    """
    path = Path(path)
    return parse_records(path.read_bytes(), path)


def parse_records(raw: bytes, path: Path) -> RecordFile:
    """The same from the content of the file at ``path``."""
    if path.suffix == ".gz":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"{path} must be a whole gzip file: {error}.") from None
    records, damaged = [], []
    for number, text in enumerate(raw.split(b"\n"), start=1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
        except ValueError:
            damaged.append(
                f"{path}:{number}: not a whole JSON object (a crash while it was written?), "
                "left out; every other line was read."
            )
            continue
        try:
            records.append(Record.from_json(line))
        except ValueError as error:
            raise ValueError(f"{path}:{number}: {error}") from None
    return RecordFile(records=tuple(records), damaged=tuple(damaged))


def append_record(path: str | Path, record: Record) -> None:
    """Append one line in one write; a half-written line before it is closed first."""
    path = Path(path)
    line = _encode(record)
    if path.exists() and path.stat().st_size:
        with path.open("rb") as stream:
            stream.seek(-1, 2)
            if stream.read(1) != b"\n":
                line = b"\n" + line
    with path.open("ab", buffering=0) as stream:
        stream.write(line)


def write_records(path: str | Path, records: Iterable[Record]) -> None:
    """Write a whole file; the same records always give the same bytes."""
    raw = b"".join(_encode(record) for record in records)
    path = Path(path)
    path.write_bytes(gzip.compress(raw, mtime=0) if path.suffix == ".gz" else raw)


def _encode(record: Record) -> bytes:
    return json.dumps(record.to_json(), separators=(",", ":"), allow_nan=False).encode() + b"\n"
