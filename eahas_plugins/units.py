"""Energies as people read them. Arguments, attributes and files stay in kWh."""

from __future__ import annotations

import math
from typing import NamedTuple

J_PER_KWH = 3.6e6


class EnergyUnit(NamedTuple):
    """A unit that people are shown.

    Args:
        name: ``J``, ``Wh`` or ``kWh``.
        per_kwh: How many of it are one kWh.
    """

    name: str
    per_kwh: float


J, WH, KWH = EnergyUnit("J", J_PER_KWH), EnergyUnit("Wh", 1e3), EnergyUnit("kWh", 1.0)


def energy_unit(kwh: float) -> EnergyUnit:
    """The unit in which an energy reads well; of several energies, ask for the largest.

    Example:
        >>> [energy_unit(kwh).name for kwh in (8e-6, 0.02, 40.0)]
        ['J', 'Wh', 'kWh']
    """
    size_kwh = abs(kwh)
    if size_kwh >= 1.0:
        return KWH
    return WH if size_kwh >= 1e-3 else J


def energy_text(kwh: float | None, *, unit: EnergyUnit | None = None) -> str:
    """An energy with its unit, to three digits.

    Example:
        >>> energy_text(8e-6), energy_text(0.0123), energy_text(1234.5), energy_text(None)
        ('28.8 J', '12.3 Wh', '1,230 kWh', 'unknown')

    Args:
        kwh: Energy, kWh; None if nobody knows it.
        unit: The unit; by default the one in which it reads well.
    """
    if kwh is None or math.isnan(kwh):
        return "unknown"
    unit = unit or energy_unit(kwh)
    return f"{digits_text(kwh * unit.per_kwh)} {unit.name}"


def share_text(part_kwh: float, whole_kwh: float) -> str:
    """A part of an energy, both in the unit of the whole.

    Example:
        >>> share_text(0.0004, 0.002)
        '0.4 of 2 Wh'
    """
    unit = energy_unit(whole_kwh)
    return f"{digits_text(part_kwh * unit.per_kwh)} of {energy_text(whole_kwh, unit=unit)}"


def digits_text(number: float) -> str:
    """A number to three digits, never in powers of ten where it is larger than 1.

    Example:
        >>> digits_text(0.012345), digits_text(99.96), digits_text(12345.0), digits_text(2.0)
        ('0.0123', '100', '12,300', '2')
    """
    rounded = float(f"{number:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100.0 else f"{rounded:.3g}"
