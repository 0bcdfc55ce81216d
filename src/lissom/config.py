"""Settings that every task shares: frozen dataclasses without torch, a unit beside each field, checked when made.

Those of one task alone stand in its folder, with one class `...TrainConfig` of sections, which names its task.

A field's docstring is its help on the command line and in the documentation.
"""

import dataclasses
import math
import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from lissom.errors import UsageError, near
from lissom.plain import short

Config = TypeVar("Config")
_hints, _args, _origin = cache(get_type_hints), cache(get_args), cache(get_origin)


def require(ok: bool, name: str, got: object, expected: str) -> None:
    if not ok:
        raise UsageError("setting-out-of-range", name=name, got=got, expected=expected)


def in_range(settings: Any, low: float, high: float, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        require(_is_finite(value) and low <= value <= high, name, value, f"{low:g} to {high:g}")


def at_least(settings: Any, low: float, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        require(value is None or (_is_finite(value) and value >= low), name, value, f">= {low:g}")


def _is_finite(value: float) -> bool:
    return isinstance(value, int) or math.isfinite(value)  # a whole number may be too long for a float


def require_count(name: str, value: object, *, low: int = 1) -> None:
    """Of an argument that is no setting. Raises: UsageError unless it is None or a whole number, `low` or more."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= low
    require(value is None or is_count, name, value, f">= {low}")


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
    """Initial weights: `imagenet`, a name that `lissom models --pretrained` lists, a run or a file; None: random.
    The images are then normalised as these weights expect it."""

    @property
    def short(self) -> str:
        """The network's name; of a callable in a file `module:callable`, of a model file its name."""
        module, _, call = self.model.rpartition(":")
        if module.endswith(".py"):
            return f"{Path(module).stem}:{call}"
        return Path(self.model).stem if self.model.endswith((".yaml", ".yml")) else self.model

    @property
    def label(self) -> str:
        """`mobilenetv2 x0.5 projection=True`, as tables and reports name it."""
        width = "" if self.width == 1 else f" x{self.width:g}"
        return self.short + width + "".join(f" {name}={value}" for name, value in self.options.items())

    def __post_init__(self) -> None:
        require(math.isfinite(self.width) and self.width > 0, "width", self.width, "> 0")


@dataclass(frozen=True, kw_only=True)
class OptimConfig:
    """How the weights are optimised."""

    optimizer: Literal["adamw", "sgd", "adam"] = "adamw"
    """adamw decouples the decay from the gradient; sgd has Nesterov momentum and needs about `--lr 0.1`."""
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
    warmup_bias_lr: float | None = None
    """Learning rate of biases from which they reach `lr` in the warm-up; None: they rise as all do."""
    warmup_momentum: float | None = None
    """SGD's momentum from which it reaches `momentum` in the warm-up; None: it stays the same."""
    final_lr: float = 0.0
    """Share of the highest learning rate at which cosine ends."""
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
    norm_warmup: bool | None = None
    """Batch-norm statistics are at first the plain average of the batches so far, which forgets those of the weights;
    None: with random weights alone."""

    def __post_init__(self) -> None:
        at_least(self, 0, "head_epochs")
        in_range(self, 0, 1, "layer_decay")
        require(math.isfinite(self.lr) and self.lr > 0, "lr", self.lr, "> 0")
        at_least(self, 0, "weight_decay", "warmup_epochs", "warmup_bias_lr", "clip_norm")
        in_range(self, 0, 0.9999999, "momentum", "label_smoothing", "ema")
        in_range(self, 0, 1, "final_lr")
        if self.warmup_momentum is not None:
            in_range(self, 0, 0.9999999, "warmup_momentum")


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """How long, on what, and in which precision."""

    epochs: int = 20
    """Passes over the training images."""
    batch_size: int | None = None
    """Samples for each step of the optimizer, over all devices and accumulated parts together; None: the largest power
    of two within a tenth of the training samples, 8 to 128."""
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
        at_least(self, 1, "epochs", "batch_size", "accumulate", "devices", "threads")
        at_least(self, 0, "seed", "patience", "checkpoint_minutes")
        require(self.seed < 1 << 63, "seed", self.seed, f"< {1 << 63}")
        parts = self.devices * self.accumulate
        even = self.batch_size is None or self.batch_size % parts == 0
        require(even, "batch_size", self.batch_size, f"a multiple of devices x accumulate = {parts}")

    @property
    def step_size(self) -> int:
        """Samples for each step, when it is decided."""
        assert self.batch_size is not None, "a batch size that nobody decided"
        return self.batch_size


def to_dict(config: Any) -> dict[str, Any]:
    """Plain nested dictionaries and scalars, for YAML and JSON."""
    return dataclasses.asdict(config)


def updated_flat(config: Config, settings: dict[str, Any]) -> Config:
    """`config` with settings laid over it that are named alone, whatever their section: `{"lr": 0.05, "epochs": 3}`."""
    sections = {f.name: s.name for s in dataclasses.fields(config) for f in dataclasses.fields(getattr(config, s.name))}  # type: ignore[arg-type]
    aliases = getattr(config, "ALIASES", {})
    nested: dict[str, dict[str, Any]] = {}
    for given, value in settings.items():
        name = aliases.get(given, given)
        if name not in sections:
            raise UsageError("config-unknown-key", where="settings", key=name, near=near(name, sections))
        nested.setdefault(sections[name], {})[name] = _as_text(value)
    return updated(config, nested, where="settings")


def _as_text(value: Any) -> Any:
    """Paths as text, also those in a list; anything else as it is."""
    if isinstance(value, list | tuple):
        return tuple(map(_as_text, value))
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def cache_folder(given: str | None = None) -> Path:
    """Where decoded images and downloads are kept: `given`, else LISSOM_CACHE, else the user's cache folder."""
    if chosen := given or os.environ.get("LISSOM_CACHE"):
        return Path(chosen).expanduser()
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", "~")).expanduser() / "lissom" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "lissom"


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
            changes[name] = _typed(value, _hints(type(config))[name], f"{where}: {name}")
    return dataclasses.replace(config, **changes)  # type: ignore[type-var]


def _typed(value: Any, hint: Any, where: str) -> Any:
    """`value` if it fits the annotation `hint`; an integer passes for a float and a list of words for a tuple, nothing
    else is converted."""
    choices = (hint,) if _origin(hint) is tuple else _args(hint) or (hint,)
    if _origin(hint) is dict and isinstance(value, dict):
        return {_name(key, where): _typed(each, choices[-1], f"{where}: {key}") for key, each in value.items()}
    if type(value) is int and float in choices and int not in choices:
        return _as_float(value, where)
    if isinstance(value, list) and tuple[str, ...] in choices:  # YAML has lists alone
        value = tuple(value)
    if not _fits(value, hint, choices):
        expected = " | ".join(str(c if _args(c) else getattr(c, "__name__", c)) for c in choices)
        raise UsageError("config-wrong-type", where=where, got=short(value), expected=expected)
    return value


def _fits(value: Any, hint: Any, choices: tuple[Any, ...]) -> bool:
    if _origin(hint) is Literal:
        return isinstance(value, str | int) and value in choices
    if _origin(hint) is dict:
        return False
    if isinstance(value, bool):
        return bool in choices
    if isinstance(value, tuple):
        may_be_empty = _origin(hint) is tuple
        return (
            tuple[str, ...] in choices
            and (bool(value) or may_be_empty)
            and all(isinstance(e, str) and _is_text(e) for e in value)
        )
    kinds = tuple(choice for choice in choices if not _args(choice))
    return isinstance(value, kinds) and (not isinstance(value, str) or _is_text(value))


def _name(key: Any, where: str) -> str:
    if not isinstance(key, str) or not _is_text(key):
        raise UsageError("config-wrong-type", where=where, got=short(key), expected="str")
    return key


def _as_float(value: int, where: str) -> float:
    try:
        return float(value)
    except OverflowError:
        raise UsageError("config-wrong-type", where=where, got=short(value), expected="float") from None


def _is_text(value: str) -> bool:
    """Whether it can be written: a file may hold halves of letters."""
    return not any("\ud800" <= letter <= "\udfff" for letter in value)
