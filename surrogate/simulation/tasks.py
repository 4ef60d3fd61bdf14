"""Which tasks are simulated."""

from __future__ import annotations

from surrogate.space.definitions import TASKS
from surrogate.space.task import Difficulty
from surrogate.space.tasks import get_task

SIMULATED = tuple(name for name, task in TASKS.items() if task.difficulty is not None)
"""The tasks that can be simulated."""


def get_difficulty(task: str) -> Difficulty:
    """The difficulty of a simulated task.

    Raises:
        ValueError: If there is no such task, or it is not a simulated one.
    """
    difficulty = get_task(task).difficulty
    if difficulty is None:
        raise ValueError(
            f"task must be one of {', '.join(SIMULATED)} to be simulated but got {task!r}: "
            "its records are measured, load them with surrogate.load."
        )
    return difficulty
