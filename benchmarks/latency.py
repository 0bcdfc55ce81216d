"""What `lissom profile --measure` claims of itself, and two facts that it must not hide.

    python benchmarks/latency.py

Layers' times against the whole forward; the cost of timing a layer; MobileNetV3's efficient last stage against the
original one (arXiv 1905.02244, section 5.1); OMP_WAIT_POLICY=PASSIVE at batch 1 on two threads. Compare
within one run only, and read `disturbed`: where it is true other programs held the cores, and CPU time is what counts.
The last line is JSON.
"""

import json
import os
import statistics
import subprocess
import sys
from typing import Any

NETWORKS = ("mobilenetv1", "mobilenetv2", "mobilenetv3_large", "shufflenetv2", "ghostnet")
FORWARDS = 40
ROUNDS = 3  # of each wait policy, in turn: a policy is read when torch is loaded, so each is a process of its own
POLICIES = ("unset", "PASSIVE")


def whole_and_layers() -> dict[str, Any]:
    """Network -> milliseconds of a forward (median, CPU time) and of its layers together; the cost of timing one."""
    from lissom import models
    from lissom.profiler.measured import Measuring, Subject, measure

    subjects = {name: Subject(model=models.build(name), shapes=[(3, 224, 224)]) for name in NETWORKS}
    found = measure(subjects, Measuring(repeats=FORWARDS, memory=False))
    return {
        name: {
            "median_ms": round(row.latency.median_ms, 2),
            "cpu_ms": round(row.latency.cpu_ms, 2),
            "layer_sum_ms": round(row.layers.sum_ms, 2),
            "hook_us": round(row.layers.hook_us, 2),
            "disturbed": row.layers.statistic != "median",
        }
        for name, row in found.items()
        if row.layers
    }


def last_stages() -> dict[str, Any]:
    """MACs and milliseconds of both last stages of MobileNetV3-Large, timed in turn."""
    from lissom.models.resolve import ModelRequest, variants
    from lissom.profiler.measured import Measuring
    from lissom.profiler.profiling import profile_models

    both = variants(ModelRequest(model="mobilenetv3_large"), "last_stage", ["efficient", "original"])
    results = profile_models(both, measuring=Measuring(repeats=FORWARDS, layers=False, memory=False))
    return {
        one.network: {
            "macs": one.counted.macs,
            "median_ms": round(one.measured.times.latency.median_ms, 2),
            "cpu_ms": round(one.measured.times.latency.cpu_ms, 2),
        }
        for one in results
        if one.measured
    }


def forward_ms(policy: str) -> float:
    """Median milliseconds of MobileNetV2 at batch 1 on two threads, in a process with that wait policy."""
    code = (
        "from lissom import models\n"
        "from lissom.profiler.measured import Measuring, Subject, measure\n"
        "net = Subject(model=models.build('mobilenetv2'), shapes=[(3, 224, 224)])\n"
        f"how = Measuring(threads=2, repeats={FORWARDS}, seconds=10, layers=False, memory=False)\n"
        "print(measure({'net': net}, how)['net'].latency.median_ms)"
    )
    env = {key: value for key, value in os.environ.items() if key not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    env |= {} if policy == "unset" else {"OMP_WAIT_POLICY": policy}
    done = subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True)
    return float(done.stdout)


def main() -> None:
    import torch

    networks = whole_and_layers()
    for name, row in networks.items():
        row["layers_over_whole"] = round(row["layer_sum_ms"] / row["median_ms"], 3)
        print(f"{name:<20} {row}")
    stages = last_stages()
    print(stages)
    rounds = [{policy: round(forward_ms(policy), 2) for policy in POLICIES} for _ in range(ROUNDS)]
    print(rounds)
    policies = {policy: statistics.median(one[policy] for one in rounds) for policy in POLICIES}
    figures = {"forwards": FORWARDS, "cores": os.cpu_count(), "load": os.getloadavg()[0], "torch": torch.__version__}
    print(json.dumps({**figures, "networks": networks, "last_stages": stages, "policies_median_ms": policies}))


if __name__ == "__main__":
    main()
