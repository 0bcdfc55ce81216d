"""What may be read: regular files, without waiting for others, and no more than a limit that can be raised."""

import os
from pathlib import Path

import pytest

from lissom import bounds
from lissom.bounds import most_bytes, open_regular, read_regular, require_room, require_unpacked
from lissom.errors import DataError, MachineError, UsageError


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe.png")
    return tmp_path / "pipe.png"


def test_a_pipe_is_no_file_and_is_not_waited_for(pipe: Path) -> None:
    with pytest.raises(OSError, match="pipe"):
        open_regular(pipe)


@pytest.mark.parametrize("target", ["/dev/zero", "/dev"])
def test_neither_is_a_device_or_a_folder(target: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(OSError):
        read_regular(tmp_path / "link")


def test_a_file_is_read_whole_unless_it_is_longer_than_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(bytes(2000))
    assert read_regular(tmp_path / "file") == bytes(2000)
    monkeypatch.setenv("LISSOM_MAX_GB", "1e-6")
    with pytest.raises(OSError, match="LISSOM_MAX_GB"):
        read_regular(tmp_path / "file")


def test_a_gigabyte_or_a_hundred_times_its_size() -> None:
    assert most_bytes(packed=10) == 10**9
    assert most_bytes(packed=10**8) == 10**10


def test_more_is_refused_with_the_variable_that_allows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "small.npz"
    path.write_bytes(bytes(1000))
    require_room(path, 10**9)
    with pytest.raises(DataError, match="LISSOM_MAX_GB=3"):
        require_room(path, 3 * 10**9)
    monkeypatch.setenv("LISSOM_MAX_GB", "3")
    require_unpacked(path, 3 * 10**9)


def test_more_than_the_machine_has_names_formats_that_are_mapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "_memory", lambda: 5000)
    with pytest.raises(MachineError, match="ENVI"):
        require_room(tmp_path, 5001)
    require_room(tmp_path, 5000)


@pytest.mark.parametrize("word", ["many", "0", "-1", "nan", "inf"])
def test_a_limit_that_is_no_number_is_refused(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISSOM_MAX_GB", word)
    with pytest.raises(UsageError, match=f"LISSOM_MAX_GB.*{word}"):
        most_bytes()
