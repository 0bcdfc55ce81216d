"""`lissom inspect`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lissom.cli.arguments import Count, Device, DryRun, Json, Positional, Threads
from lissom.cli.data_paths import given_paths, with_path_flags
from lissom.plain import to_json


@with_path_flags
@dataclass(frozen=True, kw_only=True)
class Inspect:
    """Arguments of `lissom inspect`."""

    run_folder: Annotated[Path, Positional]
    """A run."""
    data: str | None = None
    """A class folder or an archive of one: the run's own data, moved, of which the training images are
    inspected, or other data, of which all are; None: the run's own, where it was."""
    output: Path | None = None
    """The folder for the page, tables and pictures; None: the run's."""
    images: Count = 512
    """Images to look at, as many of each class."""
    batch_size: Count = 32
    """Images at a time."""
    device: Device = "auto"
    threads: Threads = None
    dry_run: DryRun = False
    """Print the figures and write nothing."""
    json: Json = False

    def run(self) -> int:
        """Prints a table for each question; the page and the pictures go to the folder."""
        from lissom.cli.progress import screen
        from lissom.verbs.inspect import inspect

        with screen(quiet=self.json) as listener:
            result = inspect(
                self.run_folder,
                self.data,
                output=self.output,
                images=self.images,
                batch_size=self.batch_size,
                device=self.device,
                threads=self.threads,
                write=not self.dry_run,
                listener=listener,
                **given_paths(self),
            )
        if self.json:
            print(to_json(result))
        else:
            _show(result)
        return 0


def _show(result: dict) -> None:
    from lissom.cli.show import console
    from lissom.inspection.page import TABLES, columns
    from lissom.messages import text

    out = console()
    out.say(text("inspect.subtitle", images=result["images"], source=result["source"]))
    for table in TABLES:
        if result[table]:
            out.table(result[table], columns(table), title=text(f"inspect.section_{table}"))
            out.print()
    for note in result["notes"]:
        out.say(note)
    if result["folder"]:
        out.print(text("cli.wrote", path=Path(result["folder"]) / "inspect.html"), markup=False, soft_wrap=True)
