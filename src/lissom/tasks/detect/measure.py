"""What a detector reaches on pictures with boxes: COCO's figures, tables and pictures."""

import io
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from lissom.atomic import write_atomic
from lissom.boxes.suppress import Detections, suppress
from lissom.config import require_count
from lissom.errors import Interrupted, UsageError
from lissom.events import Advanced, Listener, Note, Stop, note
from lissom.report import sheet
from lissom.report.confusion import confusion_csv
from lissom.report.confusion import confusion_of as drawn_confusion
from lissom.report.lettering import worded
from lissom.report.saving import save_picture
from lissom.report.tables import to_csv
from lissom.stats.confused import MANY, read_confused
from lissom.tasks.detect.coco import RECALL, CocoFigures, coco_figures
from lissom.tasks.detect.data.pictures import Pictures
from lissom.tasks.detect.drawing import drawn, drawn_found
from lissom.tasks.detect.learning import show_learned
from lissom.tasks.detect.letterbox import found_in
from lissom.tasks.detect.matching import CONFIDENCES, Curves, Matched, confusion_of, curves, drawn_means, match
from lissom.tasks.detect.objective import JUDGED
from lissom.tasks.detect.pictures import curve_picture
from lissom.tasks.detect.predictor import BOXES, SCORES, BoxPredictor
from lissom.training.figures import Figure, Figures
from lissom.training.finite import finite

SHOWN = 6  # images beside their predictions
MATCHES = "matches.npz"
EVALUATION = "evaluation.csv"
CONFUSION_IOU = 0.5


def measure(
    predictor: BoxPredictor,
    data: Any,
    split: str,
    *,
    folder: Path | None,
    batch_size: int | None,
    listener: Listener,
    stop: Stop | None,
) -> Figures:
    """Figures of the pictures of a part: COCO's `map50_95` with its interval over images, `map50`, by size, ...

    To `folder`: per_class.csv, evaluation.csv, matches.npz, confusion.*, curves_pr.*, predictions.*, worst.*.
    """
    require_count("batch_size", batch_size)
    if predictor.is_inside:
        raise UsageError("detect-nms-measured")
    pictures: Pictures = getattr(data, split)
    names = tuple(predictor.facts.class_names)
    found = _found(predictor, pictures, batch_size, listener, stop)
    coco, matched = coco_figures(pictures, found, len(names)), match(pictures, found, len(names))
    at_confidence = curves(matched)
    figures = _figures(coco, matched, at_confidence, split)
    best = float(CONFIDENCES[at_confidence.best])
    matrix = confusion_of(pictures, found, len(names), confidence=best, iou=CONFUSION_IOU)
    rows = _per_class(names, coco, matched, best)
    details = {"per_class": rows, "confidence": best, "confusion": read_confused(matrix.tolist()).stored()}
    result = Figures(figures=figures, details=details, notes=(_note(best),), folder=folder)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / "per_class.csv", to_csv(rows))
        write_atomic(folder / MATCHES, _as_bytes(matched))
        write_atomic(folder / EVALUATION, to_csv(_rows(pictures, matched)))
        _draw(folder, names, matrix, coco, at_confidence)
        _show(folder, pictures, found, matched, names, best)
        if predictor.model is not None:
            show_learned(predictor, getattr(data, "train", pictures), folder)
    return result


def _found(
    predictor: BoxPredictor, pictures: Pictures, batch_size: int | None, listener: Listener, stop: Stop | None
) -> list[Detections]:
    """Of each picture, in its pixels, nearly all boxes. Raises: ResultError for outputs that are not finite."""
    from lissom.tasks.detect.batches import EvalBatches, Normaliser

    facts = predictor.facts
    batches = EvalBatches(pictures, facts, Normaliser(facts, "cpu"), batch_size=batch_size)
    found: dict[int, Detections] = {}
    for chunk, (pixels, _, fits) in zip(batches.chunks, batches.pixels(), strict=True):
        outputs = finite(predictor.outputs(predictor.preprocess(pixels)))
        for index, fit, boxes, scores in zip(chunk.tolist(), fits, outputs[BOXES], outputs[SCORES], strict=True):
            found[index] = found_in(suppress(boxes, scores, JUDGED, by_torch=True), fit)
        listener(Advanced(what="images", done=len(found), total=len(pictures)))
        if stop and stop.asked and len(found) < len(pictures):
            raise Interrupted("predict-stopped", done=len(found), files=len(pictures))
    return [found[index] for index in range(len(pictures))]


def _figures(coco: CocoFigures, matched: Matched, at: Curves, split: str) -> tuple[Figure, ...]:
    images = len(matched.truth)
    known: dict[str, Any] = {"n": images, "split": split}
    drawn_again = drawn_means([matched])[:, 0]
    low, high = (float(value) for value in np.nanquantile(drawn_again, [0.025, 0.975]))
    values = coco.values
    best, recall = at.best, values[RECALL]
    return (
        Figure(name="images", value=images, unit="count", **known),
        Figure(name="boxes", value=int(matched.truth.sum()), unit="count", **known),
        Figure(name="map50_95", value=values["map50_95"], low=low, high=high, **known),
        *(
            Figure(name=name, value=value, **known)
            for name, value in values.items()
            if name not in ("map50_95", RECALL)
        ),
        Figure(name=RECALL, value=recall, **known),
        Figure(name="precision", value=float(at.precision[best]), **known),
        Figure(name="recall", value=float(at.recall[best]), **known),
        Figure(name="f1", value=float(at.f1[best]), **known),
    )


def _note(confidence: float) -> Note:
    return note("detect.at-confidence", confidence=f"{confidence:.2f}")


def _per_class(names: Sequence[str], coco: CocoFigures, matched: Matched, confidence: float) -> list[dict[str, Any]]:
    """Of each class its average precisions, and precision and recall at that confidence; of many those that occur."""
    rows, boxes = [], matched.truth.sum(0)
    kept = matched.scores >= confidence
    for number, (name, found) in enumerate(zip(names, coco.by_class, strict=True)):
        own = kept & (matched.classes == number) & ~matched.ignored[0]
        right, said = int(matched.hit[0, own].sum()), int(own.sum())
        if len(names) > MANY and not said and not boxes[number]:
            continue
        shares = {
            "precision": right / said if said else None,
            "recall": right / boxes[number] if boxes[number] else None,
        }
        rows.append({"class": name, **found, **shares, "boxes": int(boxes[number])})
    return rows


def _rows(pictures: Pictures, matched: Matched) -> list[dict[str, Any]]:
    """Of each picture how many boxes it has, and how many were found at overlap 0.5 among as many predictions."""
    count = len(pictures)
    right = np.bincount(matched.image, matched.hit[0], count)
    wrong = np.bincount(matched.image, ~matched.hit[0] & ~matched.ignored[0], count)
    columns = zip(pictures.names, matched.truth.sum(1).tolist(), right.tolist(), wrong.tolist(), strict=True)
    return [
        {"file": name, "boxes": boxes, "found": int(hits), "others": int(misses)}
        for name, boxes, hits, misses in columns
    ]


def _as_bytes(matched: Matched) -> bytes:
    held = io.BytesIO()
    np.savez_compressed(held, allow_pickle=False, **matched._asdict())
    return held.getvalue()


def _draw(folder: Path, names: Sequence[str], matrix: np.ndarray, coco: CocoFigures, at: Curves) -> None:
    """confusion (.csv too) and curves_pr, each as .png and .svg."""
    with_ground = [*names, worded("detect.background")]
    counts = read_confused(matrix.tolist())
    save_picture(drawn_confusion(counts, with_ground), folder / "confusion")
    write_atomic(folder / "confusion.csv", confusion_csv(counts, with_ground))
    save_picture(curve_picture(coco.curves, at), folder / "curves_pr")


def _show(
    folder: Path,
    pictures: Pictures,
    found: Sequence[Detections],
    matched: Matched,
    names: Sequence[str],
    confidence: float,
) -> None:
    """predictions: labels and predictions beside each other; worst: the same where most is missed or made up."""
    for name in ("worst.png", "worst.svg"):
        (folder / name).unlink(missing_ok=True)  # of an earlier evaluation
    kept = matched.scores >= confidence
    right = np.bincount(matched.image, matched.hit[0] * kept, len(pictures))
    others = np.bincount(matched.image, ~matched.hit[0] & ~matched.ignored[0] & kept, len(pictures))
    errors = matched.truth.sum(1) - right + others
    first = np.linspace(0, len(pictures) - 1, min(SHOWN, len(pictures))).astype(int)
    worst = [index for index in np.argsort(-errors, kind="stable")[:SHOWN].tolist() if errors[index] > 0]
    for name, chosen in (("predictions", sorted(set(first.tolist()))), ("worst", worst)):
        if chosen:
            save_picture(_beside(pictures, found, chosen, names, confidence), folder / name, vector=False)


def _beside(
    pictures: Pictures, found: Sequence[Detections], chosen: Sequence[int], names: Sequence[str], confidence: float
) -> Any:
    """Of each picture its labels, then its predictions."""
    shown, captions = [], []
    for index in chosen:
        pixels, labels, own = pictures.pixels(index), pictures.labels(index), found[index]
        good = own.scores >= confidence
        kept = Detections(own.boxes[good], own.scores[good], own.classes[good])
        shown += [drawn(pixels, labels.boxes, labels.classes, names), drawn_found(pixels, kept, names)]
        captions += [PurePosixPath(pictures.names[index]).name, worded("detect.predicted")]
    return sheet.sheet(shown, captions, columns=4)
