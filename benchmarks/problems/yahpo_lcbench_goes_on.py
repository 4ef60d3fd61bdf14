"""The same tasks with trainings that pause at 7 and 17 epochs and go on to 52 for the difference.

The number of epochs is in the space of methods that begin with short trainings; others do not see
it and train for all 52.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.problems._lcbench import load_task
from surrogate import Benchmark

FIDELITIES = ("schedule", "continue", "cut")
NEEDS_SOURCE = True
PLAIN_IN_FULL = True


def load(source: Path | None) -> Benchmark:
    """The task whose number at OpenML ends ``source``, as in ``lcbench/3945``.

    Raises:
        ValueError: If there are no files of YAHPO Gym, or no such task.
        ModuleNotFoundError: If ``onnxruntime`` is not installed.
    """
    return load_task(source, schedules=True, goes_on=True)
