"""`lissom evaluate`, `predict`, `runs`, `compare`, `export`."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional

from lissom.errors import UsageError
from lissom.messages import text

SCENE_FLAGS = ("output", "confidence", "mc_dropout", "uncertainty", "variable", "no_data")
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
        from lissom.cli.show import show_evaluation
        from lissom.cli.show_map import show_scene_evaluation
        from lissom.verbs.evaluate import evaluate

        found = evaluate(
            self.run_folder,
            self.data,
            batch_size=self.batch_size,
            device=self.device,
            threads=self.threads,
            write=not self.dry_run,
        )
        if self.json:
            print(json.dumps(found, indent=2, ensure_ascii=False))
        elif "oa" in found:
            show_scene_evaluation(found, None if self.dry_run else self.run_folder)
        else:
            show_evaluation(found)
        return 0


@dataclass(frozen=True, kw_only=True)
class Predict:
    """Arguments of `lissom predict`."""

    model: Annotated[Path, Positional]
    """A run folder, an ONNX file that `lissom export` wrote, or with `--weights` the name of a network."""
    inputs: Annotated[tuple[Path, ...], Positional]
    """Image files, or folders of them; with a run on a scene the file of one cube."""
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
        from lissom.cli.show import show_predictions
        from lissom.verbs.predict import is_scene_run, predict

        if is_scene_run(self.model):
            return self._scene()
        given = [name for name in SCENE_FLAGS if getattr(self, name)]
        if given:
            flags = ", ".join("--" + name.replace("_", "-") for name in given)
            raise UsageError("scene-only-flags", flags=flags, model=self.model)
        found = predict(
            self.model,
            self.inputs,
            top=self.top,
            weights=self.weights,
            options=dict(self.options),
            device=self.device,
            threads=self.threads,
        )
        show_predictions(found, self.format)
        return 3 if any(row["error"] for row in found) else 0

    def _scene(self) -> int:
        from lissom.cli.show_map import show_scene_prediction
        from lissom.tasks.scene.predict import predict_scene
        from lissom.verbs.waiting import reading

        if len(self.inputs) != 1:
            raise UsageError("scene-one-cube", got=len(self.inputs))
        with reading(quiet=self.format == "json", words=text("scene_predict.working")) as progress:
            found = predict_scene(
                self.model,
                str(self.inputs[0]),
                **{name: getattr(self, name) for name in SCENE_FLAGS},
                device=self.device,
                threads=self.threads,
                progress=progress,
            )
        show_scene_prediction(found, self.format)
        return 0


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
        from lissom.verbs.runs import compare

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
        from lissom.tasks.classify.export import export, export_path

        if self.dry_run:
            print(text("cli.would-write", path=export_path(self.run_folder, self.output)))
            return 0
        found = export(self.run_folder, self.output)
        if self.json:
            print(json.dumps(found, indent=2))
        else:
            print(text("cli.exported", **found))
        return 0
