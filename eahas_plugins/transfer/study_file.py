"""A study in a file of JSON lines, to be shared: its parameters, then a line for each training."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from eahas_plugins.files import (
    as_dataclass,
    path_argument,
    read_json_lines,
    read_lines,
    write_atomically,
)
from eahas_plugins.models.kwh import Choice, Column, Number
from eahas_plugins.transfer.study import EarlierStudy, EarlierTrial, is_number, same

FORMAT = "eahas-study"
VERSION: Literal[1] = 1
_SAID = re.compile(rb'"format"\s*:\s*"eahas-study"')
_LIMIT = 128 << 20  # bytes: a line has a few hundred


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parameter:
    """A range, or choices."""

    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[Any, ...] | None = None

    def __post_init__(self) -> None:
        if (self.choices is None) == (self.low is None or self.high is None):
            raise ValueError("a parameter must have low and high, or choices.")
        if self.choices is not None:
            if not self.choices:
                raise ValueError("choices must not be empty.")
            return
        assert self.low is not None
        assert self.high is not None
        if not self.low <= self.high:
            raise ValueError(f"low must not exceed high but they are {self.low} and {self.high}.")
        if self.log and not self.low > 0.0:
            raise ValueError(f"low must be positive with log but is {self.low}.")

    @property
    def column(self) -> Column:
        if self.choices is not None:
            return Choice(values=self.choices)
        return Number(low=self.low or 0.0, high=self.high or 0.0, log=self.log)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    format: Literal["eahas-study"]
    version: int
    name: str
    maximize: bool
    parameters: Mapping[str, _Parameter]
    key: str = ""


def write_study(study: EarlierStudy, path: str | Path) -> None:
    """Write a study to a file, whole or not at all; gzipped if its name ends in ``.gz``.

    Args:
        study: The study.
        path: The file; its folder must exist.

    Raises:
        ValueError: If a parameter has values that JSON does not have, or the path is empty.
        OSError: If it could not be written.
    """
    path = path_argument("path", path)
    header = {
        "format": FORMAT,
        "version": VERSION,
        "name": study.name,
        "maximize": study.maximize,
        "key": study.key,
        "parameters": {name: _described(column) for name, column in study.parameters.items()},
    }
    trials = ({k: v for k, v in asdict(t).items() if v is not None} for t in study.trials)
    try:
        lines = [json.dumps(line, allow_nan=False) for line in (header, *trials)]
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"parameters of {study.name!r} must be numbers, texts, booleans, None, or lists and "
            f"objects of these, to be written as JSON, but: {error}."
        ) from None
    raw = ("\n".join(lines) + "\n").encode()
    if path.suffix == ".gz":
        raw = gzip.compress(raw, mtime=0)
    write_atomically(path, raw)


def is_study_file(path: Path) -> bool:
    """Whether a file begins as `write_study` begins it.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it cannot be read.
    """
    first = next(iter(read_lines(path, limit=_LIMIT)), None) if _may_be_lines(path) else None
    return first is not None and _SAID.search(first.text[:200]) is not None


def read_study_file(path: str | Path) -> EarlierStudy:
    """Read what `write_study` wrote. Nothing in it is executed.

    Args:
        path: The file.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is no such file, or damaged; the message names the line.
    """
    lines = read_json_lines(path, limit=_LIMIT)
    number, first = next(lines, (1, {}))
    if first.get("format") != FORMAT:
        raise ValueError(f"{path} must be a study that `export_study` wrote but is not.")
    _check_version(first.get("version"), path)
    header = as_dataclass(_Header, first, f"{path}, line {number},")
    columns = {name: one.column for name, one in header.parameters.items()}
    trials = []
    for number, line in lines:
        where = f"{path}, line {number},"
        trial = as_dataclass(EarlierTrial, line, where)
        for name, value in trial.config.items():
            if name not in columns or not _has(columns[name], value):
                raise ValueError(f"{where} must have values of its parameters but {name!r} is not.")
        trials.append(trial)
    return EarlierStudy(
        name=header.name,
        maximize=header.maximize,
        parameters=columns,
        trials=tuple(trials),
        key=header.key,
    )


def _check_version(version: Any, path: str | Path) -> None:
    """Before anything else is looked at, which in a newer version may mean something else."""
    if is_number(version) and version > VERSION:
        raise ValueError(
            f"{path} must have version {VERSION} of the format {FORMAT} but has {version}: a newer "
            "eahas-plugins wrote it. Install that version, or export the study with this one."
        )
    if not (is_number(version) and version == VERSION):
        raise ValueError(
            f"{path}, line 1, must have version {VERSION} of the format {FORMAT} but has "
            f"{version!r:.40}: export the study again."
        )


def _described(column: Column) -> dict[str, Any]:
    if isinstance(column, Number):
        return {"low": column.low, "high": column.high, "log": column.log}
    return {"choices": list(column.values)}


def _has(column: Column, value: Any) -> bool:
    if isinstance(column, Number):
        return is_number(value)
    return any(same(value, other) for other in column.values)


def _may_be_lines(path: Path) -> bool:
    """Whether it may be one by its first bytes: a database of gigabytes is not looked through."""
    with path.open("rb") as file:
        begin = file.read(2)
    return begin[:1] == b"{" or begin == b"\x1f\x8b"
