"""Photos, archives and CIFAR files made to harm: nothing is waited for, started or unpacked without end."""

import io
import os
import pickle
import struct
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

from lissom.cli.main import run
from lissom.data.files import read_image
from lissom.data.plain_pickle import read_pickle
from lissom.errors import DataError
from lissom.tasks.classify.data.sources import open_source
from photos import make_photos


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return make_photos(tmp_path / "photos", per_class=4)


class TestNoFiles:
    def test_pipes_and_links_to_devices_are_left_out_and_named(
        self, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        os.mkfifo(photos / "one" / "pipe.png")
        (photos / "one" / "zeros.png").symlink_to("/dev/zero")
        run(["check-data", "classify", str(photos), "--cache-dir", str(tmp_path / "cache")])
        out, err = capsys.readouterr()
        assert "2 pipes, devices" in out + err
        assert "one/pipe.png" in out + err
        names = open_source(str(photos), cache_dir=tmp_path / "cache").names
        assert len(names) == 12
        assert "one/0.png" in names

    def test_a_pipe_that_is_named_itself_is_one_line(self, photos: Path, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.png")
        with pytest.raises(DataError, match=r"pipe\.png: not a regular file"):
            read_image(tmp_path / "pipe.png")

    def test_a_pipe_named_as_an_archive(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for name in ("pipe.zip", "pipe.tar.gz"):
            os.mkfifo(tmp_path / name)
            assert run(["check-data", "classify", str(tmp_path / name)]) == 3
            assert "not a regular file" in capsys.readouterr().err

    def test_a_device_in_a_tar_is_left_out(self, photos: Path, tmp_path: Path) -> None:
        device = tarfile.TarInfo("photos/one/pipe.png")
        device.type = tarfile.FIFOTYPE
        with tarfile.open(tmp_path / "photos.tar", "w") as archive:
            archive.add(photos, "photos")
            archive.addfile(device)
        source = open_source(str(tmp_path / "photos.tar"), cache_dir=tmp_path)
        assert [(left.name, left.reason) for left in source.left_out] == [("photos/one/pipe.png", "device")]


class TestContent:
    def test_postscript_named_as_a_photo_starts_no_program(self, tmp_path: Path, monkeypatch: Any) -> None:
        started: list[Any] = []
        monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *given, **more: started.append(given))
        (tmp_path / "x.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n")
        with pytest.raises(DataError, match="not an image; the file begins with '%!PS"):
            read_image(tmp_path / "x.jpg")
        assert not started

    @pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "TIFF", "WEBP", "PPM", "JPEG"])
    def test_formats_are_told_by_content_whatever_the_name_says(self, kind: str, tmp_path: Path) -> None:
        Image.new("RGB", (8, 6), (200, 200, 200)).save(tmp_path / "made", kind)
        (tmp_path / "made").rename(tmp_path / "made.jpg")
        assert read_image(tmp_path / "made.jpg").shape == (6, 8, 3)


def zeros_in_a_tar(path: Path, size: int) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("photos/one/0.png")
        member.size = size
        archive.addfile(member, io.BytesIO(bytes(size)))
    return path


def test_a_tar_that_unpacks_without_end_is_refused_and_leaves_nothing(tmp_path: Path, monkeypatch: Any) -> None:
    path = zeros_in_a_tar(tmp_path / "bomb.tar.gz", 8 << 20)
    monkeypatch.setenv("LISSOM_MAX_GB", "0.004")
    with pytest.raises(DataError, match="LISSOM_MAX_GB=1"):
        open_source(str(path), cache_dir=tmp_path / "cache")
    assert not [file for file in (tmp_path / "cache").rglob("*") if ".tar" in file.name]
    monkeypatch.setenv("LISSOM_MAX_GB", "0.01")
    assert len(open_source(str(path), cache_dir=tmp_path / "cache").names) == 1


def named(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


FORGED = (  # numpy.ndarray((1,), dtype("O8"), bytearray(b"AAAAAAAA"), 0): its one object would be at 0x4141414141414141
    b"\x80\x05" + named("numpy", "ndarray") + b"(K\x01\x85" + named("numpy", "dtype") + b"(X\x02\x00\x00\x00O8tR\x96"
    + struct.pack("<Q", 8) + b"A" * 8 + b"tRK\x00K\x01s."
)  # fmt: skip


class TestPickles:
    @pytest.mark.parametrize("protocol", range(5))
    def test_numbers_texts_and_arrays_come_out(self, protocol: int) -> None:
        rows = np.arange(12, dtype=np.uint8).reshape(3, 4)
        table = {
            b"data": rows,
            "labels": [1, 255, 70000, -3],
            "names": [b"\xff", "é"],
            "other": (None, {"a": []}),
        }
        found = read_pickle(pickle.dumps(table, protocol=protocol))
        assert found.pop("data").tolist() == rows.tolist()
        assert found == {"labels": [1, 255, 70000, -3], "names": [b"\xff", "é"], "other": (None, {"a": []})}

    def test_arrays_keep_type_byte_order_and_order_of_axes(self) -> None:
        array = np.asfortranarray(np.arange(6, dtype=">f4").reshape(2, 3))
        found = read_pickle(pickle.dumps({"a": array}, protocol=2))["a"]
        assert found.tolist() == [[0, 1, 2], [3, 4, 5]]
        assert found.dtype == np.dtype(">f4")

    def test_pickles_of_python_2_hold_bytes_as_text(self) -> None:
        kind = named("numpy", "dtype") + b"(U\x02u1K\x00K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        made = named("numpy.core.multiarray", "_reconstruct") + b"(" + named("numpy", "ndarray") + b"K\x00\x85U\x01btR"
        content = b"\x80\x02}U\x04data" + made + b"(K\x01K\x02K\x01\x86" + kind + b"\x89U\x02\xfe\x07tbs."
        assert read_pickle(content)["data"].tolist() == [[254], [7]]

    @pytest.mark.parametrize(("content", "words"), [
        (FORGED,                                             "ValueError|TypeError|KeyError"),
        (pickle.dumps({"a": np.array([{}], object)}, 2)[:-9], "EOFError|Error"),
        (b"\x80\x02" + b"]" * 100000 + b"a" * 99999 + b".",   "dictionary"),
        (b"\x80\x02r\xff\xff\xff\x7f.",                       "Error"),
        (b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b".", "KeyError"),
        (b"I" + b"9" * 6000 + b"\n.",                         "ValueError"),
        (b"\x80\x02\x82\x01.",                                "KeyError"),
    ])  # fmt: skip
    def test_all_else_is_damage(self, content: bytes, words: str) -> None:
        with pytest.raises(ValueError, match=words):
            read_pickle(content)

    def test_an_array_of_objects_is_none(self) -> None:
        assert read_pickle(pickle.dumps({"a": np.array([{}], object)}, 2)) == {"a": None}

    @pytest.mark.parametrize("name", [("os", "system"), ("numpy", "load"), ("numpy", "ndarray.x")])
    def test_other_names_are_refused(self, name: tuple[str, str]) -> None:
        with pytest.raises(DataError, match=name[1]):
            read_pickle(b"\x80\x02" + named(*name) + b"(tR.")

    @pytest.mark.parametrize("labels", [[0.5], [-1], [10], [True], [[1]], ["a"], [10**30], None, [0, 1]])
    def test_labels_are_whole_numbers_of_classes(self, labels: Any, tmp_path: Path) -> None:
        rows = np.zeros((1, 3072), np.uint8)
        for name in (*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"):
            held = {"data": rows, "labels": labels if name == "data_batch_3" else [3]}
            (tmp_path / name).write_bytes(pickle.dumps(held, protocol=2))
        (tmp_path / "batches.meta").write_bytes(pickle.dumps({"label_names": [f"c{n}" for n in range(10)]}, protocol=2))
        with pytest.raises(DataError, match="data_batch_3"):
            open_source(str(tmp_path), cache_dir=tmp_path)
