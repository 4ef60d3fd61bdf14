"""A report, to be saved, shown in a notebook, or read as numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from eahas_plugins.files import path_argument, write_atomically
from eahas_plugins.report.numbers import Numbers, numbers_of
from eahas_plugins.report.page import page_of
from eahas_plugins.report.run import RunSummary
from eahas_plugins.report.statement import statement_of
from eahas_plugins.report.tables import as_csv, as_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The energy report of a run.

    Args:
        numbers: All its numbers.
    """

    numbers: Numbers

    @classmethod
    def of(
        cls, run: RunSummary, *, g_per_kwh: float | None = None, country: str | None = None
    ) -> Report:
        """The report of a run.

        Args:
            run: The run.
            g_per_kwh: Intensity of the grid, g CO2 equivalent per kWh, in place of ``country``'s.
            country: ISO 3166-1 alpha-3 code of the table `GRID_G_PER_KWH`.

        Raises:
            ValueError: If the run has no trials or no energies, or an argument is out of range.
        """
        return cls(numbers=numbers_of(run, g_per_kwh=g_per_kwh, country=country))

    @property
    def html(self) -> str:
        """The page, one file that needs no network."""
        return _writable(page_of(self.numbers))

    @property
    def statement(self) -> str:
        """The paragraph for an energy statement."""
        return _writable(statement_of(self.numbers))

    @property
    def csv(self) -> str:
        """One line per trial."""
        return _writable(as_csv(self.numbers))

    def to_dict(self) -> dict[str, Any]:
        """The numbers as what JSON has."""
        return as_json(self.numbers)

    def to_json(self) -> str:
        """The numbers as JSON."""
        return _writable(json.dumps(self.to_dict(), allow_nan=False, ensure_ascii=False))

    def save(self, path: str | Path) -> Path:
        """Write the page, whole or not at all.

        Returns:
            Where it is.

        Raises:
            OSError: If it cannot be written there.
        """
        path = path_argument("path", path)
        write_atomically(path, self.html)
        return path

    def _repr_html_(self) -> str:
        """In a notebook, in a frame, so that neither's style touches the other's."""
        return f'<iframe srcdoc="{escape(self.html)}" width="100%" height="720"></iframe>'


def _writable(text: str) -> str:
    """The text with a question mark for each half of a character, which no file can hold."""
    return text.encode(errors="replace").decode()
