"""The joint spaces of networks and trainings, and what is known of a network without training."""

from surrogate.space.definitions import TASKS
from surrogate.space.task import Task
from surrogate.space.tasks import check, get_space, get_task

__all__ = ["TASKS", "Task", "check", "get_space", "get_task"]
