"""Labels for a person's own image files, by a run, an exported file, or a published checkpoint."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lissom.data.files import fit_square, is_image_name, read_image
from lissom.deploy.runner import Runner
from lissom.device import choose_device
from lissom.errors import DataError, Interrupted, LissomError, UsageError
from lissom.events import Advanced, Listener, Stop
from lissom.models.registry import ENTRIES
from lissom.runs.folder import is_run
from lissom.tasks.classify.answering import Answerer, answering, pretrained, softmax
from lissom.tasks.classify.prepare import load_model
from lissom.tasks.classify.settings import ClassifyOptions
from lissom.training.run import open_run

BATCH = 64  # images at a time


def predict(
    model: Path | str,
    inputs: Sequence[Path | str],
    options: ClassifyOptions,
    *,
    device: str,
    listener: Listener,
    stop: Stop | None,
) -> list[dict[str, Any]]:
    """The `top` most probable classes of each image, in the order of `inputs`; a folder stands for its images.

    model: a run folder, an ONNX file that `export` wrote, or with `weights` (as in `lissom.build`) a network's name;
    then images are resized as the checkpoint says, labels are ImageNet's, or numbers for other classes. Each row has
    `file`, `label` and `probability` of the best class, `top` (rows of label and probability), and `error`: None, or
    why this file could not be read.
    Raises: DataError when there is no image at all, or `model` is neither; Interrupted when it is asked to stop.
    """
    named = (options.weights is not None or str(model) in ENTRIES) and not Path(model).exists()
    if options.weights is not None and not named:
        raise UsageError("weights-with-run", model=model)
    if named and options.weights is None:
        raise UsageError("network-without-weights", model=model)
    answerer = (
        pretrained(str(model), options.weights, options.options, device) if named else _answerer(Path(model), device)
    )
    files = list(_image_files(inputs))
    if not files:
        raise DataError("no-images", inputs=", ".join(map(str, inputs)))
    rows: list[dict[str, Any]] = []
    for start in range(0, len(files), BATCH):
        if stop and stop.asked:
            raise Interrupted("predict-stopped", done=len(rows), files=len(files))
        rows += _label(files[start : start + BATCH], answerer, options.top)
        listener(Advanced(what="images", done=len(rows), total=len(files)))
    return rows


def _label(files: list[Path], answerer: Answerer, top: int) -> list[dict[str, Any]]:
    pixels, errors = [], {}
    for file in files:
        try:
            pixels.append(answerer.fit(read_image(file, channels=answerer.channels)))
        except LissomError as error:
            errors[file] = str(error)
    probabilities = iter(answerer.answer(np.stack(pixels)) if pixels else ())
    return [
        {"file": str(file), "label": None, "probability": None, "top": [], "error": errors[file]}
        if file in errors
        else _row(file, next(probabilities), answerer.labels, top)
        for file in files
    ]


def _row(file: Path, probabilities: np.ndarray, labels: Sequence[str], top: int) -> dict[str, Any]:
    order = np.argsort(-probabilities, kind="stable")[:top]
    best = [{"label": labels[i], "probability": float(probabilities[i])} for i in order]
    return {"file": str(file), **best[0], "top": best, "error": None}


def _image_files(inputs: Sequence[Path | str]) -> Iterator[Path]:
    """Files as they are given; of a folder, all below it that have an image's ending, by name."""
    for given in map(Path, inputs):
        if given.is_dir():
            yield from sorted(f for f in given.rglob("*") if is_image_name(f.name) and f.is_file())
        elif given.exists():
            yield given
        else:
            raise DataError("file-missing", path=given)


def _answerer(model: Path, device: str) -> Answerer:
    if model.is_file():
        runner = Runner(model)
        fit = partial(fit_square, resolution=runner.resolution)
        return Answerer(lambda p: softmax(runner(runner.normalise(p))), fit, runner.labels, runner.in_channels)
    if not is_run(model):
        raise DataError("model-neither", path=model)
    run = open_run(model)
    facts = run.facts
    answer = answering(load_model(run, choose_device(device)), facts.mean, facts.std)
    return Answerer(answer, partial(fit_square, resolution=facts.resolution), facts.class_names, facts.in_channels)
