"""The energies of a run's folder, as its workers wrote them; needs no host."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from pathlib import Path

from eahas_plugins.budget.entries import Entry, TrialId
from eahas_plugins.budget.journal import EnergyJournal
from eahas_plugins.budget.journal_reader import stored_cap_kwh


@dataclass(frozen=True, slots=True, kw_only=True)
class Energies:
    """What a folder of energies says.

    Args:
        cap_kwh: The cap of the run, kWh; None if it left no word.
        of_trial: Attempts at each trial.
        notes: What is damaged.
    """

    cap_kwh: float | None
    of_trial: dict[TrialId, list[Entry]]
    notes: tuple[str, ...] = ()

    @property
    def total_kwh(self) -> float:
        """Energy of all attempts, kWh."""
        return math.fsum(e.charged_kwh for of in self.of_trial.values() for e in of)


def read_energies(folder: Path) -> Energies:
    """Read the energies of a run; a folder that is not there has none."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        entries = EnergyJournal(folder).entries() if folder.is_dir() else []
    of_trial: dict[TrialId, list[Entry]] = {}
    for entry in entries:
        of_trial.setdefault(entry.trial, []).append(entry)
    return Energies(
        cap_kwh=stored_cap_kwh(folder),
        of_trial=of_trial,
        notes=tuple(str(one.message) for one in caught),
    )
