"""A calibrated stand-in for the trainings behind ``cifar10`` and ``tinyimagenet``.

Nobody has published those trainings, only figures of them. This simulation draws trainings that
agree with the figures and behave like deep learning where they are silent. **Nothing here is
measured**: whatever is built on it says ``simulated``.

| part | module | calibrated to |
|---|---|---|
| time, power, energy | :mod:`surrogate.simulation.machine` | published ranges of TinyImageNet |
| learning rates | :mod:`surrogate.simulation.schedule` | assumptions |
| architecture | :mod:`surrogate.simulation.architecture` | assumptions |
| curves | :mod:`surrogate.simulation.learning` | published accuracies |

Energies are kWh; the published per-epoch figures are Wh, though printed as "KWh".

References:
    Dou et al. (2023), EA-HAS-Bench, its figures of accuracy, energy and runtime.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from surrogate.records import QUANTITIES, Complexity, Run
from surrogate.simulation.draws import Draws, draw
from surrogate.simulation.inputs import inputs
from surrogate.simulation.learning import accuracies
from surrogate.simulation.machine import FIRST_EPOCH_S, epoch_cost
from surrogate.simulation.tasks import get_difficulty
from surrogate.space.task import Difficulty
from surrogate.space.tasks import Config, check

CONTENTION = 0.8
"""Mean of the exponential slow-down of the data loader by other jobs (assumption)."""
MACHINE_SPREAD, METER_SPREAD, CLOCK_SPREAD = 0.03, 0.22, 0.01
"""Log standard deviations: between machines, of a run's power reading (sampled nvidia-smi) and of
one epoch's time (assumptions)."""
J_PER_KWH = 3.6e6


def simulate(
    configs: Sequence[Mapping[str, Any]], task: str, *, seed: int | Sequence[int] = 0
) -> list[Run]:
    """Simulate the training of configurations; every run is as long as its ``max_epoch``.

    Example:
        >>> from surrogate.space import get_space
        >>> run, = simulate([get_space("cifar10").get_default_configuration()], "cifar10", seed=1)
        >>> run.val_accuracy.shape
        (100,)

    Args:
        configs: Configurations of the task's space; any number of stages.
        task: ``"cifar10"`` or ``"tinyimagenet"``.
        seed: Seed of the training, or one for each configuration. Not negative. The same
            configuration and seed always give the same run, whatever else is simulated.

    Returns:
        A run for each configuration, in order; energies in kWh, accuracies as fractions.

    Raises:
        ValueError: If the task cannot be simulated, a configuration is not in its space or a seed
            is negative.
    """
    data = get_difficulty(task)
    checked = [check(config, task) for config in configs]
    seeds = [seed] * len(checked) if isinstance(seed, int | np.integer) else list(seed)
    if len(seeds) != len(checked):
        raise ValueError(
            f"seed must be one number or one for each of {len(checked)} configurations "
            f"but got {len(seeds)}."
        )
    if any(one < 0 for one in seeds):
        raise ValueError(f"seed must not be negative but got {min(seeds)}.")
    runs: dict[int, Run] = {}
    for n_epochs in sorted({config["max_epoch"] for config in checked}):
        place = [i for i, config in enumerate(checked) if config["max_epoch"] == n_epochs]
        group = [checked[i] for i in place]
        draws = draw(group, task, seeds=[int(seeds[i]) for i in place], n_epochs=n_epochs)
        runs.update(zip(place, _simulate(group, task, data, draws), strict=True))
    return [runs[i] for i in range(len(checked))]


def _simulate(configs: Sequence[Config], task: str, data: Difficulty, draws: Draws) -> list[Run]:
    c = inputs(configs, task)
    cost = epoch_cost(
        c,
        n_train=data.n_train,
        n_val=data.n_val,
        loader_slowdown=(1.0 + CONTENTION * draws.contention)
        * np.exp(MACHINE_SPREAD * draws.machine),
        meter_gain=np.exp(METER_SPREAD * draws.meter),
    )
    jitter = np.exp(CLOCK_SPREAD * draws.clock)
    seconds = cost.seconds[:, None] * jitter
    watts = np.broadcast_to(cost.watts[:, None], seconds.shape)
    seconds[:, 0] += FIRST_EPOCH_S
    energy_kwh = np.cumsum(watts * seconds, axis=1) / J_PER_KWH
    runtime_s = np.cumsum(seconds, axis=1)
    inference_kwh = cost.inference_seconds * cost.inference_watts / J_PER_KWH
    train, val, test = accuracies(c, data, draws)
    return [
        Run(
            train_accuracy=train[i],
            val_accuracy=val[i],
            test_accuracy=test[i],
            energy_kwh=energy_kwh[i],
            runtime_s=runtime_s[i],
            inference_energy_kwh=float(inference_kwh[i]),
            complexity=Complexity(
                params=int(c.params[i]), flops=int(c.flops[i]), activations=int(c.activations[i])
            ),
            provenance=dict.fromkeys(QUANTITIES, "simulated"),
        )
        for i in range(len(configs))
    ]
