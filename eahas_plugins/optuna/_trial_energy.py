"""The energy of one trial in this process, for all of its trackers together."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

from optuna import TrialPruned
from optuna.trial import BaseTrial

from eahas_plugins.budget.attributes import ENERGY_ATTR, known_kwh
from eahas_plugins.energy.combined import SelectedMeter, provenance_of_all
from eahas_plugins.energy.readings import (
    UNNAMED,
    EnergyMeter,
    MeterError,
    Provenance,
    Reading,
    between,
    by_device,
    ids_of,
)
from eahas_plugins.files import as_dataclass
from eahas_plugins.optuna._origin import open_account
from eahas_plugins.optuna._ranks import of_all_ranks, over_all_ranks
from eahas_plugins.optuna._trial_hooks import act_before
from eahas_plugins.optuna._trial_names import owner_of, study_of
from eahas_plugins.optuna._use import Use
from eahas_plugins.optuna._write_pace import WritePace

METER_ATTR = "energy_meter"
PARTS_ATTR = "energy_parts_kwh"
RUNTIME_ATTR = "runtime_s"

_log = logging.getLogger(__name__)
_told: set[str] = set()


class TrialEnergy:
    """What a trial has used, and what it had used before. Made by `enter`.

    Args:
        trial: The trial.
    """

    _running: ClassVar[dict[tuple[int, str], TrialEnergy]] = {}
    _lock: ClassVar[threading.RLock] = threading.RLock()

    def __init__(self, trial: BaseTrial) -> None:
        self._trial, self._study = trial, study_of(trial)
        self._uses: list[tuple[Use, Reading]] = []  # with its first reading for this trial
        self._own_lock = threading.RLock()
        self._undo: list[Callable[[], None]] = []
        self._n_trackers = 0
        self.up_to_date = False  # what is recorded needs no new reading before the trial reports
        self.ends_soon = self._reported = False
        attrs = trial.user_attrs
        mine = attrs.get(METER_ATTR)
        # A retry that a callback has queued comes with the attributes of the trial that was lost.
        before = attrs if isinstance(mine, dict) and mine.get("trial") == trial.number else {}
        self._before_kwh = known_kwh(before.get(ENERGY_ATTR)) or 0.0
        self._before_s = known_kwh(before.get(RUNTIME_ATTR)) or 0.0
        parts = before.get(PARTS_ATTR)
        self._before_parts: Mapping[str, float] = parts if isinstance(parts, dict) else {}
        self._before_meter = _provenance_in(before)
        self.latest_kwh = self._before_kwh
        self._pace = WritePace(trial)
        if not before:
            if ENERGY_ATTR in attrs:
                trial.set_user_attr(ENERGY_ATTR, 0.0)
            open_account(trial)  # a budget that comes later knows that it ran in this study

    @classmethod
    def enter(cls, trial: BaseTrial, meter: EnergyMeter) -> TrialEnergy:
        """Begin to count for one more tracker of a trial.

        Raises:
            MeterError: If the meter does not answer.
        """
        key = (os.getpid(), owner_of(trial))
        with cls._lock:
            running = cls._running.get(key)
            if running is None:
                running = cls._running[key] = cls(trial)
            running._n_trackers += 1
            try:
                running._add(meter)
                running._act_before_reports_of(trial)
                told = {**asdict(running._provenance()), "trial": trial.number}
                trial.set_user_attr(METER_ATTR, told)
            except BaseException:
                running.leave()
                raise
            return running

    def leave(self) -> MeterError | None:
        """End for one tracker; the last one writes everything. Returns what the meter lacked."""
        with self._lock, self._own_lock:
            self._n_trackers -= 1
            if self._n_trackers:
                with contextlib.suppress(MeterError):  # the last one says so
                    for use, _ in self._uses:
                        use.read()
                self.latest_kwh = self._total(self._devices_kwh())
                return None
            self._running.pop((os.getpid(), owner_of(self._trial)), None)
            for undo in self._undo:
                undo()
            problem = None
            for use, _ in self._uses:
                try:
                    use.leave(self._study)
                except MeterError as error:
                    problem = error
            if self._uses:
                self._finish(problem)
            return problem

    def write(self, since: Sequence[Reading] | None = None) -> None:
        """Record the energy so far; the storage may learn of it a little later.

        Args:
            since: The readings after which something must have been counted; by default the
                first ones.

        Raises:
            MeterError: If nothing has been counted.
            TrialPruned: If the trial is guarded by a budget that wants it to end.
        """
        with self._own_lock:
            self.check([first for _, first in self._uses] if since is None else since)
            kwh = self.latest_kwh = self._total(self._devices_kwh())
            if not self._pace.may_wait(kwh, ends_soon=self.ends_soon):
                self._pace.write(lambda: self._trial.set_user_attr(ENERGY_ATTR, kwh))

    def before_report(self) -> None:
        """Record the energy before the trial takes a value."""
        if not self.up_to_date:
            self.write()
        self.up_to_date, self._reported = False, True

    def before_question(self) -> None:
        """Record the energy before the trial is asked, if it has not just reported."""
        if not (self.up_to_date or self._reported):
            self.write()
        self.up_to_date = self._reported = False

    def _act_before_reports_of(self, trial: BaseTrial) -> None:
        self._undo.append(
            act_before(trial, report=self.before_report, should_prune=self.before_question)
        )

    def energy_kwh(self) -> float:
        """Return the energy so far, kWh; raises as `write`."""
        with self._own_lock:
            self.check([first for _, first in self._uses])
            self.latest_kwh = self._total(self._devices_kwh())
            return self.latest_kwh

    def readings(self) -> list[Reading]:
        """Return where the trial's meters stand."""
        with self._own_lock:
            return [use.share.latest for use, _ in self._uses]

    def check(self, since: Sequence[Reading]) -> None:
        """Read, and make sure that something has been counted.

        Args:
            since: Earlier readings.

        Raises:
            MeterError: If nothing has.
        """
        patience = 10  # a counter that ticks every 0.1 s has not seen a shorter step yet
        while True:
            now = [use.read() for use, _ in self._uses]
            pairs = list(zip(since, now, strict=False))
            if any(after.energy_kwh > before.energy_kwh for before, after in pairs):
                return
            resolution_s = max(after.provenance.resolution_s for _, after in pairs)
            if not (resolution_s and patience):
                between(*pairs[0])  # raises
            time.sleep(resolution_s / 5)
            patience -= 1

    def _add(self, meter: EnergyMeter) -> None:
        """Count one more meter, as far as its devices are not counted yet."""
        counted = {name for use, _ in self._uses for name in ids_of(use.share.provenance)}
        new = [name for name in ids_of(meter.provenance) if name not in counted]
        if counted and new and len(new) < len(ids_of(meter.provenance)):
            meter = SelectedMeter(meter, new)
        with self._own_lock:
            if new:
                use = Use.find(meter, owner=owner_of(self._trial), study=self._study)
                try:
                    first = use.read()
                except BaseException:
                    with contextlib.suppress(MeterError):
                        use.leave(self._study)
                    raise
                self._uses.append((use, first))
            else:
                for use, _ in self._uses:
                    use.read()

    def _devices_kwh(self) -> Mapping[str, Mapping[str, float]]:
        devices: dict[str, Mapping[str, float]] = {}
        for use, first in self._uses:
            before = by_device(first)
            for name, parts in by_device(use.share.latest).items():
                earlier = before.get(name, {})
                devices[name] = {k: kwh - earlier.get(k, 0.0) for k, kwh in parts.items()}
        return over_all_ranks(self._trial, devices)

    def _provenance(self) -> Provenance:
        """Return where the trial's energy comes from, also of earlier trackers and other ranks."""
        mine = [*self._before_meter, *(use.share.provenance for use, _ in self._uses)]
        each: list[Provenance] = []
        for one in itertools.chain.from_iterable(of_all_ranks(self._trial, mine)):
            if not any(_covers(known, one) for known in each):
                each = [*(known for known in each if not _covers(one, known)), one]
        return provenance_of_all(each)

    def _total(self, devices_kwh: Mapping[str, Mapping[str, float]]) -> float:
        return self._before_kwh + sum(sum(parts.values()) for parts in devices_kwh.values())

    def _finish(self, problem: MeterError | None) -> None:
        devices_kwh = self._devices_kwh()
        self.latest_kwh = self._total(devices_kwh)
        still = self._say_what_stands_still()
        silent = problem is not None or still.issuperset(devices_kwh)
        # What nobody has counted is not 0.
        if self.latest_kwh > 0.0 or not all(of_all_ranks(self._trial, silent)):
            # The training is over: a budget that would end it here is too late to save anything.
            with contextlib.suppress(TrialPruned):
                self._trial.set_user_attr(ENERGY_ATTR, self.latest_kwh)
        first = min(first.monotonic_s for _, first in self._uses)
        last = max(use.share.latest.monotonic_s for use, _ in self._uses)
        self._trial.set_user_attr(RUNTIME_ATTR, self._before_s + last - first)
        parts_kwh = {k: v for k, v in self._before_parts.items() if known_kwh(v) is not None}
        for name, parts in devices_kwh.items():
            for part, kwh in parts.items():
                if part != UNNAMED and name not in still:
                    parts_kwh[part] = parts_kwh.get(part, 0.0) + kwh
        if parts_kwh:
            self._trial.set_user_attr(PARTS_ATTR, parts_kwh)

    def _say_what_stands_still(self) -> set[str]:
        """Warn once about each device that counts nothing while others do."""
        still = {name for use, _ in self._uses for name in use.share.standing_still()}
        for name in sorted(still - _told):
            _told.add(name)
            _log.warning(
                "The meter of %s stands still: its energy is missing in what trials are said to "
                "have used. `eahas meter` shows what is measured here.",
                name,
            )
        return still


def _provenance_in(attributes: Mapping[str, Any]) -> list[Provenance]:
    """Return what the attributes of a trial say of the meter of its energy so far."""
    told = attributes.get(METER_ATTR)
    if not (isinstance(told, dict) and known_kwh(attributes.get(ENERGY_ATTR))):
        return []
    fields = {name: value for name, value in told.items() if name != "trial"}
    try:
        return [as_dataclass(Provenance, fields, METER_ATTR)]
    except ValueError:  # of another version
        return []


def _covers(known: Provenance, one: Provenance) -> bool:
    """Whether what one meter is has been said with another's."""
    return (
        one.meter in known.meter
        and set(ids_of(one)) <= set(ids_of(known))
        and known.kind in ("estimated", one.kind)
    )
