"""One gradient of HybridSN over some pixels of a scene: ours against their windows in plain PyTorch.

    python benchmarks/scene_training.py [--threads 2] [--rounds 5] [--output FILE]

145 x 145 pixels, 30 components, window 25, 16 classes, no dropout; 1,024 and 128 pixels drawn from 10,249 labelled
ones. The plain way cuts the windows as views, at most 128 in a pass, and adds their gradients up; ours is what
`train scene` does. Both take turns in one process. The last line is JSON.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from lissom.device import set_threads
from lissom.engine.memory import keep_memory
from lissom.models import build
from lissom.models.window_net import WindowNet, choose
from lissom.runs.environment import environment

SIDE, BANDS, WINDOW, CLASSES = 145, 30, 25, 16
LABELLED, PIXELS, PASS = 10_249, (128, 1024), 128


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    threads = set_threads(args.threads)
    keep_memory()  # as training does; the plain way gets it too
    torch.manual_seed(0)
    model = build("hybridsn", num_classes=CLASSES, in_channels=BANDS, window=WINDOW, dropout=0.0).train()
    scene, labelled = torch.randn(BANDS, SIDE, SIDE), torch.randperm(SIDE * SIDE)[:LABELLED]
    found = {str(number): compared(model, scene, labelled[:number], args.rounds) for number in PIXELS}  # type: ignore[arg-type]
    found |= {"threads": threads, "rounds": args.rounds}
    if args.output:
        args.output.write_text(json.dumps(found | {"environment": environment()}, indent=1, default=str) + "\n")
    print(json.dumps(found))


def compared(model: WindowNet, scene: Tensor, pixels: Tensor, rounds: int) -> dict[str, float | str]:
    """Medians over rounds in which both take turns, and the relative difference of losses and gradients."""
    coords = torch.stack([pixels // SIDE, pixels % SIDE], 1)
    labels = torch.randint(0, CLASSES, (len(pixels),))
    seconds: dict[str, list[float]] = {"ours": [], "windows": []}
    ours = plain = (0.0, [torch.empty(0)])
    for number in range(rounds + 1):
        ours = gradient(model, seconds["ours"], lambda: at_once(model, scene, coords, labels))
        plain = gradient(model, seconds["windows"], lambda: by_windows(model, scene, coords, labels))
        if number == 0:
            seconds = {"ours": [], "windows": []}  # the first of each pays for memory
    pairs = list(zip(ours[1], plain[1], strict=True))
    return {
        "form": choose(model, coords, SIDE, SIDE).form,
        "speedup": round(statistics.median(p / o for p, o in zip(seconds["windows"], seconds["ours"], strict=True)), 2),
        "seconds": round(statistics.median(seconds["ours"]), 3),
        "seconds_windows": round(statistics.median(seconds["windows"]), 3),
        "relative_difference_loss": abs(ours[0] - plain[0]) / plain[0],
        "relative_difference_gradients": max(((a - b).norm() / b.norm()).item() for a, b in pairs),
    }


def gradient(model: WindowNet, held: list[float], run: Callable[[], float]) -> tuple[float, list[Tensor]]:
    model.zero_grad()
    start = time.perf_counter()
    loss = run()
    held.append(time.perf_counter() - start)
    return loss, [p.grad.clone() for p in model.parameters()]  # type: ignore[union-attr]


def at_once(model: WindowNet, scene: Tensor, coords: Tensor, labels: Tensor) -> float:
    loss = F.cross_entropy(model(scene, coords), labels)
    loss.backward()
    return loss.item()


def by_windows(model: WindowNet, scene: Tensor, coords: Tensor, labels: Tensor) -> float:
    windows = F.pad(scene, (WINDOW // 2,) * 4).unfold(1, WINDOW, 1).unfold(2, WINDOW, 1).permute(1, 2, 0, 3, 4)
    total = 0.0
    for part, truth in zip(coords.split(PASS), labels.split(PASS), strict=True):
        loss = F.cross_entropy(model(windows[part[:, 0], part[:, 1]]), truth, reduction="sum") / len(labels)
        loss.backward()
        total += loss.item()
    return total


if __name__ == "__main__":
    main()
