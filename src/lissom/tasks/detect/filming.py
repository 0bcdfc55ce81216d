"""A prediction of boxes for one video or camera: frames as a stream, several at a time, written while they are read."""

import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lissom.boxes.suppress import Detections
from lissom.data.files import Pixels
from lissom.data.names import printable
from lissom.errors import DataError, Interrupted
from lissom.events import Note, What, note
from lissom.tasks.detect.finding import AT_ONCE, Spent, fitted, row_of
from lissom.tasks.detect.letterbox import Fit, found_in
from lissom.tasks.detect.predictor import BoxPredictor
from lissom.tasks.detect.video import Clip, Stream, at_once
from lissom.tasks.detect.written import Boxed, Writer
from lissom.training.task import Arrays


class Frame(NamedTuple):
    """A frame of a part: its number, from 1, its upright pixels, and how it lies in the input."""

    number: int
    pixels: Pixels
    fit: Fit


class VideoWork:
    """The work of a prediction on one video or camera: `parts` are frames that follow each other."""

    what: What = "frames"

    def __init__(self, predictor: BoxPredictor, source: Path | int, writer: Writer | None, *, last: bool) -> None:
        """source: a file, or a camera by its number. last: no other work writes into the same folder after it.

        Raises: UsageError without OpenCV.
        """
        self._predictor, self._writer, self._last = predictor, writer, last
        self._found: list[Boxed] = []
        self._written: list[Note] = []
        self._spent = Spent(predictor)
        self._clip: Clip | None = None
        self._ended = False
        self.name = printable(str(source))
        self._stream: Stream | None = None
        self.trouble: DataError | None = None
        """What is wrong with the video, or missing of it."""
        try:
            self._stream = Stream(source)
        except DataError as error:
            self.trouble = error
        self._endless = isinstance(source, int)
        self._stem = writer.stem(f"camera{source}" if self._endless else Path(str(source)).stem) if writer else ""

    @property
    def notes(self) -> Sequence[Note]:
        return (note("detect.camera", name=self.name),) if self._endless and self._stream else ()

    @property
    def done(self) -> int:
        return len(self._found)

    @property
    def total(self) -> int | None:
        """Frames, as the file says, or more where there are more; None: a camera, which goes on until it is stopped."""
        if self._endless and not self._ended:
            return None
        count = self._stream.count if self._stream else 0
        return self.done if self._ended else max(count, self.done + 1)

    def parts(self) -> Generator[tuple[list[Frame], Arrays]]:
        """Also writes what is one file for all frames, however it ends."""
        if self._stream is None:
            self._close()
            return
        if self._writer:
            self._clip = self._writer.clip(self._stem, self._stream.rate)
        try:
            for frames in self._groups(self._stream):
                began = time.perf_counter()
                fits, pixels = fitted([own for _, own in frames], self._predictor.facts)
                self._predictor.seconds["preprocess"] += time.perf_counter() - began
                part = [Frame(*pair, fit) for pair, fit in zip(frames, fits, strict=True)]
                yield part, self._predictor.preprocess(pixels)
            self._ended, self.trouble = True, self._stream.trouble()
        finally:
            self._stream.close()
            self._close()

    def _groups(self, stream: Stream) -> Iterator[list[tuple[int, Pixels]]]:
        """Frames that go through the network together; of a camera one, so that none waits for the next."""
        held: list[tuple[int, Pixels]] = []
        frames = stream.frames()
        while True:
            began = time.perf_counter()
            frame = next(frames, None)
            self._predictor.seconds["preprocess"] += time.perf_counter() - began
            if frame is not None:
                held.append(frame)
            if held and (frame is None or self._endless or len(held) >= at_once(held[0][1], AT_ONCE)):
                yield held
                held = []
            if frame is None:
                return

    def _close(self) -> None:
        if self._clip:
            self._clip.close()
        if self._writer and self._last:
            self._written = self._writer.finish()

    def keep(self, part: list[Frame], predictions: list[Detections]) -> None:
        for frame, found in zip(part, predictions, strict=True):
            kept = found_in(found, frame.fit)
            self._found.append(Boxed(self.name, frame.number, frame.fit.width, frame.fit.height, kept))
            if self._writer:
                self._writer.add_frame(self._found[-1], frame.pixels, self._stem, self._clip)

    @property
    def remarks(self) -> Sequence[Note]:
        """Where the time went, and what was written."""
        return [*([self._spent.per_image(self.done)] if self.done else []), *self._written]

    def rows(self) -> list[dict[str, Any]]:
        """A row for each frame, and one for what is wrong with the video."""
        names = self._predictor.facts.class_names
        rows = [
            row_of({"file": self.name, "frame": each.frame}, each.boxes, size=(each.width, each.height), names=names)
            for each in self._found
        ]
        return [*rows, row_of({"file": self.name, "frame": None}, error=self.trouble)] if self.trouble else rows

    def stopped(self) -> Interrupted:
        written, self._last = self._writer.finish() if self._writer else [], False
        told = " ".join(map(str, written))
        return Interrupted("predict-video-stopped", done=self.done, name=self.name, written=told)
