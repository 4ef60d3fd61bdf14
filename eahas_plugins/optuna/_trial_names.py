"""By what name the trackers of one trial know each other, in threads, processes and on ranks."""

from __future__ import annotations

import itertools
import os
import weakref

from optuna.trial import BaseTrial, FixedTrial

_fixed: weakref.WeakKeyDictionary[FixedTrial, int] = weakref.WeakKeyDictionary()
_numbers = itertools.count()


def owner_of(trial: BaseTrial) -> str:
    """Return a trial's name, the same wherever the trial is trained.

    Number and start tell trials of all studies apart, and ``TorchDistributedTrial`` knows them on
    every rank, though not the study. A ``FixedTrial`` is made anew on every rank: processes with
    one parent are taken as ranks that make theirs in the same order.
    """
    if isinstance(trial, FixedTrial):
        number = _fixed.get(trial)
        if number is None:
            number = _fixed[trial] = next(_numbers)
        return f"fixed trial {number} of the children of {os.getppid()}"
    return f"trial {trial.number} of {trial.datetime_start}"


def study_of(trial: BaseTrial) -> object:
    """Return what two trials of one study have in common; a ``FixedTrial`` has no study."""
    study = getattr(trial, "study", None)
    return object() if study is None else study.study_name
