"""What a file of weights is, by its name or by the configuration that the hub keeps beside it. No torch here."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from lissom.data.files import Unreadable, read_bytes
from lissom.errors import DataError
from lissom.weights.catalogue import CHECKPOINTS, by_file
from lissom.weights.checkpoint import IMAGENET, Checkpoint, Norm
from lissom.weights.rows import timm

CONFIG = "config.json"
HUB_NAMES = ("model", "pytorch_model")  # what all files are called there
SUFFIXES = (".safetensors", ".bin", ".pth", ".pt", ".tar")
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")


def row_of(file: Path) -> Checkpoint | None:
    """The catalogue's row of a file of that name; else what timm's `config.json` beside it says; None: nothing does.

    The configuration counts for a file called as on the hub, or for the only one with weights in its folder.
    Raises: DataError for a configuration that is damaged.
    """
    if row := by_file(file.name):
        return row
    beside = file.parent / CONFIG
    if not beside.is_file() or not (file.stem in HUB_NAMES or _alone(file)):
        return None
    return _row(_read(beside), beside)


def _alone(file: Path) -> bool:
    return [each.name for each in file.parent.iterdir() if each.suffix in SUFFIXES] == [file.name]


def _read(config: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_bytes(config))
    except (Unreadable, ValueError) as error:
        raise DataError("weights-config-damaged", path=config, reason=error) from error
    return content if isinstance(content, dict) else {}


def _row(config: dict[str, Any], path: Path) -> Checkpoint | None:
    """None for a configuration that is not timm's. Raises: DataError for a value that means nothing."""
    architecture, how = config.get("architecture"), {**config, **(config.get("pretrained_cfg") or {})}
    if not isinstance(architecture, str):
        return None
    tag = how.get("tag")
    known = CHECKPOINTS.get(f"timm/{architecture}.{tag}")
    try:
        row = _as_it_says(architecture, how)
    except (TypeError, ValueError, LookupError) as error:
        raise DataError("weights-config-damaged", path=path, reason=error) from error
    if known is None:
        return row
    return replace(row, name=known.name, network=known.network, options=known.options, licence=known.licence)


def _as_it_says(architecture: str, how: dict[str, Any]) -> Checkpoint:
    resolution, crop = int(how.get("input_size", (3, 224, 224))[-1]), float(how.get("crop_pct") or 0.875)
    mean, std = (tuple(map(float, how.get(key, default))) for key, default in zip(Norm._fields, IMAGENET, strict=True))
    interpolation = how.get("interpolation")
    if resolution < 1 or not 0 < crop <= 1 or not len(mean) == len(std) > 0 or min(std) <= 0:
        raise ValueError(f"input_size {resolution}, crop_pct {crop:g}, mean {mean}, std {std}")
    return Checkpoint(
        name=architecture,
        network=architecture,
        address="",
        resolution=resolution,
        resize=int(resolution / crop),
        norm=Norm(mean, std),
        interpolation=interpolation if interpolation in INTERPOLATIONS else "bicubic",
        classes=int(how.get("num_classes", 1000)),
        **timm.numerics(architecture),
    )
