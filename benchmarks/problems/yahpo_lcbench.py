"""A task of LCBench through YAHPO Gym's surrogate (predicted): trainings of 52 epochs.

A cheaper training is the same one stopped early, or paused and continued.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.problems._lcbench import load_task
from surrogate import Benchmark

FIDELITIES = ("cut", "continue")
NEEDS_SOURCE = True


def load(source: Path | None) -> Benchmark:
    """The task whose number at OpenML ends ``source``, as in ``lcbench/3945``.

    Raises:
        ValueError: If there are no files of YAHPO Gym, or no such task.
        ModuleNotFoundError: If ``onnxruntime`` is not installed.
    """
    return load_task(source, schedules=False)
