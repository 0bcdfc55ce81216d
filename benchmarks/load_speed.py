"""What many small images, many runs and many classes cost.

    python benchmarks/load_speed.py [--images 4000] [--side 64] [--runs 300] [--classes 5000] [--rounds 3]
                                    [--before SRC]

Images are made (40 pictures in each of 10 folders, each file with other bytes behind it). Two commands look at them for
the first time, each as a process of its own: `check-data classify`, and `train classify --dry-run`, which is all that a
training does before its first step. A plain loop of one thread stands beside them: Pillow's header, BLAKE2 of the
bytes, then the decoded pixels and their digest. `--before` is the folder `src` of another version, whose commands take
turns with ours. Runs are copies of one record. CPU seconds with those of all processes that are started, wall seconds
of the commands; medians of the rounds, and of the ratios within one. The last line is JSON.
"""

import argparse
import hashlib
import io
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import PIL
import yaml
from PIL import Image

from lissom.config import to_dict
from lissom.stats.confused import confused
from lissom.tasks.classify.settings import ClassifyTrainConfig
from lissom.verbs.runs import list_runs

OURS = Path(__file__).resolve().parent.parent / "src"


def make_images(folder: Path, count: int, side: int) -> None:
    rng = np.random.default_rng(0)
    for group in range(10):
        place = folder / f"class{group}"
        place.mkdir(parents=True)
        pictures = []
        for _ in range(40):
            out = io.BytesIO()
            Image.fromarray(rng.integers(0, 120, (side, side, 3)).astype(np.uint8)).save(out, "PNG")
            pictures.append(out.getvalue())
        for number in range(count // 10):
            (place / f"{number:05d}.png").write_bytes(pictures[number % 40] + b"%07d" % number)


def plain_loop(folder: Path) -> None:
    """Two passes, as data of more than 8 bits needs: headers and digests first, then pixels."""
    paths = sorted(folder.glob("*/*.png"))
    for path in paths:
        data = path.read_bytes()
        hashlib.blake2b(data, digest_size=16).hexdigest()
        with Image.open(io.BytesIO(data)) as image:
            image.size  # noqa: B018
    for path in paths:
        with Image.open(path) as image:
            hashlib.blake2b(np.asarray(image.convert("RGB")).tobytes(), digest_size=16).digest()


def make_runs(folder: Path, count: int) -> None:
    facts = {"class_names": ["a", "b"], "mean": [0.5], "std": [0.2], "resolution": 8, "in_channels": 1}
    data = {"source": "photos", "digest": "d", "sizes": {"train": 3}}
    record = {"format": 4, "lissom": "0", "task": "classify", "status": "finished", "network": "net", "parameters": 7,
              "macs": 9, "data": data, "facts": facts, "test": {"top1": 0.5}}  # fmt: skip
    config = yaml.safe_dump(to_dict(ClassifyTrainConfig()), sort_keys=False)
    for number in range(count):
        place = folder / f"run{number}"
        place.mkdir(parents=True)
        (place / "run.json").write_text(json.dumps(record), encoding="utf-8")
        (place / "config.yaml").write_text(config, encoding="utf-8")


def cpu_seconds(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def command(source: Path, images: Path, words: Sequence[str]) -> tuple[float, float]:
    """CPU and wall seconds of a command of the version in `source`, whose cache is empty."""
    with tempfile.TemporaryDirectory() as cache:
        environ = {**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
        argv = [sys.executable, "-m", "lissom", *words, "--cache-dir", cache]
        begun, used = time.perf_counter(), _of_children()
        subprocess.run(
            argv, env=environ, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=images.parent
        )
        return _of_children() - used, time.perf_counter() - begun


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def compared(images: Path, before: Path | None, rounds: int) -> dict[str, float]:
    """Seconds of both commands, and how much of the version before they take."""
    network = ["--model", "mobilenetv1_cifar", "--width", "0.1", "--batch-size", "512", "--threads", "1"]
    commands = {
        "check": ["check-data", "classify", str(images)],
        "start": ["train", "classify", "--data", str(images), *network, "--dry-run"],
    }
    found = {}
    for name, words in commands.items():
        seen = []
        for _ in range(rounds):
            old = command(before, images, words) if before else (0.0, 0.0)
            seen.append((*command(OURS, images, words), *old))
            print(
                name,
                "CPU and wall of ours, of the version before:",
                *(f"{each:.2f}" for each in seen[-1]),
                flush=True,
            )
        for at, kind in enumerate(("cpu", "wall")):
            found[f"{name}_{kind}_s"] = round(statistics.median(each[at] for each in seen), 2)
            if before:
                found[f"{name}_{kind}_before_s"] = round(statistics.median(each[at + 2] for each in seen), 2)
                found[f"{name}_{kind}_ratio"] = round(statistics.median(each[at] / each[at + 2] for each in seen), 2)
    return found


def main() -> None:
    wanted = argparse.ArgumentParser()
    for name, default in (("images", 4000), ("side", 64), ("runs", 300), ("classes", 5000), ("rounds", 3)):
        wanted.add_argument(f"--{name}", type=int, default=default)
    wanted.add_argument("--before", type=Path)
    args = wanted.parse_args()
    with tempfile.TemporaryDirectory() as made:
        images, runs = Path(made) / "images", Path(made) / "runs"
        make_images(images, args.images, args.side)
        make_runs(runs, args.runs)
        commands = compared(images, args.before and args.before.resolve(), args.rounds)
        plain, listed = [], []
        for _ in range(args.rounds):
            plain.append(cpu_seconds(lambda: plain_loop(images)))
            listed.append(cpu_seconds(lambda: list_runs(runs)))
    labels = np.arange(5 * args.classes) % args.classes
    predicted = np.random.default_rng(0).integers(0, args.classes, len(labels))
    stored = len(json.dumps(confused(labels, predicted, args.classes).stored()))
    print(json.dumps({
        "images": args.images, "side": args.side, **commands,
        "plain_loop_s": round(statistics.median(plain), 3),
        "runs": args.runs, "list_runs_s": round(statistics.median(listed), 3),
        "classes": args.classes, "confusion_bytes": stored, "dense_cells": args.classes**2,
        "cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version(),
        "pillow": PIL.__version__, "numpy": np.__version__,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
