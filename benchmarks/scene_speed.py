"""Whole-scene prediction by HybridSN: ours against windows in plain PyTorch; its memory and time as the scene grows.

    python benchmarks/scene_speed.py [--threads 2] [--rounds 5] [--cpu] [--output FILE]

145 x 145 pixels, 30 components, window 25, 16 classes, random weights: Indian Pines' size. The plain way: inference
mode, float32, contiguous weights, windows cut as views of the padded scene; timed on 2,048 pixels at batch 128 and 256
at batch 1 and scaled to all. Ours counts everything from the scene to the logits, kernel transforms too, and takes
turns with the plain way in one process; `--cpu` counts the seconds of its processor, not of the clock: for one thread
on a machine that has other work. Peak memory is the growth of the resident set over network and scene, in a
process of its own. The last line is JSON.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from lissom.device import set_threads
from lissom.models import build
from lissom.models.dense import SceneLogits
from lissom.models.window_net import WindowNet
from lissom.runs.environment import environment

SIDE, BANDS, WINDOW, CLASSES = 145, 30, 25, 16
SAMPLED = {128: 2048, 1: 256}  # pixels timed at each batch size
ROWS = (145, 500, 1000, 2000)  # of a scene 145 wide


def main() -> None:
    args = arguments()
    if args.memory_of:
        print(json.dumps(measured_memory(args.memory_of, args.threads)))
        return
    threads = set_threads(args.threads)
    model, scene = network(), torch.randn(BANDS, SIDE, SIDE)
    found = speed(model, scene, args.rounds, time.process_time if args.cpu else time.perf_counter)
    found |= {"peak_memory_mb": None, "rows": []}
    for rows in ROWS:
        command = [sys.executable, __file__, "--memory-of", str(rows)]
        command += ["--threads", str(threads)]
        found["rows"].append(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    found["peak_memory_mb"] = found["rows"][0]["peak_memory_mb"]
    found |= {"threads": threads, "rounds": args.rounds, "clock": "processor" if args.cpu else "wall"}
    if args.output:
        args.output.write_text(json.dumps(found | {"environment": environment()}, indent=1, default=str) + "\n")
    print(json.dumps(found))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--memory-of", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def network() -> WindowNet:
    torch.manual_seed(0)
    return build("hybridsn", num_classes=CLASSES, in_channels=BANDS, window=WINDOW).eval()  # type: ignore[return-value]


def speed(model: WindowNet, scene: Tensor, rounds: int, clock: Callable[[], float]) -> dict[str, float]:
    """Medians over rounds in which the three take turns, and the largest difference at the sampled pixels."""
    draw = torch.Generator().manual_seed(1)
    coords = {batch: torch.randperm(SIDE * SIDE, generator=draw)[:number] for batch, number in SAMPLED.items()}
    seconds: dict[str, list[float]] = {"ours": [], "128": [], "1": []}
    ours = plain = torch.empty(0)
    SceneLogits(model)(scene)
    by_windows(model, scene, coords[128][:256], 128)
    for _ in range(rounds):
        ours = timed(clock, seconds["ours"], lambda: SceneLogits(model)(scene))
        plain = timed(clock, seconds["128"], lambda: by_windows(model, scene, coords[128], 128))
        timed(clock, seconds["1"], lambda: by_windows(model, scene, coords[1], 1))
    scaled = {batch: [s * SIDE * SIDE / SAMPLED[int(batch)] for s in seconds[batch]] for batch in ("128", "1")}
    ratios = {k: [p / o for p, o in zip(scaled[k], seconds["ours"], strict=True)] for k in scaled}
    got = ours.flatten(0, 1)[coords[128]]
    return {
        "speedup_batch128": round(
            statistics.median(p / o for p, o in zip(scaled["128"], seconds["ours"], strict=True)), 1
        ),
        "speedup_batch1": round(statistics.median(ratios["1"]), 1),
        "speedup_batch128_least": round(min(ratios["128"]), 1),
        "max_relative_difference": float(f"{((got - plain).abs().max() / plain.abs().max()).item():.2g}"),
        "seconds": round(statistics.median(seconds["ours"]), 3),
        "seconds_batch128": round(statistics.median(scaled["128"]), 1),
        "seconds_batch1": round(statistics.median(scaled["1"]), 1),
    }


def timed(clock: Callable[[], float], held: list[float], run: Callable[[], Tensor]) -> Tensor:
    start = clock()
    result = run()
    held.append(clock() - start)
    return result


@torch.inference_mode()
def by_windows(model: WindowNet, scene: Tensor, coords: Tensor, batch: int) -> Tensor:
    """The plain way: the padded scene's windows as views, a batch at a time."""
    windows = F.pad(scene, (WINDOW // 2,) * 4).unfold(1, WINDOW, 1).unfold(2, WINDOW, 1).permute(1, 2, 0, 3, 4)
    width = scene.shape[2]
    return torch.cat([model(windows[part // width, part % width]) for part in coords.split(batch)])


def measured_memory(rows: int, threads: int | None) -> dict[str, float]:
    """Growth of the resident set while a scene of that many rows is classified strip by strip, and its time."""
    set_threads(threads)
    model, scene = network(), torch.randn(BANDS, rows, SIDE)
    with Path("/proc/self/clear_refs").open("w") as file:
        file.write("5")  # forget the peak of imports
    before = resident("VmRSS")
    start = time.perf_counter()
    classes, top = torch.empty(rows, SIDE, dtype=torch.int64), 0
    for strip in SceneLogits(model).rows(scene):
        classes[top : top + len(strip)] = strip.argmax(-1)
        top += len(strip)
    seconds = time.perf_counter() - start
    peak = resident("VmHWM") - before
    return {
        "rows": rows,
        "peak_memory_mb": round(peak),
        "seconds": round(seconds, 2),
        "microseconds_a_pixel": round(1e6 * seconds / classes.numel(), 2),
    }


def resident(which: str) -> float:
    """Megabytes of this process that are in memory (VmRSS), or were at most (VmHWM); Linux."""
    found = re.search(rf"{which}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) / 1024


if __name__ == "__main__":
    main()
