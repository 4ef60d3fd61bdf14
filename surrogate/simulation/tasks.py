"""What the simulated tasks differ in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from surrogate.space.tasks import get_task


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A data set and how hard it is.

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


DATASETS: Mapping[str, Dataset] = {
    "cifar10": Dataset(
        n_train=40_000,
        n_val=10_000,
        n_test=10_000,
        n_classes=10,
        best_logit=3.07,
        capacity_slope=0.10,
        overfit_slope=0.035,
        train_gap=1.6,
        damage=0.55,
        progress_epochs=1.2,
        test_shift=0.03,
        luck=0.03,
    ),
    "tinyimagenet": Dataset(
        n_train=100_000,
        n_val=10_000,
        n_test=10_000,
        n_classes=200,
        best_logit=0.41,
        capacity_slope=0.10,
        overfit_slope=0.045,
        train_gap=0.9,
        damage=0.55,
        progress_epochs=1.5,
        test_shift=0.04,
        luck=0.012,
    ),
}
"""The simulated tasks. The sizes of the splits are an assumption (a fifth of CIFAR-10's training
images held out; TinyImageNet's own validation images for testing)."""


def get_dataset(task: str) -> Dataset:
    """The data set of a simulated task.

    Raises:
        ValueError: If there is no such task, or it is not a simulated one.
    """
    get_task(task)
    if task not in DATASETS:
        raise ValueError(
            f"task must be one of {', '.join(DATASETS)} to be simulated but got {task!r}: "
            "its records are measured, load them with surrogate.load."
        )
    return DATASETS[task]
