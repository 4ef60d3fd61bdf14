"""The energy of a user's own training, in an Optuna trial."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import asdict
from types import TracebackType
from typing import Literal

from optuna import TrialPruned
from optuna.trial import BaseTrial

from eahas_plugins.budget.attributes import ENERGY_ATTR, known_kwh
from eahas_plugins.energy.auto import auto_meter
from eahas_plugins.energy.readings import EnergyMeter, Reading, between
from eahas_plugins.energy.sharing import Share

METER_ATTR = "energy_meter"
PARTS_ATTR = "energy_parts_kwh"
RUNTIME_ATTR = "runtime_s"


class EnergyTracker:
    """Counts the energy of one trial's training and lets pruner and budget act on it.

    The trial gets the attributes ``energy_kwh`` (so far, after every report and at the end, also
    of a failed one), ``energy_meter`` (what measured or estimated it, and how), and at the end
    ``energy_parts_kwh`` and ``runtime_s``. A budget counts if the objective is wrapped by
    ``EnergyBudget.guard``.

    Trials that run at once, in threads or in processes of one machine, share one meter: each gets
    an equal part of what was counted while they ran together. A trial of another study inside
    this one's ``with`` counts in both.

    Example:
        >>> import optuna
        >>> from eahas_plugins.energy import CpuTimeMeter
        >>> meter = CpuTimeMeter(watts_per_core=10.0, idle_watts=0.0)
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> def objective(trial):
        ...     x = trial.suggest_float("x", 0.0, 1.0)
        ...     with EnergyTracker(trial, meter=meter) as energy:
        ...         for epoch in range(3):
        ...             energy.report(x, step=epoch)  # instead of trial.report and should_prune
        ...     return x
        >>> study = optuna.create_study()
        >>> study.optimize(objective, n_trials=1)
        >>> study.best_trial.user_attrs["energy_kwh"] > 0.0
        True

    Args:
        trial: The trial being run.
        meter: The meter, one per process for all its trials, or "auto" for the best one that the
            machine has (`eahas_plugins.energy.auto_meter`, which logs its choice).

    Raises:
        MeterError: When the training is seen to use no energy.
    """

    def __init__(self, trial: BaseTrial, *, meter: EnergyMeter | Literal["auto"] = "auto") -> None:
        if isinstance(meter, str) and meter != "auto":
            raise ValueError(f"meter must be a meter or 'auto' but got {meter!r}")
        self._trial = trial
        self._meter = meter
        self._use: _Use | None = None
        self._before_kwh = 0.0

    def __enter__(self) -> EnergyTracker:
        """Start to count. A trial that comes back goes on where it stood; a retry starts at 0."""
        if self._use is not None:
            raise RuntimeError("this tracker is running; make one EnergyTracker per `with`")
        attrs = self._trial.user_attrs
        mine = attrs.get(METER_ATTR)
        resumed = isinstance(mine, dict) and mine.get("trial") == self._trial.number
        self._before_kwh = (known_kwh(attrs.get(ENERGY_ATTR)) or 0.0) if resumed else 0.0
        meter = auto_meter() if isinstance(self._meter, str) else self._meter
        if not resumed:
            self._trial.set_user_attr(ENERGY_ATTR, 0.0)
        self._trial.set_user_attr(
            METER_ATTR, {**asdict(meter.provenance), "trial": self._trial.number}
        )
        self._use = _Use(meter, _study_key(self._trial))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write what the trial has used, also when it failed."""
        use = _running(self._use)
        try:
            if error is None:
                use.counted()
        finally:
            self._use = None
            last = use.end()
            self._finish(use.first, last)

    def report(self, value: float | None = None, *, step: int) -> None:
        """Record the energy so far, report a value, and end the trial if pruner or budget say so.

        Args:
            value: What the study optimises, after this step. None only records the energy; so
                it must be in a study of several objectives, which Optuna does not prune.
            step: How far the training is, such as the epoch.

        Raises:
            TrialPruned: If the pruner or the budget ends the trial.
        """
        use = _running(self._use)
        several = len(getattr(getattr(self._trial, "study", None), "directions", ())) > 1
        if several and value is not None:
            raise ValueError(
                "a study of several objectives takes no value at a step; "
                f"call report(step={step}) without it"
            )
        self._write(use.first, use.counted())
        if several:
            return  # a guarded trial has been ended by the line above
        if value is not None:
            self._trial.report(value, step=step)
        if self._trial.should_prune():
            raise TrialPruned(f"Ended after step {step} by the pruner or the energy budget.")

    @property
    def energy_kwh(self) -> float:
        """Energy of the trial so far, kWh."""
        use = _running(self._use)
        return self._before_kwh + use.counted().energy_kwh - use.first.energy_kwh

    def _finish(self, first: Reading, last: Reading) -> None:
        # The training is over: a budget that would end it here is too late to save anything.
        with contextlib.suppress(TrialPruned):
            self._write(first, last)
        self._trial.set_user_attr(RUNTIME_ATTR, last.monotonic_s - first.monotonic_s)
        if last.parts_kwh:
            parts = {
                name: kwh - first.parts_kwh.get(name, 0.0) for name, kwh in last.parts_kwh.items()
            }
            self._trial.set_user_attr(PARTS_ATTR, parts)

    def _write(self, first: Reading, now: Reading) -> None:
        energy_kwh = self._before_kwh + now.energy_kwh - first.energy_kwh
        self._trial.set_user_attr(ENERGY_ATTR, energy_kwh)


class _Account:
    """A share of the meter, with the studies of one thread that use it."""

    def __init__(self, meter: EnergyMeter, siblings: list[_Account]) -> None:
        self.share = Share(meter)
        self.studies: list[object] = []
        self._siblings = siblings
        siblings.append(self)

    def leave(self, study: object) -> Reading:
        """Read for the last time, for one study."""
        self.studies.remove(study)
        if self.studies:
            return self.share.read()
        self._siblings.remove(self)
        return self.share.leave()


class _Use:
    """What a running tracker reads: its account, from its own first reading on."""

    _threads = threading.local()

    def __init__(self, meter: EnergyMeter, study: object) -> None:
        self._study = study
        self._account = self._find_account(meter)
        self._account.studies.append(study)
        self.first = self._account.share.read()

    def _find_account(self, meter: EnergyMeter) -> _Account:
        """Return the account of the tracker around this one, or a new one.

        The training of another study's trial inside a trial is part of it, so both read one
        account. Trials of one study are not part of each other, even if one thread trains them
        in turns: they share equally.
        """
        if not hasattr(self._threads, "accounts"):
            self._threads.accounts = []
        accounts: list[_Account] = self._threads.accounts
        for account in reversed(accounts):
            same_meter = account.share.provenance == meter.provenance
            if same_meter and self._study not in account.studies:
                return account
        return _Account(meter, accounts)

    def counted(self) -> Reading:
        """Read, and make sure that something has been counted."""
        share = self._account.share
        now = share.read()
        resolution_s = share.provenance.resolution_s
        patience = 10  # a counter that ticks every 0.1 s has not seen a shorter step yet
        while not now.energy_kwh > self.first.energy_kwh and resolution_s and patience:
            time.sleep(resolution_s / 5)
            now = share.read()
            patience -= 1
        between(self.first, now)  # raises if it stands still
        return now

    def end(self) -> Reading:
        """Read for the last time."""
        return self._account.leave(self._study)


def _running(use: _Use | None) -> _Use:
    if use is None:
        raise RuntimeError("the tracker is not running; use `with EnergyTracker(trial) as energy:`")
    return use


def _study_key(trial: BaseTrial) -> object:
    """Return what two trials of one study have in common; a ``FixedTrial`` has no study."""
    study = getattr(trial, "study", None)
    return object() if study is None else study.study_name
