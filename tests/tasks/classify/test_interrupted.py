"""A run that is killed or stopped and then resumed ends as the one that was not: data order, augmentation and all."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import forked
from lissom.runs.weights import digest, read_weights
from lissom.training.run import open_run
from photos import make_photos

NET = ["--data", "photos", "--model", "mobilenetv1_cifar", "--width", "0.25", "--batch-size", "16"]
SETTINGS = [*NET, "--options", "dropout", "0.2", "--epochs", "6"]
SETTINGS += ["--mixup", "0.2", "--randaugment", "1", "--cutout", "4", "--ema", "0.9", "--checkpoint-minutes", "0.002"]


def lissom(place: Path, *words: str) -> subprocess.Popen[str]:
    environment = os.environ | {"LISSOM_CACHE": str(place / "cache"), "OMP_NUM_THREADS": "1"}
    return forked.Popen(
        [sys.executable, "-m", "lissom", *words],
        cwd=place, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos, and runs/whole: the run that nobody interrupted."""
    folder = tmp_path_factory.mktemp("interrupted")
    make_photos(folder / "photos")
    process = lissom(folder, "train", "classify", *SETTINGS, "--name", "whole")
    _, err = process.communicate()
    assert process.returncode == 0, err
    return folder


def start_and_wait(place: Path, name: str, seconds: float) -> subprocess.Popen[str]:
    """A training under way, `seconds` after its first checkpoint."""
    process = lissom(place, "train", "classify", *SETTINGS, "--name", name)
    checkpoints = place / "runs" / name / "checkpoints"
    while not (checkpoints.is_dir() and any(checkpoints.glob("*.pt"))):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    time.sleep(seconds)
    return process


def assert_equal_to_whole(place: Path, name: str) -> None:
    whole, resumed = place / "runs" / "whole", place / "runs" / name
    for weights in ("last.safetensors", "best.safetensors"):
        assert digest(read_weights(whole / weights)[0]) == digest(read_weights(resumed / weights)[0])
    losses = [[(row["train_loss"], row["top1"]) for row in open_run(run).history] for run in (whole, resumed)]
    assert losses[0] == losses[1]
    assert open_run(whole).test == open_run(resumed).test


@pytest.mark.parametrize("seconds", [0.3, *(pytest.param(s, marks=pytest.mark.slow) for s in (0.0, 0.1, 0.7, 1.5))])
def test_killed_then_resumed_is_bit_identical(place: Path, seconds: float) -> None:
    name = f"killed-{seconds}"
    process = start_and_wait(place, name, seconds)
    process.kill()
    process.communicate()
    resumed = lissom(place, "resume", f"runs/{name}")
    _, err = resumed.communicate()
    assert resumed.returncode == 0, err
    assert_equal_to_whole(place, name)


def test_ctrl_c_saves_says_how_to_go_on_and_leaves_with_130(place: Path) -> None:
    process = start_and_wait(place, "stopped", 0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130, err
    assert "lissom resume runs/stopped" in err.splitlines()[-1]
    resumed = lissom(place, "resume", "runs/stopped")
    _, err = resumed.communicate()
    assert resumed.returncode == 0, err
    assert_equal_to_whole(place, "stopped")


def test_two_processes_train_as_one_that_accumulates(place: Path) -> None:
    """The command line's own way to two processes; losses are those of one process with the same two halves."""
    for words in (["--devices", "2", "--name", "several"], ["--accumulate", "2", "--name", "one"]):
        process = lissom(place, "train", "classify", *NET, "--epochs", "2", *words)
        _, err = process.communicate()
        assert process.returncode == 0, err
    losses = [[row["train_loss"] for row in open_run(place / "runs" / name).history] for name in ("several", "one")]
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)
