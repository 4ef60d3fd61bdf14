"""Made-up trainings of fashion-nano, quick to make and smooth in the configuration."""

import numpy as np

from surrogate.records import Record
from surrogate.space.regnet import complexity
from surrogate.space.tasks import check, get_space, get_task

TASK = "fashion-nano"


def configurations(n, seed=0):
    space = get_space(TASK, seed=seed)
    return [check(space.sample_configuration(), TASK) for _ in range(n)]


def record(config, *, run, seed=0, noise=0.01):
    rng = np.random.default_rng([run, seed])
    size = complexity(config, get_task(TASK).trunk)
    n_epochs = config["max_epoch"]
    done = np.linspace(0.0, 1.0, n_epochs)
    best = 0.9 - 0.1 * abs(np.log10(config["base_lr"]) + 1.5)
    best += 0.02 * np.log10(n_epochs / 10) + rng.normal() * noise
    curve = best - (best - 0.1) * np.exp(-4.0 * done)
    curve = curve + rng.normal(size=n_epochs) * noise * (1.0 - done)
    epoch_s = 0.3 + size.flops / 2e6 + size.activations / 1e5
    seconds = epoch_s * np.exp(rng.normal(size=n_epochs) * 0.01)
    seconds[0] *= 1.5
    return Record.from_json(
        {
            "schema": 1,
            "task": TASK,
            "run": run,
            "seed": seed,
            "config": config,
            "train_accuracy": np.clip(curve + 0.02, 0, 1).tolist(),
            "val_accuracy": np.clip(curve, 0, 1).tolist(),
            "test_accuracy": np.clip(curve - 0.01, 0, 1).tolist(),
            "train_cpu_s": seconds.tolist(),
            "energy_kwh": (seconds * 6.0 / 3.6e6).tolist(),
            "inference_energy_kwh": epoch_s * 1e-6,
            "complexity": {
                "params": size.params,
                "flops": size.flops,
                "activations": size.activations,
            },
            "meter": {"kind": "estimated", "name": "made up"},
        }
    )


def records(n_configs=80, n_repeats=12):
    """One training of each configuration; two more of the first ones."""
    found = []
    for config in configurations(n_configs):
        found.append(record(config, run=len(found)))
    for place in range(n_repeats):
        for seed in (1, 2):
            found.append(record(found[place].config, run=len(found), seed=seed))
    return found
