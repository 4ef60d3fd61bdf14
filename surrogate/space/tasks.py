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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from numbers import Real
from typing import Any

import numpy as np
from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace, OrdinalHyperparameter

from surrogate.space.prior import log_uniform_weights, set_prior
from surrogate.space.regnet import Trunk

Config = dict[str, Any]
"""A configuration with plain Python values, in the order of the space."""

ARCHITECTURE = ("depth", "w0", "wa", "wm", "group_width")
TRAINING = ("base_lr", "optimizer", "lr_policy", "cutout_length", "max_epoch")
BASE_LRS = (0.001, 0.003, 0.005, 0.01, 0.03, 0.05, 0.1, 0.3, 0.5, 1.0)
OPTIMIZERS = ("sgd", "adam", "adamw")
LR_POLICIES = ("cos", "exp", "lin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A data set, the networks trained on it and the values that can be chosen."""

    name: str
    values: Mapping[str, Sequence[Any]]
    weights: Mapping[str, Sequence[float]]
    trunk: Trunk


def _grid(first: float, last: float, step: float, digits: int) -> tuple[float, ...]:
    n_steps = round((last - first) / step)
    return tuple(round(first + i * step, digits) for i in range(n_steps + 1))


def _task(
    name: str,
    *,
    depth: range,
    w0: range,
    wa: tuple[float, float],
    wm: tuple[float, float],
    group_weights: Mapping[int, float],
    cutout_length: int,
    max_epoch: tuple[int, ...],
    trunk: Trunk,
) -> Task:
    values: dict[str, tuple[Any, ...]] = {
        "depth": tuple(depth),
        "w0": tuple(w0),
        "wa": _grid(*wa, 0.1, 1),
        "wm": _grid(*wm, 0.001, 3),
        "group_width": tuple(group_weights),
        "base_lr": BASE_LRS,
        "optimizer": OPTIMIZERS,
        "lr_policy": LR_POLICIES,
        "cutout_length": (0, cutout_length),
        "max_epoch": max_epoch,
    }
    weights = {n: log_uniform_weights(values[n]) for n in ("w0", "wa", "wm")}
    weights["group_width"] = tuple(group_weights.values())
    return Task(name=name, values=values, weights=weights, trunk=trunk)


_GROUP_WEIGHTS = {1: 0.167, 2: 0.167, 4: 0.167, 8: 0.167, 16: 0.167, 24: 0.096, 32: 0.069}

_FASHION_NANO = _task(
    "fashion-nano",
    depth=range(4, 11),
    w0=range(8, 33, 8),
    wa=(2.0, 8.0),
    wm=(2.0, 3.0),
    group_weights={1: 0.2, 2: 0.2, 4: 0.2, 8: 0.2, 16: 0.2},
    cutout_length=4,
    max_epoch=(10, 20, 40),
    trunk=Trunk(image_size_px=14, image_channels=1, stem_width=8, n_classes=10, se_ratio=0.0),
)

TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        _FASHION_NANO,
        _task(
            "cifar10",
            depth=range(6, 16),
            w0=range(48, 129, 8),
            wa=(8.0, 32.0),
            wm=(2.5, 3.0),
            group_weights=_GROUP_WEIGHTS,
            cutout_length=16,
            max_epoch=(50, 100, 200),
            trunk=Trunk(
                image_size_px=32, image_channels=3, stem_width=16, n_classes=10, se_ratio=0.25
            ),
        ),
        _task(
            "tinyimagenet",
            depth=range(6, 16),
            w0=range(48, 129, 8),
            wa=(8.0, 32.0),
            wm=(1.5, 3.0),
            group_weights=_GROUP_WEIGHTS,
            cutout_length=16,
            max_epoch=(50, 100, 200),
            trunk=Trunk(
                image_size_px=32, image_channels=3, stem_width=32, n_classes=200, se_ratio=0.25
            ),
        ),
        # The same trainings on a GPU. New tasks go last: simulations draw by a task's place.
        replace(_FASHION_NANO, name="fashion-nano-gpu"),
    )
}
"""The tasks by name; the first is the default."""


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
    chosen = get_task(task)
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
            differ from their step by rounding errors.
        task: The task whose space it must lie in.

    Raises:
        ValueError: If a hyperparameter is missing, unknown or has a value outside the space.
    """
    values = get_task(task).values
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
        if isinstance(value, Real):  # 8.0 + 3 * 0.1 is not the float 8.3
            rounded = round(float(value), 3)
            if rounded in members and abs(rounded - float(value)) <= 1e-9 * abs(rounded):
                return members[rounded]
    listed = list(members)
    allowed = (
        ", ".join(map(str, listed))
        if len(listed) <= 12
        else f"{listed[0]}, {listed[1]} .. {listed[-1]}"
    )
    raise ValueError(f"{name} must be one of {allowed} for task {task!r} but got {value!r}.")


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
