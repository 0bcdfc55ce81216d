"""Every form of source gives the same images, splits are honest, and every kind of file is read as a person sees it."""

import hashlib
import http.server
import io
import os
import pickle
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lissom.bounds import MOST_PIXELS
from lissom.data.files import fit_square, header, read_image
from lissom.data.rooms import MARK
from lissom.errors import DataError, LissomError, MachineError
from lissom.tasks.classify.data.check import check as check_classify
from lissom.tasks.classify.data.cifar import CIFAR
from lissom.tasks.classify.data.images import ImageData, load
from lissom.tasks.classify.data.sources import open_source
from lissom.tasks.classify.settings import DataConfig
from photos import make_photos


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return make_photos(tmp_path / "photos", per_class=10)


def loaded(data: Path | str, cache: Path, **settings: object) -> ImageData:
    return load(DataConfig(data=str(data), **settings), cache_dir=cache)  # type: ignore[arg-type]


def packed(folder: Path, archive: Path, mode: str) -> Path:
    """The folder in a zip ("zip") or a tar of that compression ("", "gz", "bz2", "xz"), below a folder of its name."""
    if mode == "zip":
        with zipfile.ZipFile(archive, "w") as file:
            for path in sorted(folder.rglob("*.png")):
                file.write(path, path.relative_to(folder.parent))
    else:
        with tarfile.open(archive, f"w:{mode}") as file:
            file.add(folder, folder.name)
    return archive


class TestSources:
    @pytest.mark.parametrize(
        ("name", "mode"),
        [("a.zip", "zip"), ("a.tar", ""), ("a.tar.gz", "gz"), ("a.tar.bz2", "bz2"), ("a.tar.xz", "xz")],
    )
    def test_an_archive_gives_what_its_folder_gives(self, photos: Path, tmp_path: Path, name: str, mode: str) -> None:
        plain = loaded(photos, tmp_path / "cache")
        from_archive = loaded(packed(photos, tmp_path / name, mode), tmp_path / "cache2")
        assert from_archive.class_names == plain.class_names == ("one", "seven", "zero")
        for part in ("train", "val", "test"):
            a, b = getattr(plain, part), getattr(from_archive, part)
            assert np.array_equal(a.labels, b.labels)
            assert a.pixels(range(len(a))).equal(b.pixels(range(len(b))))
        assert not [path for path in tmp_path.rglob("*.png") if "photos" not in path.parts]  # nothing was unpacked

    def test_digits_are_all_there_in_one_channel(self, tmp_path: Path) -> None:
        data = loaded("digits", tmp_path)
        assert (len(data.train), len(data.val), len(data.test)) == (1295, 143, 359)
        assert (data.in_channels, data.resolution, data.class_names) == (1, 32, tuple("0123456789"))

    def test_a_folder_with_train_and_test_keeps_its_test_set(self, tmp_path: Path) -> None:
        make_photos(tmp_path / "split" / "train", per_class=10)
        make_photos(tmp_path / "split" / "test", per_class=3)
        data = loaded(tmp_path / "split", tmp_path / "cache")
        assert len(data.test) == 9
        assert all(name.startswith("test/") for name in data.test.names)
        assert len(data.train) + len(data.val) == 30
        assert all(name.startswith("train/") for name in data.train.names + data.val.names)

    def test_val_is_the_test_set_where_there_is_no_other_and_chooses_where_there_is(self, tmp_path: Path) -> None:
        make_photos(tmp_path / "split" / "train", per_class=10)
        make_photos(tmp_path / "split" / "val", per_class=4)
        assert all(name.startswith("val/") for name in loaded(tmp_path / "split", tmp_path / "c").test.names)
        make_photos(tmp_path / "split" / "test", per_class=3)
        data = loaded(tmp_path / "split", tmp_path / "c")
        assert all(name.startswith("val/") for name in data.val.names)
        assert all(name.startswith("test/") for name in data.test.names)
        assert len(data.train) == 30


class TestSplits:
    def test_parts_are_disjoint_complete_stratified_and_follow_the_seed(self, photos: Path, tmp_path: Path) -> None:
        data = loaded(photos, tmp_path / "c", val_fraction=0.25, test_fraction=0.2)
        names = data.train.names + data.val.names + data.test.names
        assert len(names) == len(set(names)) == 30
        for part, count in ((data.train, 6), (data.val, 2), (data.test, 2)):
            assert np.bincount(part.labels).tolist() == [count] * 3
        assert np.bincount(loaded(photos, tmp_path / "c", test_fraction=0.26).test.labels).tolist() == [3] * 3
        assert loaded(photos, tmp_path / "c", val_fraction=0.25).test.names == data.test.names
        assert loaded(photos, tmp_path / "c", val_fraction=0.25, split_seed=1).test.names != data.test.names


def write_cifar(folder: Path, form: str, images: np.ndarray, labels: list[int]) -> Path:
    """CIFAR-10's layout with images N 3 32 32: two in each of five training files, the rest in the test file."""
    inner = folder / ("cifar-10-batches-py" if form == "python" else "cifar-10-batches-bin")
    inner.mkdir(parents=True)
    names = [f"class{n}" for n in range(10)]
    bounds = [*range(0, 12, 2), len(images)]
    for number, (start, stop) in enumerate(pairwise(bounds), 1):
        rows, part = images[start:stop].reshape(-1, 3072), labels[start:stop]
        name = f"data_batch_{number}" if number < 6 else "test_batch"
        if form == "python":
            (inner / name).write_bytes(pickle.dumps({b"data": rows, b"labels": part}, protocol=2))
        else:
            records = np.concatenate([np.array(part, np.uint8)[:, None], rows], 1)
            (inner / f"{name}.bin").write_bytes(records.tobytes())
    if form == "python":
        (inner / "batches.meta").write_bytes(pickle.dumps({"label_names": names}, protocol=2))
    else:
        (inner / "batches.meta.txt").write_text("\n".join(names))
    return inner


IMAGES = np.random.default_rng(0).integers(0, 256, (16, 3, 32, 32), np.uint8)
LABELS = [*range(10), *range(6)]


class TestCifar:
    @pytest.mark.parametrize("form", ["python", "binary"])
    @pytest.mark.parametrize("is_packed", [True, False])
    def test_both_forms_packed_or_not(self, tmp_path: Path, form: str, is_packed: bool) -> None:
        path = write_cifar(tmp_path / "made", form, IMAGES, LABELS)
        if is_packed:
            path = packed(path, tmp_path / "cifar.tar.gz", "gz")
        source = open_source(str(path), cache_dir=tmp_path / "cache")
        assert source.class_names[3] == "class3"
        assert source.labels.tolist() == LABELS
        assert source.parts.tolist() == ["train"] * 10 + ["test"] * 6
        assert np.array_equal(source.read(4), IMAGES[4].transpose(1, 2, 0))

    def test_a_pickle_that_would_run_a_program_is_refused(self, tmp_path: Path) -> None:
        path = write_cifar(tmp_path, "python", IMAGES, LABELS)

        class Evil:
            def __reduce__(self) -> tuple:
                return (os.system, (f"touch {tmp_path}/ran",))

        (path / "data_batch_1").write_bytes(pickle.dumps({b"data": Evil(), b"labels": [0]}))
        with pytest.raises(DataError, match="system"):
            open_source(str(path), cache_dir=tmp_path)
        assert not (tmp_path / "ran").exists()

    def test_without_download_nothing_is_fetched_and_the_flag_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="--download"):
            loaded("cifar10", tmp_path)


class TestDownload:
    @pytest.fixture
    def server(self, tmp_path: Path) -> Iterator[str]:
        """A loopback server of tmp_path/web."""
        (tmp_path / "web").mkdir()

        class Quiet(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *args: object) -> None:
                super().__init__(*args, directory=str(tmp_path / "web"))  # type: ignore[arg-type]

            def log_message(self, *_: object) -> None: ...

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as running:
            threading.Thread(target=running.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{running.server_port}"
            running.shutdown()

    def publish(self, monkeypatch: pytest.MonkeyPatch, address: str, md5: str) -> None:
        monkeypatch.setitem(CIFAR, "cifar10", replace(CIFAR["cifar10"], address=f"{address}/made.tar.gz", md5=md5))

    def test_fetched_checked_and_kept(self, tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
        made = write_cifar(tmp_path / "made", "python", IMAGES, LABELS)
        archive = packed(made, tmp_path / "web" / "made.tar.gz", "gz")
        self.publish(monkeypatch, server, hashlib.md5(archive.read_bytes()).hexdigest())
        source = open_source("cifar10", cache_dir=tmp_path / "cache", download=True)
        assert len(source.names) == 16
        archive.unlink()  # from now on the cache serves, without asking
        assert len(open_source("cifar10", cache_dir=tmp_path / "cache").names) == 16

    def test_a_wrong_checksum_leaves_nothing(
        self, tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "web" / "made.tar.gz").write_bytes(b"something else")
        self.publish(monkeypatch, server, "0" * 32)
        with pytest.raises(DataError, match="0" * 32):
            open_source("cifar10", cache_dir=tmp_path / "cache", download=True)
        assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.name != MARK]

    def test_a_server_that_says_no_is_one_line(
        self, tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.publish(monkeypatch, server, "0" * 32)
        with pytest.raises(MachineError, match="File not found"):
            open_source("cifar10", cache_dir=tmp_path / "cache", download=True)


class TestFiles:
    """The same red and blue halves in every form that people's files have."""

    def halves(self) -> Image.Image:
        image = Image.new("RGB", (40, 20), (255, 0, 0))
        image.paste((0, 0, 255), (20, 0, 40, 20))
        return image

    def read(self, image: Image.Image, form: str, *, channels: int = 3, **options: object) -> np.ndarray:
        buffer = io.BytesIO()
        image.save(buffer, form, **options)
        return read_image(buffer.getvalue(), channels=channels)

    def assert_halves(self, array: np.ndarray, tolerance: int = 3) -> None:
        assert array.shape == (20, 40, 3)
        assert np.abs(array[:, 2:18].astype(int) - [255, 0, 0]).max() <= tolerance
        assert np.abs(array[:, 22:38].astype(int) - [0, 0, 255]).max() <= tolerance

    def test_rgb_and_palette(self) -> None:
        self.assert_halves(self.read(self.halves(), "PNG"))
        self.assert_halves(self.read(self.halves().quantize(16), "PNG"))
        self.assert_halves(self.read(self.halves().quantize(16), "GIF"))

    def test_cmyk(self) -> None:
        self.assert_halves(self.read(self.halves().convert("CMYK"), "TIFF"))

    def test_alpha_lies_on_white(self) -> None:
        image = self.halves().convert("RGBA")
        image.putalpha(Image.new("L", image.size, 0))
        assert self.read(image, "PNG").min() == 255

    def test_a_transparent_palette_lies_on_white(self) -> None:
        image = self.halves().quantize(4)
        place = image.getpixel((30, 10))
        array = self.read(image, "PNG", transparency=place)
        assert array[10, 30].tolist() == [255, 255, 255]
        assert array[10, 10].tolist() == [255, 0, 0]

    def test_grey_fills_three_channels_and_colour_one(self) -> None:
        grey = Image.new("L", (8, 8), 100)
        assert self.read(grey, "PNG")[0, 0].tolist() == [100, 100, 100]
        assert self.read(grey, "PNG", channels=1).shape == (8, 8, 1)

    @pytest.mark.parametrize("form", ["PNG", "TIFF"])
    def test_16_bits_are_scaled_not_clipped(self, form: str) -> None:
        values = np.array([[0, 256 * 128, 65535]], np.uint16)
        assert self.read(Image.fromarray(values), form, channels=1).ravel().tolist() == [0, 128, 255]

    def test_nan_is_refused(self) -> None:
        values = np.full((4, 4), 0.5, np.float32)
        values[1, 2] = np.nan
        with pytest.raises(DataError, match="NaN"):
            self.read(Image.fromarray(values), "TIFF")

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_exif_is_obeyed(self, orientation: int) -> None:
        stored = {  # how a camera stores the upright picture for each value of the tag
            1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90,
            7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
        }[orientation]  # fmt: skip
        image = self.halves() if stored is None else self.halves().transpose(stored)
        exif = Image.Exif()
        exif[0x0112] = orientation
        self.assert_halves(self.read(image, "JPEG", exif=exif, quality=95, subsampling=0), tolerance=12)

    def test_an_animation_gives_its_first_frame(self) -> None:
        frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
        array = self.read(frames[0], "GIF", save_all=True, append_images=frames[1:])
        assert array[0, 0].tolist() == [255, 0, 0]

    def test_a_bomb_is_refused_with_the_way_round(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LISSOM_MAX_PIXELS", "50")
        with pytest.raises(DataError, match=r"64 pixels, more than 50; .* LISSOM_MAX_PIXELS=64"):
            self.read(Image.new("L", (8, 8)), "PNG")
        monkeypatch.setenv("LISSOM_MAX_PIXELS", "64")
        assert self.read(Image.new("L", (8, 8)), "PNG").shape == (8, 8, 3)

    def test_photos_of_today_s_phones_are_below_the_limit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)  # Pillow's own, which is 89 million, and 179 for its error
        assert self.read(Image.new("L", (8, 8)), "JPEG").shape == (8, 8, 3)
        assert MOST_PIXELS > 200_000_000

    @pytest.mark.parametrize("zipped", [False, True])
    def test_a_megabyte_of_text_does_no_harm(self, zipped: bool) -> None:
        text = PngInfo()
        text.add_text("workflow", "x" * (1 << 20 | 1), zip=zipped)
        self.assert_halves(self.read(self.halves(), "PNG", pnginfo=text))
        file = io.BytesIO()
        self.halves().save(file, "PNG", pnginfo=text)
        assert header(file.getvalue()).size == self.halves().size

    def test_fit_square_keeps_the_middle(self) -> None:
        array = np.zeros((10, 30, 1), np.uint8)
        array[:, 10:20] = 200
        assert fit_square(array, 10).min() == 200
        assert fit_square(array, 5).shape == (5, 5, 1)


class TestBadInput:
    def refused(self, data: Path, cache: Path, *words: str) -> LissomError:
        with pytest.raises(LissomError) as raised:
            loaded(data, cache)
        assert "\n" not in str(raised.value)
        assert all(word in str(raised.value) for word in words), str(raised.value)
        return raised.value

    def test_folders(self, photos: Path, tmp_path: Path) -> None:
        assert self.refused(tmp_path / "nowhere", tmp_path, "nowhere").exit_code == 3
        (tmp_path / "empty").mkdir()
        self.refused(tmp_path / "empty", tmp_path, "empty")
        (photos / "void").mkdir()
        self.refused(photos, tmp_path, "void")

    def test_a_single_class(self, tmp_path: Path) -> None:
        self.refused(make_photos(tmp_path / "one", classes=("seven",)), tmp_path, "seven")

    def test_broken_files_are_all_named_with_their_reasons(self, photos: Path, tmp_path: Path) -> None:
        Image.new("RGB", (32, 32)).save(photos / "one" / "cut.jpg")
        whole = (photos / "one" / "cut.jpg").read_bytes()
        (photos / "one" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
        (photos / "zero" / "text.jpg").write_text("hello")
        self.refused(photos, tmp_path / "cache", "cut.jpg", "text.jpg", "hello")
        assert not list((tmp_path / "cache").rglob("*.npy"))

    def test_a_zip_that_points_outside(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "evil.zip", "w") as file:
            file.writestr("../outside/a.png", b"x")
        self.refused(tmp_path / "evil.zip", tmp_path / "cache", "../outside/a.png")
        assert not (tmp_path.parent / "outside").exists()

    @pytest.mark.parametrize("mode", ["zip", "gz"])
    def test_an_archive_cut_short(self, photos: Path, tmp_path: Path, mode: str) -> None:
        archive = packed(photos, tmp_path / ("a.zip" if mode == "zip" else "a.tar.gz"), mode)
        archive.write_bytes(archive.read_bytes()[:-600])
        self.refused(archive, tmp_path / "cache", archive.name, "damaged or truncated")
        assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.name != MARK]

    def test_a_symbolic_link_loop(self, photos: Path, tmp_path: Path) -> None:
        (photos / "one" / "again").symlink_to(photos)
        self.refused(photos, tmp_path / "cache", "again")
        (tmp_path / "self").symlink_to(tmp_path / "self")
        self.refused(tmp_path / "self", tmp_path / "cache", "self")

    def test_a_cache_below_a_file(self, photos: Path, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        assert self.refused(photos, tmp_path / "file" / "cache", "file").exit_code == 5


class TestCheck:
    def test_counts_duplicates_imbalance_and_broken_files(self, tmp_path: Path) -> None:
        make_photos(tmp_path / "d" / "train", per_class=10)
        make_photos(tmp_path / "d" / "test", per_class=2)  # the same scans: all of them leak
        for number in range(40):
            Image.new("L", (32, 32), number).save(tmp_path / "d" / "train" / "one" / f"more{number}.png")
        (tmp_path / "d" / "train" / "one" / "text.jpg").write_text("hello")
        (tmp_path / "d" / "train" / "one" / "notes.txt").write_text("no image")
        report = check_classify(str(tmp_path / "d"), cache_dir=tmp_path / "c", picture=tmp_path / "sheet.png")
        assert report["classes"]["one"] == {"train": 51, "test": 2}
        assert report["classes"]["zero"] == {"train": 10, "test": 2}
        assert [bad["name"] for bad in report["broken"]] == ["train/one/text.jpg"]
        assert len(report["duplicates"]["between"]) == 6
        assert report["imbalance"] == 5.1
        assert any("notes.txt" in name for name in report["ignored"])
        with Image.open(tmp_path / "sheet.png") as sheet:
            assert np.asarray(sheet).std() > 10

    def test_equal_images_of_two_classes_are_told_and_another_shape_is_not_equal(self, tmp_path: Path) -> None:
        photos = make_photos(tmp_path / "p", per_class=30)
        Image.new("L", (32, 16), 7).save(photos / "one" / "wide.png")
        Image.new("L", (16, 32), 7).save(photos / "zero" / "high.png")
        assert check_classify(str(photos), cache_dir=tmp_path / "c")["warnings"] == []
        Image.new("L", (32, 16), 7).save(photos / "seven" / "same.png")
        warnings = check_classify(str(photos), cache_dir=tmp_path / "c")["warnings"]
        named = ["wide.png" in warning and "same.png" in warning for warning in warnings]
        assert named == [True, True]  # of two classes, and twice in one part

    def test_sound_data_raises_no_warning(self, tmp_path: Path) -> None:
        report = check_classify(str(make_photos(tmp_path / "p", per_class=30)), cache_dir=tmp_path / "c")
        assert (report["warnings"], report["broken"], report["trainable"]) == ([], [], True)


@pytest.mark.real_data
@pytest.mark.slow
def test_cifar10_jpeg_is_read_whole(real_data: Path, tmp_path: Path) -> None:
    data = load(DataConfig(data=str(real_data / "cifar10_jpeg.zip")), cache_dir=tmp_path)
    assert (len(data.train), len(data.val), len(data.test)) == (45_000, 5_000, 10_000)
    assert np.bincount(data.test.labels).tolist() == [1000] * 10
    assert (data.resolution, data.in_channels, data.small) == (32, 3, True)


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_images_in_no_class_folder_are_one_clear_error(photos: Path, tmp_path: Path, form: str) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    for number, image in enumerate(sorted(photos.rglob("*.png"))):
        image.rename(flat / f"{number}.png")
    data = flat
    if form == "zip":
        data = tmp_path / "flat.zip"
        with zipfile.ZipFile(data, "w") as file:
            for path in flat.iterdir():
                file.write(path, path.name)
    with pytest.raises(DataError, match="flat"):
        loaded(data, tmp_path / "cache")
