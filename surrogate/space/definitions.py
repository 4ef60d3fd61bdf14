"""The tasks. A new one is one more entry here, anywhere, and a folder of data.

References:
    Dou et al. (2023), EA-HAS-Bench, section 3 and its published code (names, values, priors, limits
    of its collection).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from surrogate.space.regnet import Trunk
from surrogate.space.task import Difficulty, Limits, Task, regnet_task

GROUP_WEIGHTS = {1: 0.167, 2: 0.167, 4: 0.167, 8: 0.167, 16: 0.167, 24: 0.096, 32: 0.069}

FASHION_NANO = regnet_task(
    "fashion-nano",
    key=0,
    data_set="Fashion-MNIST, 14x14 pixels; 4,000 images each to train, validate and test",
    depth=range(4, 11),
    w0=range(8, 33, 8),
    wa=(2.0, 8.0),
    wm=(2.0, 3.0),
    group_weights={1: 0.2, 2: 0.2, 4: 0.2, 8: 0.2, 16: 0.2},
    cutout_length=4,
    max_epoch=(10, 20, 40),
    trunk=Trunk(image_size_px=14, image_channels=1, stem_width=8, n_classes=10, se_ratio=0.0),
    has_table=True,
)

# The sizes of the splits of the simulated tasks are an assumption: a fifth of CIFAR-10's training
# images held out; TinyImageNet's own validation images for testing.
CIFAR10 = regnet_task(
    "cifar10",
    key=1,
    data_set="CIFAR-10",
    depth=range(6, 16),
    w0=range(48, 129, 8),
    wa=(8.0, 32.0),
    wm=(2.5, 3.0),
    group_weights=GROUP_WEIGHTS,
    cutout_length=16,
    max_epoch=(50, 100, 200),
    trunk=Trunk(image_size_px=32, image_channels=3, stem_width=16, n_classes=10, se_ratio=0.25),
    limits=Limits(flops=(0.12e9, 0.13e9), max_params=2e6, max_activations=1e6),
    difficulty=Difficulty(
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
)

TINYIMAGENET = regnet_task(
    "tinyimagenet",
    key=2,
    data_set="TinyImageNet, 32x32 pixels",
    depth=range(6, 16),
    w0=range(48, 129, 8),
    wa=(8.0, 32.0),
    wm=(1.5, 3.0),
    group_weights=GROUP_WEIGHTS,
    cutout_length=16,
    max_epoch=(50, 100, 200),
    trunk=Trunk(image_size_px=32, image_channels=3, stem_width=32, n_classes=200, se_ratio=0.25),
    limits=Limits(),
    difficulty=Difficulty(
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
)

# The same trainings on a GPU.
FASHION_NANO_GPU = replace(
    FASHION_NANO, name="fashion-nano-gpu", key=3, data_set="that of fashion-nano"
)

TASKS: Mapping[str, Task] = {
    task.name: task for task in (FASHION_NANO, CIFAR10, TINYIMAGENET, FASHION_NANO_GPU)
}
"""The tasks by name, in the order in which they are listed."""
