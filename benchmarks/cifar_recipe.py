"""Our CIFAR recipe against that of the course notes, at equal epochs, on CIFAR-10 (JPEG).

    LISSOM_DATA=FOLDER python benchmarks/cifar_recipe.py [--networks mobilenetv1_cifar] [--train-images 10000]
        [--epochs 5] [--seeds 0 1 2] [--threads 2] [--output FILE]

FOLDER holds cifar10_jpeg.zip. CIFAR-10 (JPEG) is a re-encoded copy: its accuracies are some ten points below those
published for CIFAR-10 and compare only with each other. Runs take turns, ours and the notes', seed by seed; finished
ones are kept in the output file, so that a stopped benchmark goes on. The last line is JSON.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from lissom.config import cache_folder
from lissom.device import set_threads
from lissom.engine.fit import fit
from lissom.engine.processes import make_fabric
from lissom.engine.seeds import seed_everything
from lissom.events import silent
from lissom.runs.environment import environment
from lissom.runs.weights import load_weights
from lissom.tasks.classify.data.batches import EvalBatches, TrainBatches
from lissom.tasks.classify.data.images import ImageData, ImageSet, load
from lissom.tasks.classify.data.splits import carve
from lissom.tasks.classify.objective import Classify
from lissom.tasks.classify.prepare import build_model
from lissom.tasks.classify.recipes import course_notes, ours
from lissom.tasks.classify.settings import ClassifyTrainConfig

RECIPES = {"ours": ours, "course_notes": course_notes}


def main() -> None:
    args = arguments()
    if "LISSOM_DATA" not in os.environ:
        print(json.dumps({"skipped": "LISSOM_DATA is not set: the folder that holds cifar10_jpeg.zip"}))
        return
    threads = set_threads(args.threads)
    data_file = Path(os.environ["LISSOM_DATA"]) / "cifar10_jpeg.zip"
    results = json.loads(args.output.read_text())["runs"] if args.output.exists() else []
    for seed in args.seeds:
        for network in args.networks:
            for name, recipe in RECIPES.items():
                key = {"network": network, "recipe": name, "seed": seed, "epochs": args.epochs}
                key["train_images"] = args.train_images
                if any(key.items() <= done.items() for done in results):
                    continue
                results.append(key | one_run(recipe(network, data=str(data_file), epochs=args.epochs, seed=seed), args))
                print(results[-1], flush=True)
                report = {"threads": threads, "environment": environment(), "runs": results}
                args.output.write_text(json.dumps(report, indent=1, default=str) + "\n")
    print(json.dumps(summary(results)))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", nargs="+", default=["mobilenetv1_cifar", "mobilenetv2_cifar"])
    parser.add_argument("--train-images", type=int, default=45_000, help="a stratified subset of the training part")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--output", type=Path, default=Path("cifar_recipe.json"))
    return parser.parse_args()


def one_run(config: ClassifyTrainConfig, args: argparse.Namespace) -> dict[str, float]:
    """Trains once and reads the test set once, with the weights that were best on the validation images."""
    config = replace(config, engine=replace(config.engine, device=args.device, threads=args.threads))
    data = subset(load(config.data, cache_dir=cache_folder()), args.train_images)
    engine, fabric = config.engine, make_fabric(config.engine)
    seed_everything(engine.seed)
    model = build_model(config, num_classes=10, in_channels=3)
    batches = TrainBatches(
        data,
        data,
        config.augment,
        batch_size=engine.batch_size,
        parts=1,
        seed=engine.seed,
        device=fabric.device,
        channels_last=True,
        num_classes=10,
        balance="none",
    )
    val, test = (
        EvalBatches(s, data, batch_size=500, device=fabric.device, channels_last=True) for s in (data.val, data.test)
    )
    objective = Classify(label_smoothing=config.optim.label_smoothing)
    with tempfile.TemporaryDirectory() as folder:
        start, cpu_start = time.perf_counter(), time.process_time()
        result = fit(
            model, objective, batches, val,
            optim=config.optim, engine=engine, folder=Path(folder), fabric=fabric, listener=silent,
        )  # fmt: skip
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
        load_weights(model, Path(folder) / "best.safetensors")
    return {
        "test_top1": objective.evaluate(model.to(fabric.device), test)["top1"],
        "val_top1_by_epoch": [round(row["top1"], 4) for row in result.history],
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1),
    }


def subset(data: ImageData, images: int) -> ImageData:
    """The same data with a stratified part of training and validation images, the same for every recipe and seed."""
    if images >= len(data.train):
        return data
    share = images / len(data.train)
    return replace(data, train=part(data.train, share), val=part(data.val, share))


def part(images: ImageSet, share: float) -> ImageSet:
    _, kept = carve(np.arange(len(images)), images.labels, fraction=share, seed=0)
    return replace(
        images, indices=images.indices[kept], labels=images.labels[kept], names=[images.names[i] for i in kept]
    )


def summary(results: list[dict]) -> dict:
    """Mean and std over the seeds, and by how many points ours leads, for each network and size of training set."""
    found = {}
    for network, images in sorted({(r["network"], r["train_images"]) for r in results}):
        rows = {
            name: [r for r in results if (r["network"], r["train_images"], r["recipe"]) == (network, images, name)]
            for name in RECIPES
        }
        if not all(rows.values()):
            continue
        figures = {
            name: {
                "test_top1_mean": round(100 * statistics.mean(r["test_top1"] for r in runs), 2),
                "test_top1_by_seed": [round(100 * r["test_top1"], 2) for r in runs],
                "seconds_mean": round(statistics.mean(r["seconds"] for r in runs), 1),
                "epochs": runs[0]["epochs"],
            }
            for name, runs in rows.items()
        }
        lead = figures["ours"]["test_top1_mean"] - figures["course_notes"]["test_top1_mean"]
        found[f"{network}, {images} training images"] = figures | {"lead_points": round(lead, 2), "reached": lead >= 3}
    return found


if __name__ == "__main__":
    main()
