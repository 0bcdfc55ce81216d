"""The tasks, by import string: the only place outside their folders where they are named."""

from importlib import import_module
from typing import Any

from lissom.errors import UsageError, near
from lissom.training.task import Task

TASKS = {
    "classify": "lissom.tasks.classify.task:TASK",
    "scene": "lissom.tasks.scene.task:TASK",
}


def find_task(name: str) -> Task:
    """The task called `name`. Raises: UsageError with near names."""
    if name not in TASKS:
        raise UsageError("task-name-unknown", got=name, near=near(str(name), TASKS))
    module, _, attribute = TASKS[name].partition(":")
    return getattr(import_module(module), attribute)


def task_of(config: Any) -> Task:
    """The task whose settings these are."""
    return find_task(type(config).TASK)


def first_task() -> Task:
    """The task of models that are no run folders, which do not say it."""
    return find_task(next(iter(TASKS)))
