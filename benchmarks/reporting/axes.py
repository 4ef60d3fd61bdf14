"""The units of a comparison's axes: those in which a study's budget and time read well."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.harness.results import Results
from benchmarks.reporting.styles import energy_kind
from eahas_plugins.units import energy_unit

_HOURS_FROM_S = 2.0 * 3600.0


class AxisUnit(NamedTuple):
    """A unit of an axis.

    Args:
        label: The axis' name with the unit, and where energies come from.
        per: How many of it are one kWh, or one second.
        name: The unit.
    """

    label: str
    per: float
    name: str


def axis_unit(results: Results, axis: str) -> AxisUnit:
    """The unit of a task's axis.

    Args:
        results: The task's rows.
        axis: ``"kwh"`` or ``"runtime_s"``.
    """
    if axis == "kwh":
        unit = energy_unit(results.header.budget_kwh)
        kind = energy_kind(results.header.provenance)
        label = f"Training energy of the study ({unit.name}, {kind})"
        return AxisUnit(label=label, per=unit.per_kwh, name=unit.name)
    longest_s = max((row.runtime_s or 0.0 for row in results.rows), default=0.0)
    name, per = ("h", 1.0 / 3600.0) if longest_s >= _HOURS_FROM_S else ("min", 1.0 / 60.0)
    return AxisUnit(label=f"Training time of the study ({name})", per=per, name=name)
