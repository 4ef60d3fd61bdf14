"""The small file in which a trial notes which devices it uses."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from eahas_plugins.energy.presence import Presence
from eahas_plugins.files import read_json

_MAX_BYTES = 100_000  # no entry of ours comes near
_OLD_S = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """From when to when a trial used a device, to one extent.

    Args:
        start_s: Monotonic seconds.
        end_s: Monotonic seconds; None: it still does.
        owner: The trial; several trackers of one have the same.
        start_at: Where the device's counter stood then, if that is known.
        end_at: The same at the end.
        weight: How much it used it, beside others; None if that is not known.
        within: Owners that it is a part of, such as an ``eahas meter`` around its program.
    """

    start_s: float
    end_s: float | None
    owner: str = ""
    start_at: float | None = None
    end_at: float | None = None
    weight: float | None = None
    within: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """From when on a trial uses devices to another extent.

    Args:
        s: Monotonic seconds.
        at: Where the counters of those devices stood then.
        weight: How much it uses them from then on.
    """

    s: float
    at: Mapping[str, float]
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What such a file says."""

    path: Path
    owner: str
    start_s: float
    seen_s: float
    end_s: float | None
    devices: Mapping[str, tuple[float | None, float | None]]  # where it stood at start, when seen
    changes: tuple[Change, ...]
    presence: str = ""  # of its process
    within: tuple[str, ...] = ()

    def settled(self) -> Entry:
        """Return the entry; of a process that is gone it has ended at its last sign of life."""
        if self.end_s is None and not Presence.is_held(self.path.parent, self.presence):
            return replace(self, end_s=self.seen_s)
        return self

    def activities(self, device: str) -> list[Activity]:
        """Return what this trial has done on a device."""
        start_at, seen_at = self.devices[device]
        begin = Activity(
            start_s=self.start_s,
            start_at=start_at,
            end_s=None,
            owner=self.owner,
            within=self.within,
        )
        found = [begin]
        for change in self.changes:
            if device in change.at:
                at = change.at[device]
                found[-1] = replace(found[-1], end_s=change.s, end_at=at)
                found.append(replace(begin, start_s=change.s, start_at=at, weight=change.weight))
        if self.end_s is not None:
            found[-1] = replace(found[-1], end_s=self.end_s, end_at=seen_at)
        return found


def parse(path: Path) -> Entry:
    """Read an entry.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is not one.
    """
    entry = read_json(path, limit=_MAX_BYTES)
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
    if not (isinstance(owner, str) and isinstance(presence, str) and presence.isalnum()):
        raise ValueError("its owner must be a text and its presence letters and digits")
    within = entry.get("within", [])
    if not (isinstance(within, list) and all(isinstance(name, str) for name in within)):
        raise ValueError("what it is a part of must be a list of texts")
    changes = _changes(entry.get("changes", []))
    return Entry(
        path=path,
        owner=owner,
        devices={device: (stood[0], stood[1]) for device, stood in devices.items()},
        changes=changes,
        start_s=start_s,
        seen_s=seen_s,
        end_s=end_s,
        presence=presence,
        within=tuple(name for name in within if name != owner),
    )


def is_left_behind(path: Path) -> bool:
    """Whether nobody will mend an entry that cannot be read, so that it may be removed.

    Its process is gone, or it does not say which that is and is a day old: one that lives writes
    its own anew.
    """
    try:
        presence = read_json(path, limit=_MAX_BYTES)["presence"]
        return not Presence.is_held(path.parent, presence)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    try:
        return time.time() - path.stat().st_mtime > _OLD_S
    except OSError:  # gone
        return True


def _changes(listed: object) -> tuple[Change, ...]:
    """Read the changes of an entry.

    Raises:
        ValueError: If they are none.
    """
    try:
        changes = tuple(Change(s=s, at=at, weight=weight) for s, at, weight in listed)  # type: ignore[attr-defined]
        numbers = [n for c in changes for n in (c.s, c.weight, *c.at.values())]
        good = all(isinstance(n, int | float) and math.isfinite(n) for n in numbers)
    except (TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"its changes cannot be read ({error})") from error
    if not good or not all(c.weight > 0.0 for c in changes):
        raise ValueError("its changes must have finite numbers and positive weights")
    return changes
