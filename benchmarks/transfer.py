"""ImageNet's weights taken to few photos: a frozen trunk against training everything, and what decides between them.

    LISSOM_DATA=FOLDER python benchmarks/transfer.py [--shots 25] [--epochs 8] [--seeds 0 1 2] [--output FILE]

LISSOM_DATA: a folder that holds cifar10_jpeg.zip and weights/mobilenet_v2-b0353104.pth (torchvision's MobileNetV2).
Each seed draws so many photos of each of the ten classes (a fifth of them choose the epoch), other 40 of each from the
test part, and the weights that are random. All variants see the same photos, in as many epochs of batches of 16, with
the settings of `train classify` but for what stands in VARIANTS. The test photos are read once for each run. The last
line is JSON.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

import lissom
from lissom.runs.environment import environment

TESTED = 40  # test photos of each class
FULL = {"lr": 5e-4}  # a quarter of the default, which is for weights that are random
VARIANTS: dict[str, dict[str, Any]] = {
    "scratch": {"weights": None},
    "head": {"freeze": True},
    "all": FULL,
    "all_anew": FULL | {"norm_warmup": True},
    "head_all": FULL | {"head_epochs": 2, "layer_decay": 0.75},
    "all_lr_default": {},
    "head_32": {"freeze": True, "resolution": 32},
    "all_32": FULL | {"resolution": 32},
}


def main() -> None:
    args = arguments()
    if "LISSOM_DATA" not in os.environ:
        print(json.dumps({"skipped": "LISSOM_DATA is not set: the folder of cifar10_jpeg.zip and weights/"}))
        return
    data, runs = Path(os.environ["LISSOM_DATA"]), []
    for seed in args.seeds:
        with tempfile.TemporaryDirectory() as folder:
            draw_photos(data / "cifar10_jpeg.zip", Path(folder) / "photos", args.shots, np.random.default_rng(seed))
            for variant in args.variants:
                runs.append(one_run(variant, seed, Path(folder), data / "weights/mobilenet_v2-b0353104.pth", args))
                print(json.dumps(runs[-1]), flush=True)
        if args.output:
            write(args, runs)
    print(json.dumps(summary(runs)))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--shots", type=int, default=25, help="training photos of each class")
    parser.add_argument("--resolution", type=int, default=96)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=[*VARIANTS])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path)
    return parser.parse_args()


def draw_photos(archive: Path, folder: Path, shots: int, draw: np.random.Generator) -> None:
    """`folder/train/class/N.jpg` and `folder/test/class/N.jpg`, each from its own part of the archive."""
    with zipfile.ZipFile(archive) as photos:
        names = defaultdict(list)
        for name in sorted(photos.namelist()):
            if name.endswith(".jpg"):
                names[tuple(name.split("/")[-3:-1])].append(name)
        for (part, label), found in names.items():
            for name in draw.choice(found, shots if part == "train" else TESTED, replace=False):
                path = folder / part / label / Path(name).name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(photos.read(name))


def one_run(variant: str, seed: int, folder: Path, weights: Path, args: argparse.Namespace) -> dict[str, Any]:
    """One training by the verb; best epoch and the loss that it ended with tell how far it got."""
    began = time.perf_counter()
    settings = {"weights": str(weights), "resolution": args.resolution} | VARIANTS[variant]
    run = lissom.train(
        "classify", model="mobilenetv2", data=folder / "photos", name=variant, seed=seed, epochs=args.epochs,
        batch_size=16, val_fraction=0.2, threads=args.threads, device="cpu", workers=0,
        runs_dir=folder / "runs", cache_dir=folder / "cache", **settings,
    )  # fmt: skip
    row = {"variant": variant, "seed": seed, "test_top1": round(100 * run.test["top1"], 2)}
    row |= {"test_photos": run.test["images"], "best_epoch": run.record.best_epoch}
    row["train_loss"] = round(run.history[-1]["train_loss"], 3)
    return row | {"seconds": round(time.perf_counter() - began, 1)}


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and each seed's test accuracy of every variant, and its lead in points over the frozen trunk, by seed."""
    top1: dict[str, dict[int, float]] = defaultdict(dict)
    for run in runs:
        top1[run["variant"]][run["seed"]] = run["test_top1"]
    figures: dict[str, Any] = {}
    for name, values in top1.items():
        figures[name] = {"test_top1_mean": round(statistics.fmean(values.values()), 2), "by_seed": values}
        frozen = top1.get("head", {})
        figures[name]["over_frozen"] = {s: round(value - frozen[s], 2) for s, value in values.items() if s in frozen}
    return {"variants": figures}


def write(args: argparse.Namespace, runs: list[dict[str, Any]]) -> None:
    settings = {name: value for name, value in vars(args).items() if name != "output"} | {"variants": VARIANTS}
    report = {"settings": settings, "environment": environment(), "runs": runs, **summary(runs)}
    args.output.write_text(json.dumps(report, indent=1, default=str) + "\n")


if __name__ == "__main__":
    main()
