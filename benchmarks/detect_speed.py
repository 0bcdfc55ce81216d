"""How long light detectors take in ONNX Runtime on one thread, beside the stock n-shaped network at the same input.

    python benchmarks/detect_speed.py [--sides 320 416] [--repeats 60] [--output FILE]

Random weights, 80 classes, one image, boxes and scores decoded in the file, suppression not counted. All networks take
turns in one process, in an order shuffled for each round. `ratio` is the stock network's median over the network's own:
2 means half the time. `costly` names the operators that take most of a network's time at the smaller side, with the
shape of what they give. The last line is JSON.
"""

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch

from lissom import models
from lissom.deploy.onnx import export_onnx
from lissom.deploy.runner import Runner
from lissom.profiler.counting import count
from lissom.runs.environment import environment
from lissom.tasks.detect.facts import DetectFacts
from lissom.tasks.detect.scored import Scored
from lissom.timing.harness import latency

CLASSES = 80
STOCK = "yolov5n"
NETWORKS: dict[str, dict[str, Any]] = {
    STOCK: {},
    "light_mobilenetv3_small": {},
    "light_lcnet x0.5, neck 64": {"width": 0.5, "neck_channels": 64},
    "light_shufflenetv2 x0.5, neck 64": {"width": 0.5, "neck_channels": 64},
    "light_lcnet": {},
    "light_shufflenetv2": {},
    "light_ghostnet": {},
    "light_mobilenetv2": {},
    "yolo_mobilenetv3_small": {},
    "yolo_mobilenetv3_small, light neck": {"neck": "light"},
}
MOST = 4  # operators that are named


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sides", nargs="+", type=int, default=[320, 416])
    parser.add_argument("--repeats", type=int, default=60)
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        files = {name: exported(name, Path(folder)) for name in NETWORKS}
        rows = {
            name: {"parameters": parameters, "macs": {}, "ms": {}, "ratio": {}}
            for name, (_, parameters) in files.items()
        }
        for side in args.sides:
            image = np.random.default_rng(0).random((1, 3, side, side), np.float32)
            runners = {name: Runner(file, threads=1) for name, (file, _) in files.items()}
            calls = {name: (lambda run=run, image=image: run(image)) for name, run in runners.items()}
            times = latency(calls, repeats=args.repeats, threads=1)
            for name, row in rows.items():
                row["macs"][side] = macs(name, side)
                row["ms"][side] = round(times[name].median_ms, 2)
                row["ratio"][side] = round(times[STOCK].median_ms / times[name].median_ms, 2)
        for name, (file, _) in files.items():
            rows[name]["costly"] = costly(file, min(args.sides))
    for name, row in rows.items():
        print(name, json.dumps(row))
    found = {"networks": rows, "repeats": args.repeats, "classes": CLASSES, "environment": environment()}
    found["onnxruntime"] = onnxruntime.__version__
    if args.output:
        args.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found))


def built(name: str) -> Any:
    torch.manual_seed(0)
    return models.build(name.split(" ")[0].rstrip(","), num_classes=CLASSES, **NETWORKS[name]).eval()


def macs(name: str, side: int) -> int:
    return count(built(name), resolution=side, in_channels=3).macs


def exported(name: str, folder: Path) -> tuple[Path, int]:
    """The file, which takes any side, and the network's parameters."""
    model = built(name)
    strides = tuple(level.stride for level in model.pyramid)
    anchors = tuple(((8.0 * stride,) * 2,) * 3 for stride in strides) if hasattr(model.head, "anchors") else ()
    facts = DetectFacts(
        class_names=tuple(map(str, range(CLASSES))), resolution=640, strides=strides, anchors=anchors, multiple=32
    )
    about = {"task": "detect", "facts": {}, "network": name, "weights": ""}
    file = export_onnx(
        Scored(model, facts).eval(),
        folder / f"{len(list(folder.iterdir()))}.onnx",
        inputs={"images": (3, 64, 64)},
        outputs=("boxes", "scores"),
        about=about,
        steps={2: 32, 3: 32},
    )
    return file, sum(parameter.numel() for parameter in model.parameters())


def costly(file: Path, side: int) -> list[str]:
    """Operators by their share of the time, the dearest first."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.enable_profiling = 1, True
    options.profile_file_prefix = str(file.with_suffix(""))
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    for _ in range(10):
        session.run(None, {"images": np.zeros((1, 3, side, side), np.float32)})
    events = json.loads(Path(session.end_profiling()).read_text())
    spent: Counter[str] = Counter()
    for event in events:
        about = event.get("args", {})
        if event.get("cat") == "Node" and "op_name" in about:
            weights, given = (
                [shape for each in about.get(f"{end}_type_shape", []) for shape in each.values()]
                for end in ("input", "output")
            )
            spent[f"{about['op_name']} {weights[1:2]} -> {given[:1]}"] += event["dur"]
    total = sum(spent.values())
    return [f"{100 * time / total:.0f} % {name}" for name, time in spent.most_common(MOST)]


if __name__ == "__main__":
    main()
