"""A task from outside: the mean brightness of a picture, defined in this file, behind the same verbs as all others.

It shows how little a task must say. Everything is run as a person runs it, by commands in processes of their own.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import forked
from lissom.config import EngineConfig, ModelConfig, OptimConfig
from lissom.data.order import epoch_order
from lissom.deploy.module import ModuleOutputs
from lissom.deploy.parity import closely
from lissom.device import choose_device
from lissom.engine.objective import Losses
from lissom.errors import DataMissing
from lissom.runs.weights import digest, read_weights
from lissom.stats.intervals import wilson
from lissom.training.by_file import ByFile
from lissom.training.figures import Figure, Figures
from lissom.training.run import DataUsed, Item, Run, items_digest, open_run
from lissom.training.task import Batches, NoOptions, Portable, Task
from lissom.training.trained import trained

NAME = "test_toy:TASK"
CLOSE = 0.1  # of brightness 0 to 1: what counts as right


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Which pictures."""

    data: str = "pictures"
    """A folder of PNG files of 8 x 8 pixels."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """All settings of the toy."""

    TASK: ClassVar[str] = NAME
    model: ModelConfig = field(default_factory=lambda: ModelConfig(model="toy"))
    pictures: Pictures = field(default_factory=Pictures)
    optim: OptimConfig = field(default_factory=lambda: OptimConfig(lr=0.01, warmup_epochs=0.0))
    engine: EngineConfig = field(default_factory=lambda: EngineConfig(epochs=3, batch_size=8, channels_last=False))


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A picture has one brightness."""

    class_names: tuple[str, ...] = ("brightness",)
    in_channels: int = 1
    side: int = 8
    build_options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Shown:
    """Pictures B 1 8 8 and their brightness B."""

    images: torch.Tensor
    targets: torch.Tensor

    def __len__(self) -> int:
        return len(self.targets)

    def first(self, n: int) -> "Shown":
        return Shown(self.images[:n], self.targets[:n])


@dataclass(frozen=True)
class Brightness:
    """The data: every fourth picture is held out, every fourth of the rest chooses."""

    all: Shown
    used: DataUsed
    items: dict[str, Item]
    name: str = "pictures"
    facts: Facts = field(default_factory=Facts)

    def part(self, rest: tuple[int, ...]) -> Shown:
        chosen = torch.tensor([i for i in range(len(self.all)) if i % 4 in rest])
        return Shown(self.all.images[chosen], self.all.targets[chosen])


def pixels(file: Path) -> Any:
    return np.asarray(Image.open(file), np.float32) / 255


def content(config: Config, listener: Any) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in pictures_of(config)}


def pictures_of(config: Config) -> list[Path]:
    files = sorted(Path(config.pictures.data).glob("*.png"))
    if not files:
        raise DataMissing("data-not-found", path=config.pictures.data, known="-")
    return files


def load(config: Config, listener: Any, run: Any = None) -> Brightness:
    files = pictures_of(config)
    images = torch.from_numpy(np.stack([pixels(file) for file in files])[:, None])  # B 8 8 -> B 1 8 8
    data = Shown(images, images.mean((1, 2, 3)))
    items = {
        name: Item(digest, ("train", "train", "val", "test")[number % 4])
        for number, (name, digest) in enumerate(content(config, listener).items())
    }
    sizes = {"train": len(data) // 2, "val": len(data) // 4, "test": len(data) // 4}
    return Brightness(data, DataUsed(source=config.pictures.data, digest=items_digest(items), sizes=sizes), items)


class Steps:
    def __init__(self, data: Shown, engine: EngineConfig) -> None:
        self.data, self.engine, self.steps_per_epoch = data, engine, len(data) // engine.batch_size

    def epoch(self, epoch: int, *, start_step: int = 0, parts: range) -> Any:
        order = epoch_order(np.zeros(len(self.data), np.int64), seed=self.engine.seed, epoch=epoch, balanced=False)
        size = self.engine.batch_size // (self.engine.devices * self.engine.accumulate)
        for step in range(start_step, self.steps_per_epoch):
            at = [order[step * self.engine.batch_size + part * size :][:size] for part in parts]
            yield [Shown(self.data.images[rows], self.data.targets[rows]) for rows in at]


class Objective:
    primary_metric = "close"

    def outputs(self, model: nn.Module, batch: Shown) -> torch.Tensor:
        return model(batch.images)[:, 0]

    def losses(self, outputs: torch.Tensor, batch: Shown) -> Losses:
        return Losses({"squared": (outputs - batch.targets).square().mean()})

    def evaluate(self, model: nn.Module, batches: Any) -> dict[str, float]:
        errors = torch.cat([(self.outputs(model, batch) - batch.targets).abs() for batch in batches])
        return {"close": float((errors < CLOSE).float().mean()), "error": float(errors.mean())}


class Predictor:
    def __init__(self, network: Any) -> None:
        self.outputs = network

    def work(self, inputs: Any) -> Any:
        row = lambda file, bright, error: {"file": str(file), "brightness": float(bright), "error": None}  # noqa: E731
        yield ByFile([Path(file) for file in inputs], read=pixels, preprocess=self.preprocess, row=row)

    def preprocess(self, inputs: Any) -> Any:
        return {"images": np.stack(inputs)[:, None]}  # B 8 8 -> B 1 8 8

    def decode(self, outputs: Any) -> Any:
        return outputs["brightness"][:, 0]


def predictor(opened: Any, options: Any, where: Any) -> Predictor:
    model = opened.model or trained(opened.run, choose_device(where.device))
    return Predictor(opened.file or ModuleOutputs(model, ("brightness",)))


def measure(predictor: Predictor, data: Any, split: str, *, folder: Path | None, **how: Any) -> Figures:
    held = data.part((3,)) if split == "test" else data.part((0, 1, 2))
    arrays = predictor.preprocess(list(held.images[:, 0].numpy()))
    errors = np.abs(predictor.decode(predictor.outputs(arrays)) - held.targets.numpy())
    right, n = int((errors < CLOSE).sum()), len(errors)
    low, high = wilson(right, n)
    close = Figure(name="close", value=right / n, low=low, high=high, n=n)
    return Figures(figures=(close, Figure(name="pictures", value=n, unit="count")), folder=folder)


def proof(predictor: Predictor, data: Brightness, count: int) -> Any:
    return {"images": data.part((2,)).images.numpy()[:count]}


def portable(opened: Any, options: NoOptions) -> Portable:
    return Portable(model=trained(opened.run, torch.device("cpu")), outputs=("brightness",), agree=closely)


TASK = Task(
    name=NAME,
    metric="close",
    config=Config,
    facts=Facts,
    paths=("data",),
    content=content,
    load=load,
    inputs=lambda config, facts: ((1, 8, 8),),
    build=lambda config, facts: nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 1)),
    objective=lambda config, data: Objective(),
    batches=lambda config, data, facts, device: Batches(Steps(data.part((0, 1)), config.engine), [data.part((2,))]),
    predictor=predictor,
    measure=measure,
    proof=proof,
    portable=portable,
)


def process(place: Path, *words: str) -> subprocess.Popen[str]:
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path]),
        "OMP_NUM_THREADS": "1",
    }
    return forked.Popen(
        [sys.executable, "-W", "ignore", "-m", "lissom", *words],
        cwd=place, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def done(place: Path, *words: str, code: int = 0) -> str:
    running = process(place, *words)
    out, err = running.communicate()
    assert running.returncode == code, err
    return out if code == 0 else err


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures, and runs/whole: a run that nobody interrupted."""
    folder = tmp_path_factory.mktemp("toy")
    (folder / "pictures").mkdir()
    rng = np.random.default_rng(0)
    for number in range(64):
        pixels = np.clip(rng.normal(rng.uniform(0, 255), 20, (8, 8)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "pictures" / f"{number:02}.png")
    out = done(folder, "train", NAME, "--epochs", "30", "--name", "whole")
    assert "close: " in out
    return folder


def test_it_learns_and_is_measured_on_what_was_held_out(place: Path) -> None:
    found = json.loads(done(place, "evaluate", "runs/whole", "--json"))
    run = open_run_of(place, "whole")
    assert {name: found[name] for name in run.test} == run.test
    assert (found["pictures"], run.status) == (16, "finished")
    assert found["close"] > 0.5  # guessing the mean is right for a fifth
    low, high = found["close_interval_95"]
    assert tuple(run.record.intervals["close"]) == (low, high)
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert f"{100 * found['close']:.1f} % ({100 * low:.1f} % – {100 * high:.1f} %)" in page
    assert "close" in (run.path / "model_card.md").read_text(encoding="utf-8")
    assert (run.path / "curves.svg").exists()


def open_run_of(place: Path, name: str) -> Run:
    sys.modules["test_toy"] = sys.modules[__name__]  # this very file, under the name that the run holds
    return open_run(place / "runs" / name)


def test_killed_then_resumed_is_bit_identical(place: Path) -> None:
    running = process(place, "train", NAME, "--epochs", "30", "--name", "killed", "--checkpoint-minutes", "0.0001")
    while not any((place / "runs" / "killed" / "checkpoints").glob("*.pt")):
        assert running.poll() is None, running.communicate()
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    done(place, "resume", "runs/killed", "--quiet")
    runs = [open_run_of(place, name) for name in ("whole", "killed")]
    assert digest(read_weights(runs[0].last)[0]) == digest(read_weights(runs[1].last)[0])
    assert runs[0].test == runs[1].test


def test_two_processes_train_as_one_that_accumulates(place: Path) -> None:
    for name, words in (("two", ["--devices", "2", "--device", "cpu"]), ("one", ["--accumulate", "2"])):
        done(place, "train", NAME, "--epochs", "2", "--name", name, *words)
    losses = [[row["train_loss"] for row in open_run_of(place, name).history] for name in ("two", "one")]
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)


def test_it_predicts_compares_exports_and_is_listed(place: Path) -> None:
    (row,) = json.loads(done(place, "predict", "runs/whole", "pictures/00.png", "--format", "json"))
    truth = float(np.asarray(Image.open(place / "pictures" / "00.png"), np.float64).mean() / 255)
    assert row["brightness"] == pytest.approx(truth, abs=0.25)
    exported = json.loads(done(place, "export", "runs/whole", "--output", "toy.onnx", "--json"))
    assert exported["difference"] <= exported["tolerance"]
    done(place, "train", NAME, "--epochs", "1", "--name", "short")
    compared = json.loads(done(place, "compare", "runs/whole", "runs/short", "--json"))
    assert compared["settings"] == {"engine.epochs": [30, 1]}
    assert len(compared["verdicts"]) == 1
    listed = {row["run"]: row for row in json.loads(done(place, "runs", "--json"))}
    assert listed["whole"]["status"] == "finished"
    assert listed["whole"]["test"] == round(100 * open_run_of(place, "whole").test["close"], 2)


def test_its_settings_are_flags_with_help_and_its_plan_writes_nothing(place: Path) -> None:
    assert "A folder of PNG files" in " ".join(done(place, "train", NAME, "--help").split())
    assert "steps: 4" in done(place, "train", NAME, "--dry-run", "--name", "never")
    assert not (place / "runs" / "never").exists()


@pytest.mark.parametrize(("words", "said"), [
    (("train", "nowhere:TASK"),        "Cannot import the task nowhere:TASK"),
    (("train", "test_toy:NAME"),       "test_toy:NAME is not a task"),
    (("check-data", NAME, "pictures"), "is not supported by the task"),
    (("demo", "--task", NAME),         "is not supported by the task"),
])  # fmt: skip
def test_what_is_no_task_or_leaves_a_verb_out_is_one_line(place: Path, words: tuple[str, ...], said: str) -> None:
    error = done(place, *words, code=2)
    assert said in error
    assert error.count("\n") == 1
