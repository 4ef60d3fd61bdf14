"""What a trial does before it takes a report or answers whether it is to be pruned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from optuna.trial import BaseTrial


class _Before:
    """A method of a trial with something to do before it.

    In another process, such as a worker of joblib, it is the plain method again.
    """

    def __init__(self, trial: BaseTrial, name: str, act: Callable[[], object]) -> None:
        self._trial = trial
        self._name = name
        self._act = act
        self._method = getattr(trial, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._act()
        return self._method(*args, **kwargs)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[BaseTrial, str]]:
        return _method_of, (self._trial, self._name)


def act_before(trial: BaseTrial, **acts: Callable[[], object]) -> Callable[[], None]:
    """Do something before methods of this one trial; returns what undoes it.

    The callbacks of ``optuna-integration`` (XGBoost, LightGBM, Keras ...) call ``trial.report`` and
    ``trial.should_prune`` themselves, of the trial that they were given.

    Args:
        trial: The trial.
        acts: What to do, by the name of the method.
    """
    own = getattr(trial, "__dict__", None)
    if own is None or any(isinstance(own.get(name), _Before) for name in acts):
        return lambda: None  # done already, for another tracker
    before = {name: own.get(name) for name in acts}
    hooks = {name: _Before(trial, name, act) for name, act in acts.items()}
    own.update(hooks)

    def undo() -> None:
        for name, method in before.items():
            if own.get(name) is hooks[name]:
                if method is None:
                    del own[name]
                else:
                    own[name] = method

    return undo


def _method_of(trial: BaseTrial, name: str) -> Any:
    return getattr(type(trial), name).__get__(trial)
