"""A refactoring moves nothing: the same small trainings with the code of two revisions, compared bit for bit.

    python benchmarks/goldens.py BASE [HEAD] [--only WORD] [--keep FOLDER]

Four minutes on two x86 cores for both sides and all scenarios (the table in `goldens_runs.py`).

BASE and HEAD are git revisions; without HEAD it is the working tree as it stands. Both run side by side in one go, and
no expected value is kept anywhere: another machine has other last bits, and both sides have them alike. Only the
command line is spoken to, so that the package inside may be another one altogether. Each side has a folder of its own
with its code, data, cache and runs. Compared exactly: rows of metrics, all weights, labels, metrics, maps of classes.
Compared within 1e-6: probabilities, confidences, uncertainties, calibration error; how many of them are equal to the
bit is counted. Not compared: times, reports, where in a run's folder and in its JSON things stand.

The last line is JSON. Exit code 0: equal, 1: something differs or failed, 2: wrong usage.
"""

import argparse
import io
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from goldens_compare import Found, compare, compare_files, compare_runs, figures
from goldens_runs import SCENARIOS, Scenario, make_data

ROOT = Path(__file__).resolve().parents[1]
SIDES = ("base", "head")
AT_ONCE = 2  # commands; each computes in one thread
PATIENCE = 600  # seconds for one command
INTERRUPTED = 130  # the exit code of a training that Ctrl-C has stopped
COUNTED = ("files", "row_values", "tensors", "maps", "figures")  # exactly
SHOWN = 5  # differences of one scenario
TAIL = 6  # lines of standard error that are shown of a command that failed
FLAGS = {  # what is added to a command, by its verb
    "train": "--device cpu --threads 1 --quiet",
    "resume": "--quiet",
    "evaluate": "--device cpu --threads 1 --json --dry-run",
    "predict": "--device cpu --threads 1 --format json",
    "export": "--json",
    "compare": "--json",
}
ANSWERS = ("evaluate", "predict", "compare")  # verbs whose JSON is compared


class Failed(Exception):
    """A command ended otherwise than it should; the text says how."""


class Unusable(Exception):
    """What was asked for cannot be done: a revision, a word or a folder that is no good."""


class Side(NamedTuple):
    """One of the two: its code in `src`, and beside it the data, cache, runs and maps of its own."""

    label: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        own = {"PYTHONPATH": str(self.folder / "src"), "LISSOM_CACHE": str(self.folder / "cache")}
        return os.environ | own | {"OMP_NUM_THREADS": "1", "LISSOM_LANG": "en"}


class Outcome(NamedTuple):
    """What a scenario printed on one side, by command; or why it failed."""

    answers: dict[str, Any]
    failure: str | None


def main(argv: Sequence[str] | None = None) -> int:
    parser, began = parser_of(), time.perf_counter()
    args = parser.parse_args(argv)
    chosen = chosen_scenarios(args.only)
    if not chosen:
        parser.error(f"no scenario has {args.only!r} in its name: {', '.join(s.name for s in SCENARIOS)}")
    try:
        revisions = [sha(args.base), None if args.head is None else sha(args.head)]
        with place(args.keep) as folder:
            sides = [prepared(folder / side, revision) for side, revision in zip(SIDES, revisions, strict=True)]
            found = compared(chosen, sides)
    except Unusable as error:
        parser.error(str(error))
    print(json.dumps(summary(sides, len(chosen), found) | times(began)))
    return 1 if found.differences else 0


def parser_of() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", help="the revision from which nothing may move")
    parser.add_argument("head", nargs="?", help="the revision that is tested; left out: the working tree")
    parser.add_argument("--only", default="", metavar="WORD", help="scenarios with this in their name, and their needs")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="a new folder in which everything is left")
    return parser


def chosen_scenarios(word: str) -> list[Scenario]:
    """Those with `word` in their name and what they need, in the order of the table."""
    known = {scenario.name: scenario for scenario in SCENARIOS}
    wanted = {name for name in known if word in name}
    waiting = list(wanted)
    while waiting:
        more = set(known[waiting.pop()].needs) - wanted
        wanted |= more
        waiting += more
    return [scenario for scenario in SCENARIOS if scenario.name in wanted]


def sha(revision: str) -> str:
    """Raises: Unusable for a revision that git does not know."""
    done = git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if done.returncode:
        raise Unusable(f"git knows no revision {revision!r}")
    return done.stdout.decode().strip()


def git(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, check=False)


@contextmanager
def place(keep: Path | None) -> Iterator[Path]:
    """A folder for both sides, gone at the end unless it is to be kept. Raises: Unusable where that is in use."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="goldens-") as folder:
            yield Path(folder)
        return
    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise Unusable(f"{keep} is there already; --keep wants a new folder")
    yield keep.resolve()


def prepared(folder: Path, revision: str | None) -> Side:
    """A folder with the code of `revision` (None: of the working tree) and the data."""
    folder.mkdir(parents=True)
    if revision is None:
        shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    else:
        packed = git("archive", "--format=tar", revision, "src")
        if packed.returncode:
            raise Unusable(f"{revision} has no folder src")
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
            archive.extractall(folder, filter="data")
    make_data(folder)
    side = Side(revision or "working tree", folder)
    check_code(side)
    return side


def check_code(side: Side) -> None:
    """Raises: Unusable where Python would run another lissom than this side's."""
    asks = [sys.executable, "-c", "import importlib.util as u; print(u.find_spec('lissom').origin)"]
    done = subprocess.run(asks, cwd=side.folder, env=side.environment, capture_output=True, text=True, check=False)
    if not Path(done.stdout.strip() or ".").resolve().is_relative_to(side.folder.resolve()):
        raise Unusable(f"{side.label}: Python finds lissom at {done.stdout.strip() or 'no place'}, not in its src")


def compared(scenarios: Sequence[Scenario], sides: Sequence[Side]) -> Found:
    """Runs all of them on both sides, two commands at a time, and prints a line for each as soon as it is known."""
    total = Found()
    with ended(ThreadPoolExecutor(AT_ONCE)) as pool:
        jobs: dict[tuple[str, str], Future[Outcome]] = {}
        for scenario in scenarios:  # needs stand earlier in the table, so that none waits for one that cannot begin
            for side, name in zip(sides, SIDES, strict=True):
                needs = {need: jobs[need, name] for need in scenario.needs}
                jobs[scenario.name, name] = pool.submit(outcome, scenario, side, needs)
        for scenario in scenarios:
            outcomes = [jobs[scenario.name, name].result() for name in SIDES]
            found = difference(scenario, sides, outcomes)
            show(scenario.name, found)
            total.counts += found.counts
            total.differences += [f"{scenario.name}: {each}" for each in found.differences]
    return total


@contextmanager
def ended(pool: ThreadPoolExecutor) -> Iterator[ThreadPoolExecutor]:
    """The pool, which begins nothing more once something has gone wrong here."""
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def outcome(scenario: Scenario, side: Side, needs: dict[str, Future[Outcome]]) -> Outcome:
    """Runs the commands of one scenario on one side, after what it needs."""
    failed = [name for name, job in needs.items() if job.result().failure]
    if failed:
        return Outcome({}, f"not run, as {', '.join(failed)} failed")
    answers: dict[str, Any] = {}
    try:
        for number, command in enumerate(scenario.commands):
            verb = command.split()[0]
            words = [sys.executable, "-m", "lissom", *shlex.split(f"{command} {FLAGS[verb]}")]
            if scenario.stopped and number == 0:
                interrupt(words, side, side.folder / "runs" / scenario.stopped)
            elif verb in ANSWERS:
                answers[command] = json.loads(completed(words, side))
            else:
                completed(words, side)
    except (Failed, ValueError, subprocess.TimeoutExpired) as error:
        return Outcome({}, f"{command}: {error}")
    return Outcome(answers, None)


def completed(words: list[str], side: Side) -> str:
    """What the command prints. Raises: Failed where it does not end well."""
    done = subprocess.run(
        words, cwd=side.folder, env=side.environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    if done.returncode:
        raise Failed(f"exit code {done.returncode}\n{tail(done.stderr)}")
    return done.stdout


def interrupt(words: list[str], side: Side, run: Path) -> None:
    """Begins a training and presses Ctrl-C after its first row. Raises: Failed unless that has stopped it."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            words, cwd=side.folder, env=side.environment, stdout=subprocess.DEVNULL, stderr=errors, text=True
        )
        end = time.monotonic() + PATIENCE
        while process.poll() is None and not any(run.rglob("metrics.jsonl")) and time.monotonic() < end:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        try:
            code = process.wait(PATIENCE)
        finally:
            process.kill()
        errors.seek(0)
        if code != INTERRUPTED:
            raise Failed(f"exit code {code}, not {INTERRUPTED}, after Ctrl-C\n{tail(errors.read())}")


def tail(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.strip().splitlines()[-TAIL:])


def difference(scenario: Scenario, sides: Sequence[Side], outcomes: Sequence[Outcome]) -> Found:
    """What a scenario has left on the two sides, compared."""
    failures = [f"{name} fails: {each.failure}" for name, each in zip(SIDES, outcomes, strict=True) if each.failure]
    if failures:
        return Found(differences=failures)
    found = Found()
    for name in scenario.runs:
        found.add(compare_runs(*(side.folder / "runs" / name for side in sides), files=scenario.run_files))
    for name in scenario.maps:
        found.add(compare_files(f"maps/{name}", *(side.folder / "maps" / name for side in sides)))
    for command in outcomes[0].answers:
        found.add(compare(command, *(figures(each.answers[command]) for each in outcomes)))
    for name, side in zip(SIDES, sides, strict=True):
        if scenario.whole:
            resumed = compare_runs(*(side.folder / "runs" / run for run in (scenario.whole, scenario.stopped)))
            found.add(Found(resumed.counts, [f"{name}, whole -> resumed: {each}" for each in resumed.differences]))
    return found


def show(name: str, found: Found) -> None:
    """What was compared, then `equal` or what differs."""
    counts = found.counts
    parts = [f"{counts[key]} {key.replace('_', ' ')}" for key in COUNTED if counts[key]]
    if counts["close"]:
        parts.append(f"{counts['close']} close values ({counts['close_identical']} equal to the bit)")
    verdict = "DIFFERENT" if found.differences else "equal"
    print(f"{name:<20} {verdict}: {', '.join(parts) or 'nothing compared'}", flush=True)
    for difference in found.differences[:SHOWN]:
        print(f"  {difference}", flush=True)
    if len(found.differences) > SHOWN:
        print(f"  and {len(found.differences) - SHOWN} more, in the last line", flush=True)


def summary(sides: Sequence[Side], scenarios: int, found: Found) -> dict[str, Any]:
    """The last line, but for times."""
    counts = {key: found.counts[key] for key in (*COUNTED, "close", "close_identical")}
    labels = {name: side.label for name, side in zip(SIDES, sides, strict=True)}
    return {**labels, "scenarios": scenarios, **counts, "differences": found.differences}


def times(began: float) -> dict[str, float]:
    """Seconds of both sides together: by the clock, and of the processor, which other work does not lengthen."""
    used = os.times()
    processor = used.children_user + used.children_system
    return {"seconds": round(time.perf_counter() - began, 1), "cpu_seconds": round(processor, 1)}


if __name__ == "__main__":
    sys.exit(main())
