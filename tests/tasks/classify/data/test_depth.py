"""Images of more than 8 bits are scaled by one range for the whole set, which the training images decide."""

import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lissom
from lissom.cli.main import run as command
from lissom.data.files import decode, header, read_values
from lissom.data.scales import Scales, choose
from lissom.tasks.classify.data.check import check
from lissom.tasks.classify.data.images import ImageData, load
from lissom.tasks.classify.settings import DataConfig

RAMP = np.linspace(0, 1, 64).reshape(8, 8)
Arrays = dict[str, np.ndarray]


def made(folder: Path, *, high: float = 4000, dtype: Any = np.uint16, suffix: str = "png", **more: Any) -> Path:
    """Two classes of 5 images of 8x8 with values from 0 to `high`; more: arrays by file, `_` for `/`."""
    arrays = {f"{name}_{number}": RAMP * high for name in "ab" for number in range(5)}
    for name, array in {**arrays, **more}.items():
        path = folder / f"{name.replace('_', '/')}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(array.astype(dtype)).save(path)
    return folder


def loaded(data: Path, cache: Path, **more: Any) -> tuple[ImageData, list[str]]:
    told: list[Any] = []
    found = load(DataConfig(data=str(data), workers=0), cache_dir=cache, listener=told.append, **more)
    return found, [each.name for each in told if hasattr(each, "name")]


def greys(data: ImageData) -> list[int]:
    return np.unique(data.train.pixels([0])).tolist()


@pytest.mark.parametrize(
    ("kind", "low", "high", "ends"),
    [
        ("integers", 0, 4000, (0, 4095)),
        ("integers", 0, 4095, (0, 4095)),
        ("integers", 7, 4096, (0, 8191)),
        ("integers", 0, 60_000, (0, 65535)),
        ("integers", 0, 70_000, (0, 131071)),
        ("integers", 0, 40, (0, 255)),
        ("integers", -1024, 3071, (-1024, 3071)),
        ("floats", 0, 0.9, (0, 1)),
        ("floats", 0, 1, (0, 1)),
        ("floats", 0, 200, (0, 255)),
        ("floats", 0, 255.5, (0, 511)),
        ("floats", -0.5, 0.5, (-0.5, 0.5)),
        ("floats", 0.001, 0.01, (0.001, 0.01)),
        ("floats", 0, 0, (0, 1)),
    ],
)
def test_the_rule(kind: Any, low: float, high: float, ends: tuple[float, float]) -> None:
    assert choose(kind, low, high) == ends


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_12_bits_in_16_keep_their_greys(suffix: str, tmp_path: Path) -> None:
    data, told = loaded(made(tmp_path / "photos", suffix=suffix), tmp_path / "cache")
    wanted = np.unique(np.rint((RAMP * 4000).astype(np.uint16) * (255 / 4095)))
    assert greys(data) == wanted.tolist()
    assert data.facts.scales == Scales(integers=(0, 4095))
    assert "data.depth-integers-scaled" in told
    assert data.used.notes[0].values["bits"] == 12


def test_floats_are_not_scaled_each_by_itself(tmp_path: Path) -> None:
    dark = RAMP * 0.5
    folder = made(tmp_path / "photos", high=200, dtype=np.float32, suffix="tif", a_dark=dark)
    data, _ = loaded(folder, tmp_path / "cache")
    assert data.facts.scales == Scales(floats=(0, 255))
    for part in (data.train, data.val, data.test):
        for index, name in enumerate(part.names):
            assert part.pixels([index]).max() == (0 if name == "a/dark.tif" else 200)


def test_negative_values_are_black_at_the_lowest(tmp_path: Path) -> None:
    folder = made(tmp_path / "photos", high=3000, dtype=np.int32, suffix="tif", a_low=RAMP * 4000 - 1000)
    data, _ = loaded(folder, tmp_path / "cache")
    assert data.facts.scales == Scales(integers=(-1000, 3000))
    assert greys(data)[0] == round(1000 * 255 / 4000)


def test_8_bits_beside_16_stay_as_they_are(tmp_path: Path) -> None:
    folder = made(tmp_path / "photos")
    Image.fromarray((RAMP * 255).astype(np.uint8)).save(folder / "a" / "eight.png")
    data, _ = loaded(folder, tmp_path / "cache")
    parts = (data.train, data.val, data.test)
    white = {name: int(part.pixels([i]).max()) for part in parts for i, name in enumerate(part.names)}
    assert white.pop("a/eight.png") == 255
    assert set(white.values()) == {round(4000 * 255 / 4095)}


def test_nothing_is_decoded_to_decide_on_8_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path / "photos", high=255, dtype=np.uint8)
    decoded: list[bytes] = []
    monkeypatch.setattr("lissom.data.ranges.read_values", decoded.append)
    data, _ = loaded(folder, tmp_path / "cache")
    assert not decoded
    assert data.facts.scales == Scales()
    Image.fromarray((RAMP * 300).astype(np.uint16)).save(folder / "a" / "deep.png")
    loaded(folder, tmp_path / "cache2")
    assert decoded == [(folder / "a" / "deep.png").read_bytes()]


class TestTheTrainingDecides:
    @pytest.fixture
    def splits(self, tmp_path: Path) -> Path:
        folder = made(tmp_path / "photos" / "train")
        made(tmp_path / "photos" / "test", high=60_000)
        return folder.parent

    def test_not_the_test_folder_whose_images_are_clipped_and_counted(self, splits: Path, tmp_path: Path) -> None:
        data, _ = loaded(splits, tmp_path / "cache")
        assert data.facts.scales == Scales(integers=(0, 4095))
        assert data.test.pixels([0]).max() == 255
        clipped = data.notes[-1]
        assert (clipped.name, clipped.values["count"], clipped.values["high"]) == ("data.depth-clipped", 10, "60000")

    def test_check_data_says_so_before(self, splits: Path, tmp_path: Path) -> None:
        report = check(str(splits), cache_dir=tmp_path / "cache")
        found = report["depth"]["integers"]
        assert (found["images"], found["low"], found["high"], found["bits"]) == (20, 0, 60_000, 16)
        assert (found["black"], found["white"]) == (0, 4095)
        assert any("0 to 4095" in warning and "10 images" in warning for warning in report["warnings"])
        assert any("white 4095" in told for told in report["notes"])

    def test_an_image_that_alone_makes_all_others_dark_is_named(self, tmp_path: Path) -> None:
        folder = made(tmp_path / "photos", b_hot=RAMP * 65535)
        warnings = check(str(folder), cache_dir=tmp_path / "cache")["warnings"]
        assert any("b/hot.png" in warning and "4095" in warning and "65535" in warning for warning in warnings)


def test_runs_of_before_keep_their_pixels_and_have_another_cache(tmp_path: Path) -> None:
    folder = made(tmp_path / "photos")
    new, _ = loaded(folder, tmp_path / "cache")
    facts = json.loads(json.dumps({**vars(new.facts), "scales": None}))
    old, told = loaded(folder, tmp_path / "cache", facts=type(new.facts)(**facts))
    assert greys(old) == np.unique(np.rint((RAMP * 4000).astype(np.uint16) / 257)).tolist()
    assert len(greys(old)) == 17 < len(greys(new))
    assert not [name for name in told if "depth" in name]
    again, _ = loaded(folder, tmp_path / "cache", facts=new.facts)
    assert greys(again) == greys(new)


def png16(values: np.ndarray) -> bytes:
    """H W C of 16 bits as a PNG, which Pillow does not write; C = 2, 3 or 4."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width, channels = values.shape
    head = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_colours_of_16_bits_have_both_bytes() -> None:
    values = np.random.default_rng(0).integers(0, 4096, (5, 7, 3))
    file = png16(values)
    assert header(file).kind == "integers"
    assert read_values(file) == ("integers", values.min(), values.max())
    pixels = decode(file, channels=3, scales=Scales(integers=(0, 4095))).pixels
    assert np.array_equal(pixels, np.rint(values * (255 / 4095)))
    assert np.array_equal(decode(file, channels=3).pixels, values >> 8)
    clear = np.concatenate([values, np.full((5, 7, 1), 65535)], 2)
    clear[0, 0, 3] = 0
    pixels = decode(png16(clear), channels=3, scales=Scales(integers=(0, 4095))).pixels
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert np.array_equal(pixels[1:], np.rint(values[1:] * (255 / 4095)))


def test_16_bits_are_turned_upright() -> None:
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6
    Image.fromarray((RAMP[:4] * 4000).astype(np.uint16)).save(file, "PNG", exif=exif)
    assert decode(file.getvalue(), channels=1, scales=Scales(integers=(0, 4095))).pixels.shape == (8, 4, 1)


def test_train_predict_evaluate_and_an_exported_file_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One image, four ways: its pixels decide the probability."""
    folder = made(tmp_path / "photos" / "train", b_bright=RAMP * 4000 + 90)
    made(tmp_path / "photos" / "test", high=2000)
    common = ["--cache-dir", str(tmp_path / "cache"), "--runs-dir", str(tmp_path), "--name", "run"]
    words = "--model mobilenetv1_cifar --width 0.25 --resolution 32 --epochs 1 --batch-size 8 --workers 0"
    assert command(["train", "classify", "--data", str(folder.parent), *words.split(), *common]) == 0
    assert "white 4095" in " ".join(capsys.readouterr().err.split())
    run = tmp_path / "run"
    assert lissom.open_run(run).facts.scales == Scales(integers=(0, 4095))
    image = folder.parent / "test" / "a" / "0.png"
    (row,) = lissom.predict(run, image)
    lines = (run / "evaluation.csv").read_text().splitlines()
    measured = next(line for line in lines if line.startswith("test/a/0.png,")).split(",")
    assert (row["label"], row["probability"]) == (measured[2], pytest.approx(float(measured[3]), abs=1e-5))
    file = tmp_path / "run.onnx"
    lissom.export(run, output=file)
    (portable,) = lissom.predict(file, image)
    assert portable["probability"] == pytest.approx(row["probability"], abs=1e-5)
    told: list[Any] = []
    bright = made(tmp_path / "bright", high=9000) / "a" / "0.png"
    lissom.predict(file, bright, listener=told.append)
    assert [each.values["high"] for each in told if getattr(each, "name", "") == "data.depth-clipped"] == ["9000"]
