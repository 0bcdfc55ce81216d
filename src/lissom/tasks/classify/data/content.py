"""What labelled images are made of, wherever they lie."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Content:
    """The items of a source and what is known of its images without decoding them."""

    digests: dict[str, str]
    """Of each item by its name: a file, or whatever else holds images."""
    items: list[str]
    """Of each image, the item that holds it."""
    sides: NDArray[np.int64]
    """Of each image, the longer side in pixels; 0 where its header cannot be read."""
    kinds: NDArray[np.str_]
    """Of each image, what of more than 8 bits it holds: "integers", "floats", else ""."""
