"""Rungs at which a training pauses: whole numbers of steps."""

from __future__ import annotations

from collections.abc import Sequence


def whole_rung(budget: float) -> float:
    """The step at which a training pauses for a host's rung.

    Raises:
        ValueError: If the rung is less than half a step.
    """
    if not budget >= 0.5:
        raise ValueError(
            f"budget must be at least 1 with fidelity 'continue', which counts steps, but got "
            f"{budget}: give the host a min_budget and max_budget of whole epochs."
        )
    return float(max(1, round(budget)))


def check_whole_rungs(rungs: Sequence[float]) -> None:
    """Refuse rungs of which two are the same step: who is promoted would train and pay anew.

    Args:
        rungs: The host's rungs.

    Raises:
        ValueError: If there are such, or one is less than half a step.
    """
    steps = [whole_rung(rung) for rung in rungs]
    if len(set(steps)) < len(steps):
        raise ValueError(
            "rungs must be different whole numbers of steps with fidelity 'continue' but "
            f"{', '.join(f'{rung:g}' for rung in rungs)} are "
            f"{', '.join(f'{step:g}' for step in steps)}: give the host a larger min_budget, "
            "max_budget or eta."
        )
