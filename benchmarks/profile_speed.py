"""How fast `count` is beside the counters that people use, on two light networks and a large one.

    python benchmarks/profile_speed.py [--models NAME ...] [--rounds 7]

fvcore, torchinfo and thop take part where they are installed (none is needed by lissom); torch's own FlopCounterMode,
which runs the network, always does. All count one image at the network's own resolution, in turns, in one process with
one thread; the first call of each is its own figure, as it pays for imports. The last line is JSON: the claim is that
fvcore takes at least five times as long on each network, and that all agree on what all count.
"""

import argparse
import gc
import importlib
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from datetime import date
from typing import Any

import torch
from torch import nn

from lissom.models import build, entry
from lissom.profiler import count

PROMISED = 5.0
MODELS = ("ghostnet", "mobilenetv3_large", "se_resnet152")
Counter = Callable[[nn.Module, torch.Tensor], float]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    torch.set_num_threads(1)
    before = "torch._dynamo" in sys.modules
    counters = {"lissom": ours, "FlopCounterMode": torch_counter, **installed()}
    figures = {name: compared(name, counters, args.rounds) for name in args.models}
    reached = {name: rows.get("fvcore", {}).get("times_ours", 0) >= PROMISED for name, rows in figures.items()}
    circumstances = {"date": date.today().isoformat(), "torch": torch.__version__, "rounds": args.rounds}
    claim = {"promised": PROMISED, "reached": reached, "compiler_was_imported_before": before}
    print(json.dumps({**circumstances, **claim, "networks": figures}))


def compared(name: str, counters: dict[str, Counter], rounds: int) -> dict[str, dict[str, Any]]:
    """A row for each counter, on one network; printed."""
    model, image = build(name).eval(), torch.zeros(1, 3, entry(name).resolution, entry(name).resolution)
    first = {key: timed(counter, model, image) for key, counter in counters.items()}
    times: dict[str, list[float]] = {key: [] for key in counters}
    for _ in range(rounds):
        for key, counter in counters.items():
            times[key].append(timed(counter, model, image)[0])
    rows = summary(times, first)
    print(name)
    for key, row in rows.items():
        print(f"  {key:<16} {row}")
    return rows


def timed(counter: Counter, model: nn.Module, image: torch.Tensor) -> tuple[float, float]:
    """CPU seconds of one count (machines are shared, and all run in one thread), and its MACs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns
        gc.collect()  # what the counter before has left is not this one's work
        start = time.process_time()
        macs = counter(model, image)
        return time.process_time() - start, macs


def ours(model: nn.Module, image: torch.Tensor) -> float:
    return count(model, input_shape=tuple(image.shape[1:])).macs


def torch_counter(model: nn.Module, image: torch.Tensor) -> float:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as operations, torch.no_grad():
        model(image)
    return operations.get_total_flops() / 2


def fvcore(model: nn.Module, image: torch.Tensor) -> float:
    """Convolutions and matrix products, as ours; fvcore itself adds norms and pooling."""
    from fvcore.nn import FlopCountAnalysis

    found = FlopCountAnalysis(model, image).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return sum(number for kind, number in found.by_operator().items() if kind in ("conv", "linear", "matmul"))


def torchinfo(model: nn.Module, image: torch.Tensor) -> float:
    from torchinfo import summary  # type: ignore[import-not-found]

    return summary(model, input_data=image, verbose=0).total_mult_adds


def thop(model: nn.Module, image: torch.Tensor) -> float:
    from thop import profile  # type: ignore[import-not-found]

    return profile(model, (image,), verbose=False)[0]


def installed() -> dict[str, Counter]:
    """The counters that this environment has."""
    found = {}
    for counter in (fvcore, torchinfo, thop):
        try:
            importlib.import_module(counter.__name__)
        except ImportError:
            continue
        found[counter.__name__] = counter
    return found


def summary(times: dict[str, list[float]], first: dict[str, tuple[float, float]]) -> dict[str, dict[str, Any]]:
    """Ratios are formed within a round and then the median taken, so that a drift of the machine cancels."""
    rows = {}
    for key, values in times.items():
        ratios = [a / b for a, b in zip(values, times["lissom"], strict=True)]
        rows[key] = {
            "median_ms": round(1000 * statistics.median(values), 1),
            "first_ms": round(1000 * first[key][0], 1),
            "times_ours": round(statistics.median(ratios), 2),
            "least_times_ours": round(min(ratios), 2),
            "macs": int(first[key][1]),
        }
    return rows


if __name__ == "__main__":
    main()
