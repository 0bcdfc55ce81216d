"""A prediction of boxes for files: read, fitted into inputs together, found, and written where that is asked for."""

import glob
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lissom.boxes.suppress import Detections
from lissom.data.files import Pixels, is_image_name, read_image
from lissom.data.folders import FolderFiles
from lissom.data.left_out import LeftOut, first, no_images, summary
from lissom.data.names import printable
from lissom.errors import DataError, Interrupted, LissomError
from lissom.events import Note, What, note
from lissom.tasks.detect.letterbox import Fit, fit_of, found_in, padded, rectangle, resized
from lissom.tasks.detect.predictor import STAGES, BoxPredictor
from lissom.tasks.detect.written import Writer
from lissom.training.task import Arrays

AT_ONCE = 16  # images
WILD = "*?["


class Seen(NamedTuple):
    """A file of a part, its upright pixels, and how it lies in the input."""

    file: Path
    pixels: Pixels
    fit: Fit


class BoxWork:
    """The work of a prediction: `parts` are images that go through the network together."""

    what: What = "images"

    def __init__(self, predictor: BoxPredictor, files: Sequence[Path], left: Sequence[LeftOut]) -> None:
        self._predictor, self._files = predictor, files
        self._rows: dict[Path, dict[str, Any]] = {}
        self._before = dict(predictor.seconds)
        self._written: list[Note] = []
        self._writer = _writer(predictor)
        self.total, self.done = len(files), 0
        self.notes: Sequence[Note] = tuple(summary(list(left)).values())

    def parts(self) -> Iterator[tuple[list[Seen], Arrays]]:
        for start in range(0, self.total, AT_ONCE):
            began = time.perf_counter()
            read = list(self._readable(self._files[start : start + AT_ONCE]))
            seen, pixels = self._placed(read)
            self._predictor.seconds["preprocess"] += time.perf_counter() - began
            self.done = min(start + AT_ONCE, self.total)
            yield seen, self._predictor.preprocess(pixels)

    def _readable(self, files: Sequence[Path]) -> Iterator[tuple[Path, Pixels]]:
        for file in files:
            try:
                yield file, read_image(file, channels=3, name=printable(str(file)))
            except LissomError as error:
                self._rows[file] = _row(file, None, error)

    def _placed(self, read: Sequence[tuple[Path, Pixels]]) -> tuple[list[Seen], list[Pixels]]:
        facts = self._predictor.facts
        if not read:
            return [], []
        sizes = np.array([pixels.shape[1::-1] for _, pixels in read], np.int32)
        side = facts.resolution
        shape = rectangle(sizes, side, facts.step)
        fits = [fit_of((wide, high), shape, side) for wide, high in sizes.tolist()]
        seen = [Seen(file, pixels, fit) for (file, pixels), fit in zip(read, fits, strict=True)]
        return seen, [padded(resized(each.pixels, side), shape, each.fit) for each in seen]

    def keep(self, part: list[Seen], predictions: list[Detections]) -> None:
        names = self._predictor.facts.class_names
        for seen, found in zip(part, predictions, strict=True):
            kept = found_in(found, seen.fit)
            self._rows[seen.file] = _row(seen.file, kept, None, seen.fit, names)
            if self._writer:
                self._writer.add(seen.file, seen.pixels, kept)
        if self._writer and self.done == self.total:
            self._written = self._writer.finish()

    @property
    def remarks(self) -> Sequence[Note]:
        """Where the time went, and what was written."""
        read = sum(row["error"] is None for row in self._rows.values())
        if not read:
            return ()
        spent = {stage: self._predictor.seconds[stage] - self._before[stage] for stage in STAGES}
        told = [note("detect.latency", **{stage: f"{1000 * spent[stage] / read:.1f}" for stage in STAGES})]
        return [*told, *self._written]

    def rows(self) -> list[dict[str, Any]]:
        return [self._rows[file] for file in self._files]

    def stopped(self) -> Interrupted:
        return Interrupted("predict-stopped", done=self.done, files=self.total)


def _writer(predictor: BoxPredictor) -> Writer | None:
    options = predictor.options
    return Writer(Path(options.output), options.write, predictor.facts.class_names) if options.output else None


def _row(
    file: Path, found: Detections | None, error: LissomError | None, fit: Fit | None = None, names: Sequence[str] = ()
) -> dict[str, Any]:
    """Boxes as left, top, right, bottom in pixels of the upright image."""
    row: dict[str, Any] = {"file": printable(str(file)), "width": fit and fit.width, "height": fit and fit.height}
    if found is None:
        return {**row, "boxes": [], "error": str(error)}
    columns = zip(found.boxes.tolist(), found.scores.tolist(), found.classes.tolist(), strict=True)
    boxes = [
        {"label": names[number], "score": round(score, 6), "box": [round(side, 2) for side in box]}
        for box, score, number in columns
    ]
    return {**row, "boxes": boxes, "error": None}


def image_files(inputs: Sequence[Path | str]) -> tuple[list[Path], list[LeftOut]]:
    """Files as they are given, all images of a folder, those that a pattern names; each once. Raises: DataError."""
    left: list[LeftOut] = []
    files = list(dict.fromkeys(file for given in inputs for file in _images_of(given, left)))
    if not files:
        raise DataError("no-images", inputs=printable(", ".join(map(str, inputs))), left=first(left))
    return files, left


def _images_of(given: Path | str, left: list[LeftOut]) -> Iterator[Path]:
    path = Path(given)
    if path.is_dir():
        found = FolderFiles(path)
        left += [*found.left_out, *no_images(found.names)]
        yield from sorted(found.file(name) for name in found.names if is_image_name(name))
    elif path.exists():
        yield path
    elif any(sign in str(given) for sign in WILD):
        matching = [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]
        yield from (each for each in matching if is_image_name(each.name) and each.is_file())
    else:
        raise DataError("file-missing", path=printable(str(path)))
