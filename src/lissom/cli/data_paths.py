"""The flags that say where a run's data lies now, and how other data is read: settings of all tasks."""

from dataclasses import fields, is_dataclass, make_dataclass
from functools import cache
from typing import Annotated, Any, get_type_hints

from lissom.cli.arguments import Help
from lissom.training.registry import TASKS, find_task


@cache
def path_names() -> tuple[str, ...]:
    """As the settings are called: `data` of photos, `cube` and `ground_truth` of scenes, ..."""
    return tuple(dict.fromkeys(name for task in TASKS for name in find_task(task).paths))


def reading_types() -> dict[str, Any]:
    """The settings that say how files of data are read, each with its type."""
    hints = {(task, name): hint for task in TASKS for name, hint in _hints(find_task(task).config).items()}
    return {name: hints[task, name] for task in TASKS for name in find_task(task).reading}


def _hints(config: Any) -> dict[str, Any]:
    sections = [section for section in get_type_hints(config).values() if is_dataclass(section)]
    return {name: hint for section in sections for name, hint in get_type_hints(section).items()}


def with_reading_flags(base: Any) -> Any:
    """The argument class with flags for how other data is read."""
    said = "How other data is read: as `--{}` in training."
    added = [
        (name, Annotated[hint | None, Help(said.format(name.replace("_", "-")))], None)
        for name, hint in reading_types().items()
    ]
    return make_dataclass(base.__name__, added, bases=(base,), frozen=True, kw_only=True)


def given_reading(arguments: Any) -> dict[str, Any]:
    """Those that were typed."""
    given = {name: getattr(arguments, name) for name in reading_types()}
    return {name: value for name, value in given.items() if value is not None}


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
