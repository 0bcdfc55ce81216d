"""A run folder has one owner at a time, which dies with its process; what others see of it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import forked
import lissom
from lissom.errors import Interrupted, MachineError, UsageError
from lissom.events import EpochEnded, Event, StepEnded
from lissom.runs.owner import LOCK, _lock, is_owned, owned
from photos import make_photos

QUICK: dict[str, Any] = {"model": "mobilenetv1_cifar", "width": 0.25, "batch_size": 8, "threads": 1}
WORDS = ["train", "classify", "--data", "photos", "--model", "mobilenetv1_cifar", "--width", "0.25"]
WORDS += ["--batch-size", "8", "--threads", "1"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("owner")
    make_photos(folder / "photos", per_class=10)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LISSOM_CACHE", str(folder / "cache"))
        patch.setenv("OMP_NUM_THREADS", "1")
        yield folder


def process(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "lissom", *words]
    return forked.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def under_way(name: str, *more: str, epochs: int = 500) -> subprocess.Popen[str]:
    """A training, long unless told otherwise, that has begun to save."""
    running = process(*WORDS, "--epochs", str(epochs), "--checkpoint-minutes", "0.0001", "--name", name, *more)
    while not any(Path("runs", name, "checkpoints").glob("*.pt")):
        assert running.poll() is None, running.communicate()
        time.sleep(0.02)
    return running


def status(name: str) -> str:
    return next(row["status"] for row in lissom.list_runs() if row["run"] == name)


def stopped(name: str) -> lissom.Run:
    """A run that was asked to stop after its first epoch."""
    stop = lissom.Stop()
    tell = lambda event: stop.ask() if isinstance(event, EpochEnded) else None  # noqa: E731
    with pytest.raises(Interrupted):
        lissom.train("classify", **QUICK, data="photos", epochs=2, name=name, listener=tell, stop=stop)
    return lissom.open_run(Path("runs", name))


def test_a_second_owner_is_refused_with_pid_and_host(tmp_path: Path) -> None:
    with owned(tmp_path):
        assert is_owned(tmp_path)
        with pytest.raises(MachineError, match=f"process {os.getpid()} on ") as raised, owned(tmp_path):
            pass
        assert raised.value.exit_code == 5
    assert not is_owned(tmp_path)
    with owned(tmp_path) as owner:
        owner.require()


def test_asking_who_owns_it_never_refuses_an_owner(tmp_path: Path) -> None:
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            is_owned(tmp_path)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        for _ in range(100):
            with owned(tmp_path):
                pass
    finally:
        done.set()
        thread.join()


def test_an_owner_whose_lock_was_replaced_or_moved_notices(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    with owned(folder) as owner:
        (folder / LOCK).unlink()
        (folder / LOCK).touch()
        with pytest.raises(MachineError, match="no longer locked by this process"):
            owner.require()
    with owned(folder) as owner:
        folder.rename(tmp_path / "elsewhere")
        with pytest.raises(MachineError, match="no longer locked by this process"):
            owner.require()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGSTOP")
def test_a_live_run_and_one_that_was_stopped_with_ctrl_z_are_not_resumed(place: Path) -> None:
    running = under_way("live")
    try:
        assert status("live") == "training"
        for way in (signal.SIGCONT, signal.SIGSTOP):
            running.send_signal(way)
            other = process("resume", "runs/live")
            _, err = other.communicate()
            assert other.returncode == 5
            assert f"process {running.pid} on" in err
    finally:
        running.kill()
        running.communicate()
    assert status("live") == "interrupted"


def test_an_interrupted_run_goes_on(place: Path) -> None:
    run = stopped("cut")
    assert status("cut") == "interrupted"
    assert lissom.resume(run.path).state == "finished"
    assert status("cut") == "finished"


def test_a_run_that_another_process_has_finished_meanwhile_is_left_as_it_is(place: Path) -> None:
    from lissom.training import life

    before = stopped("meanwhile")
    finished = lissom.resume(before.path)
    weights = finished.last.stat().st_mtime_ns
    life.resume(before, lambda event: None, None)  # which read it while it was not finished
    assert lissom.open_run(before.path).status == "finished"
    assert finished.last.stat().st_mtime_ns == weights


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_the_lock_dies_with_its_process_though_a_forked_child_lives(tmp_path: Path) -> None:
    code = (
        "import os, sys, time; from pathlib import Path; from lissom.runs.owner import owned\n"
        "with owned(Path(sys.argv[1])):\n"
        "    child = os.fork()\n"
        "    print(child, flush=True) if child else None\n"
        "    time.sleep(60)\n"
    )
    running = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert running.stdout
    child = int(running.stdout.readline())
    try:
        assert is_owned(tmp_path)
        running.kill()
        running.wait()
        with owned(tmp_path):  # at once, while the child still sleeps
            os.kill(child, 0)
    finally:
        os.kill(child, signal.SIGKILL)
        running.stdout.close()


def test_two_who_ask_do_not_take_each_other_for_an_owner(tmp_path: Path) -> None:
    with owned(tmp_path):
        pass
    with (tmp_path / LOCK).open("r+") as asking:
        assert _lock(asking, shared=True)
        assert not is_owned(tmp_path)


def test_where_there_are_no_locks_the_first_owner_notices_the_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lissom.runs.owner._lock", lambda file, shared=False: True)
    with owned(tmp_path) as first, owned(tmp_path) as second:
        second.require()
        with pytest.raises(MachineError, match="no longer locked by this process"):
            first.require()


def test_of_two_resumes_at_once_one_goes_on_and_the_other_is_refused(place: Path) -> None:
    stopped("pair")
    pair = [process("resume", "runs/pair") for _ in range(2)]
    errors = [each.communicate()[1] for each in pair]
    assert sorted(each.returncode for each in pair) in ([0, 5], [0, 0])  # the second may come when all is done
    assert lissom.open_run(Path("runs/pair")).status == "finished"
    for each, error in zip(pair, errors, strict=True):
        assert each.returncode == 0 or "has been locked by process" in error


def test_a_writer_that_was_overtaken_ends_and_writes_nothing_more(place: Path) -> None:
    run = stopped("overtaken")
    seen: dict[str, bytes] = {}

    def overtake(event: Event) -> None:
        if isinstance(event, StepEnded) and not seen:
            (run.path / LOCK).unlink()
            (run.path / LOCK).touch()
            seen.update({str(path): path.read_bytes() for path in run.path.rglob("*") if path.is_file()})

    with pytest.raises(MachineError) as raised:
        lissom.resume(run, listener=overtake)
    assert raised.value.kind == "run-lost"
    assert {str(path): path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == seen


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGSTOP")
@pytest.mark.parametrize("locks", [True, False], ids=["its lock was replaced", "nobody knows locks"])
def test_who_slept_while_another_came_to_the_end_leaves_the_folder_to_that_one(
    place: Path, monkeypatch: pytest.MonkeyPatch, locks: bool
) -> None:
    folder = Path("runs", f"slept-{locks}")
    sleeping = under_way(folder.name, epochs=15)
    try:
        sleeping.send_signal(signal.SIGSTOP)
        if locks:
            (folder / LOCK).unlink()
        else:
            monkeypatch.setattr("lissom.runs.owner._lock", lambda file, shared=False: True)
        assert lissom.resume(folder).status == "finished"
        left = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        sleeping.send_signal(signal.SIGCONT)
        _, err = sleeping.communicate()
    finally:
        sleeping.kill()
    assert sleeping.returncode == 5, err
    assert "no longer locked by this process" in err.splitlines()[-1]
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == left
    assert len(lissom.open_run(folder).history) == 15


def test_a_failed_run_says_so_and_may_be_resumed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lissom.tasks.classify import measure

    run = stopped("failed")

    def full(*args: Any, **kwargs: Any) -> None:
        raise MachineError("disk-full", path="x", size="1", reason="no space")

    monkeypatch.setattr(measure, "measure", full)
    with pytest.raises(MachineError):
        lissom.resume(run)
    failed = lissom.open_run(run.path)
    assert (failed.state, status("failed")) == ("failed", "failed")
    assert "The disk is full" in str(failed.record.reason)
    monkeypatch.undo()
    again = lissom.resume(run.path)
    assert (again.state, again.record.reason) == ("finished", None)


def test_one_training_at_a_time_in_a_process(place: Path) -> None:
    refused: list[UsageError] = []

    def second(event: Event) -> None:
        if isinstance(event, StepEnded) and not refused:
            with pytest.raises(UsageError, match="already running") as raised:
                lissom.train("classify", **QUICK, data="photos", epochs=1, name="second")
            refused.append(raised.value)

    lissom.train("classify", **QUICK, data="photos", epochs=1, name="one", listener=second)
    assert len(refused) == 1
    assert not Path("runs/second").exists()
    lissom.train("classify", **QUICK, data="photos", epochs=1, name="second")  # one after the other is fine


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_killing_the_parent_of_two_processes_ends_them_and_frees_the_folder(place: Path) -> None:
    running = under_way("two", "--devices", "2", "--device", "cpu")
    held = json.loads(Path("runs/two", LOCK).read_text())
    assert held["pid"] != running.pid  # the process that writes holds it
    running.kill()
    running.communicate()
    while is_owned(Path("runs/two")):
        time.sleep(0.05)
    assert status("two") == "interrupted"
