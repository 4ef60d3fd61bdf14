"""What would be measured on this machine, and one second of it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from eahas_plugins.arguments import check_positive
from eahas_plugins.energy.auto import MeterChoice, choose_meter
from eahas_plugins.energy.readings import (
    OWN_PROCESS,
    Kind,
    MeterError,
    by_device,
    ids_of,
    names_of,
)
from eahas_plugins.units import J_PER_KWH

REMEDIES = {
    "no NVML": "NVIDIA GPU: pip install 'eahas-plugins[meters]', and check that `nvidia-smi` runs",
    "no RAPL": "CPU: `sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj` on bare metal, or "
    "let Zeus' daemon zeusd read it; virtual machines have none",
    "no Zeus": "AMD GPU, Jetson, Apple silicon: pip install 'eahas-plugins[meters]'; "
    "`python -m zeus.show_env` says what it finds",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePower:
    """One device for a while.

    Args:
        id: What tells it from all others.
        name: What people call it.
        parts: What it is made of, such as ``gpu``.
        kind: Whether it is measured or estimated.
        watts: Mean power, W; None if its counter stood still or did not answer.
        own: Whether only this process is counted, and not all that runs on the device.
    """

    id: str
    name: str
    parts: tuple[str, ...]
    kind: Kind
    watts: float | None
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What `survey` finds.

    Args:
        meter: Name of the meter.
        kind: Whether all of it is measured.
        seconds: How long it was watched, s.
        devices: What it counts.
        why: What was tried, in order, and what came of it.
        left_out: What is not counted, each with the reason.
        remedies: What may help.
        problem: What the meter failed with; None if it did not.
    """

    meter: str
    kind: Kind
    seconds: float
    devices: tuple[DevicePower, ...]
    why: tuple[str, ...]
    left_out: tuple[str, ...]
    remedies: tuple[str, ...]
    problem: str | None


def survey(*, seconds: float = 1.0, choice: MeterChoice | None = None) -> Survey:
    """Choose the meter of this machine and watch it for a while. Never raises for the machine.

    Args:
        seconds: How long, s. Positive.
        choice: The choice; by default `choose_meter` makes it.

    Raises:
        ValueError: If ``seconds`` is not positive and finite.
    """
    check_positive(seconds=seconds)
    choice = choose_meter() if choice is None else choice
    provenance = choice.meter.provenance
    joules: dict[str, dict[str, float]] = {}
    problem, watched_s = None, seconds
    try:
        before = choice.meter.read()
        _work(seconds)
        after = choice.meter.read()
        watched_s = after.monotonic_s - before.monotonic_s
        earlier = by_device(before)
        for device, counted in by_device(after).items():
            joules[device] = {
                part: (kwh - earlier.get(device, {}).get(part, 0.0)) * J_PER_KWH
                for part, kwh in counted.items()
            }
    except Exception as error:  # whatever a meter of one's own does
        problem = (
            str(error) if isinstance(error, MeterError) else f"{type(error).__name__}: {error}"
        )
    names = names_of(provenance)
    devices = []
    for device in ids_of(provenance):
        parts = tuple(part for part in joules.get(device, {}) if part)
        used_j = sum(joules.get(device, {}).values())
        kinds = [provenance.part_kinds.get(part, provenance.kind) for part in parts]
        devices.append(
            DevicePower(
                id=device,
                name=names[device],
                parts=parts,
                kind=min(kinds, default=provenance.kind),  # one estimate in it makes it one
                watts=used_j / watched_s if used_j > 0.0 and watched_s > 0.0 else None,
                own=device.startswith(OWN_PROCESS),
            )
        )
    missing = [name for name in REMEDIES if any(why.startswith(name) for why in choice.why)]
    return Survey(
        meter=provenance.meter,
        kind=provenance.kind,
        seconds=watched_s,
        devices=tuple(devices),
        why=choice.why,
        left_out=provenance.left_out,
        remedies=tuple(REMEDIES[name] for name in missing),
        problem=problem,
    )


def _work(seconds: float) -> None:
    """Use one core for a while: an estimate by CPU time would see nothing of a sleep."""
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        sum(range(1000))
