"""Which pixels and labels come out of a file, where two would be plausible."""

import io
import pickle
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lissom.data.archives import open_archive
from lissom.data.files import fit_square, read_image
from lissom.tasks.classify.data.images import load
from lissom.tasks.classify.data.sources import open_source
from lissom.tasks.classify.settings import DataConfig
from photos import make_photos


@pytest.mark.parametrize(("orientation", "top"), [(1, "left"), (3, "right"), (6, "bottom"), (8, "top")])
@pytest.mark.parametrize("form", ["TIFF", "PNG", "WEBP", "JPEG"])
def test_every_form_with_exif_is_turned_upright(form: str, orientation: int, top: str) -> None:
    """`top`: the side of the stored picture that comes out at the left; 6 and 8 turn it by a quarter."""
    stored = np.full((16, 32, 3), 200, np.uint8)
    side = {"left": np.s_[:, :6], "right": np.s_[:, -6:], "bottom": np.s_[-6:], "top": np.s_[:6]}[top]
    stored[side] = 20
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(buffer, form, exif=exif, **({"lossless": True} if form == "WEBP" else {}))
    array = read_image(buffer.getvalue())
    assert array.shape == ((32, 16, 3) if orientation in (6, 8) else (16, 32, 3))
    assert array[:, :4].max() < 60 < 160 < array[:, 8:].min()


def test_half_transparent_black_is_grey_and_colour_has_its_luminance() -> None:
    image, buffer = Image.new("RGBA", (4, 4), (0, 0, 0, 128)), io.BytesIO()
    image.save(buffer, "PNG")
    assert np.unique(read_image(buffer.getvalue())).tolist() == [127]
    Image.new("RGB", (4, 4), (255, 0, 0)).save(buffer := io.BytesIO(), "PNG")
    assert np.unique(read_image(buffer.getvalue(), channels=1)).tolist() == [76]  # 0.299 of 255


def test_a_smaller_square_is_the_mean_of_its_pixels_and_a_larger_one_is_smooth() -> None:
    board = ((np.indices((16, 48)).sum(0) % 2) * 200).astype(np.uint8)[..., None]
    assert np.abs(fit_square(board, 4).astype(int) - 100).max() <= 2
    ramp = np.repeat([[0], [100]], 2, 1).astype(np.uint8)[..., None]
    assert sorted(set(fit_square(ramp, 4)[:, 0, 0].tolist())) == [0, 25, 75, 100]


def test_cmyk_with_black_is_dark() -> None:
    Image.new("CMYK", (4, 4), (0, 0, 0, 204)).save(buffer := io.BytesIO(), "TIFF")
    assert np.unique(read_image(buffer.getvalue())).tolist() == [51]


@pytest.mark.parametrize("form", ["python", "binary"])
def test_cifar_100_has_its_fine_labels(form: str, tmp_path: Path) -> None:
    rows = np.random.default_rng(0).integers(0, 256, (4, 3072), np.uint8)
    coarse, fine = [0, 1, 2, 3], [97, 5, 42, 0]
    names = {"fine_label_names": [f"fine{n}" for n in range(100)], "coarse_label_names": [f"c{n}" for n in range(20)]}
    for part in ("train", "test"):
        if form == "python":
            table = {"data": rows, "fine_labels": fine, "coarse_labels": coarse}
            (tmp_path / part).write_bytes(pickle.dumps(table, protocol=2))
        else:
            records = np.concatenate([np.array([coarse, fine], np.uint8).T, rows], 1)
            (tmp_path / f"{part}.bin").write_bytes(records.tobytes())
    if form == "python":
        (tmp_path / "meta").write_bytes(pickle.dumps(names, protocol=2))
    else:
        for name, words in names.items():
            (tmp_path / f"{name}.txt").write_text("\n".join(words))
    source = open_source(str(tmp_path), cache_dir=tmp_path / "cache")
    assert source.labels.tolist() == fine * 2
    assert source.class_names[42] == "fine42"
    assert np.array_equal(source.read(1), rows[1].reshape(3, 32, 32).transpose(1, 2, 0))


def test_one_cache_holds_the_same_images_at_several_resolutions(tmp_path: Path) -> None:
    config = DataConfig(data=str(make_photos(tmp_path / "photos", per_class=4)), resolution=32)
    for resolution in (32, 16, 32):
        data = load(replace(config, resolution=resolution), cache_dir=tmp_path / "cache")
        assert data.train.pixels([0]).shape == (1, 3, resolution, resolution)
        assert data.resolution == resolution


def test_every_image_has_the_class_of_its_folder_and_its_own_pixels(tmp_path: Path) -> None:
    for number, name in enumerate(("a", "b", "c")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for image in range(6):
            colour = (80 * number, 40 * image, 7)
            Image.new("RGB", (8, 8), colour).save(tmp_path / "photos" / name / f"{image}.png")
    data = load(DataConfig(data=str(tmp_path / "photos")), cache_dir=tmp_path / "cache")
    seen = []
    for part in (data.train, data.val, data.test):
        for index, (name, label) in enumerate(zip(part.names, part.labels.tolist(), strict=True)):
            folder, file = name.split("/")
            assert data.class_names[label] == folder
            colour = [80 * "abc".index(folder), 40 * int(file[0]), 7]
            assert part.pixels([index])[0, :, 0, 0].tolist() == colour
            seen.append(name)
    assert len(set(seen)) == len(seen) == 18


@pytest.mark.parametrize("name", ["a.tar", "a.zip"])
def test_the_order_within_an_archive_is_none_of_its_content(name: str, tmp_path: Path) -> None:
    files = [f"photos/{word}/{number}.png" for word in ("b", "a") for number in (2, 0, 1)]
    if name == "a.zip":
        with zipfile.ZipFile(tmp_path / name, "w") as packed:
            for file in files:
                packed.writestr(file, file)
    else:
        with tarfile.open(tmp_path / name, "w") as archive:
            for file in files:
                member = tarfile.TarInfo(file)
                member.size = len(file)
                archive.addfile(member, io.BytesIO(file.encode()))
    found = open_archive(tmp_path / name, cache_dir=tmp_path / "cache")
    assert found.names == sorted(files)
    assert [found.read(file).decode() for file in found.names] == found.names
