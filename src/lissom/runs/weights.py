"""Weights on disk: safetensors, with a few words about them, loaded whole or not at all."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from lissom.atomic import write_atomic
from lissom.errors import DataError

SHOWN = 3  # tensors named in an error; the rest are counted


def save_weights(path: Path | str, weights: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> None:
    """Writes a state dict atomically, contiguous and on the CPU (safetensors knows no other memory layout).

    Raises: MachineError when the disk is full or the place cannot be written.
    """
    # a clone for each name: safetensors refuses tensors that share memory
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in weights.items()}
    write_atomic(path, save(tensors, dict(metadata or {}) | {"format": "pt"}))


def read_weights(path: Path | str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors (on the CPU) and the metadata of a safetensors file.

    Raises: DataError when the file is missing or damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = dict(file.metadata() or {})
    except FileNotFoundError as error:
        raise DataError("weights-missing", path=path) from error
    except (OSError, SafetensorError) as error:
        raise DataError("weights-damaged", path=path, reason=str(error).splitlines()[0]) from error
    return tensors, metadata


def not_finite(weights: Mapping[str, Tensor]) -> str:
    """`stem.conv.weight (3 of 432 values), ...`: the tensors with nan or infinite values; "" where all are finite."""
    counts = {n: int((~torch.isfinite(t)).sum()) for n, t in weights.items() if t.is_floating_point()}
    named = [f"{name} ({count}/{weights[name].numel()})" for name, count in counts.items() if count]
    return _some(named) if named else ""


def load_weights(model: nn.Module, path: Path | str, *, classifier: str | None = None) -> dict[str, str]:
    """Loads the file `path` into `model` and returns its metadata; nothing is loaded unless all of it fits.

    classifier: as `check_fit`. Raises: DataError when the file is missing or damaged, or names the tensors that do not
    fit.
    """
    weights, metadata = read_weights(path)
    check_fit(model.state_dict(), weights, path, classifier=classifier)
    model.load_state_dict(weights)
    return metadata


def check_fit(
    wanted: Mapping[str, Tensor], got: Mapping[str, Tensor], path: Path | str, *, classifier: str | None = None
) -> None:
    """DataError unless both hold the same names with the same shapes.

    classifier: the name of the layer with a row for each class, so that another number of classes is said as such.
    """
    missing, unknown = sorted(wanted.keys() - got.keys()), sorted(got.keys() - wanted.keys())
    if missing or unknown:
        raise DataError("weights-other-tensors", path=path, missing=_some(missing), unknown=_some(unknown))
    different = [name for name in wanted if wanted[name].shape != got[name].shape]
    if not different:
        return
    if _only_classes(different, wanted, got, classifier):
        values = {"got": got[different[0]].shape[0], "expected": wanted[different[0]].shape[0]}
        raise DataError("weights-other-classes", path=path, tensor=different[0], **values)
    shapes = [f"{n} {_shape(got[n])} (expected {_shape(wanted[n])})" for n in different]
    raise DataError("weights-other-shapes", path=path, tensors=_some(shapes))


def _only_classes(
    different: list[str], wanted: Mapping[str, Tensor], got: Mapping[str, Tensor], classifier: str | None
) -> bool:
    """Whether nothing but the classifier differs, and that only in its number of rows."""
    layers = {name.rpartition(".")[0] for name in different}
    return layers == {classifier} and all(wanted[n].shape[1:] == got[n].shape[1:] for n in different)


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "scalar"


def _some(names: list[str]) -> str:
    more = f", + {len(names) - SHOWN}" if len(names) > SHOWN else ""
    return (", ".join(names[:SHOWN]) or "-") + more


def digest(weights: Mapping[str, Tensor]) -> str:
    """A short SHA-256 of names, shapes, types and values: equal exactly when the weights are, bit for bit."""
    import hashlib

    sha = hashlib.sha256()
    for name in sorted(weights):
        tensor = weights[name].detach().cpu().contiguous()
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        sha.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return sha.hexdigest()[:16]
