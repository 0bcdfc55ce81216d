"""Every setting of a training on photos acts, or is refused with the reason: a row for each, and none without one."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

import lissom
from lissom import models
from lissom.engine import processes
from lissom.engine.training import Training
from lissom.errors import LissomError
from lissom.events import Saved
from lissom.runs.weights import digest, read_weights
from lissom.tasks.classify import train as photos_train
from lissom.tasks.classify.data import batches
from lissom.tasks.classify.settings import ClassifyTrainConfig
from lissom.training import life, prepare, run
from lissom.training.task import Cost
from photos import make_photos

BASE: dict[str, Any] = {
    "model": "mobilenetv1_cifar", "width": 0.1, "epochs": 2, "batch_size": 8, "threads": 1, "device": "cpu",
    "warmup_epochs": 0.5, "lr": 0.01,
}  # fmt: skip


class Trained(NamedTuple):
    """What one training has left, and what was used for it."""

    weights: str
    run: lissom.Run
    calls: Counter
    cache: frozenset[str]
    """Arrays of decoded images that were there after it."""


class Row(NamedTuple):
    """One setting's other value, beside what both trainings are given."""

    value: Any
    given: dict[str, Any]
    differs: Callable[[Trained, Trained], bool] | None = None
    """Whether the second training shows the change; None: in its weights. The weights are equal then."""


def calls(name: str) -> Callable[[Trained, Trained], bool]:
    return lambda a, b: a.calls[name] != b.calls[name]


# fmt: off
ROWS = {
    "model.model":    Row("mobilenetv2_cifar", {}),
    "model.width":    Row(0.2, {}),
    "model.options":  Row({"dropout": 0.5}, {}),
    "model.weights":  Row("first", {}),
    "data.data":      Row("others", {}),
    "data.resolution": Row(16, {}),
    "data.val_fraction":  Row(0.3, {}),
    "data.test_fraction": Row(0.4, {}),
    "data.split_seed":    Row(1, {}),
    "data.cache_dir": Row("other", {}, lambda a, b: any(file.startswith("other/") for file in b.cache - a.cache)),
    "data.balance":   Row("weights", {}),
    "augment.crop":   Row(1, {}),
    "augment.flip":   Row(False, {}),
    "augment.cutout": Row(8, {}),
    "augment.mixup":  Row(0.2, {}),
    "augment.cutmix": Row(1.0, {}),
    "augment.randaugment": Row(2, {}),
    "augment.magnitude":   Row(3, {"randaugment": 2}),
    "optim.optimizer":     Row("adam", {}),
    "optim.lr":            Row(0.02, {}),
    "optim.momentum":      Row(0.5, {"optimizer": "sgd"}),
    "optim.weight_decay":  Row(0.5, {}),
    "optim.schedule":      Row("onecycle", {}),
    "optim.warmup_epochs": Row(1.0, {}),
    "optim.warmup_bias_lr": Row(0.1, {"warmup_epochs": 1.0}),
    "optim.warmup_momentum": Row(0.2, {"optimizer": "sgd", "warmup_epochs": 1.0}),
    "optim.final_lr":      Row(0.5, {}),
    "optim.label_smoothing": Row(0.2, {}),
    "optim.ema":           Row(0.5, {}),
    "optim.clip_norm":     Row(0.1, {}),
    "optim.freeze":        Row(True, {}),
    "optim.head_epochs":   Row(1, {}),
    "optim.layer_decay":   Row(0.5, {}),
    "optim.norm_warmup":   Row(False, {}),
    "engine.epochs":       Row(3, {}),
    "engine.batch_size":   Row(16, {}),
    "engine.accumulate":   Row(2, {}),
    "engine.seed":         Row(1, {}),
    "engine.precision":    Row("bf16", {}),
    "engine.patience":     Row(1, {"lr": 1e-9, "epochs": 3}, lambda a, b: len(b.run.history) < len(a.run.history)),
    "engine.threads":      Row(2, {}, calls("threads=1")),
    "engine.channels_last": Row(False, {}, calls("channels_last")),
    "engine.compile":      Row(True, {}, calls("compile")),
    "engine.checkpoint_minutes": Row(0.0, {}, calls("saved")),
}
# another order of summation, and with compile the norms' first momentum; or fewer epochs
OTHER_SUMS = {"engine.channels_last", "engine.compile", "engine.patience"}
REFUSED = [  # settings, and what the reason names
    ("optim.momentum",      {"momentum": 0.5},                        ("0.5", "SGD", "--optimizer sgd")),
    ("optim.warmup_epochs", {"warmup_epochs": 5.0},                   ("5.0", "at most 2")),
    ("optim.schedule",      {"schedule": "constant", "warmup_epochs": 2.0}, ("constant", "--warmup-epochs below 2")),
    ("optim.warmup_bias_lr", {"warmup_bias_lr": 0.1, "warmup_epochs": 0.0}, ("0.1", "--warmup-epochs above 0")),
    ("optim.warmup_momentum", {"warmup_momentum": 0.5},               ("0.5", "--optimizer sgd")),
    ("optim.warmup_momentum", {"warmup_momentum": 0.5, "optimizer": "sgd", "warmup_epochs": 0.0}, ("0.5", "above 0")),
    ("optim.final_lr",      {"final_lr": 0.1, "schedule": "constant"}, ("0.1", "--schedule cosine")),
    ("optim.final_lr",      {"final_lr": 0.1, "warmup_epochs": 2.0},  ("0.1", "--warmup-epochs below 2")),
    ("optim.head_epochs",   {"head_epochs": 2},                       ("2 epochs", "--freeze")),
    ("optim.head_epochs",   {"head_epochs": 1, "freeze": True},       ("head_epochs is 1", "--freeze")),
    ("optim.layer_decay",   {"layer_decay": 0.5, "freeze": True},     ("0.5", "--freeze")),
    ("engine.sync_bn",      {"sync_bn": True},                        ("one process", "--devices 2")),
    ("engine.patience",     {"patience": 1},                          ("2 epochs", "at most 0")),
    ("augment.magnitude",   {"magnitude": 3},                         ("RandAugment", "--randaugment 1")),
]
# fmt: on
LATER = {
    "data.cache",
    "data.download",
    "data.workers",
    "engine.device",
    "engine.devices",
}  # each with a test of its own below


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("settings")
    make_photos(folder / "photos", per_class=12)
    make_photos(folder / "others", per_class=12, classes=("zero", "seven"))
    for number in range(6, 12):  # classes of different sizes
        (folder / "photos" / "one" / f"{number}.png").unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LISSOM_CACHE", str(folder / "cache"))
        patch.setattr(life, "_finish", lambda *_: None)  # the test data is not what is looked at
        patch.setattr(photos_train, "save_picture", lambda *_, **__: None)
        patch.setattr(prepare, "_cost", lambda *_: Cost(0, 0))
        patch.setattr(run, "environment", lambda: {"python": "", "platform": "", "cpu": "", "cores": 1, "packages": {}})
        first = dict(BASE, data="photos", runs_dir=folder / "runs", name="first", seed=7, lr=0.003)
        lissom.train("classify", **first)
        yield folder


@pytest.fixture(scope="module")
def known() -> dict[str, Trained]:
    return {}


def train(place: Path, settings: dict[str, Any], known: dict[str, Trained]) -> Trained:
    """A training with these settings, once for each."""
    key = repr(sorted(settings.items()))
    if key not in known:
        known[key] = _train(place, settings, f"run-{len(known)}")
    return known[key]


def _train(place: Path, settings: dict[str, Any], name: str) -> Trained:
    found: Counter = Counter()

    def hear(event: Any) -> None:
        found["saved"] += isinstance(event, Saved)

    class Seen(Training):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            kernel = next(p for p in self.model.parameters() if p.ndim == 4 and min(p.shape[1:3]) > 1)
            found["channels_last"] += kernel.is_contiguous(memory_format=torch.channels_last)

    places = {"weights": place / "runs", "cache_dir": place}
    given = {k: str(places[k] / v) if k in places else v for k, v in settings.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lissom.engine.fit.Training", Seen)
        patch.setattr(torch.nn.Module, "compile", lambda self: found.update(["compile"]))
        patch.setattr(torch, "set_num_threads", lambda count: found.update([f"threads={count}"]))
        done = lissom.train("classify", **given, runs_dir=place / "runs", name=name, listener=hear)
    files = frozenset(f.relative_to(place).as_posix() for f in place.rglob("*.npy"))
    return Trained(digest(read_weights(done.best)[0]), done, found, files)


def test_every_setting_has_a_row() -> None:
    sections = dataclasses.fields(ClassifyTrainConfig)
    fields = {f"{s.name}.{f.name}" for s in sections for f in dataclasses.fields(s.default_factory())}  # type: ignore[misc]
    assert fields == ROWS.keys() | LATER | {name for name, *_ in REFUSED}


@pytest.mark.parametrize("name", ROWS)
def test_a_setting_acts(place: Path, known: dict[str, Trained], name: str) -> None:
    row = ROWS[name]
    before = {**BASE, "data": "photos", **row.given}
    first = train(place, before, known)
    second = train(place, {**before, name.partition(".")[2]: row.value}, known)
    if row.differs is None:
        assert second.weights != first.weights
    else:
        assert row.differs(first, second)
        assert second.weights == first.weights or name in OTHER_SUMS


@pytest.mark.parametrize(("name", "settings", "words"), REFUSED)
def test_a_setting_without_effect_is_refused_with_the_reason(
    place: Path, name: str, settings: dict[str, Any], words: tuple[str, ...]
) -> None:
    for verb in (lissom.plan, lissom.train):
        with pytest.raises(LissomError) as raised:
            verb("classify", **{**BASE, "data": "photos", **settings}, runs_dir=place / "runs", name="never")
        said = str(raised.value)
        assert raised.value.exit_code == 2
        assert all(word in said for word in (name.partition(".")[2], "no effect", *words)), said
    assert not (place / "runs" / "never").exists()


def test_what_the_network_leaves_idle_is_refused(place: Path) -> None:
    from lissom.config import EngineConfig, OptimConfig
    from lissom.engine.idle import require_used_by

    one = torch.nn.Sequential(torch.nn.Linear(3, 2))
    net = models.build("mobilenetv1_cifar", num_classes=3, width=0.1)
    sync = EngineConfig(devices=2, sync_bn=True)
    for optim, engine, model, val, words in (
        (OptimConfig(), sync, one, [1], "BatchNorm2d"),
        (OptimConfig(freeze=True), sync, net, [1], "BatchNorm2d"),
        (OptimConfig(freeze=True), EngineConfig(), one, [1], "one layer"),
        (OptimConfig(head_epochs=1), EngineConfig(), one, [1], "one layer"),
        (OptimConfig(), EngineConfig(patience=3), net, [], "no validation"),
    ):
        with pytest.raises(LissomError, match=words):
            require_used_by(optim, engine, model, val)
    require_used_by(OptimConfig(freeze=True), EngineConfig(patience=3), net, [1])
    require_used_by(OptimConfig(), sync, net, [])


def test_a_cache_that_is_never_used_is_not_written_and_changes_nothing(place: Path, known: dict[str, Trained]) -> None:
    settings = {**BASE, "data": "photos", "crop": 0, "flip": False}
    never = train(place, {**settings, "cache": "never", "cache_dir": "never"}, known)
    auto = train(place, {**settings, "cache_dir": "auto"}, known)
    assert {file.partition("/")[0] for file in auto.cache} >= {"auto"}
    assert not any(file.startswith("never/") for file in auto.cache)
    assert never.weights == auto.weights


def test_the_device_is_that_which_was_chosen(place: Path) -> None:
    missing = "mps" if not torch.backends.mps.is_available() else "cuda"
    with pytest.raises(LissomError, match=missing):
        lissom.train("classify", **{**BASE, "data": "photos", "device": missing}, runs_dir=place / "runs")


def test_devices_start_as_many_processes(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    def begin(fn: Any, engine: Any, *args: Any, **_: Any) -> Path:
        started.append(engine.devices)
        return place / "runs" / "first"

    monkeypatch.setattr(processes.spawn, "run", begin)
    lissom.train("classify", **{**BASE, "data": "photos", "devices": 2}, runs_dir=place / "runs")
    assert started == [2]


def test_workers_decode_what_is_streamed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = set()
    real = batches.stream

    def stream(*args: Any, workers: int) -> Any:
        asked.add(workers)
        return real(*args, workers=0)

    monkeypatch.setattr(batches, "stream", stream)
    settings = {**BASE, "data": "photos", "cache": "never", "cache_dir": str(place / "workers"), "workers": 3}
    lissom.train("classify", **settings, runs_dir=place / "runs", name="workers")
    assert asked == {3}


def test_a_download_of_what_is_not_published_is_refused(place: Path) -> None:
    with pytest.raises(LissomError, match="download"):
        lissom.plan("classify", **{**BASE, "data": "photos", "download": True})
