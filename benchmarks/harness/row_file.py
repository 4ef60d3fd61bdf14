"""A rows file opened for appending."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.harness.results import Results, load
from benchmarks.harness.rows import Header, Row, RowsError, line_of, refuse_mixing
from eahas_plugins.files import FileInUseError, LineFile


class RowFile:
    """A rows file opened for appending by one process at a time.

    Args:
        path: File to open; made if it does not exist.
        header: What the new rows have in common; must equal the recorded header.

    Raises:
        RowsError: If the file holds rows of another comparison, or is open elsewhere.
    """

    def __init__(self, path: Path, header: Header) -> None:
        try:
            self._file = LineFile(path)
        except FileInUseError as error:
            raise RowsError(f"{path} is being written by another comparison: wait.") from error
        except (ValueError, OSError) as error:
            raise RowsError(f"{path} must be a file that can be written: {error}") from error
        try:
            self._begin(line_of(header))
            self._results = load(path)
            if self._results.header != header:
                self._begin_anew(header)
            refuse_mixing(header, self._results.header, path)
            self._forget_what_is_torn()
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
        path = self._file.path
        for row in self._results.rows:
            if row.method == method and row.host != host:
                raise RowsError(
                    f"all rows of {method} must be made with the same packages, but {path} "
                    f"has rows with {row.host!r} and {host!r} is installed: use another --out."
                )

    def append(self, rows: Sequence[Row]) -> None:
        """Record a whole study.

        Rows that an earlier crash left of the same study are kept; a study is deterministic, so
        only the missing ones are written.

        Raises:
            RowsError: If the rows already there are not what the study gives now, or the disk is
                full; the file is then as it was.
        """
        study = rows[0].study
        recorded = [row for row in self._results.rows if row.study == study]
        if [line_of(row) for row in recorded] != [line_of(row) for row in rows[: len(recorded)]]:
            raise RowsError(
                f"{self._file.path} holds {len(recorded)} rows of an unfinished study "
                f"({study[0]}, seed {study[1]}) that cannot be reproduced: use another --out, or "
                "delete those rows."
            )
        self._append("".join(line_of(row) for row in rows[len(recorded) :]))

    def close(self) -> None:
        """Let others write."""
        self._file.close()

    def __enter__(self) -> RowFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self, header_line: str) -> None:
        """Write the header of a new file, or of one whose writer was killed at its first line."""
        size = self._file.size
        if size and self._file.torn_bytes == size:
            written = self._file.path.read_bytes()[: len(header_line) + 1]
            if header_line.encode().startswith(written):
                self._file.truncate(0)
        if self._file.size == 0:
            self._append(header_line)

    def _begin_anew(self, header: Header) -> None:
        """Where all that is there is a header, and perhaps a torn row, its settings bind nobody."""
        if not self._results.rows:
            self._file.truncate(0)
            self._append(line_of(header))
            self._results = load(self._file.path)

    def _forget_what_is_torn(self) -> None:
        """A half-written line; and of a live study, which gives other rows each time, all of it."""
        results = self._results
        if not results.header.provenance.get("live"):
            if results.dropped:
                self._file.truncate(results.length)
        elif results.finished_length < self._file.size:
            self._file.truncate(results.finished_length)
            self._results = replace(load(self._file.path), dropped=results.dropped)

    def _append(self, lines: str) -> None:
        try:
            self._file.append(lines)
        except OSError as error:
            raise RowsError(
                f"{self._file.path} cannot be written ({error.strerror}): what it held is kept; "
                "make room and run the same command again to go on."
            ) from error
