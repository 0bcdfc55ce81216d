"""What the verbs return, as a person reads it in a terminal: a file for each task, with the same functions in each."""

from importlib import import_module
from typing import Any

from lissom.training.registry import is_outside


def screens(task: str) -> Any:
    """The module that shows what this task's verbs return: plan, result, evaluation, predictions, check, demo.

    Somebody's own task is shown plainly: its figures by name.
    """
    return import_module(f"lissom.cli.screens.{'plain' if is_outside(task) else task}")
