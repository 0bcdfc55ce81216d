"""A prediction of boxes for files: read, fitted into inputs together, found, and written where that is asked for."""

import glob
import time
from collections.abc import Generator, Iterator, Sequence
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
from lissom.tasks.detect.facts import DetectFacts
from lissom.tasks.detect.letterbox import Fit, fit_of, found_in, padded, rectangle, resized
from lissom.tasks.detect.predictor import STAGES, BoxPredictor
from lissom.tasks.detect.video import as_camera, is_video_name
from lissom.tasks.detect.written import Writer
from lissom.training.task import Arrays

AT_ONCE = 16  # images
WILD = "*?["


class Inputs(NamedTuple):
    """What the user gave, by what it is."""

    images: list[Path]
    videos: list[Path | int]
    """Files, and cameras by their number."""
    left: list[LeftOut]


class Seen(NamedTuple):
    """An image of a part, its upright pixels, and how it lies in the input."""

    file: Path
    pixels: Pixels
    fit: Fit


class Spent:
    """Where the time of one work went, of what its predictor counts."""

    def __init__(self, predictor: BoxPredictor) -> None:
        self._seconds, self._before = predictor.seconds, dict(predictor.seconds)

    def per_image(self, images: int) -> Note:
        spent = {stage: self._seconds[stage] - self._before[stage] for stage in STAGES}
        return note("detect.latency", **{stage: f"{1000 * spent[stage] / images:.1f}" for stage in STAGES})


class BoxWork:
    """The work of a prediction on image files: `parts` are images that go through the network together."""

    what: What = "images"

    def __init__(
        self,
        predictor: BoxPredictor,
        files: Sequence[Path],
        left: Sequence[LeftOut],
        writer: Writer | None,
        *,
        last: bool,
    ) -> None:
        """last: no other work writes into the same folder after it."""
        self._predictor, self._files, self._writer, self._last = predictor, files, writer, last
        self._rows: dict[Path, dict[str, Any]] = {}
        self._spent = Spent(predictor)
        self._written: list[Note] = []
        self.total, self.done = len(files), 0
        self.notes: Sequence[Note] = tuple(summary(list(left)).values())

    def parts(self) -> Generator[tuple[list[Seen], Arrays]]:
        for start in range(0, self.total, AT_ONCE):
            began = time.perf_counter()
            read = list(self._readable(self._files[start : start + AT_ONCE]))
            fits, pixels = fitted([pixels for _, pixels in read], self._predictor.facts)
            seen = [Seen(file, own, fit) for (file, own), fit in zip(read, fits, strict=True)]
            self._predictor.seconds["preprocess"] += time.perf_counter() - began
            self.done = min(start + AT_ONCE, self.total)
            yield seen, self._predictor.preprocess(pixels)

    def _readable(self, files: Sequence[Path]) -> Iterator[tuple[Path, Pixels]]:
        for file in files:
            try:
                yield file, read_image(file, channels=3, name=printable(str(file)))
            except LissomError as error:
                self._rows[file] = row_of({"file": printable(str(file))}, error=error)

    def keep(self, part: list[Seen], predictions: list[Detections]) -> None:
        names = self._predictor.facts.class_names
        for seen, found in zip(part, predictions, strict=True):
            kept = found_in(found, seen.fit)
            size = seen.fit.width, seen.fit.height
            self._rows[seen.file] = row_of({"file": printable(str(seen.file))}, kept, size=size, names=names)
            if self._writer:
                self._writer.add(seen.file, seen.pixels, kept)
        if self._writer and self._last and self.done == self.total:
            self._written = self._writer.finish()

    @property
    def remarks(self) -> Sequence[Note]:
        """Where the time went, and what was written."""
        read = sum(row["error"] is None for row in self._rows.values())
        return [self._spent.per_image(read), *self._written] if read else ()

    def rows(self) -> list[dict[str, Any]]:
        return [self._rows[file] for file in self._files]

    def stopped(self) -> Interrupted:
        written = self._writer.finish() if self._writer else []
        told = " ".join(map(str, written))
        return Interrupted("predict-boxes-stopped", done=self.done, files=self.total, written=told)


def fitted(images: Sequence[Pixels], facts: DetectFacts) -> tuple[list[Fit], list[Pixels]]:
    """How images lie in one input for all of them, and the input's pixels for each: N of H W 3, uint8."""
    if not images:
        return [], []
    sizes = np.array([pixels.shape[1::-1] for pixels in images], np.int32)
    shape = rectangle(sizes, facts.resolution, facts.step)
    fits = [fit_of((wide, high), shape, facts.resolution) for wide, high in sizes.tolist()]
    pairs = zip(images, fits, strict=True)
    return fits, [padded(resized(pixels, facts.resolution), shape, fit) for pixels, fit in pairs]


def row_of(
    which: dict[str, Any],
    found: Detections | None = None,
    *,
    size: tuple[int, int] | None = None,
    names: Sequence[str] = (),
    error: LissomError | None = None,
) -> dict[str, Any]:
    """Boxes as left, top, right, bottom in pixels of the upright image. which: the file, and the frame."""
    row: dict[str, Any] = {**which, "width": size and size[0], "height": size and size[1]}
    if found is None:
        return {**row, "boxes": [], "error": str(error)}
    columns = zip(found.boxes.tolist(), found.scores.tolist(), found.classes.tolist(), strict=True)
    boxes = [
        {"label": names[number], "score": round(score, 6), "box": [round(side, 2) for side in box]}
        for box, score, number in columns
    ]
    return {**row, "boxes": boxes, "error": None}


def read_inputs(inputs: Sequence[Path | str]) -> Inputs:
    """Files as they are given, all images and videos of a folder, those that a pattern names, each once; cameras by
    their number. Raises: DataError."""
    images: dict[Path, None] = {}  # in their order, each once
    videos: dict[Path | int, None] = {}
    left: list[LeftOut] = []
    for given in inputs:
        camera = as_camera(given)
        for each in [camera] if camera is not None else _files_of(given, left):
            if isinstance(each, int) or is_video_name(each.name):
                videos[each] = None
            else:
                images[each] = None
    if not images and not videos:
        raise DataError("no-images", inputs=printable(", ".join(map(str, inputs))), left=first(left))
    return Inputs([*images], [*videos], left)


def _files_of(given: Path | str, left: list[LeftOut]) -> Iterator[Path]:
    path = Path(given)
    if path.is_dir():
        found = FolderFiles(path)
        left += [*found.left_out, *no_images(name for name in found.names if not is_video_name(name))]
        yield from sorted(found.file(name) for name in found.names if _is_seen(name))
    elif path.exists():
        yield path
    elif any(sign in str(given) for sign in WILD):
        matching = [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]
        yield from (each for each in matching if _is_seen(each.name) and each.is_file())
    else:
        raise DataError("file-missing", path=printable(str(path)))


def _is_seen(name: str) -> bool:
    return is_image_name(name) or is_video_name(name)
