"""Settings of a training run: frozen dataclasses without torch, a unit beside each field, checked when they are made.

A field's docstring is its help on the command line and in the documentation.
"""

import dataclasses
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from lissom.errors import UsageError, near


def _require(ok: bool, name: str, got: object, expected: str) -> None:
    if not ok:
        raise UsageError("setting-out-of-range", name=name, got=got, expected=expected)


def _in_range(settings: Any, low: float, high: float, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        _require(math.isfinite(value) and low <= value <= high, name, value, f"{low:g} to {high:g}")


def _at_least(settings: Any, low: float, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        _require(value is None or (math.isfinite(value) and value >= low), name, value, f">= {low:g}")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Which network."""

    model: str = "mobilenetv3_small"
    """A name that `lissom models` lists."""
    width: float = 1.0
    """Width multiplier: every layer's channels are scaled by it."""
    options: dict[str, str | int | float | bool] = field(default_factory=dict)
    """Options of that network, as name value pairs, for example `--options deep true`."""
    weights: str | None = None
    """What to begin with: `imagenet`, a name that `lissom models --pretrained` lists, a run or a file; None: random.
    The images are then normalised as these weights expect it."""

    def __post_init__(self) -> None:
        _require(math.isfinite(self.width) and self.width > 0, "width", self.width, "> 0")


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Where the images come from and which part of them is held out."""

    data: str = "digits"
    """`digits`, `cifar10`, `cifar100`, or the path of a class folder, a zip or tar of one, or a CIFAR archive."""
    resolution: int | None = None
    """Side of the square network input, in pixels; None: that of the data when small, else that of the network."""
    val_fraction: float = 0.1
    """Share of the training images on which the best weights are chosen; the test images choose nothing."""
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
    """Processes that decode images when they are streamed; 0: none but the training process."""
    balance: Literal["none", "weights", "sampler"] = "none"
    """Against imbalance: weigh the loss by class, or draw the classes equally often."""

    def __post_init__(self) -> None:
        _at_least(self, 1, "resolution")
        _at_least(self, 0, "workers", "split_seed")
        _in_range(self, 0.0, 0.9, "val_fraction", "test_fraction")
        _require(self.val_fraction > 0, "val_fraction", self.val_fraction, "> 0")
        _require(self.test_fraction > 0, "test_fraction", self.test_fraction, "> 0")


@dataclass(frozen=True, kw_only=True)
class AugmentConfig:
    """Changes to the training images, drawn anew for each image at each epoch."""

    crop: int | None = None
    """Padding of the random crop, in pixels; None: an eighth of the resolution for cached images; 0: off.
    Streamed images are cropped at random size and place instead, unless it is 0."""
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
        _at_least(self, 0, "crop", "cutout", "mixup", "cutmix", "randaugment")
        _in_range(self, 0, 30, "magnitude")


@dataclass(frozen=True, kw_only=True)
class OptimConfig:
    """How the weights are learned."""

    optimizer: Literal["adamw", "sgd", "adam"] = "adamw"
    """adamw decouples the decay from the gradient; sgd has Nesterov momentum and wants about `--lr 0.1`."""
    lr: float = 2e-3
    """Highest learning rate, for the whole batch."""
    momentum: float = 0.9
    """SGD's momentum."""
    weight_decay: float = 0.05
    """Decay of weights, never of norms, biases and depthwise kernels; with sgd about 5e-4."""
    schedule: Literal["cosine", "onecycle", "constant"] = "cosine"
    """Course of the learning rate after the warm-up, stepped every batch."""
    warmup_epochs: float = 1.0
    """Epochs in which the learning rate rises linearly, a fraction allowed."""
    label_smoothing: float = 0.0
    """Share of the target spread over all classes."""
    ema: float = 0.0
    """Decay of the weights' moving average, which is then what is evaluated and kept; 0: off."""
    clip_norm: float = 0.0
    """Largest norm of the gradient; 0: off."""
    freeze: bool = False
    """Train the classifier alone: everything before it keeps its weights and its batch-norm statistics."""
    head_epochs: int = 0
    """Epochs for the classifier alone, as with `freeze`, before everything is trained."""
    layer_decay: float = 1.0
    """Learning rate of each layer as a share of that of the layer after it; 1: all alike."""

    def __post_init__(self) -> None:
        _at_least(self, 0, "head_epochs")
        _in_range(self, 0, 1, "layer_decay")
        _require(math.isfinite(self.lr) and self.lr > 0, "lr", self.lr, "> 0")
        _at_least(self, 0, "weight_decay", "warmup_epochs", "clip_norm")
        _in_range(self, 0, 0.9999999, "momentum", "label_smoothing", "ema")


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """How long, on what, and in which precision."""

    epochs: int = 20
    """Passes over the training images."""
    batch_size: int = 128
    """Images for each step of the optimizer, over all devices and accumulated parts together."""
    accumulate: int = 1
    """Parts into which each device splits its share of the batch, to save memory."""
    seed: int = 0
    """Seed of weights, data order, augmentation and dropout."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto: cuda, else mps, else cpu."""
    devices: int = 1
    """Processes, one for each device."""
    threads: int | None = None
    """CPU threads for each process; None: all cores, shared between the processes."""
    precision: Literal["32", "bf16"] = "32"
    """float32, or bfloat16 where it is safe."""
    channels_last: bool = True
    """Memory layout N H W C, faster on most machines."""
    compile: bool = False
    """Compile the network first (needs a C++ compiler on a CPU)."""
    sync_bn: bool = False
    """Batch-norm statistics over all devices."""
    patience: int = 0
    """Stop after so many epochs without a better validation result; 0: never."""
    checkpoint_minutes: float = 5.0
    """Save the training state at least so often, in minutes, besides each epoch's end."""

    def __post_init__(self) -> None:
        _at_least(self, 1, "epochs", "batch_size", "accumulate", "devices", "threads")
        _at_least(self, 0, "seed", "patience", "checkpoint_minutes")
        parts = self.devices * self.accumulate
        _require(
            self.batch_size % parts == 0, "batch_size", self.batch_size, f"a multiple of devices x accumulate = {parts}"
        )


@dataclass(frozen=True, kw_only=True)
class SceneConfig:
    """Where a hyperspectral scene comes from, what is done to its spectra, and which of its pixels train."""

    cube: str = "synthetic"
    """File of the cube (.mat, .npy, .npz, ENVI header, GeoTIFF), a known scene's name, or `synthetic`."""
    ground_truth: str | None = None
    """File of the label map; None: the cube's own, where its file or name brings one."""
    variable: str | None = None
    """Name of the cube inside its file; None: found by its shape."""
    ground_truth_variable: str | None = None
    """Name of the label map inside its file; None: found by its shape."""
    unlabelled: int = 0
    """Class id of the pixels without a label."""
    no_data: float | None = None
    """Value of pixels without a measurement; None: what the file's header says. NaN always counts as none."""
    window: int | None = None
    """Side of the square window around each pixel, in pixels, odd; None: the network's own, 25 for HybridSN."""
    reduction: Literal["auto", "pca", "none", "bands"] = "auto"
    """What becomes of the bands: principal components, all of them, or a selection; auto: as the network's paper."""
    components: int = 30
    """Principal components to keep; or, with a selection that is not named, bands evenly spread."""
    bands: str = ""
    """The bands to keep, counted from 1, such as `5-30,41`, which makes auto a selection; empty: `components` of them,
    evenly spread."""
    whiten: bool = True
    """Scale each principal component to variance 1, as HybridSN's authors do."""
    standardise: bool | None = None
    """Scale each band to mean 0 and variance 1 first; None: where no principal components are taken."""
    smooth: int = 0
    """Window of the Savitzky-Golay filter along each spectrum, in bands, odd, 5 or more; 0: off."""
    fit_on: Literal["train", "scene"] = "train"
    """Pixels from which means and components are learned; `scene` does as the papers do, and sees the test pixels."""
    split: Literal["random", "disjoint", "maps"] = "random"
    """Training pixels: drawn anywhere, as papers do; in blocks apart from the test pixels; as two map files say."""
    train_fraction: float = 0.1
    """Share of each class's labelled pixels that trains."""
    train_per_class: int | None = None
    """Pixels of each class that train, half of a class that has fewer than twice as many; None: `train_fraction`."""
    val_fraction: float = 0.1
    """Share of the training pixels on which the best weights are chosen; 0: none, the last weights count."""
    block: int | None = None
    """Side of the disjoint split's blocks, in pixels; None: half the window, 8 or more."""
    guard: int | None = None
    """Width of the disjoint split's band around the training pixels, in pixels; None: half the window, so that no test
    window holds one. Networks of different windows are tested on the same pixels when all have the widest guard."""
    split_seed: int = 0
    """Seed of the split."""
    train_map: str | None = None
    """File of the map of training pixels, with `split maps`: class ids, elsewhere unlabelled."""
    test_map: str | None = None
    """File of the map of test pixels, with `split maps`."""

    @property
    def side(self) -> int:
        """The window, once it is settled for a network."""
        assert self.window is not None, "not settled"
        return self.window

    def __post_init__(self) -> None:
        if self.window is not None:
            _require(self.window > 0 and self.window % 2 == 1, "window", self.window, "odd, 1 or more")
        odd = self.smooth >= 5 and self.smooth % 2 == 1
        _require(odd or self.smooth == 0, "smooth", self.smooth, "0, or odd and 5 or more")
        _at_least(self, 1, "components", "train_per_class", "block")
        _at_least(self, 0, "split_seed", "guard")
        _in_range(self, 0.0, 0.9, "train_fraction", "val_fraction")
        _require(self.train_fraction > 0, "train_fraction", self.train_fraction, "> 0")
        maps = (self.train_map, self.test_map)
        given = all(maps) if self.split == "maps" else not any(maps)
        _require(given, "split", self.split, "maps together with train_map and test_map, or none of the three")
        chosen = not self.bands or self.reduction in ("auto", "bands")
        _require(chosen, "reduction", self.reduction, f"bands, as the bands {self.bands} are named")


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """All settings of one training run, as `config.yaml` in its run folder holds them."""

    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)


@dataclass(frozen=True, kw_only=True)
class SceneTrainConfig:
    """All settings of one training run on a hyperspectral scene; the defaults are those of HybridSN's paper."""

    model: ModelConfig = field(default_factory=lambda: ModelConfig(model="hybridsn"))
    scene: SceneConfig = field(default_factory=SceneConfig)
    optim: OptimConfig = field(
        default_factory=lambda: OptimConfig(
            optimizer="adam", lr=1e-3, weight_decay=0.0, schedule="constant", warmup_epochs=0.0
        )
    )
    engine: EngineConfig = field(default_factory=lambda: EngineConfig(epochs=100, batch_size=256, channels_last=False))


Settings = TypeVar("Settings", TrainConfig, SceneTrainConfig)


def guard_of(config: SceneConfig) -> int:
    """Pixels between training and test pixels of a disjoint split."""
    return (config.window or 1) // 2 if config.guard is None else config.guard


def to_dict(config: Any) -> dict[str, Any]:
    """Plain nested dictionaries and scalars, for YAML and JSON."""
    return dataclasses.asdict(config)


def updated_flat(config: Settings, settings: dict[str, Any]) -> Settings:
    """`config` with settings laid over it that are named alone, whatever their section: `{"lr": 0.05, "epochs": 3}`."""
    sections = {f.name: s.name for s in dataclasses.fields(config) for f in dataclasses.fields(getattr(config, s.name))}
    nested: dict[str, dict[str, Any]] = {}
    for name, value in settings.items():
        if name not in sections:
            raise UsageError("config-unknown-key", where="settings", key=name, near=near(name, sections))
        nested.setdefault(sections[name], {})[name] = str(value) if isinstance(value, Path) else value
    return updated(config, nested, where="settings")


def cache_folder(given: str | None = None) -> Path:
    """Where decoded images and downloads are kept: `given`, else LISSOM_CACHE, else the user's cache folder."""
    if chosen := given or os.environ.get("LISSOM_CACHE"):
        return Path(chosen).expanduser()
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", "~")).expanduser() / "lissom" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "lissom"


Config = TypeVar("Config")


def updated(config: Config, values: Any, *, where: str) -> Config:
    """`config` with `values` (nested, as YAML gives them) laid over it; an unknown key names near ones.

    Raises: UsageError for an unknown key, a section that is none, or a value of the wrong type, naming `where`.
    """
    if not isinstance(values, dict):
        raise UsageError("config-not-a-section", where=where, got=type(values).__name__)
    known = {f.name: f for f in dataclasses.fields(config)}  # type: ignore[arg-type]
    changes = {}
    for name, value in values.items():
        if name not in known:
            raise UsageError("config-unknown-key", where=where, key=name, near=near(str(name), known))
        old = getattr(config, name)
        if dataclasses.is_dataclass(old):
            changes[name] = updated(old, value, where=f"{where}: {name}")
        else:
            changes[name] = _typed(value, get_type_hints(type(config))[name], f"{where}: {name}")
    return dataclasses.replace(config, **changes)  # type: ignore[type-var]


def _typed(value: Any, hint: Any, where: str) -> Any:
    """`value` if it fits the annotation `hint`; an integer passes for a float, nothing else is converted."""
    choices = get_args(hint) or (hint,)
    if get_origin(hint) is Literal:
        fits = value in choices
    elif get_origin(hint) is dict:
        fits = isinstance(value, dict)
    elif isinstance(value, bool):
        fits = bool in choices
    else:
        if isinstance(value, int) and float in choices and int not in choices:
            return float(value)
        fits = isinstance(value, choices)
    if not fits:
        expected = " | ".join(str(getattr(c, "__name__", c)) for c in choices)
        raise UsageError("config-wrong-type", where=where, got=repr(value), expected=expected)
    return value
