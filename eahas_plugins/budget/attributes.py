"""Names under which hosts keep energies, and the one way to read an energy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

ENERGY_ATTR = "energy_kwh"
"""Trial attribute: cumulative energy of the trial so far, kWh."""
TRAINING_ATTR = "training_energy_kwh"
"""Trial information: energy of the configuration's training, what earlier rungs paid included,
kWh; ``energy_kwh`` is what the trial itself has burnt, and the sum of those is what was spent."""
PAID_ATTR = "energy_paid_kwh"
"""Trial attribute: energy of the training before this trial, which goes on from there, kWh."""
SAVED_ATTR = "energy_saved_kwh"
"""Trial attribute: energy of the training up to the checkpoint that the trial has left, kWh; a
trial that goes on from there need not pay it again."""
CHECKPOINT_ATTR = "checkpoint"
"""Trial information: the folder that holds the checkpoint of the trial's configuration."""
IDENTITY_ATTR = "checkpoint_identity"
"""Study attribute: what tells the study's checkpoints from those of others of its name."""
CONTINUES_ATTR = "continues"
"""Trial attribute: the trial whose checkpoint this one goes on from, by its number."""
RESERVED_ATTR = "energy_reserved_kwh"
"""Trial attribute: energy the whole trial is expected to need, kWh."""
STEP_ATTR = "energy_step_kwh"
"""Trial attribute: energy of the trial's next step, kWh, where it is known in advance."""
LIMITED_ATTR = "limited"
"""Trial information: whether a limit of the trial's own has truncated it, and not the cap."""
KEPT_NAMES = frozenset(
    (
        *(ENERGY_ATTR, TRAINING_ATTR, PAID_ATTR, SAVED_ATTR, CHECKPOINT_ATTR, CONTINUES_ATTR),
        *(RESERVED_ATTR, STEP_ATTR, "energy_account", "energy_stopped", "promoted_from"),
        *("energy_kind", "energy_meter", "energy_parts_kwh", "meter", "runtime_s"),
        *("epochs", "resumed", "truncated", "energy_estimated", "earlier_member"),
        LIMITED_ATTR,
    )
)
"""What hosts keep of a trial under names of their own; no metric of a training has one of them."""
CAP_ATTR = "energy_cap_kwh"
"""Study attribute: the cap, kWh."""
SPENT_ATTR = "energy_spent_kwh"
"""Study attribute: energy of all trials so far, kWh; for display, the trials are what counts."""
TOLD_ATTR = "energy"
"""Study attribute: what has been spent of the cap, in words; for display."""
LEFT_OUT_ATTR = "energy_left_out_kwh"
"""Study attribute: energy of trials in the study that the budget does not count, kWh."""
DEFAULT_LEASE_S = 15 * 60.0
"""How long a reservation outlives the last report of its trial, s."""


def kwh_argument(name: str, value: object, *, zero: bool = False) -> float:
    """Return ``value`` as a float if it is a usable energy.

    Args:
        name: What the message calls it.
        value: Energy, kWh.
        zero: Whether 0 is allowed.

    Raises:
        ValueError: If it is not a finite number, negative, or 0 where that is not allowed.
    """
    number = known_kwh(value)
    if number is None or not (zero or number > 0.0):
        what = (
            "a finite number of kWh, zero or more," if zero else "a positive finite number of kWh"
        )
        raise ValueError(f"`{name}` must be {what} but got {value!r}.")
    return number


def known_kwh(value: object) -> float | None:
    """Energy read from a record, kWh, or None if it is missing, NaN, infinite or negative.

    The one reader for budgets, pruners and samplers. Scalars of NumPy and arrays without axes
    count like Python's numbers; truth values and text are no energies.
    """
    if type(value) is not float:  # asking for `Real` is slow, and every step comes here
        if getattr(value, "ndim", None) == 0:
            value = value.item()  # type: ignore[attr-defined]  # np.float32, or a tensor
        if isinstance(value, bool) or not isinstance(value, Real):
            return None
        try:
            value = float(value)
        except OverflowError:  # an integer of hundreds of digits
            return None
    return value if 0.0 <= value < math.inf else None


def was_cut(info: Mapping[str, Any]) -> bool:
    """Whether the end of the budget has cut a trial short, so that it is not the best.

    A limit that all trials have is no such end: what one reaches within it is its result.

    Args:
        info: What came with the trial's result.
    """
    return bool(info.get("truncated")) and not info.get(LIMITED_ATTR)


def paid_kwh_of(info: Mapping[str, Any]) -> float:
    """What had been paid of a training when a trial went on with its checkpoint, kWh.

    Args:
        info: What came with the trial's result; who keeps no checkpoints goes on with none.
    """
    whole, own = known_kwh(info.get(TRAINING_ATTR)), known_kwh(info.get(ENERGY_ATTR))
    if SAVED_ATTR not in info or whole is None or own is None:
        return 0.0
    return max(0.0, whole - own)


def saved_kwh_of(info: Mapping[str, Any]) -> float:
    """Energy of a training that a later trial can go on with, kWh.

    Args:
        info: What came with an earlier trial's result; a benchmark needs no checkpoint to go on.
    """
    return known_kwh(info.get(SAVED_ATTR, info.get(TRAINING_ATTR))) or 0.0
