"""What a run on photos knows of its data."""

from dataclasses import dataclass
from typing import Any

from lissom.bounds import most_pixels
from lissom.data.scales import Scales


@dataclass(frozen=True, kw_only=True)
class ClassifyFacts:
    """With the settings, all that makes the network and its preprocessing again."""

    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    """For each channel, of pixels scaled to 0..1."""
    std: tuple[float, ...]
    resolution: int
    """Side of the square input, pixels."""
    in_channels: int
    eps: float | None = None
    """Batch norm's, where the weights that the run began with want another than the network has."""
    padding: str = ""
    """"same": that of TensorFlow's weights."""
    scales: Scales | None = None
    """Of images with more than 8 bits; None, in runs of older versions: each image by its type or its own range."""

    def __post_init__(self) -> None:
        """Raises: ValueError for what no run can have."""
        if not self.class_names or not 1 <= self.in_channels <= 3 or min(self.std, default=0) <= 0:
            raise ValueError("class_names, in_channels or std are those of no run")
        if {len(self.mean), len(self.std)} != {self.in_channels}:
            raise ValueError(f"mean has {len(self.mean)} values, std {len(self.std)}, of {self.in_channels} channels")
        if self.resolution < 1 or self.resolution**2 > most_pixels():
            raise ValueError(f"resolution is {self.resolution}")

    @property
    def side(self) -> int:
        return self.resolution

    @property
    def build_options(self) -> dict[str, Any]:
        return {}
