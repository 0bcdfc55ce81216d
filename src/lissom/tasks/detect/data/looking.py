"""Every picture decoded once: what of it is compared with others, or why it cannot be read."""

import hashlib
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lissom.data.files import Unreadable, decode, read_bytes
from lissom.data.near import small_copy
from lissom.data.side_by_side import look_at_each
from lissom.device import usable_cores
from lissom.events import Advanced, Listener
from lissom.tasks.detect.data.pictures import Pictures

NOTHING = np.zeros(0, np.float32)


@dataclass(frozen=True)
class Seen:
    """One picture: a hash of its pixels and a small copy; or the reason why not."""

    pixels: bytes = b""
    small: NDArray[np.float32] = field(default_factory=lambda: NOTHING)
    reason: str = ""


def see_all(pictures: Pictures, listener: Listener) -> list[Seen]:
    """A look at each picture, in order."""
    seen: list[Seen] = []
    total = len(pictures)
    for some in look_at_each(partial(_see, pictures), total, workers=usable_cores()):
        seen += some
        listener(Advanced(what="images", done=len(seen), total=total))
    return seen


def _see(pictures: Pictures, index: int) -> Seen:
    try:
        pixels, _, _ = decode(read_bytes(pictures.files[index]), channels=3)
    except Unreadable as error:
        return Seen(reason=str(error))
    hashed = hashlib.blake2b(np.ascontiguousarray(pixels).data, digest_size=16, key=repr(pixels.shape).encode())
    return Seen(hashed.digest(), small_copy(pixels))
