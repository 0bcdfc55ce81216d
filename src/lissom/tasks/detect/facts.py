"""What a run on photos with boxes knows of its data."""

from dataclasses import dataclass
from typing import Any

from lissom.bounds import most_pixels

Anchors = tuple[tuple[tuple[float, float], ...], ...]
"""Of each level its widths and heights, in pixels of the input."""


@dataclass(frozen=True, kw_only=True)
class DetectFacts:
    """With the settings, all that makes the network and its preprocessing again."""

    class_names: tuple[str, ...]
    resolution: int
    """Side of the square input, pixels."""
    strides: tuple[int, ...]
    """Of the levels, rising."""
    anchors: Anchors
    """Of the levels, as the network is built with them: from the data, or those of its file; (): a head without."""
    multiple: int = 0
    """What sides of the input are multiples of, where that is not the largest stride; 0: it is."""
    rows: str = ""
    """The text of the model file; "": a network of the catalogue."""
    in_channels: int = 3
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    """For each channel, of pixels scaled to 0..1."""
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    eps: float | None = None
    """Batch norm's in the backbone, where the weights that the run began with want another than the network has."""
    padding: str = ""
    """"same": the backbone's, of TensorFlow's weights."""

    def __post_init__(self) -> None:
        """Raises: ValueError for what no run can have."""
        if not self.class_names or {len(self.mean), len(self.std)} != {self.in_channels} or min(self.std) <= 0:
            raise ValueError("class_names, in_channels, mean or std are those of no run")
        if not self.strides or list(self.strides) != sorted(set(self.strides)) or self.strides[0] < 1:
            raise ValueError(f"strides are {self.strides}")
        sides = [side for level in self.anchors for pair in level for side in pair]
        whole = len(self.anchors) == len(self.strides) and all(self.anchors) and min(sides) > 0
        if self.anchors and not whole:
            raise ValueError("anchors are not some positive pairs for each stride")
        if (
            self.multiple < 0
            or self.resolution < 1
            or self.resolution % self.step
            or self.resolution**2 > most_pixels()
        ):
            raise ValueError(f"resolution is {self.resolution}")

    @property
    def step(self) -> int:
        """What sides of the input are multiples of."""
        return self.multiple or self.strides[-1]

    @property
    def side(self) -> int:
        return self.resolution

    @property
    def build_options(self) -> dict[str, Any]:
        return {}
