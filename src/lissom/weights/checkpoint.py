"""What is known of a published checkpoint before it is fetched. No torch here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import urlsplit


class Norm(NamedTuple):
    """Mean and std per channel, red first, of pixels scaled to 0..1."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def over(self, channels: int) -> "Norm":
        """For images of so many channels: the same for three, else the mean over the three for each."""
        if channels == len(self.mean):
            return self
        return Norm(*((sum(values) / len(values),) * channels for values in self))


IMAGENET = Norm((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = Norm((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))  # TensorFlow's: -1 to 1
UNIT = Norm((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))  # 0 to 1 as they are


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """One published file; None stands where nothing was published."""

    name: str
    """`publisher/its own name`."""
    network: str
    """The name that `build` takes."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """The options of `build`, width included, that make the network of these weights."""
    address: str
    mebibytes: float | None = None
    """Size of the file in 2^20 bytes."""
    licence: str | None = None
    resolution: int = 224
    """Side of the input, pixels."""
    resize: int
    """Shorter side of the image before the centre is cut out, pixels."""
    norm: Norm
    interpolation: str
    """Of the resizing, in Pillow's word."""
    crop_down: bool = False
    """Where half a pixel is left at the sides of the centre crop: True rounds it down, False to the even number."""
    top1: float | None = None
    """Percent, ImageNet's validation images, one crop."""
    reporter: str | None = None
    """Who measured that."""
    eps: float
    """Batch norm's, which the weights were trained with."""
    padding: str = ""
    """"same": TensorFlow's padding, which differs on the two sides where the stride is 2."""
    classes: int = 1000
    label_offset: int = 0
    """Rows of the classifier before the first class of ImageNet: 1 where the first one is background."""

    @property
    def sha256(self) -> str | None:
        """The first hex digits of the file's SHA-256, as the file's name tells them; None where it does not."""
        found = re.search(r"-([0-9a-f]{8,64})\.pth$", self.address)
        return found.group(1) if found else None

    @property
    def file(self) -> str:
        """The file's own name; that of a hub, where all are called alike, with the name of its folder."""
        path = PurePosixPath(urlsplit(self.address).path)
        return path.name if "resolve" not in path.parts else f"{path.parts[2]}{path.suffix}"
