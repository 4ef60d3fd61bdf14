"""Reading the rows of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.harness.rows import SCHEMA, Header, Row, RowsError, values_by_field
from eahas_plugins.files import Line, as_dataclass, json_object, read_lines
from eahas_plugins.targets.metric import ACCURACY

NAMES = ("rows.jsonl", "rows.jsonl.gz")
"""Files of a folder that may hold its rows; only the first is written."""

Record = TypeVar("Record", Header, Row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A file's content.

    Args:
        header: Its first line.
        rows: All complete rows.
        dropped: The half-written last line, empty where there is none.
        length: Bytes of the complete lines.
        finished_length: Bytes up to the last row that ends a study.
    """

    header: Header
    rows: tuple[Row, ...]
    dropped: str = ""
    length: int = 0
    finished_length: int = 0

    def finished(self) -> set[tuple[str, int, int]]:
        """Method, seed and number of workers of the studies whose last row is recorded."""
        return {row.study for row in self.rows if row.final}

    @property
    def workers(self) -> tuple[int, ...]:
        """The numbers of workers that finished studies had, rising."""
        return tuple(sorted({workers for _, _, workers in self.finished()}))

    def with_workers(self, workers: int) -> Results:
        """The studies with so many workers; if these are several, the task's name says so."""
        header = self.header
        if workers > 1:
            header = replace(header, task=f"{header.task}, {workers} workers")
        rows = tuple(row for row in self.rows if row.workers == workers)
        return replace(self, header=header, rows=rows)


def find(folder: Path) -> Path:
    """The rows file of a folder.

    Raises:
        RowsError: If there is none, or both.
    """
    if paths := [folder / name for name in NAMES if (folder / name).is_file()]:
        if len(paths) > 1:
            raise RowsError(f"{folder} must hold one of {' and '.join(NAMES)} but holds both.")
        return paths[0]
    raise RowsError(
        f"{folder} must hold {' or '.join(NAMES)}: make it with "
        f"`python -m benchmarks compare --out {folder}`."
    )


def load(path: Path) -> Results:
    """Read a rows file, plain or gzipped.

    Raises:
        RowsError: If it cannot be read, is larger than a comparison, a line other than the last is
            no header or row, a trial is there twice, a study's energy falls, or the schema is
            another.
    """
    header: Header | None = None
    rows: list[Row] = []
    seen: set[tuple[str, int, int, int]] = set()
    spent: dict[tuple[str, int, int], tuple[int, float]] = {}
    dropped, length, finished_length = "", 0, 0
    try:
        for line in read_lines(path):
            where = f"{path}, line {line.number},"
            if not line.ended and not _is_object(line, where):  # torn by a crash
                dropped = line.text.decode(errors="replace")
                break
            # the last line may lack its line break alone
            length += len(line.text) + line.ended
            if header is None:
                header = _header(line, where)
                finished_length = length
            else:
                values = values_by_field(json_object(line.text, where), header.metric)
                row = _record(Row, {**values, "metric": header.metric}, where)
                _refuse_twice(row, seen, where)
                _refuse_less(row, spent, where)
                rows.append(row)
                if row.final:
                    finished_length = length
    except FileNotFoundError:
        raise RowsError(f"{path} must be a rows file but there is none.") from None
    except RowsError:
        raise
    except ValueError as error:
        raise RowsError(f"{error} {_RESTORE}") from error
    if header is None:
        raise RowsError(f"{path} must begin with a header line but has none: delete it.")
    return Results(
        header=header,
        rows=tuple(rows),
        dropped=dropped,
        length=length,
        finished_length=finished_length,
    )


def _refuse_twice(row: Row, seen: set[tuple[str, int, int, int]], where: str) -> None:
    """As in two files that were pasted together."""
    key = (*row.study, row.trial)
    if key in seen:
        raise RowsError(
            f"{where} must not hold trial {row.trial} of {row.method}, seed {row.seed}, a second "
            f"time. {_RESTORE}"
        )
    seen.add(key)


def _refuse_less(
    row: Row, spent: dict[tuple[str, int, int], tuple[int, float]], where: str
) -> None:
    """What a study has spent grows; statistics look for the place where it was at a value."""
    trial, kwh = spent.get(row.study, (-1, 0.0))
    if row.trial > trial and row.kwh < kwh:
        raise RowsError(
            f"{where} must not have less energy than the trial before it, but {row.method}, seed "
            f"{row.seed}, had spent {kwh:.6g} kWh after trial {trial} and {row.kwh:.6g} after "
            f"trial {row.trial}. {_RESTORE}"
        )
    spent[row.study] = (row.trial, row.kwh)


_RESTORE = "Restore the file from where it came from, or use another --out."


def _header(line: Line, where: str) -> Header:
    values = json_object(line.text, where)
    schema = values.get("schema")
    if schema != SCHEMA:
        raise RowsError(
            f"{where} must have schema {SCHEMA} but has {schema!r:.40}: "
            "read it with the version of this project that wrote it."
        )
    metric = values.get("metric", ACCURACY)
    return _record(Header, values_by_field(values, str(metric)), where)


def _record(kind: type[Record], values: Mapping[str, Any], where: str) -> Record:
    try:
        return as_dataclass(kind, values, where)
    except ValueError as error:
        raise RowsError(f"{error} {_RESTORE}") from error


def _is_object(line: Line, where: str) -> bool:
    try:
        json_object(line.text, where)
    except ValueError:
        return False
    return True
