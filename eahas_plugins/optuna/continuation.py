"""Trials that pause and go on: a promoted trial starts from the checkpoint of an earlier one."""

from __future__ import annotations

import contextlib
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any

from optuna import TrialPruned
from optuna.study import Study
from optuna.trial import BaseTrial, Trial, TrialState

from eahas_plugins.arguments import check_made
from eahas_plugins.budget.attributes import (
    CONTINUES_ATTR,
    PAID_ATTR,
    RESERVED_ATTR,
    SAVED_ATTR,
    TRAINING_ATTR,
)
from eahas_plugins.energy.readings import MeterError
from eahas_plugins.models.length import is_number
from eahas_plugins.optuna._trials import training_kwh
from eahas_plugins.optuna.budget.readers import cut_short
from eahas_plugins.optuna.checkpoint_folder import store_of
from eahas_plugins.optuna.samplers._schedules import schedules_of
from eahas_plugins.optuna.tracker import EnergyTracker
from eahas_plugins.targets.checkpoints import Checkpoint
from eahas_plugins.targets.progress import Progress, key_of


class TrialCheckpoint:
    """The checkpoint of a trial's configuration, for a training that pauses and goes on.

    The configuration is the trial's parameters without ``fidelity_param``; suggest them all before.
    Where an earlier trial has left a checkpoint of it that is shorter, ``folder`` holds a copy, and
    only the difference need be trained: ``energy_kwh`` is what this trial pays, and attributes say
    the rest: ``continues`` (that trial's number), ``energy_paid_kwh`` (what had been paid of the
    training), ``training_energy_kwh`` (with what this trial has paid) and ``energy_saved_kwh``
    (what its own checkpoint holds). With an ``EnergyBudget`` what is expected is reserved.

    When the ``with`` ends without an error, what is in the folder is the checkpoint of the next. It
    is removed when a trial has trained to the largest value of ``fidelity_param``, or a pruner has
    ended it: no sampler of this package promotes it then. What a running trial has is its own copy.

    Example:
        >>> import optuna
        >>> from eahas_plugins.optuna import EnergyTracker, TrialCheckpoint
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> def objective(trial):
        ...     x = trial.suggest_float("x", 0.0, 1.0)
        ...     epochs = trial.suggest_categorical("epochs", [2, 8])
        ...     with EnergyTracker(trial) as energy, TrialCheckpoint(trial, energy) as saved:
        ...         state = saved.folder / "state.txt"
        ...         loss = float(state.read_text()) if saved.resumed else 1.0
        ...         for epoch in range(saved.epochs, epochs):
        ...             loss *= 0.9 + 0.1 / sum(1 for _ in range(50_000))  # train for one epoch
        ...             energy.report(loss, step=epoch + 1)
        ...         state.write_text(str(loss))
        ...     return loss
        >>> study = optuna.create_study()
        >>> for epochs in (2, 8):
        ...     study.enqueue_trial({"x": 0.5, "epochs": epochs})
        >>> study.optimize(objective, n_trials=2)
        >>> first, second = study.trials
        >>> second.user_attrs["continues"], sorted(second.intermediate_values)
        (0, [3, 4, 5, 6, 7, 8])
        >>> second.user_attrs["energy_paid_kwh"] <= first.user_attrs["energy_kwh"]
        True

    Args:
        trial: The trial.
        energy: Its running tracker.
        fidelity_param: The parameter that is the length of the training.
        checkpoints: Folder of the checkpoints, on a file system that all workers share; each study
            has a folder of its own in it. By default beside the storage: ``FILE.checkpoints`` of
            an SQLite or journal file, a temporary one for a study in memory.
        seed: Seed of the training, if studies train with several.

    Raises:
        ValueError: If the trial has no such parameter, the storage is a server and there is no
            folder given, or it is a file, or this is an older copy of the study whose checkpoints
            it holds.
        TypeError: If it is no trial, or no tracker.
    """

    def __init__(
        self,
        trial: Trial,
        energy: EnergyTracker,
        *,
        fidelity_param: str = "epochs",
        checkpoints: str | Path | None = None,
        seed: int = 0,
    ) -> None:
        check_made(BaseTrial, trial=trial)
        check_made(EnergyTracker, energy=energy)
        params = trial.params
        length = params.pop(fidelity_param, None)
        if not is_number(length) or not length > 0:
            raise ValueError(
                f"fidelity_param must be a positive parameter of the trial but {fidelity_param!r} "
                f"is {length!r}: suggest all parameters first, {fidelity_param!r} among them."
            )
        self.length = float(length)
        """What the trial trains to."""
        self._trial, self._energy, self._name = trial, energy, fidelity_param
        self._key, self._seed = key_of(params, seed), seed
        self._store = store_of(trial, checkpoints)
        self._own: Checkpoint | None = None
        self._saves_at_end = True

    def __enter__(self) -> TrialCheckpoint:
        """Say what the trial is expected to need, and copy the checkpoint that there is.

        Raises:
            TrialPruned: If the budget does not pay for it.
            ValueError: If the checkpoint is of a later state of the study than this copy of it.
        """
        start = self._store.progress(self._key)
        self._check_is_of_this_study(start)
        needed_kwh = start.difference_kwh(self.length) if start.leads_to(self.length) else None
        if needed_kwh is None:
            needed_kwh = usual_kwh(self._trial, self._name, self.length)
        if needed_kwh is not None:
            self._trial.set_user_attr(RESERVED_ATTR, needed_kwh)
        number = self._trial.number
        self._own = self._store.open(self._key, towards=self.length, trial=number)
        told = self._trial.user_attrs  # a retry comes with those of the trial that was lost
        start = self._own.start
        if start.folder or PAID_ATTR in told:
            self._trial.set_user_attr(PAID_ATTR, start.energy_kwh)
        if start.folder or CONTINUES_ATTR in told:
            self._trial.set_user_attr(CONTINUES_ATTR, start.trial)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Keep what was saved, and say what was paid."""
        own = self.copy
        try:
            if error is None and self._saves_at_end:
                self.save(epochs=int(self.length), length=self.length)
        finally:
            with own:
                with contextlib.suppress(MeterError):  # the tracker says so
                    self._trial.set_user_attr(TRAINING_ATTR, self.energy_kwh)
                self._trial.set_user_attr(SAVED_ATTR, own.latest.energy_kwh)
            if self._is_over(error):
                self._store.discard(self._key)

    @property
    def copy(self) -> Checkpoint:
        """This trial's copy.

        Raises:
            RuntimeError: Outside the ``with``.
        """
        if self._own is None:
            raise RuntimeError(
                "use the checkpoint inside `with TrialCheckpoint(trial, energy) as saved:`."
            )
        return self._own

    @property
    def folder(self) -> Path:
        """The folder where the training keeps its state, its own for the time of the trial."""
        return self.copy.folder

    @property
    def resumed(self) -> bool:
        """Whether the folder holds the state of an earlier trial, after `epochs` epochs."""
        return bool(self.copy.start.folder)

    @property
    def epochs(self) -> int:
        """Where the training stood when the trial began; 0 if it starts anew."""
        return self.copy.start.epochs

    @property
    def energy_kwh(self) -> float:
        """Energy of the whole training so far, kWh."""
        return self.copy.start.energy_kwh + self._energy.energy_kwh

    def save(self, *, epochs: int, length: float | None = None) -> None:
        """Make what is in the folder the checkpoint now, so that even kill -9 leaves it.

        Args:
            epochs: What `epochs` will be for who goes on from here.
            length: The same as a value of ``fidelity_param``, if it is another number.
        """
        stands = float(epochs) if length is None else length
        self.copy.save(Progress(energy_kwh=self.energy_kwh, epochs=epochs, length=stands))

    def _check_is_of_this_study(self, start: Progress) -> None:
        study: Study | None = getattr(self._trial, "study", None)
        if study is None or start.trial is None:
            return
        if start.trial == self._trial.number and SAVED_ATTR in self._trial.user_attrs:
            return  # its own, of a block before
        for other in study.get_trials(deepcopy=False):
            if other.number == start.trial != self._trial.number:
                params = {name: v for name, v in other.params.items() if name != self._name}
                if key_of(params, self._seed) == self._key:
                    return
        raise ValueError(
            f"checkpoints must be of this study, but trial {start.trial}, which has left the one "
            f"in {self._store.root / self._key}, has another configuration in it or none: this is "
            f"an older copy of the study that has left them. Remove {self._store.root}, or give "
            "another folder (checkpoints=)."
        )

    def _is_over(self, error: BaseException | None) -> bool:
        """Whether no trial will be promoted that goes on from here."""
        if isinstance(error, TrialPruned):
            return cut_short(self._trial.user_attrs) is None
        lengths = schedules_of(self._trial.distributions[self._name], name=self._name)
        return error is None and not self.length < max(filter(is_number, lengths))


class ManagedCheckpoint(TrialCheckpoint):
    """A checkpoint whose training says itself when to save."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._saves_at_end = False


def usual_kwh(trial: Trial, name: str, length: float) -> float | None:
    """What a training from its start usually needs to a length, kWh; None if nobody knows."""
    study: Study | None = getattr(trial, "study", None)
    if study is None:
        return None
    known: dict[float, list[float]] = {}
    for other in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        energy_kwh, reached = training_kwh(other), other.params.get(name, 0)
        if energy_kwh is not None and is_number(reached) and reached > 0:
            known.setdefault(float(reached), []).append(energy_kwh)
    if length in known:
        return median(known[length])
    rates = [kwh / reached for reached, energies in known.items() for kwh in energies]
    return median(rates) * length if rates else None
