"""What a target tells its host: the cost, or cost and energy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from eahas_plugins.budget.attributes import ENERGY_ATTR

Objectives = Literal["error"] | Sequence[str]
ERROR = "error"
INFERENCE = "inference_energy_kwh"


def check_objectives(
    objectives: Objectives,
    *,
    cost_name: str = ERROR,
    energies: Sequence[str] = (ENERGY_ATTR,),
) -> tuple[str, ...]:
    """The objectives' names in order.

    Args:
        objectives: What the user has asked for.
        cost_name: What the cost may be called.
        energies: What may stand beside it.

    Raises:
        ValueError: If they are neither the cost nor cost and an energy.
    """
    names = (objectives,) if isinstance(objectives, str) else tuple(objectives)
    pairs = [(cost_name, energy) for energy in energies]
    if names not in ((cost_name,), *pairs):
        raise ValueError(
            f"objectives must be {cost_name!r} or {' or '.join(map(str, pairs))} but got "
            f"{objectives!r}."
        )
    return names


def cost_of(
    cost: float, energy_kwh: float, objectives: tuple[str, ...]
) -> float | dict[str, float]:
    """What the host gets: the cost, or the cost and the energy that is the other objective."""
    if len(objectives) == 1:
        return cost
    return {objectives[0]: cost, objectives[1]: energy_kwh}
