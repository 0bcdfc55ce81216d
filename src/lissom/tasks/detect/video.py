"""Videos and cameras, frame by frame, by OpenCV. The one file that imports it."""

import importlib.util
import math
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from lissom.atomic import temporary_folder
from lissom.data.files import Pixels
from lissom.data.names import printable
from lissom.errors import DataError, MachineError, UsageError

ENDINGS = frozenset(
    {
        ".3gp", ".asf", ".avi", ".flv", ".m2ts", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4", ".mpe", ".mpeg",
        ".mpg", ".mts", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m",
    }
)  # fmt: skip
FORMATS = (  # as FFmpeg names them: none that names other files or addresses, as playlists do, whatever they are called
    "avi,mov,mp4,matroska,webm,asf,flv,mpeg,mpegts,ogg,yuv4mpegpipe,mjpeg,mpegvideo,h264,hevc,m4v,ivf"
)
TRIES = 8  # frames in a row that cannot be read before a video counts as ended
SPARE = 0.02  # share of the frames by which what a file says may be wrong: Matroska's is duration times rate
RATES = (1, 240)  # frames in a second that are believed
RATE, MEASURED = 25.0, 12  # where nobody says it; frames of a camera over which it is measured


def is_video_name(name: str) -> bool:
    return Path(name).suffix.lower() in ENDINGS


def as_camera(given: Path | str) -> int | None:
    """The number of a camera: what is written in digits and is no file; None: it is none."""
    words = str(given)
    return int(words) if words.isascii() and words.isdigit() and len(words) < 4 and not Path(given).exists() else None


def require_package() -> None:
    """Raises: UsageError where OpenCV is not installed."""
    if importlib.util.find_spec("cv2") is None:
        raise UsageError("video-needs-extra", package="opencv-python-headless", extra="video")


def _opencv() -> Any:
    require_package()
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what goes wrong is said once, by us
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = f"protocol_whitelist;file|format_whitelist;{FORMATS}"
    import cv2

    return cv2


class Stream:
    """An opened video, or a camera by its number."""

    def __init__(self, source: Path | int) -> None:
        """Raises: UsageError without OpenCV; DataError for a file that is no video, and a camera that is not there."""
        self._cv2 = cv2 = _opencv()
        self.source, self.is_camera = source, isinstance(source, int)
        self.name = f"camera {source}" if self.is_camera else printable(str(source))
        self._capture = cv2.VideoCapture(source) if self.is_camera else cv2.VideoCapture(str(source), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            kind = "camera-missing" if self.is_camera else "video-unreadable"
            raise DataError(kind, path=self.name, number=source)
        count, rate = (self._capture.get(each) for each in (cv2.CAP_PROP_FRAME_COUNT, cv2.CAP_PROP_FPS))
        self.count = int(count) if not self.is_camera and 0 < count < 2**31 else 0
        """Frames, as the file says; 0: it says nothing."""
        self.rate = float(rate) if not self.is_camera and RATES[0] <= rate <= RATES[1] else None
        """Frames in a second; None: nobody knows, or a camera, which gives fewer than it says when we are slow."""
        self.read = self.seen = 0
        """Frames that could be read, and with those that could not."""

    def frames(self) -> Iterator[tuple[int, Pixels]]:
        """Each frame with its number, from 1, upright, uint8 H W 3, red first; damaged ones are skipped.

        Numbers count what came: a decoder may swallow damaged frames without a word, and nothing tells how many.
        """
        failed = 0
        while failed < TRIES and not (failed and self.seen >= self.count and not self.is_camera):
            there, frame = self._capture.read()
            self.seen += 1
            failed = 0 if there else failed + 1
            if there:
                self.read += 1
                yield self.seen, np.ascontiguousarray(frame[:, :, ::-1])

    def close(self) -> None:
        self._capture.release()

    def trouble(self) -> DataError | None:
        """Of a stream that was read to its end: what is missing of it."""
        if self.is_camera:
            return DataError("camera-ended", number=self.source, frames=self.read)
        if not self.read:
            return DataError("video-unreadable", path=self.name)
        is_short = self.count - self.read > max(1, SPARE * self.count)
        return DataError("video-short", path=self.name, read=self.read, total=self.count) if is_short else None


class Clip:
    """A video that is written, MPEG-4 in an .mp4 file; it has its name once it is closed."""

    def __init__(self, path: Path, rate: float | None) -> None:
        """rate: frames in a second; None: as fast as they come."""
        self.path, self._rate = path, rate
        self._waiting: list[Pixels] = []
        self._began = time.perf_counter()
        self._held = ExitStack()
        self._writer: Any = None

    def add(self, frame: Pixels) -> None:
        """uint8 H W 3, of the first one's size. Raises: MachineError where it cannot be written."""
        if self._writer is None:
            self._waiting.append(frame)
            if self._rate is None and len(self._waiting) < MEASURED:
                return
            self._open()
        else:
            self._write(frame)

    def _open(self) -> None:
        cv2 = _opencv()
        spent = max(time.perf_counter() - self._began, 1e-3)
        rate = self._rate or min(max(len(self._waiting) / spent, RATES[0]), RATES[1])
        high, wide = self._waiting[0].shape[:2]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MachineError("not-writable", path=self.path, size="0", reason=error.strerror or error) from error
        self._part = self._held.enter_context(temporary_folder(self.path)) / self.path.name
        self._size = wide, high
        # MPEG-4 counts time in 65535 steps a second at most: an odd rate is rounded
        code = cv2.VideoWriter_fourcc(*"mp4v")
        writer = cv2.VideoWriter(str(self._part), cv2.CAP_FFMPEG, code, round(rate, 2), self._size)
        if not writer.isOpened():
            self._held.close()
            self._waiting = []
            raise MachineError("not-writable", path=self.path, size="0", reason=f"mp4v {wide} x {high}")
        self._writer = writer
        for frame in self._waiting:
            self._write(frame)
        self._waiting = []

    def _write(self, frame: Pixels) -> None:
        if frame.shape[1::-1] != self._size:
            frame = _opencv().resize(frame, self._size)
        self._writer.write(np.ascontiguousarray(frame[:, :, ::-1]))

    def close(self) -> None:
        """Raises: MachineError where it cannot be written."""
        if self._writer is None and self._waiting:
            self._open()
        if self._writer is None:
            return
        with self._held:
            self._writer.release()
            try:
                self._part.replace(self.path)
            except OSError as error:
                raise MachineError("not-writable", path=self.path, size="0", reason=error.strerror or error) from error
        self._writer = None


def at_once(frame: Pixels, most: int) -> int:
    """Frames of that size that are held together: at most so many, and 2^25 pixels."""
    return max(1, min(most, math.floor(2**25 / (frame.shape[0] * frame.shape[1]))))
