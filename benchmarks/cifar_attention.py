"""ResNet-18 plain, with SE and with CBAM, and the CIFAR forms of every family, under one recipe on CIFAR-10 (JPEG).

    LISSOM_DATA=FOLDER python benchmarks/cifar_attention.py [--networks NAME ...] [--width 1] [--train-images 45000]
        [--epochs 30] [--seeds 0 1 2] [--threads 2] [--device cpu] [--output FILE]

FOLDER holds cifar10_jpeg.zip. The recipe is `ours` of `lissom.tasks.classify.recipes` for all of them. CIFAR-10 (JPEG)
is a re-encoded copy: its accuracies are some ten points below those published for CIFAR-10 and compare only with each
other. Runs take turns, network by network within a seed; finished ones are kept in the output file, so that a stopped
benchmark goes on.
`attention_cost` counts what SE and CBAM add to the networks of the papers, against the claim that SE adds 2 to 10 % of
the parameters and less than 1 % of the MACs. The last line is JSON.
"""

import argparse
import json
import os
import statistics
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from cifar_recipe import one_run
from lissom import models
from lissom.device import set_threads
from lissom.profiler import count
from lissom.runs.environment import environment
from lissom.tasks.classify.recipes import ours
from lissom.tasks.classify.settings import ClassifyTrainConfig

RESNETS = ["resnet18_cifar", "se_resnet18_cifar", "cbam_resnet18_cifar"]
FORMS = [
    "mobilenetv1_cifar",
    "mobilenetv2_cifar",
    "shufflenetv1_cifar",
    "shufflenetv2_cifar",
    "ghostnet_cifar",
    "se_resnet20_cifar",
    "se_resnet56_cifar",
]
CLAIMED = {"parameters": (0.02, 0.10), "macs": (0.0, 0.01)}  # what SE adds, as course notes have it
PAIRS = [  # the plain network, and those that add attention to it
    ("resnet18", ["se_resnet18", "cbam_resnet18"]),
    ("resnet34", ["se_resnet34", "cbam_resnet34"]),
    ("resnet50", ["se_resnet50", "cbam_resnet50"]),
    ("resnet101", ["se_resnet101", "cbam_resnet101"]),
    ("resnet152", ["se_resnet152"]),
    ("resnext50_32x4d", ["se_resnext50_32x4d"]),
    ("mobilenetv1", ["se_mobilenetv1", "cbam_mobilenetv1"]),
    ("shufflenetv1", ["se_shufflenetv1"]),
    ("resnet18_cifar", ["se_resnet18_cifar", "cbam_resnet18_cifar"]),
]


def main() -> None:
    args = arguments()
    cost = attention_cost()
    if "LISSOM_DATA" not in os.environ:
        skipped = "LISSOM_DATA is not set: the folder that holds cifar10_jpeg.zip"
        print(json.dumps({"skipped": skipped, "attention_cost": cost}))
        return
    threads = set_threads(args.threads)
    results = json.loads(args.output.read_text())["runs"] if args.output.exists() else []
    for key, config in wanted(args):
        if any(key.items() <= done.items() for done in results):
            continue
        results.append(key | network_cost(config) | one_run(config, args))
        print(results[-1], flush=True)
        report = {"threads": threads, "environment": environment(), "attention_cost": cost, "runs": results}
        args.output.write_text(json.dumps(report, indent=1, default=str) + "\n")
    print(json.dumps({"networks": summary(results), "attention_cost": cost}))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", nargs="+", default=RESNETS + FORMS)
    parser.add_argument("--width", type=float, default=1.0, help="width multiplier of all networks")
    parser.add_argument("--train-images", type=int, default=45_000, help="a stratified subset of the training part")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--output", type=Path, default=Path("cifar_attention.json"))
    return parser.parse_args()


def wanted(args: argparse.Namespace) -> Iterator[tuple[dict, ClassifyTrainConfig]]:
    """Each run's key and settings; a seed's networks stand together, so that a stopped benchmark compares fairly."""
    data = str(Path(os.environ["LISSOM_DATA"]) / "cifar10_jpeg.zip")
    for seed in args.seeds:
        for network in args.networks:
            config = ours(network, data=data, epochs=args.epochs, seed=seed)
            config = replace(config, model=replace(config.model, width=args.width))
            key = {"network": network, "width": args.width, "seed": seed, "epochs": args.epochs}
            yield key | {"train_images": args.train_images}, config


def network_cost(config: ClassifyTrainConfig) -> dict[str, int]:
    with torch.device("meta"):
        model = models.build(config.model.model, num_classes=10, width=config.model.width)
    profile = count(model, resolution=32)
    return {"parameters": profile.parameters, "macs": profile.macs}


def summary(results: list[dict]) -> dict[str, dict]:
    """Cost, accuracy with its std over the seeds, and CPU time an epoch (validation included), for each network."""
    found = {}
    for key in sorted({(r["network"], r["width"], r["train_images"], r["epochs"]) for r in results}):
        network, width, images, epochs = key
        runs = [r for r in results if (r["network"], r["width"], r["train_images"], r["epochs"]) == key]
        accuracy = [round(100 * r["test_top1"], 2) for r in runs]
        found[f"{network} x{width:g}, {images} training images, {epochs} epochs"] = {
            "parameters": runs[0]["parameters"],
            "macs": runs[0]["macs"],
            "test_top1_mean": round(statistics.mean(accuracy), 2),
            "test_top1_deviation": round(statistics.stdev(accuracy), 2) if len(runs) > 1 else None,
            "test_top1_by_seed": accuracy,
            "cpu_seconds_per_epoch": round(statistics.median(r["cpu_seconds"] for r in runs) / epochs, 1),
        }
    return found


def attention_cost() -> dict[str, dict]:
    """What attention adds, as shares of the plain network, and whether SE's share is as claimed."""
    found = {}
    for plain, others in PAIRS:
        base = counted(plain)
        for name in others:
            here = counted(name)
            added = {key: round(here[key] / base[key] - 1, 5) for key in base}
            found[name] = {f"{key}_added": share for key, share in added.items()}
            if name.startswith("se_"):
                held = {key: low <= added[key] <= high for key, (low, high) in CLAIMED.items()}
                found[name] |= {f"{key}_as_claimed": so for key, so in held.items()}
    return found


def counted(name: str) -> dict[str, int]:
    entry = models.entry(name)
    with torch.device("meta"):
        model = models.build(name, num_classes=entry.num_classes)
    profile = count(model, resolution=entry.resolution)
    return {"parameters": profile.parameters, "macs": profile.macs}


if __name__ == "__main__":
    main()
