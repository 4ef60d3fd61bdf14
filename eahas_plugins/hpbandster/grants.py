"""The energy of a HpBandSter run: what each job may spend, and what it did."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from hpbandster.core.dispatcher import Job

from eahas_plugins.budget.attributes import ENERGY_ATTR, known_kwh, kwh_argument
from eahas_plugins.budget.balance import Balance
from eahas_plugins.budget.journal import EnergyJournal, Grant, was_refused
from eahas_plugins.policy import cooling

Shortfall = Literal["truncate", "skip"]


def grant_file(folder: Path, config_id: Any, budget: float) -> Path:
    """Where a worker finds what a job may spend."""
    name = "-".join(str(part) for part in config_id)
    return folder / "grants" / f"{name}@{float(budget)!r}.json"


def journal_folder(working_directory: str | Path, run_id: str) -> Path:
    """Where the energies of a run are kept, on a file system that master and workers share."""
    return Path(working_directory).absolute() / f"energy_{run_id}"


class Account:
    """The master's side of the budget.

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
        self.cap_kwh = kwh_argument("budget_kwh", cap_kwh)
        if shortfall not in ("truncate", "skip"):
            raise ValueError(f"shortfall must be 'truncate' or 'skip' but got {shortfall!r}.")
        self.shortfall = shortfall
        self.journal = EnergyJournal(folder, lease_s=lease_s)
        self.journal.settle()  # whoever wrote there before is not at work any more
        self._granted: dict[Path, Grant] = {}
        self._offered_kwh: dict[int, float] = {}
        self._next_number = 1 + max((e.number for e in self.journal.entries()), default=-1)
        self._refused_kwh = 0.0

    def balance(self) -> Balance:
        """The state of the budget now."""
        return self.journal.balance(self.cap_kwh, granted=self._granted.values())

    def alpha(self) -> float:
        """How much energy weighs in decisions: 1 at the start, 0 when all is spent."""
        return cooling(self.balance().spent_kwh, self.cap_kwh)

    def admission(self, needed_kwh: float | None) -> Balance | None:
        """The balance if it pays for a job that needs so much (None: unknown); else None."""
        balance = self.balance()
        available_kwh = balance.available_kwh(number=self._next_number)
        if self.shortfall == "truncate":
            needed_kwh = None
        admitted = balance.covers(available_kwh, needed_kwh) and balance.covers(
            available_kwh - self._refused_kwh, None
        )
        return balance if admitted else None

    def grant(
        self,
        config_id: Any,
        budget: float,
        *,
        balance: Balance,
        needed_kwh: float | None,
        paid_kwh: float,
    ) -> None:
        """Promise a job its energy from the balance, and write down where its worker looks."""
        number = self._next_number
        self._next_number += 1
        available_kwh = max(0.0, balance.available_kwh(number=number))
        fits = balance.covers(available_kwh, needed_kwh)
        grant = Grant(
            number=number,
            trial=(number, None, None, float(budget)),  # a resumed run uses config ids anew
            cap_kwh=self.cap_kwh,
            reserved_kwh=min(needed_kwh or 0.0, available_kwh),
            limit_kwh=None if fits else available_kwh,
            paid_kwh=paid_kwh,
        )
        path = grant_file(self.journal.folder, config_id, budget)
        self._granted[path] = grant
        self._offered_kwh[number] = available_kwh
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(grant)), encoding="utf-8")

    def charge(self, job: Job) -> float:
        """Charge a finished or failed job; what nobody reported of a failed one is its promise.

        Returns:
            Energy of the job, kWh.

        Raises:
            ValueError: If a job has succeeded and told no energy.
        """
        path = grant_file(self.journal.folder, job.id, job.kwargs["budget"])
        path.unlink(missing_ok=True)
        grant = self._granted.pop(path)
        offered_kwh = self._offered_kwh.pop(grant.number)
        journaled = self.journal.settle(grant.trial)
        info = (job.result or {}).get("info")
        reported = known_kwh(info.get(ENERGY_ATTR)) if isinstance(info, dict) else None
        if reported is None and journaled == 0.0:
            if job.result is not None:
                raise ValueError(
                    "a worker must report its energy but returned none: return {'loss': ..., "
                    "'info': {'energy_kwh': kWh}} from compute, or use EnergyWorker."
                )
            reported = 0.0
            if was_refused(job.exception):
                # What it was offered did not pay for one step; nothing smaller will, either.
                left_kwh = self.balance().available_kwh(number=grant.number)
                self._refused_kwh = max(self._refused_kwh, min(offered_kwh, left_kwh))
            else:
                reported = grant.reserved_kwh
        total = max(journaled, reported or 0.0)
        if total > journaled:
            self.journal.record(grant, total - journaled)
        return total


def open_grant(working_directory: str | Path, run_id: str, config_id: Any, budget: float) -> Any:
    """The attempt of a worker at a job that an energy-aware master has sent; None otherwise."""
    folder = journal_folder(working_directory, run_id)
    path = grant_file(folder, config_id, budget)
    if not path.is_file():
        return None
    data = json.loads(path.read_text(encoding="utf-8"))
    return EnergyJournal(folder).open(Grant(**{**data, "trial": tuple(data["trial"])}))
