"""Whether a detector learns coco128's 128 training images: from published backbone weights and from scratch.

    LISSOM_DATA=FOLDER python benchmarks/detect_coco128.py [--model yolo_mobilenetv2] [--epochs 36] [--resolution 320]
        [--starts weights scratch] [--threads 2] [--work FOLDER] [--output FILE]

FOLDER holds coco128/coco128.yaml and weights/mobilenet_v2-b0353104.pth. Both trainings have the same budget, no image
chooses an epoch, and what is measured are the images of training: it shows that loss, assignment, augmentation and
decoding agree, and says nothing of images never seen. A stopped training is resumed by the same command. The last line
is JSON.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import lissom
from lissom.runs.environment import environment

WEIGHTS = "mobilenet_v2-b0353104.pth"
SEED = 0
SETTINGS: dict[str, Any] = {
    "val_fraction": 0.0, "seed": SEED, "batch_size": 8, "nominal_batch": 8, "lr": 2e-3, "weight_decay": 5e-4,
    "warmup_epochs": 2.0, "ema": 0.99, "mosaic": 0.0, "scale": 0.2, "translate": 0.05, "workers": 0,
}  # fmt: skip


def main() -> None:
    args = arguments()
    if "LISSOM_DATA" not in os.environ:
        print(json.dumps({"skipped": "LISSOM_DATA is not set: the folder that holds coco128 and weights"}))
        return
    rows = {start: one_run(start, args) for start in args.starts}
    found = {
        "model": args.model,
        "resolution": args.resolution,
        "epochs": args.epochs,
        "settings": SETTINGS,
        "runs": rows,
        "threads": args.threads,
        "environment": environment(),
    }
    if args.output:
        args.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="yolo_mobilenetv2")
    parser.add_argument("--epochs", type=int, default=36)
    parser.add_argument("--resolution", type=int, default=320)
    parser.add_argument("--starts", nargs="+", choices=("weights", "scratch"), default=["weights", "scratch"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "lissom-coco128")
    parser.add_argument("--output", type=Path)
    return parser.parse_args()


def one_run(start: str, args: argparse.Namespace) -> dict[str, Any]:
    """Trains it, or goes on with it, and measures it on the images that it was trained on."""
    data, name = Path(os.environ["LISSOM_DATA"]), f"{args.model}_{start}_{args.resolution}_{args.epochs}"
    folder = args.work / name
    if folder.exists() and lissom.open_run(folder).record.status != "finished":
        lissom.resume(folder)
    elif not folder.exists():
        lissom.train(
            "detect",
            data=str(data / "coco128" / "coco128.yaml"),
            model=args.model,
            weights=str(data / "weights" / WEIGHTS) if start == "weights" else None,
            resolution=args.resolution,
            epochs=args.epochs,
            threads=args.threads,
            runs_dir=str(args.work),
            name=name,
            **SETTINGS,
        )
    run, reached = lissom.open_run(folder), lissom.evaluate(folder, split="train", threads=args.threads)
    print(f"{start}: mAP50 {reached['map50']:.3f}, mAP50-95 {reached['map50_95']:.3f} on the images of training")
    return {
        "map50": reached["map50"],
        "map50_95": reached["map50_95"],
        "train_seconds": run.record.train_seconds,
        "loaded": None if run.record.weights is None else [str(told) for told in run.record.weights.notes],
    }


if __name__ == "__main__":
    main()
