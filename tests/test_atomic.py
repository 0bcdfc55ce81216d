import errno
import os
import stat
import subprocess
import sys

import pytest

from lissom import atomic
from lissom.atomic import guarded, has_ended, temporary_folder, temporary_name, this_process, write_atomic, writing
from lissom.errors import MachineError


def test_text_and_bytes_are_written(tmp_path):
    write_atomic(tmp_path / "a", "ä\n")
    write_atomic(tmp_path / "b", b"\x00")
    assert (tmp_path / "a").read_bytes() == "ä\n".encode()
    assert (tmp_path / "b").read_bytes() == b"\x00"
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_the_file_has_the_rights_of_any_other(tmp_path):
    write_atomic(tmp_path / "a", "")
    (tmp_path / "b").touch()
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "ab"}
    assert len(modes) == 1


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize(("code", "kind"), [(errno.ENOSPC, "disk-full"), (errno.EACCES, "not-writable")])
def test_a_failure_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, call, code, kind):
    def fail(*args):
        raise OSError(code, os.strerror(code))

    write_atomic(tmp_path / "a", "old")
    monkeypatch.setattr(atomic.os, call, fail)
    with pytest.raises(MachineError) as raised:
        write_atomic(tmp_path / "a", "new")
    assert raised.value.kind == kind
    assert str(tmp_path / "a") in str(raised.value)
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_ctrl_c_within_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    def interrupt(handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "a", "new")
    assert os.listdir(tmp_path) == []


def test_a_place_below_a_file_is_not_writable(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(MachineError, match="Cannot write"):
        write_atomic(tmp_path / "file" / "a", "")


LIMITED = """
import resource, sys
from lissom.errors import MachineError
from lissom.atomic import guarded, has_ended, temporary_folder, temporary_name, this_process, write_atomic, writing
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
write_atomic(sys.argv[1], b"x" * 1000)
try:
    write_atomic(sys.argv[1], b"y" * 1001)
except MachineError as error:
    print(error, end="")
    sys.exit(error.exit_code)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit of this kind")
def test_a_real_limit_is_one_line_with_the_file_and_leaves_it_as_it_was(tmp_path):
    file = tmp_path / "weights"
    done = subprocess.run([sys.executable, "-c", LIMITED, file], capture_output=True, text=True, check=False)
    assert done.returncode == 5
    assert done.stderr == ""
    assert done.stdout.startswith(f"The disk is full: {file} needs 0.0 MB")
    assert "\n" not in done.stdout
    assert file.read_bytes() == b"x" * 1000
    assert os.listdir(tmp_path) == ["weights"]


def test_a_block_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    write_atomic(tmp_path / "a", "old")
    with pytest.raises(TypeError), writing(tmp_path / "a") as file:
        file.writelines([b"half", "and no bytes"])  # type: ignore[list-item]
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_a_disk_that_fills_while_a_file_is_written_is_said_with_the_remedy_of_its_place(tmp_path):
    with pytest.raises(MachineError) as raised, writing(tmp_path / "b" / "a", parents=True, where="cache-"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert raised.value.kind == "cache-disk-full"
    assert os.listdir(tmp_path / "b") == []


def test_what_the_block_could_not_read_is_not_called_unwritable(tmp_path):
    with pytest.raises(FileNotFoundError), writing(tmp_path / "a"):
        (tmp_path / "missing").read_bytes()


def of_a_killed_process(stem):
    """The temporary name that a process of this machine would have left."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return temporary_name(stem).replace(f".{os.getpid()}-", f".{child.pid}-")


@pytest.mark.skipif(os.name == "nt", reason="Windows does not say who has ended")
def test_what_killed_processes_left_of_a_file_goes_when_it_is_written_again(tmp_path):
    gone, other, ours = of_a_killed_process("a"), of_a_killed_process("b"), temporary_name("a")
    for name in (gone, other, ours, ".a.part", ".a.1-2.part"):
        (tmp_path / name).touch()
    elsewhere = ".a.1-00000000-00000000.part"  # of another machine, whose processes nobody here can ask for
    (tmp_path / elsewhere).touch()
    write_atomic(tmp_path / "a", "")
    assert sorted(os.listdir(tmp_path)) == sorted(["a", other, ours, elsewhere, ".a.part", ".a.1-2.part"])
    os.utime(tmp_path / elsewhere, (0, 0))
    (tmp_path / of_a_killed_process("a")).mkdir()
    with temporary_folder(tmp_path / "a") as folder:
        assert sorted(os.listdir(tmp_path)) == sorted(["a", other, ours, folder.name, ".a.part", ".a.1-2.part"])
    assert not folder.exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows does not say who has ended")
def test_a_process_of_this_machine_has_ended_or_not():
    assert has_ended(this_process()) is False
    assert has_ended(of_a_killed_process("a").split(".")[2].rpartition("-")[0]) is True
    assert [has_ended(word) for word in ("", "1", "1-00000000", "x-y")] == [None] * 4


def test_a_guard_is_asked_before_a_file_is_begun_and_before_it_gets_its_name(tmp_path):
    def refuse(path):
        asked.append(path.name)
        if len(asked) == at:
            raise ZeroDivisionError

    write_atomic(tmp_path / "a", "old")
    for at in (1, 2):
        asked = []
        with pytest.raises(ZeroDivisionError), guarded(refuse):
            write_atomic(tmp_path / "a", "new")
        assert asked == ["a"] * at
    assert (tmp_path / "a").read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]
    write_atomic(tmp_path / "a", "new")
    assert len(asked) == 2
