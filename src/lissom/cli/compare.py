"""`lissom compare`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lissom.cli.arguments import Json, Positional
from lissom.plain import to_json


@dataclass(frozen=True, kw_only=True)
class Compare:
    """Arguments of `lissom compare`."""

    run_folders: Annotated[tuple[Path, ...], Positional]
    """Two runs or more."""
    json: Json = False

    def run(self) -> int:
        """Prints the settings that differ, cost and accuracy."""
        from lissom.cli.show import show_comparison
        from lissom.verbs.compare import compare

        result = compare(self.run_folders)
        if self.json:
            print(to_json(result))
        else:
            show_comparison(result)
        return 0
