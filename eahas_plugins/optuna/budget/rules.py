"""What a budget allows, the same for every study that it serves."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from eahas_plugins.arguments import check_numbers, given
from eahas_plugins.budget.attributes import kwh_argument


@dataclass(slots=True, kw_only=True)
class BudgetRules:
    """The rules of a budget. Not frozen: a cap may be changed while studies run.

    Args:
        cap_kwh: The most all trials of a study together may spend, kWh; infinite while that is
            not known.
        limit_kwh: The most one trial may spend, kWh.
        skip: Whether a trial that cannot be paid to its end gives way.
        lease_s: How long a promise is believed of a trial that does not change, s.
        steady: Whether the next step may be expected to need what the last one did.
        count_added: Whether trials that ran elsewhere count.
        clock: Any clock that never goes back, s.
        sleep: Waits for so many seconds.
    """

    cap_kwh: float
    limit_kwh: float | None
    skip: bool
    lease_s: float
    steady: bool
    count_added: bool
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def cap_of(kwh: float | None, kg_co2e: float | None, g_per_kwh: float | None) -> float:
    """The cap from what the user gave, kWh.

    Args:
        kwh: The cap, kWh.
        kg_co2e: The cap as emissions, kg CO2 equivalent.
        g_per_kwh: Intensity of the grid, g CO2 equivalent per kWh.

    Raises:
        ValueError: If an argument is out of range, or not one of the first two is given.
    """
    if (kwh is None) == (kg_co2e is None):
        raise ValueError("Give the cap either as `kwh` or as `kg_co2e`.")
    check_numbers(**given(g_per_kwh=g_per_kwh, kg_co2e=kg_co2e))
    if g_per_kwh is not None and not 0.0 < g_per_kwh < math.inf:
        raise ValueError(f"`g_per_kwh` must be positive but got {g_per_kwh}.")
    if kg_co2e is None:
        return kwh_argument("kwh", kwh)
    if g_per_kwh is None:
        raise ValueError("A cap in `kg_co2e` needs `g_per_kwh`, the intensity of the grid.")
    if not 0.0 < kg_co2e < math.inf:
        raise ValueError(f"`kg_co2e` must be positive but got {kg_co2e}.")
    return kg_co2e * 1000.0 / g_per_kwh
