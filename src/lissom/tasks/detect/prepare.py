"""From the settings of a run on photos with boxes to its data and its facts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lissom.atomic import new_folder
from lissom.config import cache_folder
from lissom.engine.batch_size import resolve_batch_size
from lissom.errors import MachineError, UsageError
from lissom.events import Listener, Note, note, silent
from lissom.runs.folder import make_folder
from lissom.tasks.detect.anchors.fit import fit_anchors, open_levels
from lissom.tasks.detect.coco import require_package
from lissom.tasks.detect.data import opening
from lissom.tasks.detect.data.opening import BoxData
from lissom.tasks.detect.data.pictures import Pictures
from lissom.tasks.detect.data.synthetic import write_synthetic
from lissom.tasks.detect.facts import Anchors, DetectFacts
from lissom.tasks.detect.network import file_of, is_file, require_size, strides_of
from lissom.tasks.detect.rows.network import levels_of_anchors
from lissom.tasks.detect.settings import DetectAugmentConfig, DetectDataConfig, DetectOptimConfig, DetectTrainConfig
from lissom.training.run import DataUsed, Item, Run

SYNTHETIC = "synthetic"
SHAPES = {"train": 480, "val": 40, "test": 80, "side": 96, "classes": 3}  # of the synthetic data
LARGEST = 640  # pixels: of a side that nobody asked for
OF_FREE = ("distribution_gain",)  # settings of one kind of head alone
OF_ANCHORS = ("objectness_gain", "focal_gamma", "objectness_positive", "class_positive", "label_smoothing", "anchors")
WARMUP_BIAS_LR, WARMUP_MOMENTUM = 0.1, 0.8  # at the start of a warm-up with SGD
MOST_AT_ONCE = 16  # images of a batch that nobody asked for


@dataclass(frozen=True, kw_only=True)
class DetectData:
    """The pictures in three parts, and what a run knows of them."""

    boxes: BoxData
    facts: DetectFacts
    notes: tuple[Note, ...] = ()
    """On the anchors."""

    @property
    def name(self) -> str:
        return self.boxes.name

    @property
    def train(self) -> Pictures:
        return self.boxes.train

    @property
    def val(self) -> Pictures:
        return self.boxes.val

    @property
    def test(self) -> Pictures:
        return self.boxes.test

    @property
    def items(self) -> Mapping[str, Item]:
        return self.boxes.items

    @property
    def used(self) -> DataUsed:
        used = self.boxes.used
        return replace(used, notes=(*used.notes, *self.notes))


def place_of(data: str, cache_dir: Path) -> str:
    """The path of the data; the synthetic one is drawn into the cache first. Raises: MachineError."""
    if data != SYNTHETIC:
        return data
    folder = cache_dir / "detect" / "-".join([SYNTHETIC, *(str(value) for value in SHAPES.values())])
    if not folder.is_dir():
        make_folder(folder.parent)
        try:
            with new_folder(folder) as made:
                write_synthetic(made, **SHAPES)
        except MachineError:
            if not folder.is_dir():  # else another process has drawn them meanwhile
                raise
    return str(folder)


def content(config: DetectTrainConfig, listener: Listener = silent) -> Mapping[str, str]:
    """The digest of each picture with its boxes, by its name."""
    cache = cache_folder(config.data.cache_dir)
    return opening.content(place_of(config.data.data, cache), cache_dir=cache, listener=listener)


def load(config: DetectTrainConfig, listener: Listener = silent, run: Run | None = None) -> DetectData:
    """The pictures of a run, read, checked and split, and the anchors that fit them.

    Raises: DataError for what cannot be trained on, UsageError for a network that is none or not for boxes.
    """
    require_package()
    data, cache = config.data, cache_folder(config.data.cache_dir)
    file_of(config.model, run.facts.rows if run else "")  # what can be refused now costs no reading
    boxes = opening.open_pictures(
        place_of(data.data, cache),
        cache_dir=cache,
        val_fraction=data.val_fraction,
        test_fraction=data.test_fraction,
        split_seed=data.split_seed,
        listener=listener,
    )
    boxes = replace(boxes, source=data.data)
    if run is not None:
        return DetectData(boxes=boxes, facts=run.facts, notes=_anchor_notes(run))
    facts, notes = _facts(config, boxes)
    for told in notes:
        listener(told)
    return DetectData(boxes=boxes, facts=facts, notes=notes)


def _anchor_notes(run: Run) -> tuple[Note, ...]:
    return tuple(told for told in run.record.data.notes if told.name.startswith("detect.anchors"))


def _facts(config: DetectTrainConfig, boxes: BoxData) -> tuple[DetectFacts, tuple[Note, ...]]:
    classes = len(boxes.class_names)
    rows = Path(config.model.model).read_text(encoding="utf-8-sig") if is_file(config.model) else ""
    file = file_of(config.model, rows, num_classes=classes)
    strides, step = strides_of(file)
    resolution = config.data.resolution or _side(boxes.train, step)
    require_size(step, resolution)
    anchors, told = (), ()
    if not file.is_anchor_free:
        sides, seed = box_sides(boxes.train, resolution), config.engine.seed
        anchors, told = _anchors(file.anchors, sides, strides, seed, fit=config.data.anchors == "auto")
    facts = DetectFacts(
        class_names=boxes.class_names,
        resolution=resolution,
        strides=strides,
        anchors=anchors,
        multiple=0 if step == strides[-1] else step,
        rows=rows,
    )
    return facts, told


def _anchors(
    written: Any, sides: np.ndarray, strides: tuple[int, ...], seed: int, *, fit: bool
) -> tuple[Anchors, tuple[Note, ...]]:
    """Those of the network, or fitted where they are to be, or where its file leaves them open; and what is said."""
    if isinstance(written, int):
        fitted = open_levels(sides, written, strides, seed=seed)
    elif not fit:
        return levels_of_anchors(written), ()
    else:
        fitted = fit_anchors(sides, levels_of_anchors(written), seed=seed)
    before, after = (f"{100 * share:.1f}" for share in (fitted.recall_before, fitted.recall))
    kept = fitted.recall_before == fitted.recall and not isinstance(written, int)
    return fitted.anchors, (note(f"detect.anchors-{'kept' if kept else 'fitted'}", before=before, after=after),)


def box_sides(pictures: Pictures, resolution: int) -> np.ndarray:
    """Widths and heights of the boxes that are learned, n 2, pixels of the input."""
    longest = pictures.sizes.max(1).repeat(np.diff(pictures.starts))[:, None]
    sides = (pictures.boxes[:, 2:] - pictures.boxes[:, :2]) * resolution / np.maximum(longest, 1)
    return sides[~pictures.crowd].astype(np.float64)


def _side(pictures: Pictures, step: int) -> int:
    """The median of the pictures' longer sides, 640 at most, as a multiple of `step`."""
    median = min(float(np.median(pictures.sizes.max(1))), LARGEST)
    return max(round(median / step), 1) * step


def decide(config: DetectTrainConfig, data: DetectData) -> DetectTrainConfig:
    """With the side of the input, the batch size, and rate and decay scaled to it.

    Raises: UsageError for a setting without effect, DataError for pictures that no batch can be made of.
    """
    _refuse_idle(config)
    _refuse_idle_head(config, data.facts)
    _refuse_idle_split(config, data)
    engine = config.engine
    if engine.batch_size is None:
        parts = engine.devices * engine.accumulate
        most = max(MOST_AT_ONCE // parts, 2) * parts
        engine = resolve_batch_size(engine, len(data.train))
        engine = replace(engine, batch_size=min(engine.step_size, most))
    optim = _scaled(config.optim, engine.step_size / config.optim.nominal_batch)
    return replace(config, engine=engine, optim=optim, data=replace(config.data, resolution=data.facts.resolution))


def _scaled(optim: DetectOptimConfig, share: float) -> DetectOptimConfig:
    """Rates and decay times `share`; the warm-up of biases and momentum as YOLOv5 has it with SGD."""
    bias_lr, momentum = optim.warmup_bias_lr, optim.warmup_momentum
    if optim.optimizer == "sgd" and optim.warmup_epochs:
        bias_lr = WARMUP_BIAS_LR if bias_lr is None else bias_lr
        momentum = min(WARMUP_MOMENTUM, optim.momentum) if momentum is None else momentum
    return replace(
        optim,
        lr=optim.lr * share,
        weight_decay=optim.weight_decay * share,
        warmup_bias_lr=None if bias_lr is None else bias_lr * share,
        warmup_momentum=momentum,
    )


def _refuse_idle(config: DetectTrainConfig) -> None:
    """Raises: UsageError for a setting that the others leave without effect."""
    augment, default = config.augment, DetectAugmentConfig()
    if not augment.mosaic and augment.mixup:
        raise UsageError("setting-idle", name="mixup", got=augment.mixup, reason=note("idle.mixup-mosaic"))
    if not augment.mosaic and augment.close_mosaic != default.close_mosaic:
        values = {"name": "close_mosaic", "got": augment.close_mosaic}
        raise UsageError("setting-idle", **values, reason=note("idle.close_mosaic"))


def _refuse_idle_head(config: DetectTrainConfig, facts: DetectFacts) -> None:
    """Raises: UsageError for a setting of the other kind of head."""
    given = {**vars(config.optim), "anchors": config.data.anchors}
    usual = {**vars(DetectOptimConfig()), "anchors": DetectDataConfig().anchors}
    for name in OF_FREE if facts.anchors else OF_ANCHORS:
        if given[name] != usual[name]:
            reason = note(f"idle.{'anchors' if facts.anchors else 'anchor-free'}", network=config.model.short)
            raise UsageError("setting-idle", name=name, got=given[name], reason=reason)


def _refuse_idle_split(config: DetectTrainConfig, data: DetectData) -> None:
    """Raises: UsageError for a setting of the split that this data, which is split already, leaves without effect."""
    split, usual = data.boxes.split, DetectDataConfig()
    cases = {
        "test_fraction": (split.test_from == "carved", "data.idle-test-fraction"),
        "val_fraction": (split.val_from != "own", "data.idle-val-fraction"),
        "split_seed": ("carved" in (split.val_from, split.test_from), "data.idle-split-seed"),
    }
    for name, (acts, reason) in cases.items():
        got = getattr(config.data, name)
        if not acts and got != getattr(usual, name):
            raise UsageError("setting-idle", name=name, got=got, reason=note(reason, data=config.data.data))


def inputs(config: DetectTrainConfig, facts: DetectFacts) -> tuple[tuple[int, ...], ...]:
    """One image at the resolution really used."""
    return ((facts.in_channels, facts.resolution, facts.resolution),)
