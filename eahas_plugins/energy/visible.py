"""Which GPUs a CUDA program sees: the rules of ``CUDA_VISIBLE_DEVICES``."""

from __future__ import annotations

import os
from collections.abc import Sequence


def visible_gpus(uuids: Sequence[str]) -> list[int]:
    """Return the indices of the GPUs that CUDA would use here, in its order.

    As in the CUDA programming guide: entries are numbers, or UUIDs of which the beginning is
    enough if it is unique; the first entry that names no GPU ends the list; a GPU that is named
    again is still one GPU. Slices of a GPU (``MIG-...``) are not GPUs.

    Args:
        uuids: The UUIDs of all GPUs, in the order of ``nvidia-smi``.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return list(range(len(uuids)))
    chosen: list[int] = []
    for entry in visible.split(","):
        index = _index(entry.strip(), uuids)
        if index is None:
            break
        if index not in chosen:
            chosen.append(index)
    return chosen


def order_is_by_speed(names: Sequence[str]) -> bool:
    """Whether numbers in ``CUDA_VISIBLE_DEVICES`` may name other GPUs than ``nvidia-smi`` does.

    CUDA numbers the fastest GPU first unless ``CUDA_DEVICE_ORDER=PCI_BUS_ID``; with GPUs of one
    kind the two orders are taken as the same.

    Args:
        names: The names of all GPUs.
    """
    entries = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    return (
        len(set(names)) > 1
        and any(entry.strip().isdecimal() for entry in entries)
        and os.environ.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID"
    )


def _index(entry: str, uuids: Sequence[str]) -> int | None:
    if entry.isdecimal():
        return int(entry) if int(entry) < len(uuids) else None
    matching = [i for i, uuid in enumerate(uuids) if uuid.startswith(entry)]
    return matching[0] if entry.startswith("GPU-") and len(matching) == 1 else None
