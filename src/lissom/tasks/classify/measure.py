"""What a classifier reaches on photos: figures, tables and pictures."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from lissom.atomic import write_atomic
from lissom.config import require_count
from lissom.errors import Interrupted
from lissom.events import Advanced, Listener, Stop
from lissom.report import sheet
from lissom.report.confusion import confusion_csv, confusion_of
from lissom.report.lettering import class_labels, phrase
from lissom.report.saving import save_picture
from lissom.report.tables import to_csv
from lissom.stats.confused import read_confused
from lissom.tasks.classify.data.batches import pixel_batches
from lissom.tasks.classify.data.images import ImageSet
from lissom.tasks.classify.metrics import classification_figures, worst
from lissom.tasks.classify.predictions import Predictions
from lissom.tasks.classify.predictor import INPUT, ImagePredictor
from lissom.training.figures import Figures
from lissom.training.finite import finite

SHOWN = 24  # images on a sheet
AT_ONCE = 256  # images, unless told
EVALUATION = "evaluation.csv"


def measure(
    predictor: ImagePredictor,
    data: Any,
    split: str,
    *,
    folder: Path | None,
    batch_size: int | None,
    listener: Listener,
    stop: Stop | None,
) -> Figures:
    """Figures of the images of a part of the data: `top1` with its interval (Wilson), `top5`, `macro_f1`, ...

    Raises: ResultError for outputs that are not finite.
    To `folder`: per_class.csv, evaluation.csv, confusion.* (.csv too), worst.*, gradcam.* of a module.
    """
    require_count("batch_size", batch_size)
    images: ImageSet = getattr(data, split)
    parts = []
    for pixels in pixel_batches(images, AT_ONCE if batch_size is None else batch_size):
        parts.append(predictor.decode(finite(predictor.outputs(predictor.preprocess(pixels)))))
        done = sum(map(len, parts))
        listener(Advanced(what="images", done=done, total=len(images)))
        if stop and stop.asked and done < len(images):
            raise Interrupted("predict-stopped", done=done, files=len(images))
    predictions = Predictions(np.concatenate(parts), images.labels)
    figures = classification_figures(predictions, tuple(predictor.view.class_names), split=split, folder=folder)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / "per_class.csv", to_csv(figures["per_class"]))
        write_atomic(folder / EVALUATION, to_csv(_rows(images, predictions, predictor.view.class_names)))
        _draw(folder, predictor, images, predictions, figures)
    return figures


def _rows(images: ImageSet, predictions: Predictions, names: Sequence[str]) -> list[dict[str, Any]]:
    """The prediction for each image, by which runs are compared: file, true class, predicted class, its probability."""
    columns = zip(
        images.names, predictions.labels, predictions.predicted, predictions.probabilities.max(1), strict=True
    )
    return [
        {"file": file, "true": names[true], "predicted": names[said], "probability": round(float(share), 6)}
        for file, true, said, share in columns
    ]


def _draw(
    folder: Path, predictor: ImagePredictor, images: ImageSet, predictions: Predictions, figures: Figures
) -> None:
    """confusion, worst (none where nothing is wrong) and gradcam, each as .png and .svg."""
    names = list(predictor.view.class_names)
    labels = class_labels(names, longest=28)
    counts = read_confused(figures["confusion"])
    save_picture(confusion_of(counts, names), folder / "confusion")
    write_atomic(folder / "confusion.csv", confusion_csv(counts, names))
    wrong = worst(predictions, SHOWN)
    for name in ("worst.png", "worst.svg", "gradcam.png", "gradcam.svg"):
        (folder / name).unlink(missing_ok=True)  # of an earlier evaluation
    if wrong:
        picture = sheet.worst(
            list(_pixels(images, wrong)),
            [labels[i] for i in predictions.labels[wrong].tolist()],
            [labels[i] for i in predictions.predicted[wrong].tolist()],
            predictions.probabilities[wrong].max(1).tolist(),
            [PurePosixPath(images.names[i]).name for i in wrong],
        )
        save_picture(picture, folder / "worst")
    if predictor.model is not None:  # a file has no gradients
        save_picture(_heat(predictor, images, predictions), folder / "gradcam")


def _heat(predictor: ImagePredictor, images: ImageSet, predictions: Predictions) -> Any:
    """Grad-CAM of one image per class (at most SHOWN / 3): the image, and where its predicted class was found."""
    import torch

    from lissom.tasks.classify.gradcam import grad_cam

    chosen = [int(np.flatnonzero(predictions.labels == c)[0]) for c in np.unique(predictions.labels)][: SHOWN // 3]
    pixels, model, names = _pixels(images, chosen), predictor.model, class_labels(predictor.view.class_names)
    prepared = torch.from_numpy(predictor.preprocess(pixels)[INPUT]).to(next(model.parameters()).device)
    heat = grad_cam(model, prepared).cpu().numpy()
    shown, captions = [], []
    for i, image, warmth in zip(chosen, pixels, heat, strict=True):
        shown += [image, sheet.overlay(image, warmth)]
        captions += [names[predictions.labels[i]], phrase("→ {name}", name=names[predictions.predicted[i]])]
    return sheet.sheet(shown, captions)


def _pixels(images: ImageSet, indices: list[int]) -> np.ndarray:
    return images.pixels(np.array(indices)).permute(0, 2, 3, 1).numpy()  # N C H W -> N H W C
