"""Every verb and where its argument class stands; imported by the dispatcher and by shell completion."""

from importlib import import_module
from typing import Any

from lissom.training.registry import TASKS, is_outside

# verb -> module with its argument class, and the class, or the function that makes one of a task's settings; in the
# order of the help
VERBS = {
    "demo": ("lissom.cli.demo", "Demo"),
    "models": ("lissom.cli.models", "Models"),
    "profile": ("lissom.cli.profiling", "Profile"),
    "check-data": ("lissom.cli.check_data", "check_arguments"),
    "check-model": ("lissom.cli.check_model", "CheckModel"),
    "convert-data": ("lissom.cli.convert_data", "ConvertData"),
    "fetch": ("lissom.cli.fetch", "Fetch"),
    "train": ("lissom.cli.train", "train_arguments"),
    "resume": ("lissom.cli.resume", "Resume"),
    "evaluate": ("lissom.cli.evaluate", "Evaluate"),
    "inspect": ("lissom.cli.inspect", "Inspect"),
    "predict": ("lissom.cli.predict", "predict_arguments"),
    "runs": ("lissom.cli.runs", "Runs"),
    "compare": ("lissom.cli.compare", "Compare"),
    "export": ("lissom.cli.export", "Export"),
    "env": ("lissom.cli.env", "Env"),
    "cache": ("lissom.cli.cache", "Cache"),
    "completion": ("lissom.cli.completion", "Completion"),
}
OF_TASKS = ("check-data", "train")  # their second word is a task
OF_MODELS = ("predict",)  # their first argument is a model, which tells the task
COMMANDS = [each for verb in VERBS for each in ([f"{verb} {task}" for task in TASKS] if verb in OF_TASKS else [verb])]


def arguments(command: str, task: str = "") -> type[Any]:
    """The argument class of one of `COMMANDS`; task: that of the model, where the verb takes one and it is known."""
    verb, _, second = command.partition(" ")
    module, name = VERBS[verb]
    found = getattr(import_module(module), name)
    return found(second or task) if verb in OF_TASKS + OF_MODELS else found


def of_outside(words: list[str]) -> str | None:
    """The command of a verb with tasks and somebody's own task, `train my_package.task:TASK`; None: it is none."""
    return " ".join(words[:2]) if len(words) > 1 and words[0] in OF_TASKS and is_outside(words[1]) else None


def message_key(command: str) -> str:
    """Where a command's summary and examples stand among the messages."""
    verb, _, task = command.partition(" ")
    return f"{verb}-outside" if is_outside(task) else command.replace(" ", "-")
