"""What the trackers of a thread have in common: a share of a meter."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from eahas_plugins.energy.counter import read_again
from eahas_plugins.energy.readings import EnergyMeter, Reading
from eahas_plugins.energy.sharing import Share


class Use:
    """A share of a meter, with the studies whose trials read it."""

    _thread = threading.local()

    def __init__(
        self, meter: EnergyMeter, owner: str, around: list[Use], within: Sequence[str]
    ) -> None:
        self.share = Share(meter, owner=owner, within=within)
        self.owner = owner
        self.studies: list[object] = []
        self._around = around  # of the thread that has begun it, whichever ends it
        around.append(self)

    @classmethod
    def find(cls, meter: EnergyMeter, *, owner: str, study: object) -> Use:
        """Return what the tracker around this one uses, or a new share.

        The training of another study's trial inside a trial is part of it, so both read one
        share; if their meters differ, the share of the inner one lies inside that of the outer one.
        Trials of one study are not part of each other, even if one thread trains them in turns:
        they share equally.
        """
        around = cls._of_this_thread()
        for use in reversed(around):
            if use.share.provenance == meter.provenance and study not in use.studies:
                use.studies.append(study)
                return use
        within = [use.owner for use in around if study not in use.studies]
        use = cls(meter, owner, around, within)
        use.studies.append(study)
        return use

    @classmethod
    def _of_this_thread(cls) -> list[Use]:
        if not hasattr(cls._thread, "uses"):
            cls._thread.uses = []
        uses: list[Use] = cls._thread.uses
        return uses

    def read(self) -> Reading:
        """Read; a reading that fails once is made up for by the next."""
        return read_again(self.share.read)

    def leave(self, study: object) -> None:
        """Read for the last time, for one trial.

        Raises:
            MeterError: If the meter does not answer; the share is given up all the same.
        """
        self.studies.remove(study)
        if self.studies:
            self.read()
            return
        self._around.remove(self)
        self.share.leave()
