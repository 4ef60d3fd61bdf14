"""The energy of a HpBandSter run: what each job may spend, and what it did."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hpbandster.core.dispatcher import Job

from eahas_plugins.budget.account import Charge, RunAccount, Shortfall
from eahas_plugins.budget.attributes import ENERGY_ATTR, known_kwh
from eahas_plugins.budget.entries import Grant, TrialId, was_refused
from eahas_plugins.budget.journal import EnergyJournal


def grant_file(folder: Path, config_id: Any, budget: float) -> Path:
    """Where a worker finds what a job may spend."""
    name = "-".join(str(part) for part in config_id)
    return folder / "grants" / f"{name}@{float(budget)!r}.json"


def journal_folder(working_directory: str | Path, run_id: str) -> Path:
    """Where the energies of a run are kept, on a file system that master and workers share."""
    return Path(working_directory).absolute() / f"energy_{run_id}"


class JobAccount(RunAccount):
    """The master's side of the budget: a `RunAccount` whose workers find their grants in files.

    Args:
        folder: The run's folder of energies. What it holds already counts as spent.
        cap_kwh: The most all jobs together may spend, kWh.
        shortfall: What becomes of a job that cannot be paid to its end.
        lease_s: How long a promise outlives the last report, s.

    Raises:
        ValueError: If an argument is out of range (NaN included).
    """

    def __init__(
        self, folder: Path, *, cap_kwh: float, shortfall: Shortfall, lease_s: float
    ) -> None:
        super().__init__(cap_kwh, shortfall=shortfall)
        self.folder = folder
        self.attach(EnergyJournal(folder, lease_s=lease_s))
        self._trials: dict[tuple[Any, float], TrialId] = {}

    def grant_job(
        self, config_id: Any, budget: float, *, needed_kwh: float | None, paid_kwh: float
    ) -> None:
        """Promise a job its energy, and write down where its worker looks."""
        # A resumed run uses config ids anew, so the number says which trial this is.
        trial: TrialId = (self.next_number, None, None, float(budget))
        grant = self.grant(trial, needed_kwh=needed_kwh, paid_kwh=paid_kwh)
        self._trials[config_id, budget] = trial
        path = grant_file(self.folder, config_id, budget)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(grant)), encoding="utf-8")

    def charge_job(self, job: Job) -> Charge:
        """Charge a finished or failed job.

        Raises:
            ValueError: If a job has succeeded and told no energy.
        """
        budget = job.kwargs["budget"]
        grant_file(self.folder, job.id, budget).unlink(missing_ok=True)
        info = (job.result or {}).get("info")
        charge = self.charge(
            self._trials.pop((job.id, budget)),
            reported_kwh=known_kwh(info.get(ENERGY_ATTR)) if isinstance(info, dict) else None,
            succeeded=job.result is not None,
            refused=was_refused(job.exception),
        )
        if charge.energy_kwh is None and job.result is not None:
            raise ValueError(
                "a worker must report its energy but returned none: return {'loss': ..., "
                "'info': {'energy_kwh': kWh}} from compute, or use EnergyWorker."
            )
        return charge


def open_grant(working_directory: str | Path, run_id: str, config_id: Any, budget: float) -> Any:
    """The attempt of a worker at a job that an energy-aware master has sent; None otherwise."""
    folder = journal_folder(working_directory, run_id)
    path = grant_file(folder, config_id, budget)
    if not path.is_file():
        return None
    data = json.loads(path.read_text(encoding="utf-8"))
    return EnergyJournal(folder).open(Grant(**{**data, "trial": tuple(data["trial"])}))
