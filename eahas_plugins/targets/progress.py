"""Where a training stands, and what its configuration is called in a folder of checkpoints."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eahas_plugins.budget.attributes import known_kwh
from eahas_plugins.spaces import native_config


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a checkpoint stands.

    Args:
        energy_kwh: Energy of the training up to it, kWh.
        epochs: How often the training has reported up to it.
        length: The same in the unit of the host's rungs; None if nobody knows.
        towards: The rung that the training was on its way to; None if there was none.
        trial: The trial that left it, where trials have numbers.
        folder: The name of its folder; empty if there is no checkpoint.

    Raises:
        ValueError: If a number is negative, or the folder is not a mere name.
    """

    energy_kwh: float = 0.0
    epochs: int = 0
    length: float | None = None
    towards: float | None = None
    trial: int | None = None
    folder: str = ""

    def __post_init__(self) -> None:
        if known_kwh(self.energy_kwh) is None or self.epochs < 0:
            raise ValueError(f"energy_kwh and epochs must not be negative but {self} has one.")
        if Path(self.folder).name != self.folder:
            raise ValueError(f"folder must be a name in the same folder but is {self.folder!r}.")

    def leads_to(self, length: float | None) -> bool:
        """Whether a training to this length can go on from here; one that is longer cannot."""
        if not self.folder:
            return False
        if length is None:
            return True
        if self.length is not None:
            return self.length < length * (1.0 - 1e-9)
        return self.towards is None or self.towards <= length

    def difference_kwh(self, length: float) -> float | None:
        """What going on from here to a length needs, kWh; None if nobody knows."""
        if not (self.leads_to(length) and self.length):
            return None
        return self.energy_kwh * (length / self.length - 1.0)


def key_of(config: Mapping[str, Any], seed: int, instance: str | None = None) -> str:
    """The name of a configuration's folder, the same in every process."""
    parts: list[Any] = [sorted(native_config(config).items()), seed]
    if instance is not None:
        parts.append(instance)
    text = json.dumps(parts, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
