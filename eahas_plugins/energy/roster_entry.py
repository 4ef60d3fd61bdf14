"""The small file in which a trial notes which devices it uses."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from eahas_plugins.energy.presence import Presence

_MAX_BYTES = 100_000  # no entry of ours comes near


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """From when to when a trial used a device.

    Args:
        start_s: Monotonic seconds.
        end_s: Monotonic seconds; None: it still does.
        owner: The trial; several trackers of one have the same.
        start_at: Where the device's counter stood then, if that is known.
        end_at: The same at the end.
    """

    start_s: float
    end_s: float | None
    owner: str = ""
    start_at: float | None = None
    end_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What such a file says."""

    path: Path
    owner: str
    start_s: float
    seen_s: float
    end_s: float | None
    devices: Mapping[str, tuple[float | None, float | None]]  # where it stood at start, when seen


def parse(path: Path) -> Entry:
    """Read an entry.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is not one.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise ValueError(f"it has more than {_MAX_BYTES} bytes")
    entry = json.loads(path.read_text(encoding="utf-8"))
    try:
        start_s, seen_s, end_s = entry["start_s"], entry["seen_s"], entry["end_s"]
        owner, devices, presence = entry["owner"], entry["devices"], entry["presence"]
    except (TypeError, KeyError) as error:
        raise ValueError(f"it lacks {error}") from error
    if not isinstance(devices, dict) or not all(
        isinstance(stood, list) and len(stood) == 2 for stood in devices.values()
    ):
        raise ValueError("each device must have two states of its counter")
    counters = [at for stood in devices.values() for at in stood]
    times = [start_s, seen_s, *(t for t in (end_s, *counters) if t is not None)]
    if not all(isinstance(t, int | float) and math.isfinite(t) for t in times):
        raise ValueError("its times and counters must be finite numbers")
    if not all(isinstance(text, str) for text in (owner, presence)):
        raise ValueError("its owner and presence must be texts")
    if end_s is None and not Presence.is_held(path.parent, presence):
        end_s = seen_s  # its process is gone
    return Entry(
        path=path,
        owner=owner,
        devices={device: (stood[0], stood[1]) for device, stood in devices.items()},
        start_s=start_s,
        seen_s=seen_s,
        end_s=end_s,
    )
