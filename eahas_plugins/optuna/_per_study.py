"""What one object knows of each of the studies that it serves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from optuna.study import Study

from eahas_plugins.optuna._compat import study_behind, study_key

State = TypeVar("State")


class PerStudy(Generic[State]):
    """One state for each study, in turn, interleaved or at once in threads.

    States are not pickled: the other process reads the trials itself. Only what they have in their
    attribute ``kept`` is, by the name of the study.

    Args:
        new: Makes the state of a study that is new.
    """

    def __init__(self, new: Callable[[], State]) -> None:
        self._new = new
        self._states: dict[Hashable, tuple[str, State]] = {}
        self._kept: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            kept = {name: getattr(state, "kept", None) for name, state in self._states.values()}
            return {"_new": self._new, "_kept": {**self._kept, **kept}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["_new"])  # type: ignore[misc]
        self._kept = state["_kept"]

    def of(self, study: Study) -> State:
        """The state of a study, or of the one behind a view of some of its trials."""
        study = study_behind(study)
        key = study_key(study)
        with self._lock:
            if key not in self._states:
                self._forget_the_dead()
                name, state = study.study_name, self._new()
                if (kept := self._kept.pop(name, None)) is not None:
                    state.kept = kept  # type: ignore[attr-defined]
                self._states[key] = (name, state)
            return self._states[key][1]

    def _forget_the_dead(self) -> None:
        self._states = {
            key: found
            for key, found in self._states.items()
            if key[0]() is not None  # type: ignore[index]  # its storage is gone
        }
