"""`lissom export`."""

from dataclasses import dataclass, fields, make_dataclass
from pathlib import Path
from typing import Annotated, Any

from lissom.cli.arguments import DryRun, Json, Positional
from lissom.cli.data_paths import given_paths, with_path_flags
from lissom.messages import text
from lissom.plain import to_json
from lissom.training.registry import TASKS, find_task
from lissom.training.task import NoOptions


def _with_task_options(base: Any) -> Any:
    """The argument class with the options of every task that has some for its files."""
    known = [find_task(task).export_options for task in TASKS]
    kinds = dict.fromkeys(kind for kind in known if kind is not NoOptions)
    unchecked = {"__post_init__": lambda self: None}  # each task checks its own, once the run says which it is
    return make_dataclass(base.__name__, [], bases=(*kinds, base), frozen=True, kw_only=True, namespace=unchecked)


def _given_options(arguments: Any) -> dict[str, Any]:
    """Those that were typed."""
    known = {f.name: f.default for task in TASKS for f in fields(find_task(task).export_options)}
    return {name: value for name, usual in known.items() if (value := getattr(arguments, name)) != usual}


@_with_task_options
@with_path_flags
@dataclass(frozen=True, kw_only=True)
class Export:
    """Arguments of `lissom export`."""

    run_folder: Annotated[Path, Positional]
    """A run."""
    output: Path | None = None
    """The file to write; None: model.onnx in the run folder."""
    data: str | None = None
    """Where the data of the training lies now; None: where it was."""
    dry_run: DryRun = False
    """Only say which file would be written."""
    json: Json = False

    def run(self) -> int:
        """Writes the file and prints by how much its answers differ."""
        from lissom.cli.progress import screen
        from lissom.verbs.export import export, export_path

        given: dict[str, Any] = {"data": self.data, "options": _given_options(self), **given_paths(self)}
        if self.dry_run:
            with screen(quiet=self.json) as listener:
                path = export_path(self.run_folder, self.output, listener=listener, **given)
            print(to_json({"file": str(path)}) if self.json else text("cli.would-write", path=path))
            return 0
        with screen(quiet=self.json) as listener:
            result = export(self.run_folder, self.output, listener=listener, **given)
        if self.json:
            print(to_json(result))
        else:
            print(text("cli.exported" if result["proof"] == "data" else "cli.exported-golden", **result))
        return 0
