"""What the verbs return, as a person reads it in a terminal: a file for each task, with the same functions in each."""

from importlib import import_module
from typing import Any


def screens(task: str) -> Any:
    """The module that shows what this task's verbs return: plan, result, evaluation, predictions, check, demo."""
    return import_module(f"lissom.cli.screens.{task}")
