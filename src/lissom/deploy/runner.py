"""Runs an exported file with NumPy and ONNX Runtime alone; torch is not needed and not loaded."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime

from lissom.errors import DataError
from lissom.plain import from_json, short

FORMAT = "2"  # of the metadata that `deploy.onnx` writes and this file reads
TYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(uint8)": np.uint8}

KINDS = {"task": str, "facts": dict, "network": str, "weights": str, "producer": str}  # of the metadata

Arrays = Mapping[str, np.ndarray]


class Port(NamedTuple):
    """An input of a file."""

    name: str
    shape: tuple[int | str, ...]
    """A word where any size will do, as for the batch."""
    dtype: Any


class Runner:
    """An exported network. `Runner(file)({"images": array})["logits"]`; the batch is the first axis of each array."""

    inputs: tuple[Port, ...]
    outputs: tuple[str, ...]
    task: str
    """The kind of work whose predictor prepares the inputs and decodes the outputs."""
    facts: dict[str, Any]
    """What that task knows of the data of the training, as plain values."""
    network: str
    """Its label."""
    weights: str
    """Digest of the weights file that it was made of."""
    options: dict[str, Any]
    """The task's settings of its export; none: it has none."""

    def __init__(self, path: Path | str, *, threads: int | None = None) -> None:
        """threads: for one operator; None: one for each core. Raises: DataError unless lissom exported the file."""
        self.path = Path(path)
        self._session = _open(self.path, threads)
        values = _metadata(self.path, self._session)
        self.task, self.facts = values["task"], values["facts"]
        self.network, self.weights = values["network"], values["weights"]
        self.producer: str = values["producer"]
        self.options = values["options"]
        ports = self._session.get_inputs()
        self.inputs = tuple(Port(port.name, tuple(port.shape), TYPES.get(port.type)) for port in ports)
        self.outputs = tuple(port.name for port in self._session.get_outputs())

    def __call__(self, arrays: np.ndarray | Arrays) -> dict[str, np.ndarray]:
        """The file's raw outputs by name. arrays: by name, or the one of a file with one input.

        Raises: DataError for another name, shape or type than the file takes, and for a file that cannot be computed.
        """
        given = {self.inputs[0].name: arrays} if isinstance(arrays, np.ndarray) else dict(arrays)
        if given.keys() != {port.name for port in self.inputs}:
            raise self._refused(", ".join(given), ", ".join(port.name for port in self.inputs))
        for port in self.inputs:
            if not _fits(given[port.name], port):
                got = given[port.name]
                raise self._refused(f"{got.dtype} {_shape(got.shape)}", f"{np.dtype(port.dtype)} {_shape(port.shape)}")
        try:
            outputs = self._session.run(None, {name: np.ascontiguousarray(array) for name, array in given.items()})
        except Exception as error:  # as in _open
            raise DataError("deploy-not-run", path=self.path, reason=str(error).split("\n")[0]) from error
        return dict(zip(self.outputs, map(np.asarray, outputs), strict=True))

    def _refused(self, got: str, expected: str) -> DataError:
        return DataError("deploy-wrong-input", path=self.path, got=got, expected=expected)


def _fits(array: np.ndarray, port: Port) -> bool:
    sizes = zip(array.shape, port.shape, strict=False)
    alike = all(size > 0 if isinstance(wanted, str) else size == wanted for size, wanted in sizes)
    return alike and array.ndim == len(port.shape) and array.dtype == port.dtype


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
    try:
        values = {name: from_json(found[name]) for name in KINDS} | {"options": from_json(found.get("options", "{}"))}
        odd = [name for name, value in values.items() if not isinstance(value, KINDS.get(name, dict))]
    except (KeyError, ValueError) as error:
        raise DataError("deploy-not-onnx", path=path, reason=error) from error
    if odd:
        raise DataError("deploy-not-onnx", path=path, reason=f"{odd[0]}: {short(values[odd[0]])}")
    return values


def _shape(shape: tuple[Any, ...]) -> str:
    return " × ".join(map(str, shape))
