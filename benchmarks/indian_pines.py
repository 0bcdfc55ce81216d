"""HybridSN on Indian Pines by the published protocol, the published row beside ours.

    python benchmarks/indian_pines.py FOLDER [--runs 3] [--epochs 100] [--threads 2] [--output FILE]

FOLDER holds Indian_pines_corrected.mat and Indian_pines_gt.mat, from the scene's public page; nothing is fetched. The
protocol of arXiv 1902.06701: 10 % of the pixels train, drawn at random; 30 whitened principal components, learned from
the whole scene; windows of 25; Adam at 1e-3, batch 256, 100 epochs; no pixels choose an epoch. A random split leaks:
the share of test windows that hold a training pixel stands beside the accuracy. The last line is JSON.
"""

import argparse
import json
from pathlib import Path

import lissom
from lissom.config import EngineConfig
from lissom.runs.environment import environment
from lissom.tasks.scene.settings import SceneConfig

PUBLISHED = {"oa": 98.39, "aa": 98.01, "kappa": 98.16}  # table II, 10 %


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--runs-dir", type=Path, default=Path("indian_pines_runs"))
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    files = args.folder / "Indian_pines_corrected.mat", args.folder / "Indian_pines_gt.mat"
    if missing := [str(file) for file in files if not file.exists()]:
        print(json.dumps({"skipped": f"not there: {', '.join(missing)}"}))
        return
    scene = SceneConfig(
        cube=str(files[0]), ground_truth=str(files[1]), window=25, components=30, fit_on="scene",
        train_fraction=0.1, val_fraction=0.0,
    )  # fmt: skip
    engine = EngineConfig(epochs=args.epochs, batch_size=256, threads=args.threads, channels_last=False)
    config = lissom.SceneTrainConfig(scene=scene, engine=engine)
    found = lissom.train_several(config, runs=args.runs, runs_dir=args.runs_dir, name="indian-pines")
    (row,) = found["rows"]
    print(found["table"])
    ours = {score: round(100 * row[score], 2) for score in PUBLISHED}
    report = {"published": PUBLISHED, "ours": ours, "runs": args.runs, "epochs": args.epochs}
    report |= {f"{score}_std": row[f"{score}_std"] for score in PUBLISHED} | {"leaking_windows": row["leak"]}
    if args.output:
        args.output.write_text(json.dumps(report | {"environment": environment()}, indent=1, default=str) + "\n")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
