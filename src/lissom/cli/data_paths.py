"""The flags that say where a run's data lies now: the settings of all tasks that are paths to data."""

from dataclasses import fields, make_dataclass
from functools import cache
from typing import Annotated, Any

from lissom.cli.arguments import Help
from lissom.training.registry import TASKS, find_task


@cache
def path_names() -> tuple[str, ...]:
    """As the settings are called: `data` of photos, `cube` and `ground_truth` of scenes, ..."""
    return tuple(dict.fromkeys(name for task in TASKS for name in find_task(task).paths))


def with_path_flags(base: Any) -> Any:
    """The argument class with a flag for each of them that it does not have."""
    own = {field.name for field in fields(base)}
    said = "Where the data lies: as `--{}` in training."
    added = [
        (name, Annotated[str | tuple[str, ...] | None, Help(said.format(name.replace("_", "-")))], None)
        for name in path_names()
        if name not in own
    ]
    return make_dataclass(base.__name__, added, bases=(base,), frozen=True, kw_only=True)


def given_paths(arguments: Any) -> dict[str, Any]:
    """Those that were typed, without `data`, which every verb has by itself."""
    paths = {name: getattr(arguments, name, None) for name in path_names() if name != "data"}
    return {name: path for name, path in paths.items() if path is not None}
