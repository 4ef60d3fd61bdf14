"""Epoch time, power and energy of the simulated machine: one NVIDIA V100 fed by a slow data loader.

**Time** of one epoch over n images is a roofline per kind of kernel, then the slower of the
accelerator and the data loader (they overlap)::

    t_compute = 6 n F / (eta * peak)             forward + backward = 3 forwards, 2 FLOP each
    t_grouped = 3 n / batch * groups * group_time
    t_memory  = n * A * 4 bytes * passes / bandwidth
    t_launch  = n / batch * depth * kernels_per_block * launch_time
    t_gpu     = t_compute + t_grouped + t_memory + t_launch
    t_epoch   = (t_gpu^p + t_loader^p)^(1/p)

**Power** follows utilisation, energy is its integral::

    watts  = static + flop_watts * (achieved FLOP/s / peak) + memory_watts * (bytes/s / bandwidth)
    energy = watts * t_epoch

A network in narrow groups therefore runs long at low power and one in wide groups short at high
power, so energy and runtime order networks differently.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surrogate.simulation.inputs import Floats, Inputs

PEAK_FLOPS = 15.7e12
"""Single-precision peak of a V100 SXM2, FLOP/s (data sheet)."""
BANDWIDTH = 900e9
"""Memory bandwidth of a V100, bytes/s (data sheet)."""
BATCH = 1024
"""Images per step (upstream's configuration)."""
EFFICIENCY = 0.14
"""Share of the peak that 1x1 convolutions of 48-400 channels reach (assumption)."""
GROUP_S = 100e-6
"""Seconds per group and kernel of a grouped convolution (assumption: groups are processed one
after another, as cuDNN 7 does; set so that the runtimes spread as published)."""
ACTIVATION_PASSES = 40.0
"""How often each activation crosses the memory bus in a training step, normalisation and
optimiser included (assumption)."""
KERNELS_PER_BLOCK = 60.0
"""Kernel launches per block and step, forward and backward (assumption)."""
LAUNCH_S = 10e-6
"""Seconds per kernel launch (assumption)."""
LOADER_S_PER_IMAGE = 29.0 / 100_000
"""Seconds the data loader takes per image: the published floor near 30 s of TinyImageNet."""
CUTOUT_LOADER_FACTOR = 1.3
"""Cutout runs in the data loader (assumption)."""
OVERLAP_POWER = 5.0
"""Sharpness p of "the slower of both" (assumption)."""
STATIC_WATTS = 12.0
"""Power while waiting for data, as the published readings have it: 16 W at their first
percentile. A V100 draws more; upstream's sampling of nvidia-smi under-reads."""
FLOP_WATTS = 450.0
MEMORY_WATTS = 80.0
"""Power at full arithmetic and full memory use, W. Chosen for the published median of 45 W at 1 Wh;
they stand for 29 pJ per FLOP and 89 pJ per byte."""
MAX_WATTS = 300.0
"""Power limit of a V100 SXM2 (data sheet)."""
FIRST_EPOCH_S = 6.0
"""Extra seconds of the first epoch: start of the workers, kernel selection (assumption)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochCost:
    """Steady cost of one epoch, each of shape (n_configs,).

    Args:
        seconds: Time, s.
        watts: Mean power, W.
        inference_seconds: Time of one pass over the validation set, s.
        inference_watts: Mean power of it, W.
    """

    seconds: Floats
    watts: Floats
    inference_seconds: Floats
    inference_watts: Floats


def epoch_cost(
    c: Inputs, *, n_train: int, n_val: int, loader_slowdown: Floats, meter_gain: Floats
) -> EpochCost:
    """Time and power of a training epoch and of an inference pass.

    Args:
        c: The configurations.
        n_train: Training images.
        n_val: Validation images.
        loader_slowdown: How many times slower than its floor the data loader runs, at least 1.
        meter_gain: What the meter reads as a multiple of the truth.
    """
    loader = LOADER_S_PER_IMAGE * loader_slowdown
    cutout = np.where(c.has_cutout > 0, CUTOUT_LOADER_FACTOR, 1.0)
    seconds, watts = _pass(c, n_train, directions=3.0, loader_s=loader * cutout)
    inference_seconds, inference_watts = _pass(c, n_val, directions=1.0, loader_s=loader)
    return EpochCost(
        seconds=seconds,
        watts=watts * meter_gain,
        inference_seconds=inference_seconds,
        inference_watts=inference_watts * meter_gain,
    )


def _pass(c: Inputs, n: int, *, directions: float, loader_s: Floats) -> tuple[Floats, Floats]:
    """Seconds and watts of one pass; ``directions`` is 3 for training and 1 for inference."""
    flop = 2.0 * directions * n * c.flops
    n_bytes = n * c.activations * 4.0 * ACTIVATION_PASSES * directions / 3.0
    gpu = (
        flop / (EFFICIENCY * PEAK_FLOPS)
        + n / BATCH * c.n_groups * GROUP_S * directions
        + n_bytes / BANDWIDTH
        + n / BATCH * c.depth * KERNELS_PER_BLOCK * LAUNCH_S * directions / 3.0
    )
    loader = n * loader_s
    seconds = (gpu**OVERLAP_POWER + loader**OVERLAP_POWER) ** (1.0 / OVERLAP_POWER)
    watts = (
        STATIC_WATTS
        + FLOP_WATTS * flop / (seconds * PEAK_FLOPS)
        + MEMORY_WATTS * n_bytes / (seconds * BANDWIDTH)
    )
    return seconds, np.minimum(watts, MAX_WATTS)
