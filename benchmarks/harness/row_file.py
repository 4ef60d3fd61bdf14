"""A rows file opened for appending."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness.rows import Header, Results, Row, RowsError, line_of, load, refuse_mixing


class RowFile:
    """A rows file opened for appending by one process at a time.

    Args:
        path: File to open; made if it does not exist.
        header: What the new rows have in common; must equal the recorded header.

    Raises:
        RowsError: If the file holds rows of another comparison, or is open elsewhere.
    """

    def __init__(self, path: Path, header: Header) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.stat().st_size == 0:
            draft = path.with_suffix(".new")
            draft.write_text(line_of(header))
            draft.replace(path)
        self._path = path
        self._file = path.open("ab", buffering=0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise RowsError(f"{path} is being written by another comparison: wait.") from error
        try:
            self._results = load(path)
            refuse_mixing(header, self._results.header, path)
            self._mend()
        except BaseException:
            self._file.close()
            raise

    @property
    def results(self) -> Results:
        """What the file held when it was opened."""
        return self._results

    def refuse_other_host(self, method: str, host: str) -> None:
        """Check that a method's recorded rows were made with the same packages as the new ones.

        Raises:
            RowsError: If they were not.
        """
        for row in self._results.rows:
            if row.method == method and row.host != host:
                raise RowsError(
                    f"all rows of {method} must be made with the same packages, but {self._path} "
                    f"has rows with {row.host!r} and {host!r} is installed: use another --out."
                )

    def append(self, rows: Sequence[Row]) -> None:
        """Record a whole study.

        Rows that an earlier crash left of the same study are kept; a study is deterministic, so
        only the missing ones are written.

        Raises:
            RowsError: If the rows already there are not what the study gives now.
        """
        study = rows[0].study
        recorded = [row for row in self._results.rows if row.study == study]
        if [line_of(row) for row in recorded] != [line_of(row) for row in rows[: len(recorded)]]:
            raise RowsError(
                f"{self._path} holds {len(recorded)} rows of an unfinished study ({study[0]}, seed "
                f"{study[1]}) that cannot be reproduced: use another --out, or delete those rows."
            )
        self._file.write("".join(line_of(row) for row in rows[len(recorded) :]).encode())
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let others write."""
        self._file.close()

    def __enter__(self) -> RowFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _mend(self) -> None:
        if self._results.dropped:
            self._file.truncate(self._results.length)
        elif self._path.stat().st_size != self._results.length:  # only the line break is missing
            self._file.write(b"\n")
