"""Energy from what a training did, where no counter can say it.

Energy = static power x CPU time + energy per multiply-add x multiply-adds
+ energy per byte x bytes moved: the linear model that Choi et al. (2013) fitted to measured CPUs
and GPUs. Time alone would make energy and time one axis; here a network that computes much per
second draws more power than one that waits. What the model leaves out: frequency scaling, the
power supply, cooling, discs.

A check of the sum: the small networks of ``fashion-nano`` come to 5.1-6.1 W for the package, where
the TDP per core is 5.6 W. At the peak of arithmetic it would be 7.8 W, above that share: the
central values are for code that stays well below the peak.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from eahas_plugins.arguments import check_numbers, numbers_of
from eahas_plugins.units import J_PER_KWH

Amount = TypeVar("Amount", float, NDArray[np.float64])
"""One training, or an array with one entry per training (or epoch)."""

PICO = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficient:
    """One coefficient of the model, with bounds that are meant to hold (not one sigma).

    Args:
        central: Value used, in ``unit``.
        low: Lower bound.
        high: Upper bound.
        unit: Unit of the three.
        source: Where they come from: what publications say, and what is assumed.

    Raises:
        ValueError: If the bounds do not hold (NaN included).
    """

    central: float
    low: float
    high: float
    unit: str
    source: str

    def __post_init__(self) -> None:
        check_numbers(low=self.low, central=self.central, high=self.high)
        if not 0.0 <= self.low <= self.central <= self.high < float("inf"):
            raise ValueError(
                "a coefficient needs 0 <= low <= central <= high, all finite, but got "
                f"{self.low}, {self.central}, {self.high}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyModel:
    """The three coefficients of one kind of machine.

    Args:
        name: The machine.
        static_watts_per_core: Power of an occupied core whatever it computes, with its share of
            what the cores have in common, W.
        picojoules_per_multiply_add: Energy of one 32-bit multiply-add above that, pJ.
        picojoules_per_byte: Energy of one byte read or written above that, pJ.
    """

    name: str
    static_watts_per_core: Coefficient
    picojoules_per_multiply_add: Coefficient
    picojoules_per_byte: Coefficient

    def coefficients(self) -> Mapping[str, Coefficient]:
        """Return the coefficients by their names, in the order of the formula."""
        return {
            "static_watts_per_core": self.static_watts_per_core,
            "picojoules_per_multiply_add": self.picojoules_per_multiply_add,
            "picojoules_per_byte": self.picojoules_per_byte,
        }


SERVER_CORE = EnergyModel(
    name="server core of 2017 (AMD EPYC 7601, 14 nm), 32-bit arithmetic",
    static_watts_per_core=Coefficient(
        central=5.0,
        low=2.8,
        high=8.0,
        unit="W",
        source=(
            "Published: 180 W TDP for 32 cores, 5.6 W each (AMD EPYC 7601); fabric and memory "
            "controllers can take more than the cores (AnandTech 13124, 2018), and are 17-19 W of "
            "every die of the same cores (AnandTech on Ryzen 3, 2017), so 2.2-2.8 W a core. "
            "Assumed: low, half of the TDP share; high, all of it and 2.4 W of memory background; "
            "central, 2.8 W shared and 2.2 W for the clocks, fetch and leakage of the core."
        ),
    ),
    picojoules_per_multiply_add=Coefficient(
        central=130.0,
        low=4.6,
        high=742.0,
        unit="pJ per 32-bit multiply-add",
        source=(
            "Published: low, multiplier and adder alone at 45 nm, 3.7 + 0.9 pJ (Horowitz, ISSCC "
            "2014). Assumed: central, half of the TDP share, 2.8 W, at the peak of 8 multiply-adds "
            "a cycle (two 128-bit units) and 2.7 GHz. Not confirmed in the text: high, 2 x 371 pJ "
            "per operation fitted to a 45 nm Core i7-950 (Choi et al., A roofline model of energy, "
            "IPDPS 2013)."
        ),
    ),
    picojoules_per_byte=Coefficient(
        central=244.0,
        low=12.5,
        high=795.0,
        unit="pJ per byte",
        source=(
            "Published: 1.3-2.6 nJ per 64 bits of DRAM and 100 pJ per 64 bits of a 1 MB cache, at "
            "45 nm (Horowitz, ISSCC 2014). Assumed: central, every byte comes from DRAM at the "
            "middle of that range, 30 pJ a bit, though much of it is in caches; low, every byte "
            "comes from the cache. Not confirmed in the text: high, 795 pJ fitted to a Core i7-950 "
            "with DDR3 (Choi et al. 2013)."
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate(Generic[Amount]):
    """Estimated energy with its bounds.

    Args:
        energy_kwh: Central value, kWh.
        low_kwh: With every coefficient at its lower bound, kWh.
        high_kwh: With every coefficient at its upper bound, kWh.
        static_kwh: Part of the central value that comes from CPU time, kWh.
        arithmetic_kwh: Part that comes from multiply-adds, kWh.
        memory_kwh: Part that comes from bytes moved, kWh.
    """

    energy_kwh: Amount
    low_kwh: Amount
    high_kwh: Amount
    static_kwh: Amount
    arithmetic_kwh: Amount
    memory_kwh: Amount


def estimate_energy(
    *,
    cpu_s: Amount,
    multiply_adds: Amount,
    bytes_moved: Amount,
    model: EnergyModel = SERVER_CORE,
) -> Estimate[Amount]:
    """Estimate the energy of trainings from their time, arithmetic and memory traffic.

    Example:
        >>> estimate = estimate_energy(cpu_s=1.4, multiply_adds=1e10, bytes_moved=3e9)
        >>> round(estimate.energy_kwh * 3.6e6, 3)  # joules: 7 static, 1.3 arithmetic, 0.73 memory
        9.032

    Args:
        cpu_s: CPU seconds, all threads.
        multiply_adds: Multiply-adds done. A training step does about three times those of a
            forward pass.
        bytes_moved: Bytes read and written by the layers: inputs, outputs, weights and gradients.
        model: Coefficients of the machine.

    Raises:
        ValueError: If an amount is negative or not finite (NaN included).
    """
    amounts = {"cpu_s": cpu_s, "multiply_adds": multiply_adds, "bytes_moved": bytes_moved}
    for name, values in zip(amounts, numbers_of(**amounts), strict=True):
        if not (np.isfinite(values).all() and (values >= 0.0).all()):
            raise ValueError(f"{name} must be at least 0 and finite but got {amounts[name]}")
        if values.ndim and not isinstance(amounts[name], np.ndarray):
            raise ValueError(f"{name} must be a number or an array but got {amounts[name]!r}")
    static, arithmetic, memory = model.coefficients().values()

    def total_kwh(watts: float, pj_per_multiply_add: float, pj_per_byte: float) -> Amount:
        joules = (
            watts * cpu_s
            + pj_per_multiply_add * PICO * multiply_adds
            + pj_per_byte * PICO * bytes_moved
        )
        return joules / J_PER_KWH

    return Estimate(
        energy_kwh=total_kwh(static.central, arithmetic.central, memory.central),
        low_kwh=total_kwh(static.low, arithmetic.low, memory.low),
        high_kwh=total_kwh(static.high, arithmetic.high, memory.high),
        static_kwh=static.central * cpu_s / J_PER_KWH,
        arithmetic_kwh=arithmetic.central * PICO * multiply_adds / J_PER_KWH,
        memory_kwh=memory.central * PICO * bytes_moved / J_PER_KWH,
    )
