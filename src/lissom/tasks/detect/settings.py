"""Settings of a training on photos with boxes."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from lissom.boxes.suppress import Rule
from lissom.config import EngineConfig, ModelConfig, OptimConfig, at_least, in_range, require

MOST_INSIDE = Rule._field_defaults["candidates"]  # boxes that a file's suppression compares
WRITTEN = ("pictures", "yolo", "coco", "csv", "crops")


@dataclass(frozen=True, kw_only=True)
class DetectModelConfig(ModelConfig):
    """Which network."""

    model: str = "light_mobilenetv3_small"
    """A name that `lissom models light` or `lissom models yolo` lists, or a model file (YAML); its text is kept in the
    run."""
    options: dict[str, str | int | float | bool] = field(default_factory=dict)
    """Options of that network, as name value pairs: `--options neck light`; of a model file with several backbones
    `--options section backbone_small`."""
    weights: str | None = None
    """Initial weights: `imagenet` or a name that `lissom models --pretrained` lists, of the backbone; a run, or a file
    of the backbone or of a detector; None: random. The images are then normalised as these weights expect it."""


@dataclass(frozen=True, kw_only=True)
class DetectDataConfig:
    """Where the images come from, how large they are seen, and which part of them is held out."""

    data: str = "synthetic"
    """`synthetic`, or the path of a data.yaml with YOLO labels, of a COCO JSON file, or of a folder of either or of
    VOC files."""
    resolution: int | None = None
    """Side of the square input, in pixels, a multiple of 32 for networks of the catalogue; None: that of the images,
    640 at most."""
    val_fraction: float = 0.1
    """Share of the training images on which the best weights are chosen, where the data has no part for it; 0: the last
    weights are kept."""
    test_fraction: float = 0.2
    """Share of all images held out as the test set, where the data has no `test` and no `val` of its own."""
    split_seed: int = 0
    """Seed of both splits."""
    anchors: Literal["auto", "network"] = "auto"
    """auto: fitted to the boxes where those of the network fit too few; network: those of the network."""
    cache: Literal["auto", "never"] = "auto"
    """Keep the decoded images in memory: auto does so for up to 1 GB."""
    cache_dir: str | None = None
    """Folder of synthetic images, digests and downloads; None: the user's cache folder, see `lissom cache`."""
    workers: int = 2
    """Processes that decode and augment images; 0: none but the training process."""

    def __post_init__(self) -> None:
        at_least(self, 1, "resolution")
        at_least(self, 0, "workers", "split_seed")
        in_range(self, 0.0, 0.9, "val_fraction", "test_fraction")


@dataclass(frozen=True, kw_only=True)
class DetectAugmentConfig:
    """Changes to the training images and their boxes, drawn anew for each image at each epoch."""

    mosaic: float = 1.0
    """Share of the images that are put together of four."""
    close_mosaic: float = 0.1
    """Share of the epochs, the last ones, without mosaic and mixup."""
    mixup: float = 0.0
    """Share of the mosaics that are blended with another one."""
    degrees: float = 0.0
    """Largest rotation, in degrees."""
    translate: float = 0.1
    """Largest shift, in sides of the input."""
    scale: float = 0.5
    """Largest change of size: by 1 - scale to 1 + scale."""
    shear: float = 0.0
    """Largest shear, in degrees."""
    perspective: float = 0.0
    """Largest perspective, from 0 to 0.001."""
    hsv_h: float = 0.015
    """Largest change of hue, as a share of it."""
    hsv_s: float = 0.7
    """Largest change of saturation, as a share of it."""
    hsv_v: float = 0.4
    """Largest change of brightness, as a share of it."""
    fliplr: float = 0.5
    """Share of the images that are mirrored left to right."""
    flipud: float = 0.0
    """Share of the images that are turned upside down."""
    multi_scale: float = 0.0
    """Largest change of a batch's side, as a share of it, in steps of what a side is a multiple of."""

    def __post_init__(self) -> None:
        in_range(self, 0, 1, "mosaic", "close_mosaic", "mixup", "translate", "hsv_h", "hsv_s", "hsv_v")
        in_range(self, 0, 1, "fliplr", "flipud")
        in_range(self, 0, 0.9, "scale", "multi_scale")
        in_range(self, 0, 180, "degrees")
        in_range(self, 0, 60, "shear")
        in_range(self, 0, 0.001, "perspective")


@dataclass(frozen=True, kw_only=True)
class DetectOptimConfig(OptimConfig):
    """How the weights are optimised."""

    lr: float = 4e-3
    """Highest learning rate for the nominal batch; it is scaled to the batch that is used. With sgd about 1e-2."""
    nominal_batch: int = 64
    """Samples for which learning rates and decay are given: all are multiplied by batch size / this."""
    warmup_bias_lr: float | None = None
    """Learning rate of biases from which they reach `lr` in the warm-up, for the nominal batch; None: with sgd 0.1,
    else they rise as all do."""
    warmup_momentum: float | None = None
    """SGD's momentum from which it reaches `momentum` in the warm-up; None: 0.8, or `momentum` where that is less."""
    ema: float = 0.9999
    """Decay of the weights' moving average, which is then what is evaluated and kept; 0: off."""
    clip_norm: float = 10.0
    """Largest norm of the gradient; 0: off."""
    box_gain: float | None = None
    """Weight of the boxes in the loss; None: 0.05 with anchors, at three levels, 2 without."""
    objectness_gain: float | None = None
    """Weight of the objectness in the loss, with anchors; None: 1, at three levels and 640 pixels."""
    class_gain: float | None = None
    """Weight of the classes in the loss; None: 0.5 with anchors, at three levels and 80 classes, 1 without."""
    distribution_gain: float | None = None
    """Weight of the distributions of a box's sides in the loss, without anchors; None: 0.25."""
    focal_gamma: float = 0.0
    """How much less cells and classes count that are told well already, with anchors (focal loss); 0: all the same."""
    objectness_positive: float = 1.0
    """Weight of cells with a box in the objectness, with anchors, beside 1 of those without."""
    class_positive: float = 1.0
    """Weight of a box's own class, with anchors, beside 1 of the others."""
    freeze: bool = False
    """Train neck and head alone: the backbone keeps its weights and its batch-norm statistics."""
    head_epochs: int = 0
    """Epochs for neck and head alone, as with `freeze`, before everything is trained."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "nominal_batch")
        at_least(self, 0, "box_gain", "objectness_gain", "class_gain", "distribution_gain", "focal_gamma")
        at_least(self, 0, "objectness_positive", "class_positive")


@dataclass(frozen=True, kw_only=True)
class DetectTrainConfig:
    """All settings of one training on photos with boxes, as `config.yaml` in its run folder holds them."""

    TASK: ClassVar[str] = "detect"
    ALIASES: ClassVar[dict[str, str]] = {"from": "weights"}

    model: DetectModelConfig = field(default_factory=DetectModelConfig)
    data: DetectDataConfig = field(default_factory=DetectDataConfig)
    augment: DetectAugmentConfig = field(default_factory=DetectAugmentConfig)
    optim: DetectOptimConfig = field(default_factory=DetectOptimConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)


@dataclass(frozen=True, kw_only=True)
class DetectOptions:
    """Settings of a prediction for photos with boxes."""

    confidence: float = 0.25
    """Least score of a box, 0 to 1."""
    iou: float = 0.45
    """Overlap of two boxes of a class above which the one with the lower score is left out."""
    max_boxes: int = 300
    """Most boxes for an image, those with the highest scores."""
    agnostic: bool = False
    """Leave out overlapping boxes of different classes too."""
    only: tuple[str, ...] = ()
    """Classes to look for, by name; none: all."""
    weights: str | None = None
    """For a network's name: a run of that network, or the best weights in its folder."""
    output: str | None = None
    """Folder for what `--write` names; None: nothing is written."""
    write: tuple[str, ...] = ("pictures",)
    """What to write: `pictures` with boxes drawn (of a video one video), `yolo` text files, one `coco` JSON file, one
    `csv` file, `crops`."""

    def __post_init__(self) -> None:
        in_range(self, 0, 1, "confidence", "iou")
        at_least(self, 1, "max_boxes")
        for name in self.write:
            require(name in WRITTEN, "write", name, ", ".join(WRITTEN))
        require(self.output is not None or self.write == ("pictures",), "write", " ".join(self.write), "--output too")


@dataclass(frozen=True, kw_only=True)
class DetectExportOptions:
    """Settings of an export of a detector."""

    nms: bool = False
    """Put the suppression (NMS) of overlapping boxes into the file, which then gives boxes that are kept."""
    confidence: float | None = None
    """With --nms: least score of a box, 0 to 1; None: 0.25."""
    iou: float | None = None
    """With --nms: overlap of two boxes of a class above which the one with the lower score is left out; None: 0.45."""
    max_boxes: int | None = None
    """With --nms: most boxes for an image, 30000 at most; None: 300."""
    agnostic: bool = False
    """With --nms: leave out overlapping boxes of different classes too."""

    def __post_init__(self) -> None:
        for name, (low, high) in {"confidence": (0, 1), "iou": (0, 1), "max_boxes": (1, MOST_INSIDE)}.items():
            if getattr(self, name) is not None:
                require(self.nms, name, getattr(self, name), "--nms too")
                in_range(self, low, high, name)
        require(self.nms or not self.agnostic, "agnostic", self.agnostic, "--nms too")

    @property
    def rule(self) -> Rule:
        """Which boxes the file keeps."""
        plain = DetectOptions()
        given = {name: getattr(self, name) for name in ("confidence", "iou", "max_boxes")}
        confidence, iou, most = (getattr(plain, name) if value is None else value for name, value in given.items())
        return Rule(confidence=confidence, iou=iou, most=most, agnostic=self.agnostic)


@dataclass(frozen=True, kw_only=True)
class DetectCheckOptions:
    """Settings of a check of photos with boxes."""

    resolution: int = 640
    """Side of the square input for which sizes of boxes are told, in pixels."""
    cache_dir: str | None = None
    """Folder of synthetic images and digests; None: the user's cache folder."""

    def __post_init__(self) -> None:
        at_least(self, 1, "resolution")
