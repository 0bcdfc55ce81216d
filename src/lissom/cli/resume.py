"""`lissom resume`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lissom.cli.arguments import Device, DryRun, Json, Positional, Quiet, Threads
from lissom.cli.data_paths import given_paths, with_path_flags
from lissom.messages import text
from lissom.plain import to_json


@with_path_flags
@dataclass(frozen=True, kw_only=True)
class Resume:
    """Arguments of `lissom resume`."""

    run_folder: Annotated[Path, Positional]
    """The interrupted run."""
    data: str | None = None
    """Where the data of the training lies now; None: where it was."""
    device: Device | None = None
    """Where to compute; None: as the run began."""
    threads: Threads = None
    """CPU threads; None: as the run began. Other threads than before change the last bits."""
    dry_run: DryRun = False
    """Only say from where it would go on."""
    quiet: Quiet = False
    json: Json = False

    def run(self) -> int:
        """Goes on from the newest sound checkpoint."""
        from lissom.cli.progress import screen
        from lissom.cli.screens import screens
        from lissom.verbs.resume import resume, resume_point

        if self.dry_run:
            with screen(quiet=self.quiet or self.json) as listener:
                step = resume_point(self.run_folder, self.data, listener=listener, **given_paths(self))
            said = text("cli.would-resume", run=self.run_folder, step=step)
            print(to_json({"run": str(self.run_folder), "step": step}) if self.json else said)
            return 0
        with screen(quiet=self.quiet or self.json) as listener:
            run = resume(
                self.run_folder,
                self.data,
                device=self.device,
                threads=self.threads,
                listener=listener,
                **given_paths(self),
            )
        if self.json:
            found = {"run": str(run.path), "status": run.status, "test": run.test}
            print(to_json(found))
        elif self.quiet:
            print(run.path)
        else:
            screens(run.task.name).result(run)
        return 0
