"""Runs an exported file with NumPy and ONNX Runtime alone; torch is not needed and not loaded."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from lissom.errors import DataError

FORMAT = "1"  # of the metadata that `deploy.onnx` writes and this file reads
INPUT, OUTPUT = "images", "logits"


class Runner:
    """An exported classifier. `Runner(file)(images)`: float32 N C H W, normalised -> logits float32 N K."""

    labels: tuple[str, ...]
    mean: tuple[float, ...]  # of pixels scaled to 0..1, for each channel
    std: tuple[float, ...]
    resolution: int  # side of the square input, pixels
    in_channels: int

    def __init__(self, path: Path | str, *, threads: int | None = None) -> None:
        """threads: for one operator; None: one for each core. Raises: DataError unless lissom exported the file."""
        self.path = Path(path)
        self._session = _open(self.path, threads)
        values = _metadata(self.path, self._session)
        self.labels = tuple(values["labels"])
        self.mean, self.std = tuple(values["mean"]), tuple(values["std"])
        self.resolution, self.in_channels = values["resolution"], values["in_channels"]
        self.producer: str = values["producer"]

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """float32 N C H W -> float32 N K. Raises: DataError for another shape or type."""
        expected = ("N", self.in_channels, self.resolution, self.resolution)
        if images.ndim != 4 or images.shape[1:] != expected[1:] or not images.size or images.dtype != np.float32:
            got = f"{images.dtype} {_shape(images.shape)}"
            raise DataError("deploy-wrong-input", path=self.path, got=got, expected=f"float32 {_shape(expected)}")
        (logits,) = self._session.run([OUTPUT], {INPUT: np.ascontiguousarray(images)})
        return np.asarray(logits)

    def normalise(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 N H W C -> float32 N C H W: scaled to 0..1, mean subtracted, divided by std."""
        expected = ("N", "H", "W", self.in_channels)
        if pixels.ndim != 4 or pixels.shape[3] != self.in_channels or pixels.dtype != np.uint8:
            got = f"{pixels.dtype} {_shape(pixels.shape)}"
            raise DataError("deploy-wrong-input", path=self.path, got=got, expected=f"uint8 {_shape(expected)}")
        scaled = pixels.astype(np.float32) / np.float32(255)
        normal = (scaled - np.array(self.mean, np.float32)) / np.array(self.std, np.float32)
        return np.ascontiguousarray(normal.transpose(0, 3, 1, 2))  # N H W C -> N C H W


def _open(path: Path, threads: int | None) -> onnxruntime.InferenceSession:
    if not path.is_file():
        raise DataError("deploy-no-file", path=path)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # fatal: what goes wrong is raised, and said once
    if threads is not None:
        options.intra_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's classes share no ancestor but this one
        raise DataError("deploy-not-onnx", path=path, reason=str(error).split("\n")[0]) from error


def _metadata(path: Path, session: onnxruntime.InferenceSession) -> dict[str, Any]:
    found = session.get_modelmeta().custom_metadata_map
    if found.get("lissom_format") != FORMAT:
        raise DataError("deploy-not-ours", path=path, got=found.get("lissom_format", "–"), expected=FORMAT)
    return {
        name: json.loads(found[name]) for name in ("labels", "mean", "std", "resolution", "in_channels", "producer")
    }


def _shape(shape: tuple[Any, ...]) -> str:
    return " × ".join(map(str, shape))
