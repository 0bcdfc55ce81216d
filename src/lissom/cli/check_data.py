"""`lissom check-data`."""

from dataclasses import dataclass, fields, make_dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from lissom.cli.arguments import DryRun, Json, Positional
from lissom.plain import to_json
from lissom.training.registry import find_task


@dataclass(frozen=True, kw_only=True)
class CheckData:
    """The arguments of `lissom check-data TASK`, before those of the task."""

    TASK: ClassVar[str]

    path: Annotated[str, Positional]
    """The data: a path, or a name that the task knows."""
    picture: Path | None = None
    """Write a picture of the data there (PNG); None: none."""
    dry_run: DryRun = False
    """Write no picture."""
    json: Json = False

    def run(self) -> int:
        """Prints what the data holds and what is wrong with it; 3 if files are broken or nothing can be trained."""
        from lissom.cli.progress import screen
        from lissom.cli.screens import screens
        from lissom.verbs.check import check_data

        picture = None if self.dry_run else self.picture
        options: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(find_task(self.TASK).check_options)}
        with screen(quiet=self.json) as listener:
            report = check_data(self.TASK, self.path, picture=picture, listener=listener, **options)
        if self.json:
            print(to_json(report))
        else:
            screens(self.TASK).check(report, picture)
        return 3 if report.get("broken") else 0


def check_arguments(task: str) -> type[CheckData]:
    """The class of the arguments of `lissom check-data TASK`."""
    bases = (CheckData, find_task(task).check_options)
    return make_dataclass("CheckData", [], bases=bases, frozen=True, kw_only=True, namespace={"TASK": task})
