"""A network trained on eight classes, taken to the other two with 50 images of each, against one from scratch.

    python benchmarks/transfer.py [--data digits|FILE] [--epochs 8] [--tune-epochs 12] [--seeds 0 1 2] [--output FILE]

FILE: CIFAR-10 (JPEG) as LISSOM_DATA/cifar10_jpeg.zip, or any archive of ten class folders. For each seed the network
learns the first eight classes; then every variant learns the last two from the same 100 images (a fifth of which choose
the best epoch), in as many epochs and steps, with the same settings but for what its name says:

    scratch   random weights
    all       the weights of the eight classes, everything trained
    head_all  the same, the classifier alone for a quarter of the epochs, then all with layer decay 0.75
    head      the same, the classifier alone

The test images of the two classes, all that are left of them, are read once for each run. The last line is JSON.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import lissom
from lissom.config import cache_folder
from lissom.runs.environment import environment
from lissom.tasks.classify.data.sources import open_source

NEW = 2  # classes that the first network does not see
SHOTS = 50  # images of each of them to learn from
MOST = 1000  # images of a class at most, so that a large data set takes minutes


def main() -> None:
    args = arguments()
    runs = []
    for seed in args.seeds:
        with tempfile.TemporaryDirectory() as folder:
            runs += one_seed(seed, Path(folder), args)
        print(runs[-1], flush=True)
    found = summary(runs)
    if args.output:
        report = {"settings": vars(args) | {"output": None}, "environment": environment(), "runs": runs, **found}
        args.output.write_text(json.dumps(report, indent=1, default=str) + "\n")
    print(json.dumps(found))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default="digits")
    parser.add_argument("--model", default="mobilenetv1_cifar")
    parser.add_argument("--width", type=float, default=0.5)
    parser.add_argument("--epochs", type=int, default=8, help="on the eight classes")
    parser.add_argument("--tune-epochs", type=int, default=12, help="on the other two")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path)
    return parser.parse_args()


def one_seed(seed: int, folder: Path, args: argparse.Namespace) -> list[dict[str, Any]]:
    """Trains on the first classes, then every variant on the others; a row for each."""
    write_folders(args.data, folder, np.random.default_rng(seed))
    shared: dict[str, Any] = {"model": args.model, "width": args.width, "seed": seed, "threads": args.threads}
    shared |= {"runs_dir": folder / "runs", "cache_dir": folder / "cache", "flip": "digits" not in args.data}
    first = lissom.train("classify", data=folder / "first", name="first", epochs=args.epochs, batch_size=64, **shared)
    tuned = {"weights": first}
    variants = {
        "scratch": {},
        "all": tuned,
        "head_all": tuned | {"head_epochs": args.tune_epochs // 4, "layer_decay": 0.75},
        "head": tuned | {"freeze": True},
    }
    rows = []
    for name, settings in variants.items():
        began = time.perf_counter()
        run = lissom.train(
            "classify", data=folder / "other", name=name, epochs=args.tune_epochs, batch_size=16, val_fraction=0.2,
            **shared, **settings,
        )  # fmt: skip
        row = {"variant": name, "seed": seed, "test_top1": run.test["top1"], "test_images": run.test["images"]}
        rows.append(row | {"seconds": round(time.perf_counter() - began, 1), "first_top1": first.test["top1"]})
    return rows


def write_folders(spec: str, folder: Path, draw: np.random.Generator) -> None:
    """`first/class/N.png` of all classes but the last two; `other/train` and `other/test` of these."""
    source = open_source(spec, cache_dir=cache_folder())
    classes = len(source.class_names)
    for label in range(classes):
        places = draw.permutation(np.flatnonzero(source.labels == label))[:MOST]
        for number, place in enumerate(places):
            part = "first" if label < classes - NEW else f"other/{'train' if number < SHOTS else 'test'}"
            write_image(source.read(int(place)), folder / part / str(source.class_names[label]) / f"{number}.png")


def write_image(data: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(data, bytes):
        path.write_bytes(data)
        return
    image = Image.fromarray(data[..., 0] if data.shape[2] == 1 else data)
    image.resize((32, 32), Image.Resampling.BILINEAR).save(path)


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and each seed's test accuracy of every variant, and by how many points the best of them leads scratch."""
    figures = {}
    for name in dict.fromkeys(run["variant"] for run in runs):
        values = [round(100 * run["test_top1"], 2) for run in runs if run["variant"] == name]
        figures[name] = {"test_top1_mean": round(statistics.mean(values), 2), "test_top1_by_seed": values}
    scratch = figures["scratch"]["test_top1_mean"]
    leads = {name: round(f["test_top1_mean"] - scratch, 2) for name, f in figures.items() if name != "scratch"}
    return {"variants": figures, "lead_points": leads, "reached": leads["all"] > 0 and leads["head_all"] > 0}


if __name__ == "__main__":
    main()
