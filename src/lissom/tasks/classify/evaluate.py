"""What a classifier reaches on photos: figures, tables and pictures."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import nn

from lissom.atomic import write_atomic
from lissom.config import cache_folder
from lissom.device import choose_device
from lissom.events import Listener
from lissom.messages import text
from lissom.report import sheet
from lissom.report.confusion import confusion, most_confused
from lissom.report.saving import save_picture
from lissom.report.tables import to_csv
from lissom.tasks.classify.data.batches import EvalBatches, Normaliser
from lissom.tasks.classify.data.foreign import open_foreign
from lissom.tasks.classify.data.images import ImageSet
from lissom.tasks.classify.facts import ClassifyFacts
from lissom.tasks.classify.gradcam import grad_cam
from lissom.tasks.classify.metrics import classification_metrics, worst
from lissom.tasks.classify.objective import Answers, predict
from lissom.tasks.classify.prepare import load_data, load_model
from lissom.training.run import Run

SHOWN = 24  # images on a sheet


class View(NamedTuple):
    """How a network sees images: the names of its classes, and the mean and spread of pixels scaled to 0..1."""

    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, facts: ClassifyFacts) -> "View":
        return cls(facts.class_names, facts.mean, facts.std)


def evaluate(
    run: Run, data: str | None, *, batch_size: int, device: str, write: bool, listener: Listener
) -> dict[str, Any]:
    """Figures of the run's test images, or of those in `data`; tables and pictures go to its folder.

    `top1` with `top1_interval_95` (Wilson), `top5`, `macro_f1`, `calibration_error`, `per_class` (precision, recall,
    F1, images), `confusion` (row the truth), `most_confused`, and `folder`, where tables and pictures were written.
    Raises: DataError for data that cannot be read or has a class that the run does not know.
    """
    facts = run.facts
    model = load_model(run, choose_device(device))
    if data is None:
        image_set, folder = load_data(run.config, listener).test, run.path
    else:
        image_set = open_foreign(
            data,
            class_names=facts.class_names,
            in_channels=facts.in_channels,
            resolution=facts.resolution,
            cache_dir=cache_folder(run.config.data.cache_dir),
        )
        folder = run.path / "evaluations" / Path(data).stem
    return measure(model, image_set, View.of(facts), folder=folder if write else None, batch_size=batch_size)


def measure(
    model: nn.Module,
    image_set: ImageSet,
    data: View,
    *,
    folder: Path | None,
    batch_size: int = 256,
) -> dict[str, Any]:
    """The figures of `evaluate` for one set of images; tables and pictures go to `folder`, None: nowhere."""
    device = next(model.parameters()).device
    batches = EvalBatches(image_set, data, batch_size=batch_size, device=device, channels_last=True)
    answers = predict(model, batches)
    metrics = classification_metrics(answers, data.class_names)
    metrics["most_confused"] = most_confused(np.array(metrics["confusion"]), data.class_names)
    metrics["folder"] = None if folder is None else str(folder)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / "evaluation.json", json.dumps(metrics, indent=2, ensure_ascii=False) + "\n")
        write_atomic(folder / "per_class.csv", to_csv(metrics["per_class"]))
        _draw(folder, model, image_set, data, answers, metrics)
    return metrics


def _draw(
    folder: Path,
    model: nn.Module,
    image_set: ImageSet,
    data: View,
    answers: Answers,
    metrics: dict[str, Any],
) -> None:
    """confusion.png and .svg, worst.png (none where nothing is wrong), gradcam.png."""
    save_picture(confusion(np.array(metrics["confusion"]), data.class_names), folder / "confusion")
    wrong = worst(answers, SHOWN)
    (folder / "worst.png").unlink(missing_ok=True)  # of an earlier evaluation
    if wrong:
        picture = sheet.worst(
            list(image_set.pixels(np.array(wrong)).permute(0, 2, 3, 1).numpy()),
            [data.class_names[i] for i in answers.labels[wrong]],
            [data.class_names[i] for i in answers.predicted[wrong]],
            answers.probabilities[wrong].max(1).tolist(),
            title=text("page.worst_title"),
        )
        save_picture(picture, folder / "worst", vector=False)
    save_picture(_heat(model, image_set, data, answers), folder / "gradcam", vector=False)


def _heat(model: nn.Module, image_set: ImageSet, data: View, answers: Answers) -> Any:
    """Grad-CAM of one image per class (at most SHOWN / 3): the image, and where its predicted class was found."""
    chosen = [int(np.flatnonzero(answers.labels == c)[0]) for c in np.unique(answers.labels)][: SHOWN // 3]
    pixels = image_set.pixels(np.array(chosen))
    images = pixels.permute(0, 2, 3, 1)  # N C H W -> N H W C
    normalise = Normaliser(data, next(model.parameters()).device, channels_last=True)
    heat = grad_cam(model, normalise(images)).cpu().numpy()
    shown, captions = [], []
    for i, image, warmth in zip(chosen, images.numpy(), heat, strict=True):
        shown += [image, sheet.overlay(image, warmth)]
        captions += [data.class_names[answers.labels[i]], f"-> {data.class_names[answers.predicted[i]]}"]
    return sheet.sheet(shown, captions, title=text("page.gradcam_title"))
