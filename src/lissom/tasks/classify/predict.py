"""Labels for a person's own image files, by a run, an exported file, or a published checkpoint."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lissom.data.files import fit_square, is_image_name, read_image
from lissom.deploy.runner import Runner
from lissom.device import choose_device
from lissom.errors import DataError, LissomError, UsageError
from lissom.models.registry import ENTRIES
from lissom.runs.folder import open_run
from lissom.tasks.classify.answering import Answerer, answering, pretrained, softmax
from lissom.tasks.classify.prepare import load_model

BATCH = 64  # images at a time


def predict(
    model: Path | str,
    inputs: Sequence[Path | str],
    *,
    top: int = 1,
    weights: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    device: str = "auto",
) -> list[dict[str, Any]]:
    """`verbs.predict` for photos."""
    named = (weights is not None or str(model) in ENTRIES) and not Path(model).exists()
    if weights is not None and not named:
        raise UsageError("weights-with-run", model=model)
    if named and weights is None:
        raise UsageError("network-without-weights", model=model)
    answerer = pretrained(str(model), weights, options or {}, device) if named else _answerer(Path(model), device)
    files = list(_image_files(inputs))
    if not files:
        raise DataError("no-images", inputs=", ".join(map(str, inputs)))
    rows: list[dict[str, Any]] = []
    for start in range(0, len(files), BATCH):
        rows += _label(files[start : start + BATCH], answerer, top)
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
    if not (model / "run.json").is_file():
        raise DataError("model-neither", path=model)
    run = open_run(model)
    network = load_model(run, choose_device(device))
    fit = partial(fit_square, resolution=run.data["resolution"])
    answer = answering(network, run.data["mean"], run.data["std"])
    return Answerer(answer, fit, run.data["class_names"], run.data["in_channels"])
