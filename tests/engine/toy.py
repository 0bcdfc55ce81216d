"""A run of seconds: a small net with batch-norm and dropout, images drawn from (seed, epoch, step) alone.

As a program, `python toy.py FOLDER [--resume]` trains it, for tests that kill it or start it in many processes.
"""

import argparse
import dataclasses
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lissom.config import EngineConfig, OptimConfig
from lissom.engine.fit import FitResult, fit
from lissom.engine.objective import Losses
from lissom.engine.seeds import seed_everything

CLASSES, SIDE = 4, 8
OPTIM = OptimConfig(optimizer="sgd", weight_decay=5e-4, lr=0.05, warmup_epochs=0.5, ema=0.9, clip_norm=5.0)
ENGINE = EngineConfig(epochs=3, batch_size=16, seed=3, device="cpu")


@dataclasses.dataclass
class Batch:
    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int) -> "Batch":
        return Batch(self.images[:count], self.labels[:count])


def images_of(seed: int, number: int) -> Batch:
    """Noise whose mean in one quarter of the image tells the class."""
    draw = torch.Generator().manual_seed(seed)
    images, labels = (
        torch.randn(number, 3, SIDE, SIDE, generator=draw),
        torch.randint(CLASSES, (number,), generator=draw),
    )
    for image, label in zip(images, labels.tolist(), strict=True):
        image[:, (label // 2) * 4 :, (label % 2) * 4 :] += 1.0
    return Batch(images, labels)


class ToyTrain:
    """Satisfies the engine's TrainBatches; `pause` seconds before each step, to be killed within."""

    def __init__(self, engine: EngineConfig, *, steps: int = 6, parts: int | None = None, pause: float = 0.0) -> None:
        self.steps_per_epoch = steps
        self.parts = parts or engine.devices * engine.accumulate
        self._engine, self._pause = engine, pause

    def epoch(self, epoch: int, *, start_step: int = 0, parts: range) -> Iterator[list[Batch]]:
        for step in range(start_step, self.steps_per_epoch):
            time.sleep(self._pause)
            whole = images_of(1000 * epoch + step, self._engine.batch_size)
            images, labels = whole.images.chunk(self.parts), whole.labels.chunk(self.parts)
            yield [Batch(images[part], labels[part]) for part in parts]


class ToyObjective:
    primary_metric = "accuracy"

    def outputs(self, model: nn.Module, batch: Batch) -> Tensor:
        return model(batch.images)

    def losses(self, outputs: Tensor, batch: Batch) -> Losses:
        cross_entropy = F.cross_entropy(outputs, batch.labels)
        return Losses({"cross_entropy": cross_entropy, "size": 1e-3 * outputs.square().mean()})

    def evaluate(self, model: nn.Module, batches: Iterable[Batch]) -> dict[str, float]:
        pairs = [(model(b.images), b.labels) for b in batches]
        logits, labels = torch.cat([p[0] for p in pairs]), torch.cat([p[1] for p in pairs])
        accuracy = (logits.argmax(1) == labels).float().mean().item()
        return {"accuracy": accuracy, "val_loss": F.cross_entropy(logits, labels).item()}


class Tempered(nn.Module):
    """The toy's objective with a temperature that is learned, and counts of what was right and of its own batches."""

    primary_metric = "accuracy"

    def __init__(self) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.tensor(2.0))
        self.register_buffer("batches", torch.tensor(0))
        self.toy = ToyObjective()

    def outputs(self, model: nn.Module, batch: Batch) -> Tensor:
        return self.toy.outputs(model, batch) / self.temperature

    def losses(self, outputs: Tensor, batch: Batch) -> Losses:
        if self.training:
            self.batches += 1
        right = (outputs.argmax(1) == batch.labels).sum()
        return Losses(self.toy.losses(outputs, batch).terms, {"right": right, "batches": 1})

    def evaluate(self, model: nn.Module, batches: Iterable[Batch]) -> dict[str, float]:
        assert not self.training
        return self.toy.evaluate(model, batches) | {"temperature": self.temperature.item()}


def toy_net(seed: int = 0, *, dropout: float = 0.2) -> nn.Module:
    seed_everything(seed)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(32, CLASSES),
    )


VAL = [images_of(7, 64), images_of(8, 64)]


def toy_fit(folder: Path, *, pause: float = 0.0, model: nn.Module | None = None, **changes: object) -> FitResult:
    """`changes` to fit's arguments; `optim` and `engine` may be dictionaries of settings."""
    engine = dataclasses.replace(ENGINE, **changes.pop("engine", {}))
    optim = dataclasses.replace(OPTIM, **changes.pop("optim", {}))
    arguments = {"objective": ToyObjective(), "train": ToyTrain(engine, pause=pause), "val": VAL} | changes
    return fit(model or toy_net(), optim=optim, engine=engine, folder=folder, **arguments)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--minutes", type=float, default=5.0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    toy_fit(args.folder, pause=args.pause, resume=args.resume, engine={"checkpoint_minutes": args.minutes})


if __name__ == "__main__":
    main()
