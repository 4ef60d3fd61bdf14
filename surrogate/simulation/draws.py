"""The random numbers of simulated trainings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from surrogate.simulation.inputs import Floats
from surrogate.space.tasks import Config, get_task


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """What differs between two trainings of the same configuration.

    The first fields are standard normal or, where they say so, uniform or exponential, of shape
    (n_configs,); the last three are standard normal, of shape (n_configs, n_epochs).

    Args:
        offset: Luck of the initialisation, normal.
        val_sample: Luck of the validation set, normal.
        test_sample: Luck of the test set, normal.
        machine: Speed of the machine, normal.
        meter: Error of the power meter, normal.
        diverges: Whether the training diverges, uniform.
        diverges_when: At which epoch, uniform.
        contention: Others at work on the machine, exponential with mean 1.
        weights: Wandering of the weights from epoch to epoch.
        labels: Sampling error of each epoch's evaluation.
        clock: Jitter of each epoch's time.
    """

    offset: Floats
    val_sample: Floats
    test_sample: Floats
    machine: Floats
    meter: Floats
    diverges: Floats
    diverges_when: Floats
    contention: Floats
    weights: Floats = field(repr=False)
    labels: Floats = field(repr=False)
    clock: Floats = field(repr=False)


_NORMAL = ("offset", "val_sample", "test_sample", "machine", "meter")
_UNIFORM = ("diverges", "diverges_when")
_CURVES = ("weights", "labels", "clock")


def draw(configs: Sequence[Config], task: str, *, seeds: Sequence[int], n_epochs: int) -> Draws:
    """Random numbers that depend on nothing but the task, the configuration and its seed.

    A training is therefore the same whatever it is simulated together with.

    Args:
        configs: Checked configurations.
        task: Their task.
        seeds: A seed for each, not negative.
        n_epochs: Length of the curves.
    """
    chosen = get_task(task)
    values = chosen.values
    positions = {name: {v: i for i, v in enumerate(vs)} for name, vs in values.items()}
    single = np.empty((len(configs), len(fields(Draws)) - len(_CURVES)))
    curves = np.empty((len(_CURVES), len(configs), n_epochs))
    for i, (config, seed) in enumerate(zip(configs, seeds, strict=True)):
        place = [positions[name][value] for name, value in config.items()]
        rng = np.random.default_rng([chosen.key, seed, *place])
        single[i, : len(_NORMAL)] = rng.standard_normal(len(_NORMAL))
        single[i, len(_NORMAL) : -1] = rng.random(len(_UNIFORM))
        single[i, -1] = rng.exponential()
        curves[:, i] = rng.standard_normal((len(_CURVES), n_epochs))
    names = (*_NORMAL, *_UNIFORM, "contention")
    return Draws(
        **dict(zip(names, single.T, strict=True)), **dict(zip(_CURVES, curves, strict=True))
    )


def correlated(noise: NDArray[np.float64], rho: float) -> NDArray[np.float64]:
    """A first-order autoregression of unit variance along the last axis."""
    out = np.empty_like(noise)
    out[..., 0] = noise[..., 0]
    for j in range(1, noise.shape[-1]):
        out[..., j] = rho * out[..., j - 1] + np.sqrt(1.0 - rho**2) * noise[..., j]
    return out
