"""A meter for tests of trainings that say themselves what they burn."""

from __future__ import annotations

import time
from dataclasses import dataclass

from eahas_plugins.energy import Provenance, Reading


@dataclass
class Counter:
    """A meter that counts what the trainings of these tests say they burn."""

    energy_kwh: float = 100.0

    @property
    def provenance(self) -> Provenance:
        return Provenance(kind="measured", meter="counter", sampling="exact", scope="process")

    def read(self) -> Reading:
        return Reading(
            energy_kwh=self.energy_kwh,
            monotonic_s=time.monotonic(),
            provenance=self.provenance,
        )
