"""`lissom evaluate`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from lissom.cli.arguments import AtLeast, Device, DryRun, Json, Positional, Threads
from lissom.cli.data_paths import given_paths, given_reading, with_path_flags, with_reading_flags
from lissom.plain import to_json


@with_reading_flags
@with_path_flags
@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """Arguments of `lissom evaluate`."""

    model: Annotated[Path, Positional]
    """A run, or with `--weights` the name of a network."""
    data: Annotated[str | None, Positional] = None
    """A class folder or an archive of one, or a cube: the run's own data, moved, of which the test split is
    evaluated, or other data, of which all is; None: the run's own, where it was."""
    file: Path | None = None
    """What `lissom export` wrote from the run: evaluated instead of the network."""
    weights: str | None = None
    """For a network's name: `imagenet`, a name that `lissom models --pretrained` lists, a run or a file."""
    options: dict[str, str | int | float | bool] = field(default_factory=dict)
    """Options of that network, as name value pairs."""
    split: Literal["test", "val", "train"] = "test"
    """Which part of the run's own data; training and validation figures are optimistic."""
    batch_size: Annotated[int | None, AtLeast(1)] = None
    """Images at a time; None: 256."""
    output: Path | None = None
    """The folder for tables and pictures; None: the run's, or one in it for other data."""
    device: Device = "auto"
    threads: Threads = None
    dry_run: DryRun = False
    """Print the figures and write nothing."""
    json: Json = False

    def run(self) -> int:
        """Prints the metrics; tables and pictures go to the run folder."""
        from lissom.cli.progress import screen
        from lissom.cli.screens import screens
        from lissom.training.opened import model_task
        from lissom.verbs.evaluate import evaluate

        with screen(quiet=self.json) as listener:
            result = evaluate(
                self.model,
                self.data,
                file=self.file,
                weights=self.weights,
                options=self.options,
                split=self.split,
                batch_size=self.batch_size,
                output=self.output,
                device=self.device,
                threads=self.threads,
                write=not self.dry_run,
                listener=listener,
                **given_paths(self),
                **given_reading(self),
            )
        if self.json:
            print(to_json(result))
        else:
            screens(model_task(self.model).name).evaluation(result)
        return 0
