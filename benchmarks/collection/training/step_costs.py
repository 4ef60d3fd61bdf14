"""What the pieces of a configuration's training cost on a metered device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch

from benchmarks.collection.energy_window import WINDOW_S, CounterWindow
from benchmarks.collection.training.metered import MeteredDevice
from benchmarks.collection.training.steps import Steps
from eahas_plugins.units import J_PER_KWH
from surrogate.records import Complexity
from surrogate.space.regnet import Trunk, complexity
from surrogate.step_records import MEASURED, TOO_LARGE, PieceCost, Precision

TRAINING_WINDOWS = 2
"""And one each of evaluation, inference and no work, each until the counter moves: a configuration
takes about 5 s with windows of 0.6 s, with half of it 3 s; and longer where a step does, or the
library tries many kernels for the first one."""
_BYTES = {"fp32": 4, "tf32": 4, "bf16": 2}
_KEPT = 2
"""Of each convolution at least its output and the normalised one are kept for the backward pass."""
_LACKS_OF_MEMORY = ("out of memory", "can't allocate memory", "_ALLOC_FAILED")
"""Of CUDA, of the processor, of cuBLAS and cuDNN."""
_COPIES = {"sgd": 4, "adam": 5, "adamw": 5}
"""Weights, gradients, their average and the optimizer's moments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSetting:
    """How steps are measured.

    Args:
        precision: fp32, tf32 or bf16.
        batch: Images in a step.
        loader_wait_s: Seconds that the device waits for data in each step.
        window_s: Length of a window, s.
    """

    precision: Precision
    batch: int
    loader_wait_s: float
    window_s: float = WINDOW_S


def least_bytes(config: Mapping[str, Any], size: Complexity, setting: StepSetting) -> int:
    """Memory that a step needs at least, bytes; really it is more."""
    activations = setting.batch * size.activations * _BYTES[setting.precision] * _KEPT
    return activations + 4 * size.params * _COPIES[config["optimizer"]]


def measure_steps_of(
    device: MeteredDevice,
    config: Mapping[str, Any],
    trunk: Trunk,
    *,
    seed: int,
    setting: StepSetting,
) -> dict[str, Any]:
    """The measured part of a row of :class:`surrogate.step_records.StepRecord`.

    Raises:
        MeterError: If somebody else uses the device, or its counter cannot be read.
    """
    free = device.free_bytes()
    needed = least_bytes(config, complexity(config, trunk), setting)
    memory: dict[str, Any] = {"free_bytes": free, "needed_bytes_at_least": needed}
    if needed > free:
        note = f"a step needs at least {needed} bytes but {free} are free"
        return {"status": TOO_LARGE, "note": note, "memory": memory}
    before = device.state()

    def work(window: CounterWindow) -> dict[str, Any]:
        steps = Steps(
            config,
            trunk,
            batch=setting.batch,
            precision=setting.precision,
            device=device.device,
            seed=seed,
        )
        return _pieces(steps, window, setting)

    try:
        found = device.measured(work, window_s=setting.window_s)
    except (RuntimeError, MemoryError) as error:
        if not _is_lack_of_memory(error):
            raise
        return {"status": TOO_LARGE, "note": first_line(error), "memory": memory}
    memory["peak_bytes"] = device.peak_bytes()
    after = device.state()
    return {"status": MEASURED, **found, "memory": memory, "before": before, "after": after}


def first_line(error: Exception) -> str:
    """What an error says, without the lines about where it came from."""
    return str(error).partition("\n")[0]


def _is_lack_of_memory(error: Exception) -> bool:
    """Whether memory has run out: torch says so, or a library of the device that it calls."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(
        words in str(error) for words in _LACKS_OF_MEMORY
    )


def _pieces(steps: Steps, window: CounterWindow, setting: StepSetting) -> dict[str, Any]:
    batch = setting.batch
    training = measure_piece(window, steps.train, images=batch, n_windows=TRAINING_WINDOWS)
    finite = steps.loss_is_finite
    evaluation = measure_piece(window, steps.evaluate, images=batch, n_windows=1)
    inference = measure_piece(window, steps.infer, images=1, n_windows=1)
    static_watts = float(window.describe()["static_watts"])
    waited = with_wait(training, static_watts=static_watts, wait_s=setting.loader_wait_s)
    return {
        "training": asdict(training),
        "training_with_wait": asdict(waited),
        "evaluation": asdict(evaluation),
        "inference": asdict(inference),
        "loader_wait_s": setting.loader_wait_s,
        "loss_is_finite": finite,
    }


def measure_piece(
    window: CounterWindow, work: Callable[[], None], *, images: int, n_windows: int
) -> PieceCost:
    """Repeat a piece of work until the counter resolves it; the mean over some windows.

    Args:
        window: What measures.
        work: One repetition.
        images: Images in it.
        n_windows: How often to measure.
    """
    works = [work] * window.n_repeats(work)
    costs = [window.measure(works)[1] for _ in range(n_windows)]
    joules = [(cost.energy_kwh or 0.0) * J_PER_KWH for cost in costs]
    mean_j = sum(joules) / n_windows
    seconds = sum(cost.wall_s for cost in costs) / n_windows
    return PieceCost(
        images=images,
        seconds=seconds,
        joules=mean_j,
        above_static_joules=mean_j - float(window.describe()["static_watts"]) * seconds,
        watts=mean_j / seconds,
        windows_joules=tuple(joules),
    )


def with_wait(piece: PieceCost, *, static_watts: float, wait_s: float) -> PieceCost:
    """The same piece after a wait for data, in which the device draws its static power."""
    waited_j = static_watts * wait_s
    seconds, joules = piece.seconds + wait_s, piece.joules + waited_j
    return replace(
        piece,
        seconds=seconds,
        joules=joules,
        watts=joules / seconds,
        windows_joules=tuple(each + waited_j for each in piece.windows_joules),
    )
