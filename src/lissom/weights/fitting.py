"""Renamed tensors against the network's own: the same, adapted at the two ends, or named as not fitting."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from lissom.events import Note, note
from lissom.messages import text
from lissom.models.contract import Ends

BACKGROUND = 1  # TensorFlow's extra class, the first one
SHOWN = 6  # tensors in an error's sentence; all are in its values
RGB = 3


class Mismatch(NamedTuple):
    """A tensor that does not fit; a shape is None where one side has no such tensor."""

    name: str
    got: tuple[int, ...] | None
    expected: tuple[int, ...] | None


@dataclass
class Fit:
    """What becomes of a file: a whole state for the network, or the list of what does not fit."""

    tensors: dict[str, Tensor] = field(default_factory=dict)
    mismatches: list[Mismatch] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    new_head: bool = False


def fit(given: Mapping[str, tuple[str, Tensor]], wanted: Mapping[str, Tensor], ends: Ends | None) -> Fit:
    """given: our name -> the file's name and its tensor. ends: None, nothing is adapted."""
    result = Fit()
    for name, ours in wanted.items():
        if name not in given:
            _fill(result, name, ours, given, ends)
        else:
            _place(result, name, ours, *given[name], ends)
    for name, (theirs, tensor) in given.items():
        if name not in wanted:
            result.mismatches.append(Mismatch(theirs, tuple(tensor.shape), None))
    return result


def _fill(result: Fit, name: str, ours: Tensor, given: Mapping[str, tuple[str, Tensor]], ends: Ends | None) -> None:
    """A tensor that the file lacks: two of them mean nothing but zero."""
    if name.endswith("num_batches_tracked"):  # older files have no such counter, and inference does not read it
        result.tensors[name] = torch.zeros_like(ours)
    elif ends and name == f"{ends.classifier}.bias" and f"{ends.classifier}.weight" in given:
        result.tensors[name] = torch.zeros_like(ours)
        result.notes.append(note("weights.no-bias", name=name))
    else:
        result.mismatches.append(Mismatch(name, None, tuple(ours.shape)))


def _place(result: Fit, name: str, ours: Tensor, theirs: str, tensor: Tensor, ends: Ends | None) -> None:
    tensor = _squeezed(tensor, ours)
    if ends and tensor.shape != ours.shape and name.rpartition(".")[0] == ends.classifier:
        tensor = _other_classes(result, tensor, ours)
    elif ends and tensor.shape != ours.shape and name == f"{ends.stem}.weight":
        tensor = _other_channels(result, tensor, ours)
    if tensor.shape == ours.shape:
        result.tensors[name] = tensor.to(ours.dtype)
    else:
        result.mismatches.append(Mismatch(theirs, tuple(tensor.shape), tuple(ours.shape)))


def _squeezed(tensor: Tensor, ours: Tensor) -> Tensor:
    """A linear layer and a 1x1 convolution are the same numbers."""
    if tensor.ndim == 4 and ours.ndim == 2 and tensor.shape[2:] == (1, 1):
        return tensor.flatten(1)  # out in 1 1 -> out in
    if tensor.ndim == 2 and ours.ndim == 4:
        return tensor[:, :, None, None]  # out in -> out in 1 1
    return tensor


def _other_classes(result: Fit, tensor: Tensor, ours: Tensor) -> Tensor:
    """The classifier's rows: without TensorFlow's background, or our own random ones when the classes are others."""
    got, expected = tensor.shape[0], ours.shape[0]
    if tensor.shape[1:] != ours.shape[1:]:
        return tensor
    if (got, expected) == (1000 + BACKGROUND, 1000):
        told, kept = note("weights.background", got=got, expected=expected), tensor[BACKGROUND:]
    else:
        told, kept = note("weights.new-head", got=got, expected=expected), ours
        result.new_head = True
    if told not in result.notes:  # weight and bias are one layer
        result.notes.append(told)
    return kept


def _other_channels(result: Fit, tensor: Tensor, ours: Tensor) -> Tensor:
    """The first convolution for other channels than red, green and blue.

    Grey: the sum over the three, which answers a grey image as before. More: the three in turn, scaled by 3 / n, so
    that the sum over channels keeps its size.
    """
    channels = ours.shape[1]
    if tensor.ndim != 4 or tensor.shape[1] != RGB or (tensor.shape[0], *tensor.shape[2:]) != _without_channels(ours):
        return tensor
    if channels == 1:
        result.notes.append(note("weights.grey-input"))
        return tensor.sum(1, keepdim=True)
    result.notes.append(note("weights.other-input", channels=channels))
    return tensor.repeat(1, -(-channels // RGB), 1, 1)[:, :channels] * (RGB / channels)


def _without_channels(kernel: Tensor) -> tuple[int, ...]:
    return (kernel.shape[0], *kernel.shape[2:])


def listed(mismatches: list[Mismatch]) -> str:
    """`name 32x3x3x3 (expected 16x3x3x3)` for the first ones, and how many more there are."""
    parts = [f"{m.name} {shape(m.got)} ({text('weights.expected')} {shape(m.expected)})" for m in mismatches[:SHOWN]]
    more = len(mismatches) - SHOWN
    return "; ".join(parts) + (f"; + {more}" if more > 0 else "")


def shape(sizes: tuple[int, ...] | None) -> str:
    """`32x3x3x3`; a dash for a tensor that is not there."""
    return "–" if sizes is None else "x".join(map(str, sizes)) or "1"
