"""`lissom check-model`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from lissom.cli.arguments import Count, DryRun, Json, Positional
from lissom.plain import to_json


@dataclass(frozen=True, kw_only=True)
class CheckModel:
    """The arguments of `lissom check-model`."""

    path: Annotated[Path, Positional]
    """The model file."""
    backbone_section: str | None = None
    """Which backbone of a file that has several, for example `backbone_small`."""
    resolution: Count = 640
    """Side of the square input for which MACs are counted, in pixels."""
    fix: bool = False
    """Correct what has one right answer, and print the corrected file."""
    output: Path | None = None
    """Write the corrected file there."""
    dry_run: DryRun = False
    """Write no file."""
    json: Json = False

    def run(self) -> int:
        """Prints the rows with their costs and whatever is wrong with them; 3 if the file is refused."""
        from lissom.cli.show_rows import show_rows
        from lissom.verbs.check import check_model

        result: dict[str, Any] = check_model(
            self.path,
            section=self.backbone_section,
            resolution=self.resolution,
            fix=self.fix or self.output is not None,
            output=None if self.dry_run else self.output,
        )
        if self.json:
            print(to_json(result))
        elif self.fix and self.output is None and result["fixed"]:
            print(result["fixed"], end="")
        else:
            show_rows(result, None if self.dry_run else self.output)
        return 3 if result["faults"] else 0
