import errno
import os
import stat
import subprocess
import sys

import pytest

from lissom import atomic
from lissom.atomic import write_atomic, writing
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
from lissom.atomic import write_atomic, writing
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
