"""Training speed against a plain PyTorch loop: images per second, interleaved, with the share of each measure.

    LISSOM_DATA=FOLDER python benchmarks/train_speed.py [--model mobilenetv1_cifar] [--steps 40] [--rounds 3]

FOLDER holds cifar10_jpeg.zip. The plain loop is what most people write: the images in memory as a CIFAR-style data
set, PIL, RandomCrop and flip of torchvision, a DataLoader with two workers, float32, contiguous. Each variant is a
process of its own, because memory settings last for a process; the variants take turns, round by round. Ours is timed
through `lissom.engine.fit`, with its logging, checks and schedule. The last line is JSON.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

BATCH = 128
WARMUP = 8  # steps
# each variant adds one measure to the one before; bf16 and compile are added to the third, each alone
VARIANTS = ("plain", "cache_batched", "channels_last", "memory", "memory_bf16", "memory_compile")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="mobilenetv1_cifar")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--variant", choices=VARIANTS, help="run this one alone and print its images per second")
    args = parser.parse_args()
    if args.variant:
        print(plain(args) if args.variant == "plain" else ours(args))
        return
    if "LISSOM_DATA" not in os.environ:
        print(json.dumps({"skipped": "LISSOM_DATA is not set: the folder that holds cifar10_jpeg.zip"}))
        return
    speeds: dict[str, list[float]] = {name: [] for name in VARIANTS}
    for number in range(args.rounds):
        for name in VARIANTS:
            command = [sys.executable, __file__, "--model", args.model, "--steps", str(args.steps), "--variant", name]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            speeds[name].append(float(out.split()[-1]))
            print(f"round {number + 1}: {name:<16} {speeds[name][-1]:8.1f} images/s", flush=True)
    print(json.dumps(summary(args, speeds)))


def summary(args: argparse.Namespace, speeds: dict[str, list[float]]) -> dict[str, Any]:
    """Ratios are formed within a round and then the median taken, so that a drift of the machine cancels."""
    ratios = {
        name: round(statistics.median(a / b for a, b in zip(values, speeds["plain"], strict=True)), 3)
        for name, values in speeds.items()
    }
    return {
        "model": args.model,
        "batch": BATCH,
        "steps": args.steps,
        "rounds": args.rounds,
        "cores": os.cpu_count(),
        "images_per_second": {name: [round(v, 1) for v in values] for name, values in speeds.items()},
        "times_plain": ratios,
        "float32_reached": max(ratios[n] for n in ("memory", "memory_compile")) >= 1.5,
    }


def data_config() -> Any:
    from lissom.tasks.classify.settings import DataConfig

    return DataConfig(data=str(Path(os.environ["LISSOM_DATA"]) / "cifar10_jpeg.zip"), resolution=32)


def plain(args: argparse.Namespace) -> float:
    """The loop that most people write; images per second after the warm-up."""
    import torch
    from PIL import Image
    from torch.utils.data import DataLoader, Dataset
    from torchvision import transforms

    from lissom import models
    from lissom.config import cache_folder
    from lissom.tasks.classify.data.images import load

    data = load(data_config(), cache_dir=cache_folder())
    count = (args.steps + WARMUP) * BATCH
    array = data.train.pixels(range(count)).permute(0, 2, 3, 1).contiguous().numpy()

    class Cifar(Dataset):
        def __init__(self) -> None:
            self.transform = transforms.Compose(
                [
                    transforms.RandomCrop(32, padding=4),
                    transforms.RandomHorizontalFlip(),
                    transforms.ToTensor(),
                    transforms.Normalize(data.mean, data.std),
                ]
            )

        def __len__(self) -> int:
            return count

        def __getitem__(self, index: int) -> tuple[Any, int]:
            return self.transform(Image.fromarray(array[index])), int(data.train.labels[index])

    loader = DataLoader(Cifar(), batch_size=BATCH, shuffle=True, num_workers=2)
    model = models.build(args.model, num_classes=10)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-4)
    model.train()
    start = 0.0
    for step, (images, labels) in enumerate(loader):
        if step == WARMUP:
            start = time.perf_counter()
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return args.steps * BATCH / (time.perf_counter() - start)


class Timed:
    """A number of training batches, and the time when the warm-up was over."""

    def __init__(self, batches: Any, steps: int) -> None:
        self.batches, self.steps_per_epoch, self.start = batches, steps, 0.0

    def epoch(self, epoch: int, *, start_step: int = 0, parts: range) -> Any:
        for step, batch in enumerate(islice(self.batches.epoch(epoch, parts=parts), self.steps_per_epoch)):
            if step == WARMUP:
                self.start = time.perf_counter()
            yield batch
        self.seconds = time.perf_counter() - self.start


def ours(args: argparse.Namespace) -> float:
    """The same network and batch through our data and engine; images per second after the warm-up."""
    import lissom.engine.fit as engine_fit
    from lissom import models
    from lissom.config import EngineConfig, OptimConfig, cache_folder
    from lissom.engine.processes import make_fabric
    from lissom.events import silent
    from lissom.tasks.classify.data.batches import TrainBatches
    from lissom.tasks.classify.data.images import load
    from lissom.tasks.classify.objective import Classify
    from lissom.tasks.classify.settings import AugmentConfig

    variant = args.variant
    if not variant.startswith("memory"):
        engine_fit.keep_memory = lambda *_: None  # type: ignore[assignment]
    engine = EngineConfig(
        epochs=1,
        batch_size=BATCH,
        device="cpu",
        channels_last=variant != "cache_batched",
        precision="bf16" if variant.endswith("bf16") else "32",
        compile=variant.endswith("compile"),
        checkpoint_minutes=60,
    )
    data = load(data_config(), cache_dir=cache_folder())
    fabric = make_fabric(engine)
    batches = TrainBatches(
        data,
        data,
        AugmentConfig(crop=4, flip=True),
        batch_size=BATCH,
        parts=1,
        seed=0,
        device=fabric.device,
        channels_last=engine.channels_last,
        num_classes=10,
        balance="none",
    )
    validation = [next(batches.epoch(0, parts=range(1)))[0]]  # one batch: the epoch's end is not what is timed
    timed = Timed(batches, args.steps + WARMUP)
    with tempfile.TemporaryDirectory() as folder:
        engine_fit.fit(
            models.build(args.model, num_classes=10), Classify(), timed, validation,
            optim=OptimConfig(lr=0.01), engine=engine, folder=Path(folder), fabric=fabric, listener=silent,
        )  # fmt: skip
    return args.steps * BATCH / timed.seconds


if __name__ == "__main__":
    main()
