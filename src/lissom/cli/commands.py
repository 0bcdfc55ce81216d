"""Every verb and where its argument class stands; imported by the dispatcher and by shell completion."""

from importlib import import_module
from typing import Any

from lissom.training.registry import TASKS, is_outside

# verb -> module with its argument class, and the class, or for a verb with tasks the function that makes theirs; the
# order is that of the help
VERBS = {
    "demo": ("lissom.cli.training", "Demo"),
    "models": ("lissom.cli.networks", "Models"),
    "profile": ("lissom.cli.profiling", "Profile"),
    "check-data": ("lissom.cli.checking", "check_arguments"),
    "fetch": ("lissom.cli.fetch", "Fetch"),
    "train": ("lissom.cli.training", "train_arguments"),
    "resume": ("lissom.cli.training", "Resume"),
    "evaluate": ("lissom.cli.results", "Evaluate"),
    "inspect": ("lissom.cli.inspect", "Inspect"),
    "predict": ("lissom.cli.results", "Predict"),
    "runs": ("lissom.cli.results", "Runs"),
    "compare": ("lissom.cli.results", "Compare"),
    "export": ("lissom.cli.results", "Export"),
    "env": ("lissom.cli.machine", "Env"),
    "cache": ("lissom.cli.machine", "Cache"),
    "completion": ("lissom.cli.completion", "Completion"),
}
OF_TASKS = ("check-data", "train")
COMMANDS = [each for verb in VERBS for each in ([f"{verb} {task}" for task in TASKS] if verb in OF_TASKS else [verb])]


def arguments(command: str) -> type[Any]:
    """The argument class of one of `COMMANDS`."""
    verb, _, task = command.partition(" ")
    module, name = VERBS[verb]
    found = getattr(import_module(module), name)
    return found(task) if task else found


def of_outside(words: list[str]) -> str | None:
    """The command of a verb with tasks and somebody's own task, `train my_package.task:TASK`; None: it is none."""
    return " ".join(words[:2]) if len(words) > 1 and words[0] in OF_TASKS and is_outside(words[1]) else None


def message_key(command: str) -> str:
    """Where a command's summary and examples stand among the messages."""
    verb, _, task = command.partition(" ")
    return f"{verb}-outside" if is_outside(task) else command.replace(" ", "-")
