"""A network that has learned one scene, taken to another with few labels, against the same network from scratch.

    python benchmarks/scene_transfer.py [--seeds 0 1 2] [--pixels 5 10 20] [--epochs 30] [--threads 1] [--output FILE]

Both scenes are synthetic (linear mixing, other ground and other noise, six and four classes), so that this tests the
mechanism and proves no claim about real ground. HybridSN, window 11, 14 components; the first scene trains at 10 %, the
second with so many pixels of each class; what is left of it is measured once. The last line is JSON.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import lissom
from lissom.runs.environment import environment
from lissom.tasks.scene.data.synthetic import synthetic_scene
from lissom.tasks.scene.data.writing import write_map

COMMON: dict[str, Any] = {"window": 11, "components": 14, "batch_size": 64}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--pixels", type=int, nargs="+", default=[5, 10, 20])
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    found: dict[str, dict] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        first, second = (files(folder, k, *size) for k, size in enumerate([(64, 64, 6), (56, 60, 4)]))
        common = COMMON | {"epochs": args.epochs, "threads": args.threads, "runs_dir": folder / "runs"}
        source = lissom.train("scene", **first, **common, name="source")
        for pixels in args.pixels:
            scores: dict[str, list[float]] = {"scratch": [], "transfer": []}
            for seed in args.seeds:
                asked = common | {"train_per_class": pixels, "split_seed": seed, "seed": seed, "val_fraction": 0.0}
                asked |= {"fit_on": "scene"}  # few pixels span few directions
                for variant, weights in (("scratch", None), ("transfer", source)):
                    name = f"{variant}-{pixels}-{seed}"
                    run = lissom.train("scene", **second, **asked, weights=weights, name=name)
                    scores[variant].append(round(100 * run.test["oa"], 2))
            found[str(pixels)] = {f"oa_{variant}": values for variant, values in scores.items()}
            means = {variant: statistics.fmean(values) for variant, values in scores.items()}
            found[str(pixels)]["lead_points"] = round(means["transfer"] - means["scratch"], 2)
            print(pixels, found[str(pixels)], flush=True)
    report = {"synthetic": True, "epochs": args.epochs, "seeds": args.seeds, "pixels_of_each_class": found}
    if args.output:
        args.output.write_text(json.dumps(report | {"environment": environment()}, indent=1, default=str) + "\n")
    print(json.dumps(report))


def files(folder: Path, seed: int, height: int, width: int, classes: int) -> dict[str, str]:
    """A synthetic scene of 40 bands as .npy files."""
    scene = synthetic_scene(height, width, 40, classes, seed=seed, snr_db=18)
    np.save(folder / f"cube{seed}.npy", scene.cube)
    assert scene.ground_truth is not None
    write_map(folder / f"map{seed}.npy", scene.ground_truth)
    return {"cube": str(folder / f"cube{seed}.npy"), "ground_truth": str(folder / f"map{seed}.npy")}


if __name__ == "__main__":
    main()
