"""Files of weights to tensors: two formats, whatever is wrapped around them, and no code of theirs is ever run."""

import contextlib
import pickle
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lissom.bounds import require_room
from lissom.data.plain_pickle import PickledArray
from lissom.errors import DataError
from lissom.events import Note, note
from lissom.runs.weights import not_finite, read_weights
from lissom.weights.harmless import HARMLESS
from lissom.weights.styles import tensorflow

# what trainers wrap weights in; the first that is usable is taken: averaged weights before those that they average
COUNTER = "n_averaged"  # beside the tensors of torch's AveragedModel
AVERAGED = ("state_dict_ema", "model_ema", "ema_state_dict", "params_ema", "ema", COUNTER)
WRAPPERS = (*AVERAGED, "state_dict", "model", "model_state_dict", "net", "params", "module", "shadow")
DEEPEST = 8  # wrappers around each other
PREFIXES = ("module.", "_orig_mod.", "model.")  # of parallel, compiled and wrapped networks


class Read(NamedTuple):
    """Tensors of a file under its own names, its metadata, and what was taken off to get at them."""

    tensors: dict[str, Tensor]
    metadata: dict[str, str]
    unwrapped: tuple[str, ...]

    @property
    def entry(self) -> str:
        """Of the file, that these tensors are: `model_ema`; "" for a plain state dict."""
        return next((name for name in self.unwrapped if name in WRAPPERS), "")


class Unusable(NamedTuple):
    """An entry that would have come first, and why it cannot be taken."""

    entry: str
    reason: Note


def read_file(path: Path) -> tuple[list[Read], list[Unusable]]:
    """The weights in a safetensors file or in one that torch saved, on the CPU: each entry that holds some, that to be
    taken first, and those that come to nothing.

    Raises: DataError when the file is missing or damaged, would run code, or holds no tensors, or none but with values
    that are not finite.
    """
    if not path.is_file():
        raise DataError("weights-missing", path=path)
    metadata: dict[str, str] = {}
    if _is_safetensors(path):
        content, metadata = read_weights(path)
    else:
        content = _read_torch(path)
    good: list[Read] = []
    bad: list[Unusable] = []
    for tensors, unwrapped in _entries(content):
        _require_plain(tensors, path)
        read = Read(tensorflow.as_torch(tensors) if tensorflow.is_tensorflow(tensors) else tensors, metadata, unwrapped)
        broken = not_finite(read.tensors)
        if broken:
            bad.append(Unusable(read.entry, note("weights.reason-not-finite", tensors=broken)))
        elif read.tensors:
            good.append(read)
        else:
            bad.append(Unusable(read.entry, note("weights.reason-no-tensors")))
    if not good:
        broken = next((each.reason.values["tensors"] for each in bad if each.reason.values), None)
        if broken:
            raise DataError("weights-file-not-finite", path=path, tensors=broken)
        raise DataError("weights-no-tensors", path=path, got=type(content).__name__)
    return good, bad


def _is_safetensors(path: Path) -> bool:
    """Eight bytes of length, then a JSON object: no name is trusted."""
    with path.open("rb") as file:
        return file.read(9)[8:] == b"{" or path.suffix == ".safetensors"


def _read_torch(path: Path) -> Any:
    if zipfile.is_zipfile(path):  # torch takes the sizes that its directory claims
        with contextlib.suppress(zipfile.BadZipFile, OSError), zipfile.ZipFile(path) as packed:
            require_room(path, sum(entry.file_size for entry in packed.infolist()))
    try:
        with torch.serialization.safe_globals(HARMLESS):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = _first_line(error, after="WeightsUnpickler error:")
        if types := re.findall(r"GLOBAL ([\w.]+)", str(error)):
            reason = ", ".join(dict.fromkeys(types))
        elif "weights_only" not in str(error).lower():
            raise DataError("weights-damaged", path=path, reason=reason) from error
        raise DataError("weights-run-code", path=path, reason=reason) from error
    except (RuntimeError, EOFError, OSError, ValueError, LookupError, TypeError, AttributeError, MemoryError) as error:
        raise DataError("weights-damaged", path=path, reason=_first_line(error)) from error


def _require_plain(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Raises: DataError for a tensor that has no numbers of its own, and for more of them than the file can hold."""
    for name, tensor in tensors.items():
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.device.type != "cpu":
            got = "quantised" if tensor.is_quantized else f"{tensor.device.type} {tensor.layout}"
            raise DataError("weights-not-dense", path=path, tensor=name, got=got)
    require_room(path, sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()))


def _entries(
    content: Any, taken: tuple[str, ...] = (), seen: set[int] | None = None
) -> Iterator[tuple[dict[str, Tensor], tuple[str, ...]]]:
    """Whatever may be weights, in the order of preference, and what it was wrapped in; empty where nothing is.

    seen: dictionaries that were looked at, as one may hold itself.
    """
    seen = set() if seen is None else seen
    if not isinstance(content, Mapping) or id(content) in seen or len(taken) > DEEPEST:
        return
    seen.add(id(content))
    wrapped = [name for name in WRAPPERS if isinstance(content.get(name), Mapping)]
    for name in wrapped:
        yield from _entries(content[name], (*taken, name), seen)
    found = {str(name): _tensor(value) for name, value in content.items() if isinstance(value, (Tensor, PickledArray))}
    tensors = {name: tensor for name, tensor in found.items() if tensor is not None}
    if len(tensors) > 1 and tensors.pop(COUNTER, None) is not None:
        taken = (*taken, COUNTER)
    while prefix := next((p for p in PREFIXES if tensors and all(name.startswith(p) for name in tensors)), None):
        tensors, taken = {name.removeprefix(prefix): value for name, value in tensors.items()}, (*taken, prefix)
    if tensors or (taken and not wrapped):
        yield tensors, taken


def _tensor(value: Tensor | PickledArray) -> Tensor | None:
    """None for an array that is not of numbers."""
    if isinstance(value, Tensor):
        return value
    return None if value.values is None else torch.from_numpy(value.values.astype(value.values.dtype.newbyteorder("=")))


def _first_line(error: Exception, after: str = "") -> str:
    """From there on, where it says so; without the escape codes that colour it on a terminal."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    plain = plain.partition(after)[2].strip() or plain if after else plain
    return (plain or type(error).__name__).splitlines()[0]
