"""`lissom evaluate`, `predict`, `runs`, `compare`, `export`."""

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import Positional

from lissom.errors import UsageError
from lissom.messages import text

Device = Literal["auto", "cpu", "cuda", "mps"]


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """Arguments of `lissom evaluate`."""

    run_folder: Annotated[Path, Positional]
    """A run."""
    data: Annotated[str | None, Positional] = None
    """A class folder or an archive of one; None: the run's own test set, or the test pixels of its scene."""
    batch_size: int = 256
    """Images at a time."""
    device: Device = "auto"
    """Where to compute."""
    threads: int | None = None
    """CPU threads; None: all cores."""
    dry_run: bool = False
    """Print the figures and write nothing."""
    json: bool = False
    """Print JSON."""

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
                batch_size=self.batch_size,
                device=self.device,
                threads=self.threads,
                write=not self.dry_run,
                listener=listener,
            )
        if self.json:
            print(json.dumps(found, indent=2, ensure_ascii=False))
        else:
            screens(open_run(self.run_folder).task.name).evaluation(found)
        return 0


@dataclass(frozen=True, kw_only=True)
class Predict:
    """Arguments of `lissom predict`."""

    model: Annotated[Path, Positional]
    """A run folder, an ONNX file that `lissom export` wrote, or with `--weights` the name of a network."""
    inputs: Annotated[tuple[Path, ...], Positional]
    """Image files, or folders of them; with a run on a scene the files of cubes."""
    top: int = 1
    """How many classes to give for each image."""
    weights: str | None = None
    """For a network's name: `imagenet`, a name that `lissom models --pretrained` lists, or a file."""
    options: dict[str, str] = field(default_factory=dict)
    """Options of that network, as name value pairs."""
    output: Path | None = None
    """For a cube, where the map goes: .npy, .mat, .tif, .hdr or .png; None: .npy and .png in the run folder."""
    confidence: Path | None = None
    """For a cube, where the probability of each pixel's class goes, in these formats; None: nowhere."""
    mc_dropout: int = 0
    """For a cube, passes with dropout left on, whose variation becomes a map of uncertainty; 0: off."""
    uncertainty: Path | None = None
    """For that map, where it goes; None: beside the map of classes."""
    variable: str | None = None
    """For a cube, its name inside a .mat or .npz file; None: found by its shape."""
    no_data: float | None = None
    """For a cube, the value of pixels without a measurement; None: as in training, or as the file says."""
    format: Literal["table", "csv", "json"] = "table"
    """How to print."""
    device: Device = "auto"
    """Where to compute; a file runs on the CPU."""
    threads: int | None = None
    """CPU threads; None: all cores."""

    def run(self) -> int:
        """Prints a line per image, or per class of a cube; 3 if some images could not be read."""
        from lissom.cli.progress import screen
        from lissom.cli.screens import screens
        from lissom.verbs.predict import model_task, predict

        task = model_task(self.model)
        options = self._options({each.name for each in fields(task.options)})
        with screen(quiet=self.format == "json") as listener:
            found = predict(
                self.model, list(self.inputs), device=self.device, threads=self.threads, listener=listener, **options
            )
        screens(task.name).predictions(found, self.format)
        return 3 if any(row.get("error") for row in found) else 0

    def _options(self, known: set[str]) -> dict[str, Any]:
        """The settings of the task that were given. Raises: UsageError for those that it does not have."""
        own = {"model", "inputs", "format", "device", "threads"}
        defaults = {f.name: f.default for f in fields(self) if f.name not in own}
        given = {
            name: getattr(self, name) for name, default in defaults.items() if getattr(self, name) not in (default, {})
        }
        if unknown := given.keys() - known:
            flags = ", ".join("--" + name.replace("_", "-") for name in defaults if name in unknown)
            raise UsageError("flags-of-another-task", flags=flags, model=self.model)
        return given


@dataclass(frozen=True, kw_only=True)
class Runs:
    """Arguments of `lissom runs`."""

    runs_dir: Path = Path("runs")
    """The folder of run folders."""
    sort: str = "run"
    """The column to sort by."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Prints one row per run."""
        from lissom.cli.show import show_rows
        from lissom.verbs.runs import list_runs

        rows = list_runs(self.runs_dir, sort=self.sort)
        if self.json:
            print(json.dumps(rows, indent=2, ensure_ascii=False))
        elif rows:
            show_rows(rows)
        else:
            print(text("cli.runs-none", folder=self.runs_dir))
        return 0


@dataclass(frozen=True, kw_only=True)
class Compare:
    """Arguments of `lissom compare`."""

    run_folders: Annotated[tuple[Path, ...], Positional]
    """Two runs or more."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Prints the settings that differ, cost and accuracy."""
        from lissom.cli.show import show_comparison
        from lissom.verbs.compare import compare

        found = compare(self.run_folders)
        if self.json:
            print(json.dumps(found, indent=2, ensure_ascii=False))
        else:
            show_comparison(found)
        return 0


@dataclass(frozen=True, kw_only=True)
class Export:
    """Arguments of `lissom export`."""

    run_folder: Annotated[Path, Positional]
    """A run."""
    output: Path | None = None
    """The file to write; None: model.onnx in the run folder."""
    dry_run: bool = False
    """Only say which file would be written."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Writes the file and prints by how much its answers differ."""
        from lissom.cli.progress import screen
        from lissom.verbs.export import export, export_path

        if self.dry_run:
            print(text("cli.would-write", path=export_path(self.run_folder, self.output)))
            return 0
        with screen(quiet=self.json) as listener:
            found = export(self.run_folder, self.output, listener=listener)
        if self.json:
            print(json.dumps(found, indent=2))
        else:
            print(text("cli.exported", **found))
        return 0
