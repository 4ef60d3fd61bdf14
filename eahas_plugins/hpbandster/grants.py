"""The energy of a HpBandSter run: what each job may spend, and what it did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hpbandster.core.dispatcher import Job

from eahas_plugins.budget.account import Charge, RunAccount, Shortfall
from eahas_plugins.budget.attributes import ENERGY_ATTR, kwh_argument, paid_kwh_of
from eahas_plugins.budget.entries import Grant, TrialId, was_refused
from eahas_plugins.budget.fence import Fence
from eahas_plugins.budget.journal import Attempt, EnergyJournal
from eahas_plugins.files import path_argument, read_bytes, write_atomically
from eahas_plugins.hpbandster.name_server import check_run_id

CHECKPOINTS = "checkpoints"
"""Where a run's checkpoints are, in its folder of energies, unless the target names a folder."""


def grant_file(folder: Path, config_id: Any, budget: float) -> Path:
    """Where a worker finds what a job may spend."""
    name = "-".join(str(part) for part in config_id)
    return folder / "grants" / f"{name}@{float(budget)!r}.json"


def journal_folder(working_directory: str | Path, run_id: str) -> Path:
    """Where the energies of a run are kept, on a file system that master and workers share.

    Raises:
        ValueError: If one of them is none.
    """
    check_run_id(run_id)
    return path_argument("working_directory", working_directory).absolute() / f"energy_{run_id}"


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
        self._fence: Fence | None = None
        self._trials: dict[tuple[Any, float], TrialId] = {}

    def take_over(self) -> None:
        """Go on with the run in place of the master before, which is refused from here on."""
        self._fence = Fence(self.folder)

    def grant_job(
        self, config_id: Any, budget: float, *, needed_kwh: float | None, paid_kwh: float
    ) -> None:
        """Promise a job its energy, and write down where its worker looks.

        Raises:
            RuntimeError: If another master goes on with the run since.
        """
        if self._fence is not None:
            self._fence.check()
        # A resumed run uses config ids anew, so the number says which trial this is.
        trial: TrialId = (self.next_number, None, None, float(budget))
        grant = self.grant(trial, needed_kwh=needed_kwh, paid_kwh=paid_kwh)
        self._trials[config_id, budget] = trial
        path = grant_file(self.folder, config_id, budget)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, grant.to_json(), durable=False)

    def charge_job(self, job: Job, answer: Any) -> Charge:
        """Charge a finished or failed job.

        Args:
            job: The job; its result is None if it has failed.
            answer: What its worker has returned, None if it has not.

        Raises:
            ValueError: If a job has succeeded and told no energy, or any job an impossible one.
        """
        budget = job.kwargs["budget"]
        grant_file(self.folder, job.id, budget).unlink(missing_ok=True)
        info = answer.get("info") if isinstance(answer, dict) else None
        told = info.get(ENERGY_ATTR) if isinstance(info, dict) else None
        charge = self.charge(
            self._trials.pop((job.id, budget)),
            reported_kwh=None if told is None else kwh_argument(ENERGY_ATTR, told, zero=True),
            succeeded=job.result is not None,
            refused=was_refused(job.exception),
            paid_kwh=paid_kwh_of(info) if isinstance(info, dict) else 0.0,
        )
        if charge.energy_kwh is None and job.result is not None:
            raise ValueError(
                "a worker must report its energy but returned none: return {'loss': ..., "
                "'info': {'energy_kwh': kWh}} from compute, or use EnergyWorker."
            )
        return charge


def open_grant(path: Path) -> Attempt:
    """A worker's attempt at a job that a master with an energy budget has sent.

    Raises:
        FileNotFoundError: If its grant is not there.
        ValueError: If it is damaged.
    """
    try:
        grant = Grant.from_json(read_bytes(path, limit=1 << 16), path)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"a worker must find what its job may spend but there is no {path}: give the master a "
            "working_directory on a file system that its workers share."
        ) from None
    return EnergyJournal(path.parents[1]).open(grant)
