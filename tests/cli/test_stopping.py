"""A command ends once, in one line, whatever it was doing; a reader or a disk that fails a log ends no training."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

import forked
from lissom.cli import main
from lissom.cli.stopping import Ending
from photos import make_photos

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and devices of Unix")
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
FULL = Path("/dev/full")
WORDS = ["train", "classify", "--data", "photos", "--model", "mobilenetv1_cifar", "--width", "0.25"]
WORDS += ["--batch-size", "8", "--threads", "1"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("stopping")
    make_photos(folder / "photos", per_class=10)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LISSOM_CACHE", str(folder / "cache"))
        yield folder


def lissom(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return forked.run([sys.executable, "-m", "lissom", *words], text=True, **options)


@pytest.mark.parametrize("number", SIGNALS)
def test_whatever_asks_a_command_to_end_it_says_one_line(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    former = [signal.getsignal(each) for each in SIGNALS]

    def work(argv: list[str]) -> int:
        try:
            signal.raise_signal(number)
        finally:
            signal.raise_signal(number)  # at once again, while the first one is obeyed
        return 0

    monkeypatch.setattr(main, "_dispatch", work)
    assert main.run([]) == 130
    assert capsys.readouterr().err == "lissom: Stopped.\n"
    assert [signal.getsignal(each) for each in SIGNALS] == former


def test_what_an_import_makes_of_it_is_no_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(argv: list[str]) -> int:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ImportError("cannot load") from None
        return 0

    monkeypatch.setattr(main, "_dispatch", work)
    assert main.run([]) == 130
    assert capsys.readouterr().err == "lissom: Stopped.\n"


def test_where_an_object_dies_it_is_not_lost() -> None:
    class Dying:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    def let_it_die() -> None:
        Dying()
        time.sleep(10)
        pytest.fail("it was lost")

    with pytest.raises(KeyboardInterrupt), Ending():
        let_it_die()


def test_a_command_that_does_not_end_is_ended_by_the_next_one_after_a_while() -> None:
    code = (
        "import signal, time; from lissom.cli.stopping import Ending, PATIENCE\n"
        "with Ending() as ending:\n"
        "    try: signal.raise_signal(signal.SIGINT)\n"
        "    except KeyboardInterrupt: pass\n"
        "    ending._asked -= 2 * PATIENCE; signal.raise_signal(signal.SIGINT); print('went on')\n"
    )
    done = forked.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_what_nohup_has_ignored_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Ending():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, former)


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")
@pytest.mark.parametrize("log", ["full disk", "reader who left"])
def test_a_log_that_cannot_be_written_ends_no_training(place: Path, log: str) -> None:
    name = log.split()[0]
    with closed_pipe() if name == "reader" else FULL.open("w") as stderr:
        done = lissom(*WORDS, "--epochs", "2", "--name", name, stderr=stderr, stdout=subprocess.PIPE)
    assert done.returncode == 0, done
    assert f"runs/{name}/report.html" in done.stdout, done
    assert (place / "runs" / name / "report.html").exists()


def closed_pipe() -> IO[str]:
    """One whose reader has left."""
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w")


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")
def test_a_full_disk_under_what_is_printed_is_one_line() -> None:
    with FULL.open("w") as full:
        done = lissom("models", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 5
    assert done.stderr.count("\n") == 1
    assert "Standard output cannot be written" in done.stderr


def test_closed_streams_and_a_backend_of_a_notebook_are_nothing(place: Path) -> None:
    command = f"{sys.executable} -m lissom"
    environment = {**os.environ, "MPLBACKEND": "no backend"}
    for words, code in (
        (f"{command} models >&-", 0),
        (f"{command} nothing 2>&-", 2),
        (f"{command} env <&- >&- 2>&-", 0),
    ):
        assert subprocess.run(["bash", "-c", words], env=environment).returncode == code


def test_ctrl_c_where_nobody_asks_for_it_says_how_to_go_on(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from lissom.training import life

    def interrupt(*args: Any) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(life, "_finish", interrupt)  # after the loop, before the test data is read
    assert main.run([*WORDS, "--epochs", "1", "--name", "my run"]) == 130
    assert "lissom resume 'runs/my run'" in capsys.readouterr().err
    monkeypatch.undo()
    assert main.run(["resume", "runs/my run", "--quiet"]) == 0


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EIO])
def test_what_the_system_refuses_of_a_path_is_one_line(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: Path) -> bool:
        raise OSError(number, os.strerror(number), "kept/.lissom")

    monkeypatch.setattr("lissom.cli.cache.is_room", refuse)
    assert main.run(["cache"]) == 5
    (line,) = capsys.readouterr().err.splitlines()
    assert f"kept/.lissom: {os.strerror(number)}" in line
