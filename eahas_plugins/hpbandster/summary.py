"""What a run with an energy budget says at its start and at its end."""

from __future__ import annotations

import logging
import math

from hpbandster.core.result import Result

from eahas_plugins.budget.attributes import was_cut
from eahas_plugins.hpbandster.grants import JobAccount
from eahas_plugins.units import share_text

_log = logging.getLogger(__name__)


def tell_start(account: JobAccount) -> None:
    """Say what an earlier run with the same name has spent; without that, say nothing."""
    balance = account.balance()
    if not balance.spent_kwh > 0.0:
        return
    remedy = (
        " Nothing is left: raise budget_kwh, or take another run_id or working_directory."
        if not balance.remaining_kwh > 0.0
        else ""
    )
    spent = share_text(balance.spent_kwh, balance.cap_kwh)
    _log.warning(
        "This run goes on from an earlier one: %s are spent already (%s).%s",
        spent,
        account.folder,
        remedy,
    )


def tell_end(account: JobAccount, result: Result, *, why: object = None) -> None:
    """Say in one line what a run has spent and found, and why it ends if that is known."""
    runs = result.get_all_runs()
    told = [run for run in runs if run.loss is not None and math.isfinite(run.loss)]
    whole = [run for run in told if not (isinstance(run.info, dict) and was_cut(run.info))]
    losses = [run.loss for run in whole or told]
    best = f"best loss {min(losses):.4g}" if losses else "none succeeded"
    balance = account.balance()
    _log.warning(  # what nobody has set up shows warnings alone, and this is what a user looks for
        "EnergyBOHB: %sspent %s, %d jobs, %s.",
        "" if why is None else f"{why}; ",
        share_text(balance.spent_kwh, balance.cap_kwh),
        len(runs),
        best,
    )
