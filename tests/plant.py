"""Plants the faults of `tests/faults` one at a time in a copy of the package and says which of them their tests notice.

    python tests/plant.py                       # all
    python tests/plant.py NAME ...              # some
    python tests/plant.py --file scenes.toml    # those of a file
    python tests/plant.py --jobs 4              # as many at a time, each in a copy of its own

Each fault is a table: `name`; `file`, from the root; `old`, which stands exactly once there, and `new`; `tests`, the
nearest ones, as pytest takes them. It is noticed when one of them fails; it survives when all pass; it is broken when
they cannot run, or fail by a slip of the fault itself. Each run of tests is a fork of one process that has imported
what is slow, so that a fault costs its tests alone; where there is no fork it is a Python of its own.
"""

import argparse
import compileall
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import forked

ROOT = Path(__file__).parents[1]
LIMIT_S = 600
SLOW = ("torch", "torch.onnx", "torch.export", "torchvision", "torchvision.models", "timm", "onnx", "onnxruntime")
SLOW += ("onnxscript", "sklearn.svm", "sklearn.ensemble", "sklearn.neighbors", "scipy.io", "scipy.stats", "h5py")
SLOW += ("matplotlib.figure", "lightning_fabric", "rich.live", "rich.progress", "PIL.Image", "yaml", "pytest")
SLIP = re.compile(r"\b(NameError|UnboundLocalError|SyntaxError|IndentationError|ImportError|ModuleNotFoundError)\b")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A change of the source that a test must notice."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def planted(self, root: Path) -> str:
        """The text of its file with the fault. Raises: ValueError when `old` is not there exactly once."""
        text = (root / self.file).read_text(encoding="utf-8")
        if text.count(self.old) != 1 or self.new == self.old:
            raise ValueError(f"{self.name}: old stands {text.count(self.old)} times in {self.file}; expected once")
        return text.replace(self.old, self.new)


def read_faults(root: Path = ROOT, files: Sequence[str] = ()) -> list[Fault]:
    """The faults of the named files of `tests/faults`, or of all."""
    names = {Path(file).name for file in files}
    found = [path for path in sorted((root / "tests" / "faults").glob("*.toml")) if not names or path.name in names]
    tables = [table for path in found for table in tomllib.loads(path.read_text(encoding="utf-8"))["fault"]]
    return [Fault(**{**table, "tests": tuple(table["tests"])}) for table in tables]


def verdict(root: Path, place: Path, tests: Sequence[str], limit_s: float | None = LIMIT_S) -> tuple[str, str]:
    """What the tests say of the package in `place`: "noticed", "SURVIVED" or "BROKEN", and by what."""
    alone = {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment = os.environ | {"PYTHONPATH": str(place / "src")} | alone
    words = ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    try:
        done = forked.run(
            [sys.executable, *words], cwd=root, env=environment, capture_output=True, text=True, timeout=limit_s
        )
    except subprocess.TimeoutExpired:
        return "BROKEN", f"more than {limit_s} s"
    if done.returncode == 0:
        return ("SURVIVED", "") if re.search(r"\d passed", done.stdout) else ("BROKEN", "all are skipped")
    failed = re.search(r"^(?:FAILED|ERROR) (.*)", done.stdout, re.MULTILINE)
    said = failed[1][:200] if failed else (done.stdout + done.stderr).strip()[-200:]
    sound = done.returncode == 1 and failed and not SLIP.search(said)
    return "noticed" if sound else "BROKEN", said


def plant(root: Path, place: Path, fault: Fault) -> tuple[str, str]:
    """As `verdict`, of a fault; the copy in `place` is as before afterwards."""
    try:
        planted = fault.planted(root)
    except (ValueError, OSError) as error:
        return "BROKEN", str(error)
    (place / fault.file).write_text(planted, encoding="utf-8")
    os.utime(place / fault.file, (0, 0))  # a compiled file holds for all of one second and one size
    try:
        return verdict(root, place, fault.tests)
    finally:
        shutil.copy2(root / fault.file, place / fault.file)  # with its time, so that compiled files hold again


def plant_all(root: Path, faults: Sequence[Fault], jobs: int) -> list[str]:
    """Prints a line for each as it is known; the verdicts."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        places: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for job in range(jobs):
            copied = Path(shutil.copytree(root / "src", Path(folder) / str(job) / "src"))
            compileall.compile_dir(copied, quiet=2)
            places.put(copied.parent)

        def planted(fault: Fault) -> tuple[Fault, tuple[str, str]]:
            place = places.get()
            try:
                return fault, plant(root, place, fault)
            finally:
                places.put(place)

        said = []
        for done in as_completed([pool.submit(planted, fault) for fault in faults]):
            fault, found = done.result()
            said.append(found[0])
            print(f"{fault.name}: {' '.join(found)}", flush=True)
        return said


def main(words: Sequence[str] | None = None) -> int:
    """Prints a line for each fault; 1 when one survived or broke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--file", action="append", default=[], help="a file of tests/faults")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="faults at a time (1)")
    parser.add_argument("--no-control", action="store_true", help="leave out the run without a fault")
    parser.add_argument("--root", type=Path, default=ROOT, help="the folder of src and tests")
    options = parser.parse_args(words)
    faults = read_faults(options.root, options.file)
    if unknown := set(options.names) - {fault.name for fault in faults}:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    faults = [fault for fault in faults if not options.names or fault.name in options.names]
    with forked.serving(SLOW):
        if not options.no_control:
            tests = list(dict.fromkeys(test for fault in faults for test in fault.tests))
            if (control := verdict(options.root, options.root, tests, None))[0] != "SURVIVED":
                print(f"without a fault: {control[1]}")
                return 1
        said = plant_all(options.root, faults, options.jobs)
    counts = {each: said.count(each) for each in ("noticed", "SURVIVED", "BROKEN")}
    print(f"{len(said)} faults: " + ", ".join(f"{count} {each}" for each, count in counts.items()))
    return int(counts["noticed"] < len(said))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
