"""The tasks, by import string: the only place outside their folders where they are named."""

import sys
from functools import cache
from importlib import import_module
from typing import Any

from lissom.errors import UsageError, near
from lissom.training.task import Task

TASKS = {
    "classify": "lissom.tasks.classify.task:TASK",
    "scene": "lissom.tasks.scene.task:TASK",
    "detect": "lissom.tasks.detect.task:TASK",
}


def is_outside(name: object) -> bool:
    """Whether it is the import string of somebody's own task: `package.module:TASK`."""
    return isinstance(name, str) and ":" in name


@cache
def find_task(name: str) -> Task:
    """The task called `name`, or somebody's own by its import string, which its settings hold as their `TASK`.

    Raises: UsageError with near names, or with what is wrong with a task from outside.
    """
    if name in TASKS:
        return imported(TASKS[name])
    if not is_outside(name):
        raise UsageError("task-name-unknown", got=name, near=near(str(name), TASKS))
    try:
        task = imported(name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError("task-not-imported", got=name, reason=error) from None
    if not isinstance(task, Task) or getattr(task.config, "TASK", None) != name:
        raise UsageError("task-none", got=name, found=getattr(getattr(task, "config", task), "TASK", type(task)))
    return task


def imported(spec: str) -> Any:
    """What `module:name` names; the working folder is on the path, as for `python -m`."""
    if "" not in sys.path:
        sys.path.insert(0, "")  # it stays, for processes that are started later
    module, _, attribute = spec.partition(":")
    return getattr(import_module(module), attribute)


def task_of(config: Any) -> Task:
    """The task whose settings these are."""
    return find_task(type(config).TASK)


def first_task() -> Task:
    """The task of models that are no run folders, which do not say it."""
    return find_task(next(iter(TASKS)))
