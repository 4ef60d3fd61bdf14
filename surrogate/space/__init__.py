"""The joint spaces of networks and trainings, and what is known of a network without training."""

from surrogate.space.tasks import TASKS, Task, check, get_space, get_task

__all__ = ["TASKS", "Task", "check", "get_space", "get_task"]
