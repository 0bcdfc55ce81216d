"""Networks and baselines on Salinas-A: accuracy over runs at a random and at a disjoint split, and what differs.

    LISSOM_DATA=FOLDER python benchmarks/salinas_a.py [--runs 10] [--epochs 20] [--methods hybridsn ...] [--threads 1]
        [--splits random disjoint] [--work FOLDER] [--output FILE]

FOLDER holds salinas_a/SalinasA_corrected.mat and SalinasA_gt.mat. Run k draws split and weights with seed k, the same
for every method, so that two methods are compared on the same test pixels (McNemar, run by run, between neighbours in
the table). 10 % of each class trains, a tenth of that chooses the epoch; preprocessing is learned from the training
pixels alone; HybridSN and its kin see 15 components and windows of 25; the light CNNs have more epochs, SpectralFormer
has the batch and the learning rate of its paper. Finished runs are kept in the work folder, so that a stopped benchmark
goes on. The last line is JSON.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import lissom
from lissom.runs.environment import environment
from lissom.stats.mcnemar import mcnemar

HYBRID = {"model": "hybridsn", "window": 25, "components": 15}
METHODS: dict[str, dict[str, Any]] = {
    "hybridsn": HYBRID,
    "hybridsn batch norm": HYBRID | {"options": {"batch_norm": True}},
    "hybridsn SE": HYBRID | {"options": {"attention": "se"}},
    "hybridsn CBAM": HYBRID | {"options": {"attention": "cbam"}},
    "2-D CNN": {"model": "cnn2d", "epochs": 100},
    "3-D CNN": {"model": "cnn3d", "epochs": 25},
    "1-D CNN": {"model": "cnn1d", "epochs": 150},
    "SSRN": {"model": "ssrn", "epochs": 10},
    "SpectralFormer": {"model": "spectralformer", "epochs": 40, "batch_size": 64, "lr": 5e-4},
    "SVM": {"model": "svm"},
    "random forest": {"model": "random_forest"},
    "k-NN": {"model": "knn"},
}
AT_ONCE = ("SVM", "random forest", "k-NN")
GUARD = 12  # half of the widest window, for every method, so that all are tested on the same pixels
SPLITS = ("random", "disjoint")
PROMISED_OA = 99.5  # of plain HybridSN at the random split
CLAIMED_POINTS = 2.0  # that batch norm adds, by course notes


def main() -> None:
    args = arguments()
    if "LISSOM_DATA" not in os.environ:
        print(json.dumps({"skipped": "LISSOM_DATA is not set: the folder that holds salinas_a"}))
        return
    args.work.mkdir(parents=True, exist_ok=True)
    for seed in range(args.runs):
        for split in args.splits:
            for method in args.methods:
                one_run(method, split, seed, args)
    found: dict[str, Any] = {split: table(split, args) for split in args.splits}
    found |= answers(found) | {"runs": args.runs, "epochs": args.epochs, "threads": args.threads}
    if args.output:
        args.output.write_text(json.dumps(found | {"environment": environment()}, indent=1, default=str) + "\n")
    print(json.dumps(found))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--splits", nargs="+", default=list(SPLITS), choices=SPLITS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path("salinas_a_runs"))
    parser.add_argument("--output", type=Path)
    return parser.parse_args()


def one_run(method: str, split: str, seed: int, args: argparse.Namespace) -> None:
    """Trains once, unless the result is there; keeps the figures and which test pixels were right."""
    file = kept(method, split, seed, args)
    if file.exists():
        return
    data = Path(os.environ["LISSOM_DATA"]) / "salinas_a"
    start = time.perf_counter()
    settings = {"guard": GUARD, "block": GUARD} if split == "disjoint" else {}
    settings |= {} if method in AT_ONCE else {"epochs": args.epochs}
    with tempfile.TemporaryDirectory() as folder:
        run = lissom.train(
            "scene", cube=data / "SalinasA_corrected.mat", ground_truth=data / "SalinasA_gt.mat",
            split=split, split_seed=seed, seed=seed, threads=args.threads,
            runs_dir=folder, **(settings | METHODS[method]),
        )  # fmt: skip
        test, answers = run.test, np.load(run.path / "classified.npz")
        right = (answers["predicted"] == answers["labels"])[answers["test"]]
        form = json.loads((run.path / "evaluation.json").read_text(encoding="utf-8"))["form"]
    figures = {name: test[name] for name in ("oa", "aa", "kappa", "leak", "pixels", "seconds")}
    figures |= {"train_seconds": run.record.train_seconds, "form": form, "whole_seconds": time.perf_counter() - start}
    np.savez_compressed(file, right=right, figures=json.dumps(figures))
    print(method, split, seed, {k: round(v, 4) for k, v in figures.items() if isinstance(v, float)}, flush=True)


def kept(method: str, split: str, seed: int, args: argparse.Namespace) -> Path:
    return args.work / f"{method.replace(' ', '_')}-{split}-{seed}-{args.epochs}.npz"


def table(split: str, args: argparse.Namespace) -> dict[str, Any]:
    """Each method's mean and deviation in percent, best first, and McNemar's test against the next one."""
    runs = {m: [np.load(kept(m, split, seed, args)) for seed in range(args.runs)] for m in args.methods}
    figures = {m: [json.loads(str(run["figures"])) for run in of_method] for m, of_method in runs.items()}
    order = sorted(args.methods, key=lambda m: -statistics.fmean(f["oa"] for f in figures[m]))
    rows: dict[str, Any] = {}
    for method, following in zip(order, [*order[1:], None], strict=True):
        rows[method] = {key: spread([100 * f[key] for f in figures[method]]) for key in ("oa", "aa", "kappa")}
        rows[method]["train_seconds"] = round(statistics.median(f["train_seconds"] for f in figures[method]), 1)
        rows[method]["form"] = figures[method][0]["form"]
        rows[method]["leaking_windows"] = round(statistics.fmean(f["leak"] for f in figures[method]), 4)
        if following:
            pairs = zip(runs[method], runs[following], strict=True)
            tests = [mcnemar(first["right"], second["right"]) for first, second in pairs]
            rows[method]["against_next"] = {
                "next": following,
                "runs_that_differ": sum(t.p_value < 0.05 for t in tests),
                "of_them_better": sum(t.p_value < 0.05 and t.z > 0 for t in tests),
                "median_p": round(statistics.median(t.p_value for t in tests), 4),
            }
    return {"test_pixels": figures[order[0]][0]["pixels"], "methods": rows}


def spread(values: list[float]) -> list[float]:
    """Mean and sample deviation."""
    return [round(statistics.fmean(values), 2), round(statistics.stdev(values) if len(values) > 1 else 0.0, 2)]


def answers(found: dict[str, Any]) -> dict[str, Any]:
    """Whether plain HybridSN reaches what was promised, and what batch norm adds."""
    said: dict[str, Any] = {}
    for split in found:
        rows = found[split]["methods"]
        if "hybridsn" in rows and "hybridsn batch norm" in rows:
            added = rows["hybridsn batch norm"]["oa"][0] - rows["hybridsn"]["oa"][0]
            said[f"batch_norm_adds_{split}"] = round(added, 2)
            said[f"batch_norm_claim_holds_{split}"] = added >= CLAIMED_POINTS
    if "hybridsn" in found.get("random", {}).get("methods", ()):
        said["promised_oa_reached"] = found["random"]["methods"]["hybridsn"]["oa"][0] >= PROMISED_OA
    return said


if __name__ == "__main__":
    main()
