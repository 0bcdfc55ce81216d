"""UTM zones of both halves, read from ENVI's words and written in them."""

from pathlib import Path

import numpy as np
import pytest

from lissom.tasks.scene.data.opening import open_scene, read_layer
from lissom.tasks.scene.data.scene import Georeference
from lissom.tasks.scene.data.writing import write_map
from scene_files import small_cube, small_map, write_envi

EVERY = pytest.mark.parametrize(("zone", "half", "code"), [
    (33, "North", 32633), (33, "South", 32733), (5, "North", 32605), (5, "South", 32705),
])  # fmt: skip
TRANSFORM = (30.0, 0.0, 500_000.0, 0.0, -20.0, 7_000_000.0)


@EVERY
def test_a_header_s_zone_is_read(zone: int, half: str, code: int, tmp_path: Path) -> None:
    info = f"{{UTM, 3, 2, 500060, 6999980, 30, 20, {zone}, {half}, WGS-84}}"  # pixel 1, 1 is the corner
    place = open_scene(write_envi(tmp_path / "cube.hdr", small_cube(), map_info=info)).georeference
    assert place is not None
    assert place.crs_wkt == f"EPSG:{code}"
    assert place.transform == pytest.approx(TRANSFORM)


@EVERY
def test_a_zone_is_written_as_it_is_read(zone: int, half: str, code: int, tmp_path: Path) -> None:
    written, _ = write_map(tmp_path / "m.hdr", small_map(), georeference=Georeference(f"EPSG:{code}", TRANSFORM))
    words = next(line for line in written.read_text().splitlines() if line.startswith("map info"))
    assert [int(words.split(", ")[7]), words.split(", ")[8]] == [zone, half]
    place = read_layer(written, rank=2).georeference
    assert place is not None
    assert (place.crs_wkt, place.transform) == (f"EPSG:{code}", TRANSFORM)


@EVERY
def test_a_zone_in_words_is_written(zone: int, half: str, code: int, tmp_path: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    place = Georeference(rasterio.CRS.from_epsg(code).to_wkt(), TRANSFORM)
    header, raw = write_map(tmp_path / "m.hdr", np.asarray(small_map()), georeference=place)
    assert f", {zone}, {half}, WGS-84" in header.read_text()
    with rasterio.open(raw) as file:
        assert file.crs == rasterio.CRS.from_epsg(code)
