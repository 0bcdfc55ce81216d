"""A file comes whole and checked, or not at all; what came before a connection broke is not asked for again."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.loopback import Files, serving
from lissom.data.download import fetch, mirrored
from lissom.data.rooms import MARK, make_room
from lissom.errors import DataError, MachineError

CONTENT = bytes(range(256)) * 4000  # about a megabyte
SHA256, MD5 = hashlib.sha256(CONTENT).hexdigest(), hashlib.md5(CONTENT).hexdigest()


@pytest.fixture
def server() -> Iterator[Files]:
    with serving() as files:
        files.content["/a/net.pth"] = CONTENT
        yield files


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "net.pth"


def kept(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir() if file.name != MARK)


def test_whole_and_checked_by_either_checksum(server: Files, target: Path) -> None:
    seen: list[tuple[int, int]] = []
    tell = lambda event: seen.append((event.done, event.total))  # noqa: E731
    got = fetch(f"{server.address}/a/net.pth", target, md5=MD5, sha256=SHA256[:8], listener=tell)
    assert (got, target.read_bytes()) == (SHA256, CONTENT)
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert kept(target.parent) == ["net.pth"]


def test_a_broken_connection_goes_on_where_it_broke(server: Files, target: Path) -> None:
    server.breaks_after = [300_000, 200_000]
    fetch(f"{server.address}/a/net.pth", target, sha256=SHA256)
    assert target.read_bytes() == CONTENT
    assert server.asked == [("/a/net.pth", r) for r in (None, "bytes=300000-", "bytes=500000-")]


def test_what_came_is_kept_for_the_next_try(server: Files, target: Path) -> None:
    server.breaks_after = [300_000, 0]
    with pytest.raises(MachineError, match=r"net\.pth"):
        fetch(f"{server.address}/a/net.pth", target, sha256=SHA256)
    assert kept(target.parent) == ["net.pth.partial"]
    fetch(f"{server.address}/a/net.pth", target, sha256=SHA256)
    assert server.asked[-1] == ("/a/net.pth", "bytes=300000-")
    assert (target.read_bytes(), kept(target.parent)) == (CONTENT, ["net.pth"])


def test_a_server_without_ranges_sends_it_all_again(server: Files, target: Path) -> None:
    server.knows_ranges, server.breaks_after = False, [300_000]
    fetch(f"{server.address}/a/net.pth", target, sha256=SHA256)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("left", [CONTENT, CONTENT + b"more"], ids=["all", "too much"])
def test_a_partial_file_that_lacks_nothing(left: bytes, server: Files, target: Path) -> None:
    make_room(target.parent)
    (target.parent / "net.pth.partial").write_bytes(left)
    fetch(f"{server.address}/a/net.pth", target, sha256=SHA256)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize(("checksum", "kind"), [({"sha256": "0" * 8}, "SHA-256"), ({"md5": "0" * 32}, "MD5")])
def test_a_wrong_checksum_leaves_nothing(checksum: dict, kind: str, server: Files, target: Path) -> None:
    with pytest.raises(DataError, match=kind):
        fetch(f"{server.address}/a/net.pth", target, **checksum)
    assert kept(target.parent) == []


def test_a_partial_file_of_something_else_does_not_stay(server: Files, target: Path) -> None:
    make_room(target.parent)
    (target.parent / "net.pth.partial").write_bytes(b"something else")
    with pytest.raises(DataError, match="SHA-256"):
        fetch(f"{server.address}/a/net.pth", target, sha256=SHA256)
    fetch(f"{server.address}/a/net.pth", target, sha256=SHA256)  # the next try begins anew
    assert target.read_bytes() == CONTENT


def test_another_process_at_it_has_its_own_part(server: Files, target: Path) -> None:
    make_room(target.parent)
    (target.parent / "net.pth.lock").touch()
    (target.parent / "net.pth.partial").write_bytes(b"of the other")
    fetch(f"{server.address}/a/net.pth", target, sha256=SHA256)
    assert target.read_bytes() == CONTENT
    assert (target.parent / "net.pth.partial").read_bytes() == b"of the other"


def test_a_mirror_stands_in_for_the_host(server: Files, target: Path) -> None:
    server.content["/mirror/a/net.pth"] = CONTENT
    fetch("https://example.invalid/a/net.pth", target, sha256=SHA256, mirror=f"{server.address}/mirror/")
    assert server.asked == [("/mirror/a/net.pth", None)]
    assert mirrored("https://a.org/x/y", None) == "https://a.org/x/y"


def test_a_network_that_fails_is_one_line(server: Files, target: Path) -> None:
    with pytest.raises(MachineError, match="File not found"):
        fetch(f"{server.address}/nothing", target)
    assert kept(target.parent) == []


def test_a_folder_that_cannot_be_made(server: Files, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MachineError, match="file"):
        fetch(f"{server.address}/a/net.pth", tmp_path / "file" / "net.pth")
