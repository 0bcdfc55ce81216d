"""`lissom predict`: labels for a person's own image files, by a run or by an exported file."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lissom.data.files import fit_square, is_image_name, read_image
from lissom.deploy.runner import Runner
from lissom.device import choose_device, set_threads
from lissom.errors import DataError, LissomError
from lissom.runs.folder import open_run
from lissom.verbs.assemble import load_model

BATCH = 64  # images at a time


def predict(
    model: Path | str,
    inputs: Sequence[Path | str],
    *,
    top: int = 1,
    device: str = "auto",
    threads: int | None = None,
) -> list[dict[str, Any]]:
    """The `top` most probable classes of each image, in the order of `inputs`; a folder stands for its images.

    model: a run folder, or an ONNX file that `export` wrote. Each row has `file`, `label` and `probability` of the best
    class, `top` (rows of label and probability), and `error`: None, or why this file could not be read.
    Raises: DataError when there is no image at all, or `model` is neither.
    """
    set_threads(threads)
    answer, labels, resolution, channels = _answerer(Path(model), device)
    files = list(_image_files(inputs))
    if not files:
        raise DataError("no-images", inputs=", ".join(map(str, inputs)))
    rows: list[dict[str, Any]] = []
    for start in range(0, len(files), BATCH):
        rows += _label(files[start : start + BATCH], answer, labels, resolution, channels, top)
    return rows


def _label(
    files: list[Path], answer: Callable, labels: Sequence[str], resolution: int, channels: int, top: int
) -> list[dict[str, Any]]:
    pixels, errors = [], {}
    for file in files:
        try:
            pixels.append(fit_square(read_image(file, channels=channels), resolution))
        except LissomError as error:
            errors[file] = str(error)
    probabilities = iter(answer(np.stack(pixels)) if pixels else ())
    return [
        {"file": str(file), "label": None, "probability": None, "top": [], "error": errors[file]}
        if file in errors
        else _row(file, next(probabilities), labels, top)
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


def _answerer(model: Path, device: str) -> tuple[Callable, Sequence[str], int, int]:
    """A function from pixels (uint8 N H W C) to probabilities (N K), and what it expects and answers."""
    if model.is_file():
        runner = Runner(model)
        return lambda p: _softmax(runner(runner.normalise(p))), runner.labels, runner.resolution, runner.in_channels
    if not (model / "run.json").is_file():
        raise DataError("model-neither", path=model)
    run = open_run(model)
    network = load_model(run, choose_device(device))
    mean, std = (np.array(run.data[key], np.float32) for key in ("mean", "std"))

    @torch.inference_mode()
    def answer(pixels: np.ndarray) -> np.ndarray:
        images = (pixels.astype(np.float32) / 255 - mean) / std  # N H W C
        batch = torch.from_numpy(images).permute(0, 3, 1, 2).to(next(network.parameters()).device)
        return _softmax(network(batch).float().cpu().numpy())

    return answer, run.data["class_names"], run.data["resolution"], run.data["in_channels"]


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)
