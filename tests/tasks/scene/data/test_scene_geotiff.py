"""GeoTIFF in every layout gives the cube, mapped where it is one piece; place, no data and wavelengths are kept."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lissom.tasks.scene.data.opening import open_scene
from lissom.tasks.scene.data.writing import write_map
from scene_files import small_cube, small_map

rasterio = pytest.importorskip("rasterio")

CUBE = small_cube(40, 30, 9)
PLACE = rasterio.Affine(30, 0, 500_000, 0, -30, 4_500_000)


def write_tiff(path: Path, cube: NDArray, tags: dict[int, dict[str, str]] | None = None, **profile: Any) -> Path:
    """A GeoTIFF through rasterio; `tags` by band."""
    height, width, bands = cube.shape
    profile = {"crs": "EPSG:32633", "transform": PLACE} | profile
    with rasterio.open(
        path, "w", driver="GTiff", height=height, width=width, count=bands, dtype=cube.dtype, **profile
    ) as file:
        file.write(np.moveaxis(cube, 2, 0))
        for band, values in (tags or {}).items():
            file.update_tags(band, **values)
    return path


def is_mapped(values: Any) -> bool:
    while isinstance(values, np.ndarray):
        if isinstance(values, np.memmap):
            return True
        values = values.base
    return False


@pytest.mark.parametrize("kind", ["uint8", "int16", "float32"])
@pytest.mark.parametrize(
    ("layout", "mapped"),
    [
        ({"interleave": "pixel"}, True),
        ({"interleave": "pixel", "blockysize": 7}, True),
        ({"interleave": "band"}, True),
        ({"interleave": "pixel", "endianness": "BIG"}, True),
        ({"interleave": "pixel", "compress": "deflate"}, False),
        ({"interleave": "band", "compress": "lzw", "predictor": 2}, False),
        ({"tiled": True, "blockxsize": 16, "blockysize": 16}, False),
    ],
)
def test_every_layout_gives_the_cube(tmp_path: Path, kind: str, layout: dict[str, Any], mapped: bool) -> None:
    if kind == "float32" and "predictor" in layout:
        layout = layout | {"predictor": 3}
    cube = CUBE.astype(kind)
    scene = open_scene(write_tiff(tmp_path / "a.tif", cube, **layout))
    assert np.array_equal(scene.cube, cube)
    assert scene.digest == open_scene(cube).digest
    assert is_mapped(scene.cube) == mapped


def test_the_place_is_kept_and_written_back(tmp_path: Path) -> None:
    place = open_scene(write_tiff(tmp_path / "a.tif", CUBE)).georeference
    assert place is not None
    assert place.transform == tuple(PLACE)[:6]
    write_map(tmp_path / "map.tif", small_map(40, 30), georeference=place)
    with rasterio.open(tmp_path / "map.tif") as file:
        assert file.transform == PLACE
        assert file.crs == rasterio.CRS.from_epsg(32633)


def test_a_file_without_a_place_is_read_in_silence(tmp_path: Path) -> None:
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        path = write_tiff(tmp_path / "a.tif", CUBE, crs=None, transform=rasterio.Affine.identity())
    assert open_scene(path).georeference is None


def test_its_no_data_value_masks(tmp_path: Path) -> None:
    cube = CUBE.copy()
    cube[3, 4, 5] = -9999
    assert np.argwhere(~open_scene(write_tiff(tmp_path / "a.tif", cube, nodata=-9999)).valid).tolist() == [[3, 4]]


@pytest.mark.parametrize(("first", "nm"), [(400.0, 400.0), (0.4, 400.0)])
def test_wavelengths_stand_in_the_bands_tags(tmp_path: Path, first: float, nm: float) -> None:
    tags = {band: {"wavelength": str(first * band)} for band in range(1, 10)}
    scene = open_scene(write_tiff(tmp_path / "a.tif", CUBE, tags))
    assert scene.wavelengths_nm == pytest.approx(nm * np.arange(1, 10))
    del tags[4]
    assert open_scene(write_tiff(tmp_path / "b.tif", CUBE, tags)).wavelengths_nm is None
