"""A file comes whole and checked, or not at all; what came before a connection broke is not asked for again."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.loopback import Files, serving
from lissom.atomic import this_process
from lissom.data.download import fetch, mirrored
from lissom.data.rooms import MARK, make_room
from lissom.errors import DataError, MachineError, UsageError

DATE = "Wed, {} Oct 2015 07:28:00 GMT"
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


VERSIONS = [
    ({"ETag": '"a"'}, {"ETag": '"b"'}, "bytes=300000-"),
    ({"Last-Modified": DATE.format(21)}, {"Last-Modified": DATE.format(22)}, "bytes=300000-"),
    ({"ETag": 'W/"a"'}, {"ETag": 'W/"a"'}, None),  # weak: the bytes may differ
    ({}, {}, None),
]


@pytest.mark.parametrize(("before", "after", "asked"), VERSIONS, ids=["tag", "date", "weak", "none"])
@pytest.mark.parametrize("obeyed", [True, False], ids=["If-Range", "none"])
@pytest.mark.parametrize("changed", [True, False], ids=["changed", "same"])
def test_without_a_checksum_two_versions_are_never_joined(
    before: dict, after: dict, asked: str | None, obeyed: bool, changed: bool, server: Files, target: Path
) -> None:
    server.headers, server.breaks_after, server.knows_conditions = before, [300_000, 0], obeyed
    with pytest.raises(MachineError):
        fetch(f"{server.address}/a/net.pth", target)
    server.breaks_after = []
    if changed:
        server.headers, server.content["/a/net.pth"] = after, CONTENT[::-1]
    del server.asked[:]
    fetch(f"{server.address}/a/net.pth", target)
    assert target.read_bytes() == server.content["/a/net.pth"]
    assert server.asked[0] == ("/a/net.pth", asked)
    assert (len(server.asked) == 2) == (changed and not obeyed and asked is not None)
    assert kept(target.parent) == ["net.pth"]


def test_a_date_of_this_very_second_names_no_version(server: Files, target: Path) -> None:
    server.headers = {"Last-Modified": "Fri, 31 Dec 9999 23:59:59 GMT"}
    server.breaks_after = [300_000, 0]
    with pytest.raises(MachineError):
        fetch(f"{server.address}/a/net.pth", target)
    assert server.asked[1] == ("/a/net.pth", None)


def test_a_body_longer_than_promised_is_refused(server: Files, target: Path) -> None:
    server.surplus = b"x"
    with pytest.raises(MachineError, match=f"more than the {len(CONTENT)} bytes"):
        fetch(f"{server.address}/a/net.pth", target)
    assert kept(target.parent) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows does not say who has ended")
def test_the_lock_of_a_killed_process_is_none(server: Files, target: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    make_room(target.parent)
    (target.parent / "net.pth.lock").write_text(this_process().replace(str(os.getpid()), str(child.pid), 1))
    fetch(f"{server.address}/a/net.pth", target)
    assert kept(target.parent) == ["net.pth"]


@pytest.mark.parametrize("mirror", ["hf-mirror.com", "file:///etc", "http://", "https:/x"])
def test_a_mirror_is_an_address(mirror: str) -> None:
    with pytest.raises(UsageError, match="expected an address"):
        mirrored("https://a.org/x/y", mirror)


def test_a_network_that_fails_is_one_line(server: Files, target: Path) -> None:
    with pytest.raises(MachineError, match="File not found"):
        fetch(f"{server.address}/nothing", target)
    assert kept(target.parent) == []


def test_a_folder_that_cannot_be_made(server: Files, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MachineError, match="file"):
        fetch(f"{server.address}/a/net.pth", tmp_path / "file" / "net.pth")
