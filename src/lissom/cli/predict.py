"""`lissom predict`: the model comes first, and what may follow it depends on the model's task."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, make_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from lissom.cli.arguments import Device, Positional, Threads
from lissom.errors import UsageError
from lissom.training.registry import find_task


@dataclass(frozen=True, kw_only=True)
class Predict:
    """The arguments of `lissom predict` for every model, before those of its task."""

    model: Annotated[Path, Positional]
    """A run folder, an ONNX file that `lissom export` wrote, or the name of a network with published weights. Options
    depend on its task: `lissom predict MODEL --help` lists them."""
    inputs: Annotated[tuple[Path, ...], Positional]
    """Image files, or folders of them; with a run on a scene the files of cubes; with a detector also videos, and the
    number of a camera."""
    format: Literal["table", "csv", "json"] = "table"
    """How to print."""
    device: Device = "auto"
    """Where to compute; auto: cuda where there is one, else mps, else cpu. A file runs on the CPU."""
    threads: Threads = None

    def run(self) -> int:
        """Prints a line per input, or per class of a cube; 3 if some could not be read."""
        from lissom.cli.progress import screen
        from lissom.cli.screens import screens
        from lissom.verbs.predict import model_task, predict

        task = model_task(self.model)
        options: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(task.options)}
        with screen(quiet=self.format == "json") as listener:
            result = predict(
                self.model, list(self.inputs), device=self.device, threads=self.threads, listener=listener, **options
            )
        screens(task.name).predictions(result, self.format)
        return 3 if any(row.get("error") for row in result) else 0


def predict_arguments(task: str) -> type[Predict]:
    """The class of the arguments of `lissom predict` for a model of this task; "": for a model not yet known."""
    if not task:
        return Predict
    return make_dataclass("Predict", [], bases=(Predict, find_task(task).options), frozen=True, kw_only=True)


def model_and_task(words: Sequence[str]) -> tuple[str | None, str]:
    """The model among the words typed, and the name of its task; None where no model is named.

    Raises: UsageError for a flag before it that not every model has; as `open_run` for a run that cannot be opened.
    """
    from lissom.cli.fields import arguments_of
    from lissom.cli.parse import Reader

    given = [word for word in words if word not in ("-h", "--help")]
    try:
        model = Reader(arguments_of(Predict), "predict").first_loose(given)
    except UsageError as error:
        if error.kind not in ("flag-unknown", "flag-unlike"):
            raise
        raise UsageError("predict-model-first", got=error.values["got"]) from None
    if model is None:
        return None, ""
    from lissom.verbs.predict import model_task

    return model, model_task(model).name
