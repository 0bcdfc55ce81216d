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
from lissom.data.files import Header, Unreadable, decode, header, image_suffixes, is_image_name
from lissom.data.png_header import plain_image, plain_size


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
    with pytest.raises(Unreadable):
        decode(png(), channels=3)


def decoded(data: bytes, channels: int) -> tuple[object, ...] | str:
    try:
        pixels, mode, values = decode(data, channels=channels)
    except Unreadable as error:
        return str(error)
    return pixels.shape, pixels.tobytes(), mode, values


def noise(mode: str, size: tuple[int, int] = (7, 5)) -> Image.Image:
    values = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 4), np.uint8)
    return Image.fromarray(values, "RGBA").convert(mode)


def quick(data: bytes) -> Image.Image | None:
    size = plain_size(data)
    return plain_image(data, size) if size else None


def written(image: Image.Image, **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", **how)
    return out.getvalue()


def decoded_by_pillow(data: bytes, channels: int, monkeypatch: pytest.MonkeyPatch) -> tuple[object, ...] | str:
    with monkeypatch.context() as patch:
        patch.setattr(files, "plain_size", lambda _: None)
        return decoded(data, channels)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_are_those_of_pillow(mode: str, channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    image = noise("L").convert("I;16") if mode == "I;16" else noise(mode)
    for how in ({}, {"compress_level": 0}, {"optimize": True}):
        data = written(image, **how)
        assert (quick(data) is not None) == (mode in ("L", "RGB"))
        assert decoded(data, channels) == decoded_by_pillow(data, channels, monkeypatch)
        assert decoded(data + b"0000001", channels) == decoded_by_pillow(data, channels, monkeypatch)


def test_what_stands_behind_the_pixels_is_left_to_pillow() -> None:
    data = written(noise("RGB"))
    assert quick(data)
    assert quick(data[:-12] + b"\0\0\0\1tRNS" + bytes(5) + data[-12:]) is None
    assert quick(data[:-12]) is None
    big = Image.effect_noise((400, 400), 90)
    assert written(big).count(b"IDAT") > 1
    assert quick(written(big)) is None


def test_damaged_pixels_are_decoded_or_refused_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    data, rng, whole = written(noise("RGB")), np.random.default_rng(0), 0
    for _ in range(400):
        other = bytearray(data)
        other[int(rng.integers(20, len(data)))] ^= int(rng.integers(1, 256))
        found = decoded(bytes(other), 3)
        whole += isinstance(found, tuple)
        assert found == decoded_by_pillow(bytes(other), 3, monkeypatch)
    assert 0 < whole < 400
    for length in range(20, len(data)):
        assert decoded(data[:length], 3) == decoded_by_pillow(data[:length], 3, monkeypatch)


def test_an_interlaced_file_is_left_to_pillow() -> None:
    assert quick(written(noise("RGB"))) is not None
    assert quick(with_header(written(noise("RGB")), 12, 1)) is None


@pytest.mark.parametrize("name", [
    "a.png", "a.PNG", "b/a.jpeg", ".png", "b/.png", "..png", "a.", "a.b.jpg", "png", "a.txt", "b.png/a", "b.png/a.txt",
    "a.png/", "", "a..png", "b/a.tif",
])  # fmt: skip
def test_a_name_is_split_as_paths_are(name: str) -> None:
    assert is_image_name(name) == (Path(name).suffix.lower() in image_suffixes())
