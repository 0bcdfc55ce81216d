"""Images of more than 8 bits in a data set: what they hold, and which of their values become black and white.

The training decides, by the images given to it before any are held out at random, never by a test folder. Runs keep the
decision in their facts: whatever they predict or are measured on is scaled alike, and clipped where it goes beyond.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lissom.data.deep import Values
from lissom.data.files import DECODE_VERSION
from lissom.data.ranges import Ranges, read_ranges
from lissom.data.scales import Kind, Scales, choose
from lissom.events import Listener, Note, note
from lissom.tasks.classify.data.content import Content
from lissom.tasks.classify.data.sources import Source

KINDS: tuple[Kind, ...] = ("integers", "floats")
USUAL = 0.99  # share of images below whose maximum the others are rare
FAR = 4  # times: two bits


class Deep(NamedTuple):
    """The readable images of one kind, at least one."""

    kind: Kind
    names: Sequence[str]
    ranges: Ranges
    training: NDArray[np.bool_]
    """Whether an image is given for training."""


def find_deep(source: Source, content: Content, folder: Path, *, workers: int, listener: Listener) -> list[Deep]:
    """By kind; nothing is decoded of 8 bits. folder: of the cache, where the ranges are kept."""
    indices = np.flatnonzero(content.kinds != "")
    if not len(indices):
        return []
    digests = [DECODE_VERSION, *(content.digests[content.items[index]] for index in indices)]
    path = folder / f"{hashlib.sha256(repr(digests).encode()).hexdigest()[:24]}.ranges"
    ranges = read_ranges(source, indices, path, workers=workers, listener=listener)
    training = np.isin(source.parts[indices], ("train", ""))
    found = []
    for kind in KINDS:
        chosen = (content.kinds[indices] == kind) & ~np.isnan(ranges[:, 0])
        if chosen.any():
            names = [source.names[index] for index in indices[chosen]]
            found.append(Deep(kind, names, ranges[chosen], training[chosen]))
    return found


def decide(deep: Sequence[Deep]) -> Scales:
    """Black and white of each kind, by its training images."""
    ends = {each.kind: choose(each.kind, *_range(each.ranges[each.training])) for each in deep if each.training.any()}
    return Scales(**ends)


def found_notes(deep: Sequence[Deep], scales: Scales) -> list[Note]:
    """What the images of each kind hold, and what becomes of it."""
    notes = []
    for each in deep:
        known = {name: _short(value) for name, value in _facts(each, scales).items()}
        seen = "unseen" if scales.ends(each.kind) is None else "scaled"
        notes.append(note(f"data.depth-{each.kind}-{seen}", **known))
    return notes


def clipped_notes(deep: Sequence[Deep], scales: Scales) -> list[Note]:
    """On values that are clipped."""
    notes = []
    for each in deep:
        black, white = scales.ends(each.kind) or (-np.inf, np.inf)
        beyond = np.maximum(black - each.ranges[:, 0], each.ranges[:, 1] - white)
        if beyond.max() > 0:
            farthest = int(beyond.argmax())
            low, high = each.ranges[farthest].tolist()
            shown = {"black": _short(black), "white": _short(white), "low": _short(low), "high": _short(high)}
            count = int((beyond > 0).sum())
            notes.append(note("data.depth-clipped", count=count, file=each.names[farthest], **shown))
    return notes


def rare_notes(deep: Sequence[Deep], scales: Scales) -> list[Note]:
    """On few training images that alone make white as high as it is."""
    notes = []
    for each in deep:
        ends, highs = scales.ends(each.kind), np.where(each.training, each.ranges[:, 1], -np.inf)
        if ends is None or ends[0] < 0 or not each.training.any():
            continue
        usual = choose(each.kind, 0.0, float(np.quantile(highs[each.training], USUAL, method="lower")))[1]
        rare = np.flatnonzero(highs > usual)
        if ends[1] >= FAR * usual:
            shown = {"usual": _short(usual), "white": _short(ends[1])}
            notes.append(note("data.depth-rare", count=len(rare), file=each.names[rare[0]], **shown))
    return notes


def scaled_notes(values: Mapping[str, Values], scales: Scales | None) -> list[Note]:
    """On files of a prediction: values that are clipped, and kinds that the training did not have. None of old runs."""
    if scales is None:
        return []
    deep = []
    for kind in KINDS:
        found = {name: (low, high) for name, (of, low, high) in values.items() if of == kind}
        if found:
            deep.append(Deep(kind, list(found), np.array(list(found.values())), np.zeros(len(found), bool)))
    unseen = [each for each in deep if scales.ends(each.kind) is None]
    return [*found_notes(unseen, scales), *clipped_notes(deep, scales)]


def report(deep: Sequence[Deep], scales: Scales) -> dict[str, dict[str, Any]]:
    """By kind, as plain numbers: images, low, high, bits, largest (a file), black, white."""
    return {each.kind: _facts(each, scales) for each in deep}


def _facts(deep: Deep, scales: Scales) -> dict[str, Any]:
    low, high = _range(deep.ranges)
    black, white = scales.ends(deep.kind) or (None, None)
    depth = {"bits": int(high - min(low, 0)).bit_length()} if deep.kind == "integers" else {}
    largest = deep.names[int(deep.ranges[:, 1].argmax())]
    values = {"images": len(deep.names), "low": low, "high": high, "largest": largest}
    return {**values, **depth, "black": black, "white": white}


def _range(ranges: Ranges) -> tuple[float, float]:
    return float(ranges[:, 0].min()), float(ranges[:, 1].max())


def _short(value: Any) -> Any:
    """A number as people write it: 4095, 1000000, 0.0625."""
    if not isinstance(value, float):
        return value
    return str(int(value)) if value.is_integer() else f"{value:.4g}"
