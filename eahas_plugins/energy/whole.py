"""From what a meter counts to what the machine draws from the wall, and its emissions."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from eahas_plugins.arguments import check_not_negative, check_positive, numbers_of
from eahas_plugins.energy.meter_argument import check_meter
from eahas_plugins.energy.readings import (
    EnergyMeter,
    Provenance,
    Reading,
    by_device,
    fallen_devices,
    ids_of,
    kinds_by_part,
    names_of,
)
from eahas_plugins.units import J_PER_KWH

_OWED_S = 1.0  # counters are updated more often

_log = logging.getLogger(__name__)
_REST_NAME = "rest of the machine"
_REST = "machine:rest"  # the device whose power is the offset: everything that no counter sees


class WholeDeviceMeter:
    """Another meter's counts turned into energy at the wall.

    Energy = PUE x (``scale`` x counted + ``offset_watts`` x time). Fit scale and offset with
    `calibrate` against a wall meter; board, fans, disc and power supply are in them. They appear
    as the part ``other``; cooling and distribution of the data centre as ``facility``. The whole is
    ``estimated``; ``provenance.part_kinds`` says which parts of it are measured.

    Args:
        meter: The meter that counts.
        scale: Joules at the wall per joule counted. Positive.
        offset_watts: Power that no counter sees, W. Not negative. The whole machine's: trials
            that share the machine share it.
        pue: Power usage effectiveness of the data centre. At least 1.

    Raises:
        ValueError: If an argument is out of range (NaN included), or the meter has an offset.
    """

    def __init__(
        self, meter: EnergyMeter, *, scale: float = 1.0, offset_watts: float = 0.0, pue: float = 1.0
    ) -> None:
        check_meter(meter, auto=False)
        check_positive(scale=scale, pue=pue)
        check_not_negative(offset_watts=offset_watts)
        if not 1.0 <= pue < float("inf"):
            raise ValueError(f"pue must be at least 1 and finite but got {pue}")
        self._meter = meter
        self._scale = scale
        self._offset_watts = offset_watts
        self._pue = pue
        counted = meter.provenance
        if offset_watts > 0.0 and _REST in counted.device_ids:
            raise ValueError(
                f"offset_watts is in {counted.meter!r} already; give it once, together with the "
                f"{offset_watts:g} W"
            )
        corrects = scale != 1.0 or offset_watts > 0.0 or pue > 1.0
        self._provenance = replace(
            counted,
            kind="estimated" if corrects else counted.kind,
            part_kinds={**kinds_by_part(counted), "other": "estimated", "facility": "estimated"}
            if corrects
            else counted.part_kinds,
            meter=f"{meter.provenance.meter} x {scale:g} + {offset_watts:g} W, PUE {pue:g}",
            devices=(*names_of(counted).values(), *([_REST_NAME] if offset_watts > 0.0 else [])),
            device_ids=(*ids_of(counted), *([_REST] if offset_watts > 0.0 else [])),
        )

    @property
    def provenance(self) -> Provenance:
        """What the wrapped meter is, and the correction."""
        return self._provenance

    def read(self) -> Reading:
        """Read and correct."""
        reading = self._meter.read()
        devices = {name: self._corrected(parts) for name, parts in by_device(reading).items()}
        if self._offset_watts > 0.0:
            offset_kwh = self._offset_watts * reading.monotonic_s / J_PER_KWH
            devices[_REST] = {"other": offset_kwh, "facility": (self._pue - 1.0) * offset_kwh}
        return Reading.of_devices(
            devices,
            monotonic_s=reading.monotonic_s,
            provenance=self._provenance,
            cpu_s=reading.cpu_s,
            counters=reading.counters,
            users=reading.users,
        )

    def _corrected(self, parts: Mapping[str, float]) -> dict[str, float]:
        counted_kwh = sum(parts.values())
        machine_kwh = self._scale * counted_kwh
        return {
            **parts,
            "other": parts.get("other", 0.0) + machine_kwh - counted_kwh,
            "facility": parts.get("facility", 0.0) + (self._pue - 1.0) * machine_kwh,
        }


class AboveIdleMeter:
    """Another meter's counts above what its devices draw at rest.

    What a machine draws however little is computed is nobody's training. It is subtracted down
    to 0. A counter moves in steps: what a reading was too early to subtract, the next ones do, up
    to what the devices draw at rest in a second.

    Args:
        meter: The meter that counts.
        idle_watts: Power at rest by part, such as ``{"gpu": 25.0, "cpu": 12.0}``, W. Not negative.
            `survey` or ``eahas meter`` on an idle machine show it. Devices of one part share it.

    Raises:
        ValueError: If a power is out of range (NaN included).
    """

    def __init__(self, meter: EnergyMeter, *, idle_watts: Mapping[str, float]) -> None:
        check_meter(meter, auto=False)
        if not isinstance(idle_watts, Mapping):
            raise ValueError(
                f"idle_watts must be watts by part, such as {{'gpu': 25.0}}, but got {idle_watts!r}"
            )
        for part, watts in idle_watts.items():
            check_not_negative(**{f"idle_watts of {part}": watts})
        self._meter = meter
        self._idle_watts = dict(idle_watts)
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._last = meter.read()
        fallen_devices(self._last, self._last)  # a number that is none is found out here
        self._kwh = {
            device: dict.fromkeys(parts, 0.0) for device, parts in by_device(self._last).items()
        }
        self._owed: dict[tuple[str, str], float] = {}
        self._say_what_is_not_there()
        idle = ", ".join(f"{part} {watts:g} W" for part, watts in idle_watts.items())
        self._provenance = replace(
            meter.provenance,
            meter=f"{meter.provenance.meter} above idle ({idle})",
            devices=tuple(names_of(meter.provenance).values()),
            device_ids=ids_of(meter.provenance),
        )

    def __reduce__(self) -> tuple[Callable[..., AboveIdleMeter], tuple[EnergyMeter]]:
        """Travel to another process as a new meter."""
        return partial(AboveIdleMeter, idle_watts=self._idle_watts), (self._meter,)

    @property
    def provenance(self) -> Provenance:
        """What the wrapped meter is, and what is subtracted."""
        return self._provenance

    def read(self) -> Reading:
        """Read and subtract.

        Raises:
            MeterError: If the meter does not answer, or what it tells is no number.
        """
        if os.getpid() != self._pid:  # a lock that was held does not survive a fork
            self._pid, self._lock = os.getpid(), threading.Lock()
        with self._lock:
            now = self._meter.read()
            fallen_devices(self._last, now)  # a counter that began anew has counted nothing
            seconds = now.monotonic_s - self._last.monotonic_s
            before, counted = by_device(self._last), by_device(now)
            for device, parts in counted.items():
                own = self._kwh.setdefault(device, {})
                for part, kwh in parts.items():
                    sharing = sum(part in others for others in counted.values())
                    idle_w = self._idle_watts.get(part, 0.0) / sharing
                    step_kwh = kwh - before.get(device, parts).get(part, 0.0)
                    above_kwh = step_kwh - idle_w * seconds / J_PER_KWH
                    above_kwh -= self._owed.get((device, part), 0.0)
                    own[part] = own.get(part, 0.0) + max(0.0, above_kwh)
                    most_kwh = idle_w * _OWED_S / J_PER_KWH
                    self._owed[device, part] = min(max(0.0, -above_kwh), most_kwh)
            self._last = now
            return Reading.of_devices(
                {device: dict(parts) for device, parts in self._kwh.items()},
                monotonic_s=now.monotonic_s,
                provenance=self._provenance,
                cpu_s=now.cpu_s,
                counters=now.counters,
                users=now.users,
            )

    def _say_what_is_not_there(self) -> None:
        """Warn of a part that is to be subtracted from and that the meter does not tell."""
        parts = {part for of in by_device(self._last).values() for part in of if part}
        unknown = sorted(self._idle_watts.keys() - parts)
        if unknown and parts:
            _log.warning(
                "idle_watts names %s, of which %s tells nothing: it tells %s. Nothing is "
                "subtracted there.",
                ", ".join(unknown),
                self._meter.provenance.meter,
                ", ".join(sorted(parts)),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Scale and offset for `WholeDeviceMeter`, with how well they fit.

    Args:
        scale: Joules at the wall per joule counted.
        offset_watts: Power that no counter sees, W.
        rms_error_watts: Root mean square of the remaining difference in power, W.
    """

    scale: float
    offset_watts: float
    rms_error_watts: float


def calibrate(
    *, seconds: Sequence[float], counted_kwh: Sequence[float], wall_kwh: Sequence[float]
) -> Calibration:
    """Fit what a wall meter showed to what a meter counted, over some windows (least squares).

    Take windows of different load: idle, one core, all cores, GPU.

    Args:
        seconds: Length of each window, s.
        counted_kwh: What the meter counted in each, kWh.
        wall_kwh: What the wall meter showed for each, kWh.

    Raises:
        ValueError: If the windows cannot tell scale and offset apart, or give impossible values.
    """
    times_s, counted, wall = numbers_of(seconds=seconds, counted_kwh=counted_kwh, wall_kwh=wall_kwh)
    if not (
        times_s.ndim == 1
        and times_s.size >= 2
        and np.isfinite(times_s).all()
        and (times_s > 0.0).all()
    ):
        raise ValueError(f"calibration needs two windows of positive length but got {seconds}")
    for name, kwh in (("counted_kwh", counted), ("wall_kwh", wall)):
        if not (kwh.shape == times_s.shape and np.isfinite(kwh).all() and (kwh >= 0.0).all()):
            raise ValueError(
                f"{name} must be at least 0, finite and one for each of {times_s.size} windows but "
                f"got {kwh.tolist()}"
            )
    counted_w, wall_w = counted * J_PER_KWH / times_s, wall * J_PER_KWH / times_s
    design = np.column_stack([counted_w, np.ones_like(counted_w)])
    if np.linalg.matrix_rank(design) < 2:
        raise ValueError("calibration needs windows of different load but all counted the same")
    (scale, offset_watts), *_ = np.linalg.lstsq(design, wall_w, rcond=None)
    least = 1e-9 * wall_w.max() / counted_w.max()  # less is the rounding of none at all
    if not (scale > least and offset_watts >= 0.0):
        raise ValueError(
            f"calibration gave scale {scale:.3g} and offset {offset_watts:.3g} W, which no machine "
            "has; check that both meters saw the same windows"
        )
    residual_w = design @ np.array([scale, offset_watts]) - wall_w
    return Calibration(
        scale=float(scale),
        offset_watts=float(offset_watts),
        rms_error_watts=float(np.sqrt(np.mean(residual_w**2))),
    )
