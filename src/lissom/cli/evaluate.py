"""`lissom evaluate`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lissom.cli.arguments import Count, Device, DryRun, Json, Positional, Threads
from lissom.plain import to_json


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """Arguments of `lissom evaluate`."""

    run_folder: Annotated[Path, Positional]
    """A run."""
    data: Annotated[str | None, Positional] = None
    """A class folder or an archive of one; None: the run's own test set, or the test pixels of its scene."""
    file: Path | None = None
    """What `lissom export` made of the run: it answers in the place of the network."""
    batch_size: Count = 256
    """Images at a time."""
    device: Device = "auto"
    threads: Threads = None
    dry_run: DryRun = False
    """Print the figures and write nothing."""
    json: Json = False

    def run(self) -> int:
        """Prints the metrics; tables and pictures go to the run folder."""
        from lissom.cli.progress import screen
        from lissom.cli.screens import screens
        from lissom.training.run import open_run
        from lissom.verbs.evaluate import evaluate

        with screen(quiet=self.json) as listener:
            found = evaluate(
                self.run_folder,
                self.data,
                file=self.file,
                batch_size=self.batch_size,
                device=self.device,
                threads=self.threads,
                write=not self.dry_run,
                listener=listener,
            )
        if self.json:
            print(to_json(found))
        else:
            screens(open_run(self.run_folder).task.name).evaluation(found)
        return 0
