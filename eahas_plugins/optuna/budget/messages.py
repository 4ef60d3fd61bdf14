"""What a budget says to people: why a trial ended, and that no energy arrives."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Mapping
from typing import Any

import optuna

from eahas_plugins.budget.attributes import ENERGY_ATTR
from eahas_plugins.budget.balance import Balance
from eahas_plugins.units import energy_text, share_text

_WRITTEN_BY_US = ("energy_account", "energy_reserved_kwh", "energy_step_kwh", "energy_stopped")
_NAMES = (ENERGY_ATTR, "kwh", "energy", "train_kwh")

_log = logging.getLogger("eahas_plugins.optuna.budget")


def say(line: str) -> None:
    """Tell a line where Optuna tells of its trials, at its verbosity."""
    optuna.logging.get_logger("optuna.energy_budget").info(line)


def warn(line: str) -> None:
    """Tell what somebody should mend."""
    _log.warning(line)


def budget_reason(balance: Balance, needed_kwh: float) -> str:
    """Why the study's budget ends a trial."""
    spent = share_text(balance.spent_kwh, balance.cap_kwh)
    reason = f"Energy budget of the study: {spent} spent"
    claims_kwh = balance.remaining_kwh - balance.uncommitted_kwh()
    if needed_kwh:
        reason += f", and the next step needs {energy_text(needed_kwh)}"
        if claims_kwh > needed_kwh:
            reason += f" while {energy_text(claims_kwh)} are announced by all running trials"
    return reason + "."


def spent_reason(balance: Balance) -> str:
    """Why no trial may begin any more."""
    reason = budget_reason(balance, 0.0)
    if not balance.covers(balance.remaining_kwh, None):
        return reason
    return f"{reason[:-1]}, and {nothing_fits(balance)}."


def nothing_fits(balance: Balance) -> str:
    """That what is left pays for no trial."""
    return f"nothing fits into the {energy_text(balance.remaining_kwh)} that are left"


def limit_reason(spent_kwh: float, limit_kwh: float, needed_kwh: float) -> str:
    """Why the limit of a trial ends it."""
    reason = f"Energy limit of a trial: {share_text(spent_kwh, limit_kwh)} spent"
    return reason + (f", and the next step needs {energy_text(needed_kwh)}." if needed_kwh else ".")


def room_reason(balance: Balance, needed_kwh: float, available_kwh: float) -> str:
    """Why a trial that cannot be paid to its end gives way."""
    return (
        f"No room in the energy budget: the trial needs {energy_text(needed_kwh)}, and of "
        f"{energy_text(balance.cap_kwh)} only {energy_text(max(available_kwh, 0.0))} are neither "
        "spent nor promised."
    )


def pruner_reason(pruner: str, step: int | None, energy_kwh: float) -> str:
    """Why the pruner ended a trial."""
    where = "" if step is None else f" at step {step}"
    return f"Pruned by {pruner}{where}, after {energy_text(energy_kwh)}."


def waiting_line(number: int, balance: Balance, *, lease_s: float) -> str:
    """For whom a trial waits."""
    promised = {t.number: t.unspent_kwh for t in balance.running if t.unspent_kwh}
    numbers = ", ".join(map(str, promised))
    return (
        f"Trial {number} waits for room in the energy budget: {energy_text(balance.reserved_kwh)} "
        f"are promised to trials {numbers}. The promise to a trial that has fallen silent lapses "
        f"{lease_s:g} s after this process last saw it change."
    )


def left_out_line(added_kwh: float, earlier_kwh: float) -> str:
    """Which energy in a study does not count."""
    parts = []
    if added_kwh:
        parts.append(f"{energy_text(added_kwh)} of trials that came from another study")
    if earlier_kwh:
        parts.append(
            f"{energy_text(earlier_kwh)} of trials that finished before the first one under a "
            "budget or an EnergyTracker, of which nothing says that they ran in this study"
        )
    return (
        f"The energy budget does not count {' and '.join(parts)}. If it should, pass "
        "`count_added=True` to EnergyBudget."
    )


def silence_warning(number: int, attrs: Mapping[str, Any]) -> str:
    """That a trial has finished without reporting energy, and what may be the matter."""
    line = f"Trial {number} has finished without reporting energy, so the budget cannot count it: "
    value = attrs.get(ENERGY_ATTR)
    similar = _similar_names(attrs)
    if similar:
        named = " and ".join(repr(name) for name in similar)
        line += f"it has set {named}, but the budget reads {ENERGY_ATTR!r} (kWh so far). "
    elif value is not None and value != 0.0:
        line += f"its {ENERGY_ATTR!r} is {value!r}, which is no energy. "
    return line + (
        f"Call trial.set_user_attr({ENERGY_ATTR!r}, kWh so far) after each step, or train inside "
        "`with EnergyTracker(trial) as energy:` and call energy.report(value, step=...)."
    )


def standstill_warning(number: int, energy_kwh: float) -> str:
    """That a trial reports the same energy again and again."""
    return (
        f"Trial {number} goes on reporting {ENERGY_ATTR!r} of {energy_kwh:g}: it must be what the "
        "trial has used so far, not what a step takes, so add the steps up. The budget counts it "
        "once. If a meter told it, the meter stands still."
    )


def _similar_names(attrs: Mapping[str, Any]) -> list[str]:
    """Attributes whose names look as if the energy was meant."""
    return [
        key
        for key in attrs
        if key not in (ENERGY_ATTR, *_WRITTEN_BY_US)
        and difflib.get_close_matches(key.lower(), _NAMES, n=1, cutoff=0.8)
    ]


def error_line(error: BaseException) -> str:
    """What went wrong, in one line that is not too long."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'nothing more is known'}"[:300]
