"""What a task declares of itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from surrogate.space.prior import log_uniform_weights
from surrogate.space.regnet import Trunk

ARCHITECTURE = ("depth", "w0", "wa", "wm", "group_width")
TRAINING = ("base_lr", "optimizer", "lr_policy", "cutout_length", "max_epoch")
BASE_LRS = (0.001, 0.003, 0.005, 0.01, 0.03, 0.05, 0.1, 0.3, 0.5, 1.0)
OPTIMIZERS = ("sgd", "adam", "adamw")
LR_POLICIES = ("cos", "exp", "lin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on the size of a network, both ends allowed.

    Args:
        flops: Least and most multiply-adds of one image's forward pass.
        max_params: Most parameters.
        max_activations: Most activations.
    """

    flops: tuple[float, float] = (0.0, math.inf)
    max_params: float = math.inf
    max_activations: float = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Difficulty:
    """A data set as simulated trainings see it: its sizes and how hard it is.

    Args:
        n_train: Training images.
        n_val: Validation images.
        n_test: Test images.
        n_classes: Classes; random guessing is right once in this many.
        best_logit: Log-odds of the validation accuracy of the reference network after 200 epochs
            at its best learning rate; fitted to the published accuracies.
        capacity_slope: Log-odds gained per doubling of the multiply-adds at the reference.
        overfit_slope: Log-odds lost per doubling of parameters and of epochs without cutout.
        train_gap: Log-odds by which the training accuracy ends above the validation accuracy.
        damage: Log-odds lost per squared decade of too high a learning rate; fitted.
        progress_epochs: Epochs at the best rate in which about half of what can be learnt is.
        test_shift: Log-odds by which the test accuracy lies below the validation accuracy.
        luck: Standard deviation of a converged training's log-odds over seeds: 0.2-0.4 points.
    """

    n_train: int
    n_val: int
    n_test: int
    n_classes: int
    best_logit: float
    capacity_slope: float
    overfit_slope: float
    train_gap: float
    damage: float
    progress_epochs: float
    test_shift: float
    luck: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A data set, the networks trained on it and the values that can be chosen.

    Args:
        name: Its name, and that of its folder of data.
        key: Selects the random numbers of its simulated trainings: its own, and never changed.
        data_set: The data set in words.
        values: The values of each hyperparameter.
        weights: Their priors, where they are not uniform.
        trunk: The parts of the network that are the same for all configurations.
        limits: What upstream's collection rejected networks for; None if it did not collect it.
        difficulty: What its simulation needs; None if it is not simulated.
        has_table: Whether its records can be queried, as ``NAME-table``.
    """

    name: str
    key: int
    data_set: str
    values: Mapping[str, Sequence[Any]]
    weights: Mapping[str, Sequence[float]]
    trunk: Trunk
    limits: Limits | None = None
    difficulty: Difficulty | None = None
    has_table: bool = False


def _grid(first: float, last: float, step: float, digits: int) -> tuple[float, ...]:
    n_steps = round((last - first) / step)
    return tuple(round(first + i * step, digits) for i in range(n_steps + 1))


def regnet_task(
    name: str,
    *,
    key: int,
    data_set: str,
    depth: range,
    w0: range,
    wa: tuple[float, float],
    wm: tuple[float, float],
    group_weights: Mapping[int, float],
    cutout_length: int,
    max_epoch: tuple[int, ...],
    trunk: Trunk,
    limits: Limits | None = None,
    difficulty: Difficulty | None = None,
    has_table: bool = False,
) -> Task:
    """A task over RegNets and their training, with upstream's names and priors.

    Args:
        name: See :class:`Task`; so are ``key``, ``data_set`` and the last four.
        key: See there.
        data_set: See there.
        depth: Numbers of blocks.
        w0: Initial widths.
        wa: First and last slope of the widths, in steps of 0.1.
        wm: First and last ratio of widths, in steps of 0.001.
        group_weights: Prior of each group width.
        cutout_length: Side of the square that cutout takes out, pixels; the other choice is 0.
        max_epoch: Lengths of schedules, epochs.
        trunk: See there.
        limits: See there.
        difficulty: See there.
        has_table: See there.
    """
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
    return Task(
        name=name,
        key=key,
        data_set=data_set,
        values=values,
        weights=weights,
        trunk=trunk,
        limits=limits,
        difficulty=difficulty,
        has_table=has_table,
    )
