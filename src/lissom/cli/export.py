"""`lissom export`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lissom.cli.arguments import DryRun, Json, Positional
from lissom.cli.data_paths import given_paths, with_path_flags
from lissom.messages import text
from lissom.plain import to_json


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

        if self.dry_run:
            with screen(quiet=self.json) as listener:
                path = export_path(self.run_folder, self.output, data=self.data, listener=listener, **given_paths(self))
            print(to_json({"file": str(path)}) if self.json else text("cli.would-write", path=path))
            return 0
        with screen(quiet=self.json) as listener:
            result = export(self.run_folder, self.output, data=self.data, listener=listener, **given_paths(self))
        if self.json:
            print(to_json(result))
        else:
            print(text("cli.exported" if result["proof"] == "data" else "cli.exported-golden", **result))
        return 0
