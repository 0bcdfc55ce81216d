"""Files of weights to tensors: two formats, whatever is wrapped around them, and no code of theirs is ever run."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lissom.errors import DataError
from lissom.runs.weights import read_weights
from lissom.weights.styles import tensorflow

# what trainers wrap weights in; the first that is there is taken: averaged weights before those that they average
AVERAGED = ("state_dict_ema", "model_ema", "ema_state_dict", "params_ema", "ema")
WRAPPERS = (*AVERAGED, "state_dict", "model", "net", "params")
PREFIXES = ("module.", "_orig_mod.", "model.")  # of parallel, compiled and wrapped networks


class Read(NamedTuple):
    """A file's tensors under its own names, its metadata, and what was taken off to get at them."""

    tensors: dict[str, Tensor]
    metadata: dict[str, str]
    unwrapped: tuple[str, ...]


def read_file(path: Path) -> Read:
    """The tensors of a safetensors file or of one that torch saved, on the CPU.

    Raises: DataError when the file is missing or damaged, would run code, or holds no tensors.
    """
    if not path.is_file():
        raise DataError("weights-missing", path=path)
    metadata: dict[str, str] = {}
    if _is_safetensors(path):
        content, metadata = read_weights(path)
    else:
        content = _read_torch(path)
    tensors, unwrapped = _unwrap(content)
    if not tensors:
        raise DataError("weights-no-tensors", path=path, got=type(content).__name__)
    if tensorflow.is_tensorflow(tensors):
        tensors = tensorflow.as_torch(tensors)
    return Read(tensors, metadata, unwrapped)


def _is_safetensors(path: Path) -> bool:
    """Eight bytes of length, then a JSON object: no name is trusted."""
    with path.open("rb") as file:
        return file.read(9)[8:] == b"{" or path.suffix == ".safetensors"


def _read_torch(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "weights_only" in str(error).lower() or "Unsupported global" in str(error):
            raise DataError("weights-run-code", path=path, reason=_first_line(error)) from error
        raise DataError("weights-damaged", path=path, reason=_first_line(error)) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise DataError("weights-damaged", path=path, reason=_first_line(error)) from error


def _unwrap(content: Any) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    taken: list[str] = []
    while isinstance(content, Mapping):
        wrapper = next((w for w in WRAPPERS if isinstance(content.get(w), Mapping)), None)
        if wrapper is None:
            break
        content, taken = content[wrapper], [*taken, wrapper]
    if not isinstance(content, Mapping):
        return {}, tuple(taken)
    tensors = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    while prefix := next((p for p in PREFIXES if tensors and all(name.startswith(p) for name in tensors)), None):
        tensors, taken = {name.removeprefix(prefix): value for name, value in tensors.items()}, [*taken, prefix]
    return tensors, tuple(taken)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
