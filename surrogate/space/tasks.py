"""The joint spaces of network and training, one per task.

Every hyperparameter is an :class:`~ConfigSpace.OrdinalHyperparameter` (or a categorical where
there is no order) over exactly the values that can be trained. ConfigSpace 1.x has no quantised
numbers; of the ways to keep the steps this one yields only real configurations, keeps the order
for models that use it, and passes SMAC's pickling and JSON unchanged. Optuna gets stepped numbers
from ``eahas_plugins.spaces``, and HpBandSter, which refuses ordinals, integer positions.

References:
    Dou et al. (2023), EA-HAS-Bench, section 3 and its published code (names, values, priors).
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from functools import cache, cached_property
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.arguments import agree, as_config, check_seed, shortened
from surrogate.space.definitions import TASKS
from surrogate.space.prior import set_prior
from surrogate.space.task import Task

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

Config = dict[str, Any]
"""A configuration with plain Python values, in the order of the space."""

COLLECTED = tuple(name for name, task in TASKS.items() if task.limits is not None)
"""The tasks of which upstream published a collection."""


def get_task(name: str) -> Task:
    """The task of that name.

    Raises:
        ValueError: If there is none.
    """
    if name not in TASKS:
        raise ValueError(
            f"task must be one of {', '.join(TASKS)} but got {name!r}.{_hint(name, TASKS)}"
        )
    return TASKS[name]


def get_space(task: str, *, seed: int | None = None) -> ConfigurationSpace:
    """A fresh ConfigSpace of a task, with upstream's values and priors.

    Args:
        task: ``"fashion-nano"``, ``"fashion-nano-gpu"``, ``"cifar10"`` or ``"tinyimagenet"``.
        seed: Seed of ``sample_configuration``.

    Raises:
        ValueError: If there is no such task.
    """
    # Only here: a query needs no ConfigSpace, whose import takes far longer than the first one.
    from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace, OrdinalHyperparameter

    chosen = get_task(task)
    check_seed(seed)
    space = ConfigurationSpace(name=task, seed=seed)
    for name, values in chosen.values.items():
        default = values[len(values) // 2]
        if isinstance(values[0], str):
            space.add(CategoricalHyperparameter(name, values, default_value=values[0]))
            continue
        parameter = OrdinalHyperparameter(name, _Distinct(values), default_value=default)
        if name in chosen.weights:
            set_prior(parameter, chosen.weights[name])
        space.add(parameter)
    return space


class _Distinct(tuple[Any, ...]):
    """Values whose places are found at once: ConfigSpace looks for each, a square of 1,501."""

    def index(self, value: Any, *bounds: Any) -> int:
        return self._places[value]

    @cached_property
    def _places(self) -> dict[Any, int]:
        return {value: place for place, value in reversed(list(enumerate(self)))}


def check(config: Mapping[str, Any], task: str) -> Config:
    """The same configuration in plain Python values, in the order of the space.

    Args:
        config: A mapping or ConfigSpace configuration. Numbers may be NumPy's, and floats may
            differ from their step by rounding errors, those of single precision included.
        task: The task whose space it must lie in.

    Raises:
        ValueError: If it is no mapping, or a hyperparameter is missing, unknown or has a value
            outside the space.
    """
    values, config = get_task(task).values, as_config(config)
    if unknown := [name for name in config if name not in values]:
        raise ValueError(
            f"unknown hyperparameter {unknown[0]!r} for task {task!r}: it must be one of "
            f"{', '.join(values)}.{_hint(unknown[0], values)}"
        )
    if missing := [name for name in values if name not in config]:
        raise ValueError(f"configuration for task {task!r} lacks {', '.join(missing)}.")
    return {name: _snap(name, config[name], task) for name in values}


@cache
def _positions(task: str, name: str) -> dict[Any, Any]:
    return {value: value for value in TASKS[task].values[name]}


def _snap(name: str, value: Any, task: str) -> Any:
    """The member of the space that ``value`` stands for."""
    members = _positions(task, name)
    if not isinstance(value, bool | np.bool_):
        try:
            return members[value]
        except (KeyError, TypeError):
            pass
        if isinstance(value, Real):
            number = _float(value)
            rounded = round(number, 3)
            if rounded in members and agree(rounded, number):
                return members[rounded]
    listed = list(members)
    allowed = (
        ", ".join(map(str, listed))
        if len(listed) <= 12
        else f"{listed[0]}, {listed[1]} .. {listed[-1]}"
    )
    raise ValueError(
        f"{name} must be one of {allowed} for task {task!r} but got {shortened(value)}."
    )


def _float(value: Real) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer of 400 digits
        return math.inf


def _hint(word: Any, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(str(word), known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


_UPSTREAM = {
    "depth": ("REGNET", "DEPTH"),
    "w0": ("REGNET", "W0"),
    "wa": ("REGNET", "WA"),
    "wm": ("REGNET", "WM"),
    "group_width": ("REGNET", "GROUP_W"),
    "base_lr": ("OPTIM", "BASE_LR"),
    "optimizer": ("OPTIM", "OPTIMIZER"),
    "lr_policy": ("OPTIM", "LR_POLICY"),
    "cutout_length": ("TRAIN", "CUTOUT_LENGTH"),
    "max_epoch": ("OPTIM", "MAX_EPOCH"),
}


def to_upstream(config: Mapping[str, Any], task: str = "cifar10") -> dict[str, dict[str, Any]]:
    """Upstream's nested form, ``{"REGNET": {"DEPTH": ...}, "OPTIM": ..., "TRAIN": ...}``.

    Raises:
        ValueError: If the configuration does not lie in the task's space.
    """
    nested: dict[str, dict[str, Any]] = {}
    for name, value in check(config, task).items():
        section, key = _UPSTREAM[name]
        nested.setdefault(section, {})[key] = value
    return nested


def from_upstream(config: Mapping[str, Mapping[str, Any]], task: str = "cifar10") -> Config:
    """A configuration from upstream's nested form; keys that are not in the space are left out.

    Raises:
        ValueError: If a key of the space is missing or has a value outside it.
    """
    flat = {}
    for name, (section, key) in _UPSTREAM.items():
        if section not in config or key not in config[section]:
            raise ValueError(f"upstream configuration lacks {section}.{key}.")
        flat[name] = config[section][key]
    return check(flat, task)
