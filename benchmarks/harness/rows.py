"""The rows of a comparison: one file that is only ever appended to, and everything is redrawn from.

``rows.jsonl`` holds a header line (:class:`Header`) and then one line per trial (:class:`Row`). A
study's rows are appended in one write, and a crash can leave at most one half-written line, which
is reported and dropped. Rows of different tasks, budgets, versions or provenance never share a
file.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

SCHEMA = 1
"""Version of the format.

1: first version.
"""

NAMES = ("rows.jsonl", "rows.jsonl.gz")
"""Files of a folder that may hold its rows; only the first is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What all rows of a file have in common.

    Args:
        task: Name of the problem.
        budget_kwh: Energy every study may spend, kWh.
        mean_training_kwh: Mean energy of a complete training over the space's prior, kWh.
        reference_test_accuracy: Best known noise-free test accuracy of the task.
        reference: How that was found.
        provenance: Where the benchmark's numbers come from.
        versions: Versions of Python and of the packages that every study uses.
        schema: Version of the format.
    """

    task: str
    budget_kwh: float
    mean_training_kwh: float
    reference_test_accuracy: float
    reference: str
    provenance: Mapping[str, Any]
    versions: Mapping[str, str]
    schema: int = SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One trial of one study.

    Args:
        method: Name of the method.
        energy_aware: Whether the method knows of energy; the others are the plain ones.
        host: The packages that only this method needs, with versions ("optuna 5.0.0").
        seed: Seed of the study.
        trial: Position in the study, from 0.
        final: Whether it is the study's last.
        kwh: Energy the study has spent when the trial ends, kWh.
        runtime_s: Training time of the study until then, s.
        trial_kwh: Energy of this trial, kWh.
        epochs: Epochs trained.
        planned_epochs: Length of the trial's schedule.
        val_accuracy: Observed (noisy) validation accuracy when the trial ended.
        test_accuracy: Noise-free test accuracy of the same network.
        incumbent_test_accuracy: Noise-free test accuracy of the trial with the best observed
            validation accuracy so far.
        inference_energy_kwh: Energy of one pass over the validation set, kWh.
        config: The configuration.
    """

    method: str
    energy_aware: bool
    host: str
    seed: int
    trial: int
    final: bool
    kwh: float
    runtime_s: float | None
    trial_kwh: float
    epochs: int
    planned_epochs: int
    val_accuracy: float
    test_accuracy: float
    incumbent_test_accuracy: float
    inference_energy_kwh: float | None
    config: Mapping[str, Any]

    @property
    def study(self) -> tuple[str, int]:
        """Method and seed."""
        return self.method, self.seed


class RowsError(ValueError):
    """A file of rows that cannot be used as asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A file's content.

    Args:
        header: Its first line.
        rows: All complete rows.
        dropped: The half-written last line, empty where there is none.
        length: Bytes of the complete lines.
    """

    header: Header
    rows: tuple[Row, ...]
    dropped: str = ""
    length: int = 0

    def finished(self) -> set[tuple[str, int]]:
        """The (method, seed) pairs whose last row is recorded."""
        return {row.study for row in self.rows if row.final}


def find(folder: Path) -> Path:
    """The rows file of a folder.

    Raises:
        RowsError: If there is none.
    """
    if paths := [folder / name for name in NAMES if (folder / name).is_file()]:
        return paths[0]
    raise RowsError(
        f"{folder} must hold {' or '.join(NAMES)}: make it with "
        f"`python -m benchmarks compare --out {folder}`."
    )


def load(path: Path) -> Results:
    """Read a rows file, plain or gzipped.

    Raises:
        RowsError: If a line other than the last cannot be read, or the schema is another.
    """
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError) as error:
        raise RowsError(f"{path} must be a readable rows file: {error}.") from error
    lines = data.split(b"\n")
    tail = lines.pop()
    length = len(data) - len(tail)
    dropped = ""
    if tail:  # the last line lacks its line break: whole all the same, or torn by a crash
        if _is_object(tail):
            lines.append(tail)
        else:
            dropped = tail.decode(errors="replace")
    if not lines:
        raise RowsError(f"{path} must begin with a header line but has none: delete it.")
    header = _record(Header, lines[0], f"{path}, line 1")
    if header.schema != SCHEMA:
        raise RowsError(
            f"{path} must have schema {SCHEMA} but has {header.schema}: "
            "read it with the version of this project that wrote it."
        )
    rows = tuple(
        _record(Row, line, f"{path}, line {number}") for number, line in enumerate(lines[1:], 2)
    )
    return Results(header=header, rows=rows, dropped=dropped, length=length)


def refuse_mixing(new: Header, old: Header, where: Path, *, same: Iterable[str] = ()) -> None:
    """Check that two headers may stand behind rows of one comparison.

    Args:
        new: Header of the rows to come.
        old: Header of the rows there are.
        where: Where the latter lie, for the message.
        same: Fields that must agree; all of them by default.

    Raises:
        RowsError: If a field differs.
    """
    names = tuple(same) or tuple(field.name for field in fields(Header))
    for name in names:
        ours, theirs = (_plain(getattr(header, name)) for header in (new, old))
        if ours != theirs:
            raise RowsError(
                f"{name} of all rows must be the same, but {where} has {theirs!r} and this "
                f"comparison {ours!r}: use another --out, or the settings of the recorded rows."
            )


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def line_of(record: Header | Row) -> str:
    """The record's line of a rows file; a row's numbers with nine significant digits."""
    values = asdict(record)
    if isinstance(record, Row):
        values = _rounded(values)
    return json.dumps(values, allow_nan=False) + "\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return float(f"{value:.9g}") if isinstance(value, float) else value


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _record(kind: type[Any], line: bytes, where: str) -> Any:
    try:
        return kind(**json.loads(line))
    except (ValueError, TypeError) as error:
        raise RowsError(
            f"{where} must be a {kind.__name__.lower()} but is not ({error}): "
            "restore the file from where it came from, or use another --out."
        ) from error
