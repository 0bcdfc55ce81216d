"""Every setting of a training on photos with boxes acts, or is refused with the reason: a row for each of its own.

Those that the engine reads are held by the tests of the engine and of photos; here are all that detection adds or gives
another default. What a setting changes is looked at before anything is trained: data, facts, batches, losses.
"""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

from lissom.config import to_dict, updated_flat
from lissom.errors import UsageError
from lissom.events import silent
from lissom.runs.weights import digest
from lissom.tasks.detect.data.synthetic import write_synthetic
from lissom.tasks.detect.settings import DetectOptimConfig, DetectOptions, DetectTrainConfig
from lissom.tasks.detect.task import TASK
from lissom.training import prepare
from lissom.training.task import Cost

BASE: dict[str, Any] = {
    "model": "yolo_mobilenetv3_small", "width": 0.25, "options": {"neck": "light"}, "epochs": 4, "batch_size": 4,
    "workers": 0, "threads": 1, "device": "cpu", "mosaic": 0.0, "resolution": 64,
}  # fmt: skip


LIGHT = {"model": "light_mobilenetv3_small", "options": {"neck_channels": 16}}


class Row(NamedTuple):
    """One setting's other value, beside what both are given, and what differs then."""

    value: Any
    given: dict[str, Any]
    differs: str


# fmt: off
ROWS = {
    "model.model":        Row("yolo_mobilenetv2", {}, "weights"),
    "model.width":        Row(0.5, {}, "weights"),
    "model.options":      Row({"neck": "stock"}, {}, "weights"),
    "model.weights":      Row("weights.safetensors", {}, "weights"),
    "data.data":          Row("other", {}, "parts"),
    "data.resolution":    Row(96, {}, "batch"),
    "data.val_fraction":  Row(0.4, {"data": "undivided"}, "parts"),
    "data.test_fraction": Row(0.5, {"data": "undivided"}, "parts"),
    "data.split_seed":    Row(1, {"data": "undivided"}, "parts"),
    "data.anchors":       Row("network", {"data": "long"}, "anchors"),
    "data.cache":         Row("never", {}, "kept"),
    "data.cache_dir":     Row("elsewhere", {}, "files"),
    "data.workers":       Row(1, {}, "workers"),
    "augment.mosaic":     Row(1.0, {}, "batch"),
    "augment.close_mosaic": Row(0.5, {"mosaic": 1.0}, "late"),
    "augment.mixup":      Row(1.0, {"mosaic": 1.0}, "batch"),
    "augment.degrees":    Row(20.0, {}, "batch"),
    "augment.translate":  Row(0.3, {}, "batch"),
    "augment.scale":      Row(0.2, {}, "batch"),
    "augment.shear":      Row(10.0, {}, "batch"),
    "augment.perspective": Row(0.001, {}, "batch"),
    "augment.hsv_h":      Row(0.5, {}, "batch"),
    "augment.hsv_s":      Row(0.1, {}, "batch"),
    "augment.hsv_v":      Row(0.1, {}, "batch"),
    "augment.fliplr":     Row(0.0, {}, "batch"),
    "augment.flipud":     Row(1.0, {}, "batch"),
    "augment.multi_scale": Row(0.9, {}, "sides"),
    "optim.lr":           Row(0.1, {}, "rate"),
    "optim.nominal_batch": Row(8, {}, "rate"),
    "optim.ema":          Row(0.5, {}, "config"),
    "optim.clip_norm":    Row(1.0, {}, "config"),
    "optim.box_gain":     Row(0.1, {}, "losses"),
    "optim.objectness_gain": Row(2.0, {}, "losses"),
    "optim.class_gain":   Row(1.0, {}, "losses"),
    "optim.distribution_gain": Row(1.0, LIGHT, "losses"),
    "optim.label_smoothing": Row(0.2, {}, "losses"),
    "optim.freeze":       Row(True, {}, "config"),
    "optim.head_epochs":  Row(1, {}, "config"),
}
# fmt: on


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("settings")
    write_synthetic(folder / "data", train=10, val=2, test=2, side=48, classes=2)
    write_synthetic(folder / "other", train=10, val=2, test=2, side=48, classes=2, seed=5)
    write_synthetic(folder / "undivided", train=12, val=0, side=48, classes=2)
    (folder / "undivided" / "data.yaml").write_text("path: .\ntrain: images/train\nnames: [disc, square]\n")
    write_synthetic(folder / "long", train=12, val=2, test=2, side=48, classes=2)
    for file in (folder / "long" / "labels").rglob("*.txt"):
        rows = [line.split() for line in file.read_text().splitlines()]
        file.write_text("".join(f"{kind} {x} {y} 0.6 0.04\n" for kind, x, y, *_ in rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(prepare, "_cost", lambda *_: Cost(0, 0))
        yield folder


def seen(place: Path, settings: dict[str, Any], known: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What can be seen of a training with these settings, by what it is."""
    key = repr(sorted(settings.items()))
    if key not in known:
        known[key] = _seen(place, {"data": "data", "cache_dir": str(place / "cache"), **BASE, **settings})
    return known[key]


def _seen(place: Path, settings: dict[str, Any]) -> dict[str, Any]:
    made = prepare.prepare(TASK, updated_flat(DetectTrainConfig(), settings), silent)
    batches = made.batches_on("cpu")
    early, late = (next(iter(batches.train.epoch(epoch)))[0] for epoch in (0, 3))
    objective = TASK.objective(made.config, made.data)
    torch.manual_seed(0)
    if made.facts.anchors:
        raw = [torch.randn(4, 3, 64 // s, 64 // s, 7) for s in (8, 16, 32)]
    else:
        raw = [torch.randn(4, 34, 64 // s, 64 // s) for s in (8, 16, 32, 64)]
    boxes = torch.tensor([[20.0, 20.0, 12.0, 14.0]])
    target = dataclasses.replace(early, boxes=boxes, classes=torch.tensor([1]), of=torch.tensor([0]))
    return {
        "weights": digest(made.model.state_dict()),
        "parts": [part.names for part in (made.data.train, made.data.val, made.data.test)] + [made.data.used.digest],
        "batch": hashlib.sha256(early.images.numpy().tobytes()).hexdigest(),
        "late": hashlib.sha256(late.images.numpy().tobytes()).hexdigest(),
        "sides": [batch.images.shape for epoch in range(4) for (batch,) in batches.train.epoch(epoch)],
        "anchors": made.facts.anchors,
        "kept": batches.train._store._keep,
        "workers": batches.train._workers,
        "files": sorted(str(file.relative_to(place)) for file in (place / "elsewhere").rglob("*")),
        "rate": made.config.optim.lr,
        "losses": [round(float(value), 6) for value in objective.losses(raw, target).terms.values()],
        "config": to_dict(made.config),
    }


@pytest.fixture(scope="module")
def known() -> dict[str, dict[str, Any]]:
    return {}


def test_each_setting_of_our_own_has_a_row() -> None:
    config = DetectTrainConfig()
    own = {f"{s}.{f.name}" for s in ("model", "data", "augment") for f in dataclasses.fields(getattr(config, s))}
    own |= {f"optim.{name}" for name in vars(DetectOptimConfig)["__annotations__"]} | {"optim.label_smoothing"}
    assert own == ROWS.keys()


@pytest.mark.parametrize("name", ROWS)
def test_it_acts(name: str, place: Path, known: dict[str, dict[str, Any]]) -> None:
    row = ROWS[name]
    if name == "model.weights":
        import lissom
        from lissom.runs.weights import save_weights

        save_weights(place / "weights.safetensors", lissom.build("mobilenetv3_small", width=0.25).state_dict())
    first = seen(place, row.given, known)
    second = seen(place, {**row.given, name.split(".")[1]: row.value}, known)
    assert first[row.differs] != second[row.differs]


@pytest.mark.parametrize(("settings", "said"), [
    ({"val_fraction": 0.4},             "val_fraction is 0.4"),
    ({"test_fraction": 0.4},            "test_fraction is 0.4"),
    ({"split_seed": 3},                 "split_seed is 3"),
    ({"mixup": 0.5},                    "mixup is 0.5"),
    ({"close_mosaic": 0.3},             "close_mosaic is 0.3"),
])  # fmt: skip
def test_what_this_data_leaves_without_effect_is_refused(place: Path, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        seen(place, settings, {})


@pytest.mark.parametrize(("options", "said"), [
    ({"confidence": 1.5},                    "0 to 1"),
    ({"max_boxes": 0},                       ">= 1"),
    ({"write": ("nothing",), "output": "x"}, "pictures"),
    ({"write": ("yolo",)},                   "--output"),
])  # fmt: skip
def test_options_of_a_prediction_are_checked(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        DetectOptions(**options)
