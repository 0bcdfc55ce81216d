"""Settings of a training on photos."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from lissom.config import EngineConfig, ModelConfig, OptimConfig, at_least, in_range, require


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Where the images come from and which part of them is held out."""

    data: str = "digits"
    """`digits`, `cifar10`, `cifar100`, or the path of class folders, a zip or tar of them, a list of files and
    labels (CSV or text), or a CIFAR archive."""
    resolution: int | None = None
    """Side of the square network input, in pixels; None: that of the data when small, else that of the network."""
    val_fraction: float = 0.1
    """Share of the training images on which the best weights are chosen; the test images stay held out."""
    test_fraction: float = 0.2
    """Share of all images held out as the test set, where the data has no `test/` or `val/` of its own."""
    split_seed: int = 0
    """Seed of both splits; they are stratified by class."""
    download: bool = False
    """Fetch `cifar10` or `cifar100` from its public page when it is not in the cache."""
    cache: Literal["auto", "always", "never"] = "auto"
    """Decode each image once into a memory-mapped array: auto does so for small images."""
    cache_dir: str | None = None
    """Folder of decoded images and downloads; None: the user's cache folder, see `lissom cache`."""
    workers: int = 2
    """Processes that decode images, many small ones or those that are streamed; 0: none but the training process."""
    balance: Literal["none", "weights", "sampler"] = "none"
    """Against imbalance: weigh the loss by class, or draw the classes equally often."""

    def __post_init__(self) -> None:
        at_least(self, 1, "resolution")
        at_least(self, 0, "workers", "split_seed")
        in_range(self, 0.0, 0.9, "val_fraction", "test_fraction")
        require(self.val_fraction > 0, "val_fraction", self.val_fraction, "> 0")
        require(self.test_fraction > 0, "test_fraction", self.test_fraction, "> 0")


@dataclass(frozen=True, kw_only=True)
class AugmentConfig:
    """Changes to the training images, drawn anew for each image at each epoch."""

    crop: int | None = None
    """Padding of the random crop, in pixels; None: an eighth of the resolution for cached images; 0: off.
    Streamed images are cropped at random size and position instead, unless it is 0."""
    flip: bool | None = None
    """Mirror half of the images left to right; None: yes, but not for `digits`."""
    cutout: int = 0
    """Side of a square that is blanked, in pixels; 0: off."""
    mixup: float = 0.0
    """Beta distribution's alpha for blending two images; 0: off."""
    cutmix: float = 0.0
    """Beta distribution's alpha for pasting a box of another image; 0: off. With mixup, each batch part draws one."""
    randaugment: int = 0
    """RandAugment operations for each image; 0: off."""
    magnitude: int = 9
    """RandAugment strength, 0 to 30."""

    def __post_init__(self) -> None:
        at_least(self, 0, "crop", "cutout", "mixup", "cutmix", "randaugment")
        in_range(self, 0, 30, "magnitude")


@dataclass(frozen=True, kw_only=True)
class ClassifyTrainConfig:
    """All settings of one training on photos, as `config.yaml` in its run folder holds them."""

    TASK: ClassVar[str] = "classify"
    ALIASES: ClassVar[dict[str, str]] = {"from": "weights"}

    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)


@dataclass(frozen=True, kw_only=True)
class ClassifyOptions:
    """Settings of a prediction for photos."""

    top: int = 1
    """How many classes to give for each image."""
    weights: str | None = None
    """For a network's name: `imagenet`, a name that `lissom models --pretrained` lists, a run or a file."""
    options: dict[str, str | int | float | bool] = field(default_factory=dict)
    """Options of that network, as name value pairs."""

    def __post_init__(self) -> None:
        at_least(self, 1, "top")


@dataclass(frozen=True, kw_only=True)
class ClassifyCheckOptions:
    """Settings of a check of photos."""

    cache_dir: str | None = None
    """Folder of decoded images; None: the user's cache folder."""
