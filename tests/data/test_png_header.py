"""The header of a plain PNG read without Pillow, against Pillow."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lissom.bounds import PIXELS
from lissom.data import files
from lissom.data.files import Header, Unreadable, header, image_suffixes, is_image_name
from lissom.data.png_header import plain_size


def png(mode: str = "RGB", size: tuple[int, int] = (5, 3), **how: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, "PNG", **how)
    return out.getvalue()


def with_header(data: bytes, index: int, value: int, *, sound: bool = True) -> bytes:
    """Another byte in the header, with a checksum that fits it or not."""
    body = bytearray(data[12:29])
    body[4 + index] = value
    crc = struct.pack(">I", zlib.crc32(bytes(body))) if sound else data[29:33]
    return data[:12] + bytes(body) + crc + data[33:]


def by_pillow(data: bytes, monkeypatch: pytest.MonkeyPatch) -> Header | str:
    with monkeypatch.context() as patch:
        patch.setattr(files, "plain_size", lambda _: None)
        return outcome(data)


def outcome(data: bytes) -> Header | str:
    try:
        return header(data)
    except Unreadable as error:
        return str(error)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_plain_files_are_read(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = png(mode)
    assert plain_size(data) == (5, 3)
    assert header(data) == by_pillow(data, monkeypatch) == Header((5, 3), None)
    assert plain_size(data + b"more") == (5, 3)


@pytest.mark.parametrize("mode", ["1", "P", "I;16"])
def test_other_kinds_are_left_to_pillow(mode: str) -> None:
    assert plain_size(png(mode)) is None


def test_files_with_more_chunks_are_left_to_pillow() -> None:
    assert plain_size(png(dpi=(72, 72))) is None
    assert plain_size(b"") is None
    assert plain_size(png()[:30]) is None


@pytest.mark.parametrize("sound", [True, False])
@pytest.mark.parametrize("value", [0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 255])
def test_whatever_a_header_says_both_say_the_same(value: int, sound: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for index in range(13):
        data = with_header(png(), index, value, sound=sound)
        assert outcome(data) == by_pillow(data, monkeypatch), (index, value)


def test_damaged_bytes_are_told_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    data, rng = png(), np.random.default_rng(0)
    for _ in range(300):
        other = bytearray(data)
        other[int(rng.integers(0, 45))] = int(rng.integers(0, 256))
        assert outcome(bytes(other)) == by_pillow(bytes(other), monkeypatch)
    for length in range(1, 60):
        assert outcome(data[:length]) == by_pillow(data[:length], monkeypatch)


def test_more_pixels_than_are_allowed_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PIXELS, "10")
    with pytest.raises(Unreadable):
        header(png())


@pytest.mark.parametrize("name", [
    "a.png", "a.PNG", "b/a.jpeg", ".png", "b/.png", "..png", "a.", "a.b.jpg", "png", "a.txt", "b.png/a", "b.png/a.txt",
    "a.png/", "", "a..png", "b/a.tif",
])  # fmt: skip
def test_a_name_is_split_as_paths_are(name: str) -> None:
    assert is_image_name(name) == (Path(name).suffix.lower() in image_suffixes())
