"""`lissom runs`."""

from dataclasses import dataclass
from pathlib import Path

from lissom.cli.arguments import Json
from lissom.messages import text
from lissom.plain import to_json


@dataclass(frozen=True, kw_only=True)
class Runs:
    """Arguments of `lissom runs`."""

    runs_dir: Path = Path("runs")
    """The folder of run folders."""
    sort: str = "run"
    """The column to sort by."""
    json: Json = False

    def run(self) -> int:
        """Prints one row per run."""
        from lissom.cli.show import show_runs
        from lissom.verbs.runs import list_runs

        rows = list_runs(self.runs_dir, sort=self.sort)
        if self.json:
            print(to_json(rows))
        elif rows:
            show_runs(rows)
        else:
            print(text("cli.runs-none", folder=self.runs_dir))
        return 0
