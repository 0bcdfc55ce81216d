import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
import torch

import forked
from engine import jobs
from engine.test_fit import seen, without_timings
from engine.toy import ENGINE, Tempered, images_of, toy_fit, toy_net
from lissom.engine.checkpoint import checkpoints
from lissom.engine.processes import launch
from lissom.engine.spawn import Outcome, judged
from lissom.errors import DataError, Interrupted, MachineError, UsageError
from lissom.events import Closed, EpochEnded, Note, Started, StepEnded, Stop

TWO = dataclasses.replace(ENGINE, devices=2, threads=1)
PROGRAM = Path(__file__).with_name("spawn_program.py")


@pytest.fixture(scope="module", autouse=True)
def _forks():
    """What `launch` starts is forked from a process that has imported torch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "Popen", forked.Popen)
        yield


def losses(history):
    return [row["train_loss"] for row in history]


@pytest.fixture(scope="module")
def two_folder(tmp_path_factory):
    """Where two processes that torchrun starts leave what `jobs.several` gives."""
    folder = tmp_path_factory.mktemp("two")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = forked.run([*command, PROGRAM, "several", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def two(two_folder):
    return torch.load(two_folder / "value.pt", weights_only=True)


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """The folder, error and events that `jobs.interrupted` leaves in two processes that we start and send a Ctrl-C."""
    folder, told = tmp_path_factory.mktemp("interrupted"), []

    def interrupt():
        while not checkpoints(folder / "checkpoints"):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    former = signal.getsignal(signal.SIGINT)
    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(DataError) as raised:
        launch(jobs.interrupted, TWO, folder, listener=told.append)
    assert signal.getsignal(signal.SIGINT) is former
    return folder, raised.value, told


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """The same by a token, which another thread asks while this one waits."""
    folder, told, stop, first = tmp_path_factory.mktemp("asked"), [], Stop(), threading.Event()

    def listener(event):
        told.append(event)
        assert threading.current_thread() is threading.main_thread()
        assert signal.getsignal(signal.SIGINT) is former
        if isinstance(event, StepEnded):
            first.set()

    former = signal.getsignal(signal.SIGINT)
    threading.Thread(target=lambda: first.wait(60) and stop.ask(), daemon=True).start()
    with pytest.raises(DataError) as raised:
        launch(jobs.interrupted, TWO, folder, listener=listener, stop=stop)
    return folder, raised.value, told


class TestTwoProcesses:
    def test_the_head_first_is_the_same_as_in_one_process(self, two, tmp_path):
        tuned = {"lr": 0.05, "ema": 0.0, "head_epochs": 1, "layer_decay": 0.5}
        one = toy_fit(tmp_path, engine={"accumulate": 2}, optim=tuned).history
        assert losses(two["head_first"]) == pytest.approx(losses(one), rel=1e-5)

    def test_losses_equal_those_of_one_that_accumulates_the_same_halves(self, two, tmp_path):
        """Dropout included, as it depends on (seed, step, part) alone."""
        one = toy_fit(tmp_path, engine={"accumulate": 2}, optim={"ema": 0.0})
        assert losses(two["plain"]) == pytest.approx(losses(one.history), rel=1e-6)

    def test_the_rate_counts_what_both_saw(self, two):
        assert [seen(row) for row in two["plain"]] == [16 * 6] * 3

    def test_with_synchronised_norms_they_equal_one_with_the_whole_batch(self, two, tmp_path):
        one = toy_fit(tmp_path, model=toy_net(dropout=0.0), optim={"ema": 0.0})
        assert losses(two["sync_bn"]) == pytest.approx(losses(one.history), rel=1e-5)
        assert [row["val_loss"] for row in two["sync_bn"]] == pytest.approx(
            [row["val_loss"] for row in one.history], rel=1e-4
        )

    def test_synchronised_norms_have_the_whole_batchs_gradients_and_statistics(self, two):
        net = jobs.norm_net()
        jobs.norm_loss(net, images_of(5, 16).images).backward()
        expected = {name: parameter.grad for name, parameter in net.named_parameters()} | dict(net.named_buffers())
        assert expected.keys() == two["sync_gradients"].keys()
        for name, value in two["sync_gradients"].items():
            torch.testing.assert_close(value, expected[name], rtol=1e-4, atol=1e-4 * expected[name].abs().max().item())

    def test_an_objective_s_own_parameters_are_one_for_all(self, two, tmp_path):
        one = toy_fit(tmp_path, objective=Tempered(), engine={"accumulate": 2}, optim={"ema": 0.0}).history
        history, temperatures = two["tempered"]
        assert temperatures[0] == temperatures[1] == history[-1]["temperature"]
        assert temperatures[0] == pytest.approx(one[-1]["temperature"], rel=1e-5)
        assert [(row["right"], row["batches"]) for row in history] == [(row["right"], 12) for row in one]

    def test_they_agree_on_early_stopping(self, two):
        assert len(two["patience"]) == 2

    def test_what_the_first_meets_is_raised_in_all(self, two):
        assert "there is not a run folder" in two["refused"]

    def test_threads_are_set(self, two):
        assert two["threads"] == 1


@pytest.mark.parametrize("way", ["interrupted", "asked"])
class TestStopped:
    """By Ctrl-C and by a token."""

    @pytest.fixture
    def stopped(self, request, way):
        return request.getfixturevalue(way)

    @pytest.mark.parametrize("rank", [0, 1])
    def test_it_reaches_all_and_the_run_goes_on_as_if_nothing_had_been(self, two, stopped, rank):
        folder = stopped[0]
        sentence, history = json.loads((folder / f"{rank}.json").read_text())
        assert f"lissom resume {folder}" in sentence
        assert without_timings(history) == without_timings(two["plain"])

    def test_the_listener_hears_it_and_that_the_run_goes_on(self, stopped):
        kinds = [type(event).__name__ for event in stopped[2]]
        assert [kind for kind in kinds if kind in ("Started", "Stopping", "Ended", "Closed")] == [
            "Started", "Stopping", "Closed", "Started", "Ended", "Closed",
        ]  # fmt: skip
        assert kinds.count("StepEnded") == 18
        assert kinds[kinds.index("Closed") - 1] == "Saved"

    def test_an_error_in_one_is_raised_here_once(self, stopped):
        assert "the second process is not a run folder" in str(stopped[1])


def test_what_a_stopped_training_raises_is_raised_here(tmp_path):
    stop = Stop()
    stop.ask()
    with pytest.raises(Interrupted, match=f"lissom resume {tmp_path}"):
        launch(jobs.trained, TWO, tmp_path, stop=stop)
    assert len(checkpoints(tmp_path / "checkpoints")) == 1


def test_two_processes_tell_what_one_tells(tmp_path):
    """To a listener that no pickle takes, and all of it before `launch` returns."""
    told, places = {1: [], 2: []}, {1: tmp_path / "one", 2: tmp_path / "two"}
    for devices, events in told.items():
        places[devices].mkdir()
        engine = dataclasses.replace(ENGINE, devices=devices, threads=1)
        launch(jobs.trained, engine, places[devices], listener=lambda event, events=events: events.append(event))
    assert [type(event) for event in told[2]] == [type(event) for event in told[1]]
    assert isinstance(told[2][-1], Closed)
    assert told[1][0].values == {"rank": 0, "pid": os.getpid()}
    assert told[2][0].values["rank"] == 0
    assert told[2][0].values["pid"] != os.getpid()
    steps = [[event for event in events if isinstance(event, StepEnded)] for events in told.values()]
    assert steps[0] == steps[1]
    rows = [[event.row for event in events if isinstance(event, EpochEnded)] for events in told.values()]
    assert losses(rows[1]) == pytest.approx(losses(rows[0]), rel=1e-6)


def test_under_torchrun_the_first_tells_its_own_listener(two_folder):
    told = [json.loads((two_folder / f"told-{rank}.json").read_text()) for rank in range(2)]
    assert told == [["Note"], []]


def test_a_listener_that_raises_ends_all(tmp_path, monkeypatch):
    told, children = [], []

    def tired(event):
        told.append(type(event).__name__)
        if isinstance(event, StepEnded):
            raise ZeroDivisionError("tired")

    def start(*args, **options):
        child = forked.Popen(*args, **options)
        children.append(child.pid)
        return child

    monkeypatch.setattr(subprocess, "Popen", start)
    with pytest.raises(ZeroDivisionError, match="tired"):
        launch(jobs.interrupted, TWO, tmp_path, listener=tired)
    assert told == ["Started", "StepEnded", "Closed"]
    assert len(children) == 2
    assert not any(map(_is_alive, children))


def test_a_first_process_that_is_killed_leaves_a_closed_training(tmp_path):
    told = []

    def killing(event):
        told.append(event)
        if isinstance(event, StepEnded) and event.step == 2:
            os.kill(told[0].values["pid"], signal.SIGKILL)

    with pytest.raises(MachineError, match="process 0 was killed"):
        launch(jobs.trained, TWO, tmp_path, 0.2, listener=killing)
    assert [type(event) for event in told] == [Note, Started, StepEnded, StepEnded, Closed]


def test_processes_end_with_the_one_that_started_them(tmp_path):
    parent = forked.Popen([sys.executable, PROGRAM, "sleep", tmp_path])
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("*.pid"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.1)
    children = [int(file.read_text()) for file in tmp_path.glob("*.pid")]
    parent.kill()
    parent.wait()
    assert len(children) == 2
    deadline = time.monotonic() + 60
    while any(map(_is_alive, children)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(_is_alive, children))


def _is_alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_torchrun_with_another_number_is_said(monkeypatch):
    for name, value in {"RANK": 0, "LOCAL_RANK": 0, "WORLD_SIZE": 3, "MASTER_ADDR": "x", "MASTER_PORT": 1}.items():
        monkeypatch.setenv(name, str(value))
    with pytest.raises(UsageError, match="2 devices, but 3 processes"):
        launch(jobs.sleep, TWO)


class TestWhoseErrorIsTold:
    OK, GONE = Outcome("value", 7, 1.0), Outcome("gone", None, 0.0)
    LATE, EARLY = Outcome("fault", "connection lost", 2.0), Outcome("fault", "division by zero", 1.0)
    OURS = Outcome("error", DataError("not-a-run-folder", path="there"), 3.0)

    def test_the_firsts_value_when_all_went_well(self):
        assert judged([self.OK, Outcome("value", None, 1.0)], {0: 0, 1: 0}) == 7

    @pytest.mark.parametrize(
        ("outcomes", "expected", "match"),
        [
            ((LATE, OURS), DataError, "there is not a run folder"),
            ((LATE, EARLY), RuntimeError, "process 1 failed:\ndivision by zero"),
            ((LATE, GONE), MachineError, "process 1 was killed \\(exit code -9\\)"),
            ((OK, Outcome("stopped", None, 1.0)), KeyboardInterrupt, None),
        ],
    )
    def test_else_the_error_that_explains_the_most(self, outcomes, expected, match):
        with pytest.raises(expected, match=match):
            judged(list(outcomes), {0: 1, 1: -9})

    def test_a_process_that_we_ended_is_not_told(self):
        with pytest.raises(RuntimeError, match="process 1 failed"):
            judged([self.GONE, self.EARLY], {1: 1})
