"""How fast lissom answers: CPU time of `--help` and what importing the package drags in.

    python benchmarks/startup.py

The last line is JSON. The promise: every `--help`, and a verb that only lists, under 0.3 s of CPU time, and no torch.
"""

import json
import os
import resource
import statistics
import subprocess
import sys

RUNS = 5
LIMIT_S = 0.3
COMMANDS = [
    *(["--help"], ["train", "classify", "--help"], ["predict", "--help"], ["profile", "--help"]),
    *(["env", "--help"], ["runs", "--help"], ["runs"], ["models", "--names"], ["completion", "bash"]),
]


def cpu_seconds(argv: list[str]) -> float:
    """User and system time of one whole process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def modules_after(statement: str) -> set[str]:
    """Names of the modules loaded by a fresh interpreter that ran `statement`."""
    code = f"{statement}; import sys; print(' '.join(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(out.stdout.split())


def main() -> None:
    times = {}
    for words in COMMANDS:
        runs = [cpu_seconds([sys.executable, "-m", "lissom", *words]) for _ in range(RUNS)]
        times[" ".join(words)] = {"median_s": round(statistics.median(runs), 3), "max_s": round(max(runs), 3)}
        print(f"{' '.join(words):<24} {times[' '.join(words)]}")
    torch_free = "torch" not in modules_after("import lissom")
    slowest = max(t["median_s"] for t in times.values())
    figures = {"runs": RUNS, "cores": os.cpu_count(), "cpu": times, "import_without_torch": torch_free}
    print(json.dumps({**figures, "limit_s": LIMIT_S, "reached": slowest < LIMIT_S and torch_free}))


if __name__ == "__main__":
    main()
