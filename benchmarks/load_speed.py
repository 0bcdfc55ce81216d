"""What many small images, many runs and many classes cost.

    python benchmarks/load_speed.py [--images 4000] [--runs 300] [--classes 5000]

Images of 64 pixels are made (40 pictures in each of 10 folders, each file with other bytes behind it), and their
headers, digests and pixels are read as `check-data classify` does for the first time, and by a plain loop of one
thread: Pillow's header, BLAKE2 of the bytes, then the decoded pixels and their digest. Runs are copies of one record.
Ratios within one run, CPU seconds of this process, median of 3. The last line is JSON.
"""

import argparse
import hashlib
import io
import json
import os
import platform
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL
import yaml
from PIL import Image

from lissom.config import to_dict
from lissom.stats.confused import confused
from lissom.tasks.classify.data.check import check
from lissom.tasks.classify.settings import ClassifyTrainConfig
from lissom.verbs.runs import list_runs

ROUNDS = 3


def make_images(folder: Path, count: int) -> None:
    rng = np.random.default_rng(0)
    for group in range(10):
        place = folder / f"class{group}"
        place.mkdir(parents=True)
        pictures = []
        for _ in range(40):
            out = io.BytesIO()
            Image.fromarray(rng.integers(0, 120, (64, 64, 3)).astype(np.uint8)).save(out, "PNG")
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


def main() -> None:
    wanted = argparse.ArgumentParser()
    for name, default in (("images", 4000), ("runs", 300), ("classes", 5000)):
        wanted.add_argument(f"--{name}", type=int, default=default)
    args = wanted.parse_args()
    with tempfile.TemporaryDirectory() as made:
        images, cache, runs = Path(made) / "images", Path(made) / "cache", Path(made) / "runs"
        make_images(images, args.images)
        make_runs(runs, args.runs)
        ours, plain, listed = [], [], []
        for _ in range(ROUNDS):
            shutil.rmtree(cache, ignore_errors=True)
            plain.append(cpu_seconds(lambda: plain_loop(images)))
            ours.append(cpu_seconds(lambda: check(str(images), cache_dir=cache)))
            listed.append(cpu_seconds(lambda: list_runs(runs)))
            print(f"plain {plain[-1]:.2f} s, check {ours[-1]:.2f} s, runs {listed[-1]:.2f} s", flush=True)
    labels = np.arange(5 * args.classes) % args.classes
    predicted = np.random.default_rng(0).integers(0, args.classes, len(labels))
    stored = len(json.dumps(confused(labels, predicted, args.classes).stored()))
    print(json.dumps({
        "images": args.images, "check_s": round(statistics.median(ours), 3),
        "plain_loop_s": round(statistics.median(plain), 3),
        "ratio": round(statistics.median(a / b for a, b in zip(ours, plain, strict=True)), 2),
        "runs": args.runs, "list_runs_s": round(statistics.median(listed), 3),
        "classes": args.classes, "confusion_bytes": stored, "dense_cells": args.classes**2,
        "cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version(),
        "pillow": PIL.__version__, "numpy": np.__version__,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
