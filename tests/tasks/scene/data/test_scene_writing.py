"""Maps written back are read as they were, with their place, names and colours; nothing is left half written."""

from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat

from lissom.errors import DataError, MachineError, UsageError
from lissom.tasks.scene.data.layers import Layer
from lissom.tasks.scene.data.opening import open_scene, read_layer
from lissom.tasks.scene.data.scene import Georeference
from lissom.tasks.scene.data.writing import write_map
from scene_files import small_cube, small_map, write_envi

MAP = small_map()
NAMES = {3: "water, deep", 7: "Wald", 200: "草地"}
COLOURS = {3: (1, 2, 250), 7: (10, 120, 30), 200: (90, 220, 70)}
PLACE = Georeference("EPSG:32633", (30.0, 0.0, 500_000.0, 0.0, -20.0, 4_500_000.0))


def read_back(path: Path) -> Layer:
    return read_layer(path, rank=2)


@pytest.mark.parametrize("name", ["m.tif", "m.hdr", "m.img", "m.mat", "m.npy"])
@pytest.mark.parametrize("kind", ["uint8", "int64", "float32"])
def test_values_come_back(tmp_path: Path, name: str, kind: str) -> None:
    values = MAP.astype(kind) if kind != "float32" else (MAP / 3).astype(kind)
    files = write_map(tmp_path / name, values)
    assert all(file.is_file() for file in files)
    back = read_back(files[0]).values.reshape(MAP.shape)
    assert np.array_equal(back, values)
    assert back.dtype == (np.float32 if kind == "float32" else np.uint8)


@pytest.mark.parametrize(
    ("low", "high", "kind"), [(0, 255, "uint8"), (-1, 300, "int16"), (0, 65535, "uint16"), (0, 70_000, "int32")]
)
@pytest.mark.parametrize("name", ["m.tif", "m.hdr", "m.mat", "m.npy"])
def test_ids_take_the_smallest_type_that_holds_them(tmp_path: Path, name: str, low: int, high: int, kind: str) -> None:
    back = read_back(write_map(tmp_path / name, np.array([[low, high]] * 2))[0]).values
    assert (back.dtype, int(back.min()), int(back.max())) == (np.dtype(kind), low, high)


@pytest.mark.parametrize("unlabelled", [-1, 300, 70_000])
def test_a_map_without_unlabelled_pixels_still_says_what_would_be_one(tmp_path: Path, unlabelled: int) -> None:
    pytest.importorskip("rasterio")
    write_map(tmp_path / "m.tif", MAP, class_names=NAMES, unlabelled=unlabelled)
    back = read_back(tmp_path / "m.tif")
    assert back.no_data == unlabelled
    np.testing.assert_array_equal(back.values.squeeze(), MAP)


@pytest.mark.parametrize("name", ["m.tif", "m.hdr"])
def test_place_names_and_colours_come_back(tmp_path: Path, name: str) -> None:
    pytest.importorskip("rasterio")
    files = write_map(tmp_path / name, MAP, georeference=PLACE, class_names=NAMES, colours=COLOURS)
    layer = read_back(files[0])
    assert layer.georeference is not None
    assert layer.georeference.transform == PLACE.transform
    read = {place: layer.class_names[place] for place in NAMES}
    assert read == (NAMES if name == "m.tif" else NAMES | {3: "water  deep"})  # a comma would end ENVI's word
    assert {place: layer.colours[place] for place in COLOURS} == COLOURS


@pytest.mark.parametrize("code", [32633, 32733, 4326, 3035, 25832, 4258])
def test_gdal_finds_an_envi_map_where_it_lies(tmp_path: Path, code: int) -> None:
    rasterio = pytest.importorskip("rasterio")
    wkt = rasterio.CRS.from_epsg(code).to_wkt()
    for number, transform in enumerate([(2.0, 0.0, 10.0, 0.0, -3.0, 20.0), _rotated(25)]):
        _, raw = write_map(tmp_path / f"{number}.hdr", MAP, georeference=Georeference(wkt, transform))
        with rasterio.open(raw) as file:
            assert tuple(file.transform)[:6] == pytest.approx(transform)
            assert file.crs == rasterio.CRS.from_epsg(code)
            assert np.array_equal(file.read(1), MAP)


def _rotated(degrees: float) -> tuple[float, float, float, float, float, float]:
    """2 x 3 units a pixel, the upper left corner at 10, 20."""
    turn = np.radians(degrees)
    a, b, d, e = (float(v) for v in (2 * np.cos(turn), -2 * np.sin(turn), -3 * np.sin(turn), -3 * np.cos(turn)))
    return a, b, 10.0, d, e, 20.0


def test_an_envi_headers_own_map_info_is_written_back_unchanged(tmp_path: Path) -> None:
    info = "{UTM, 2.5, 3, 500000, 4500000, 30, 20, 33, North, WGS-84, units=Meters, rotation=30}"
    scene = open_scene(write_envi(tmp_path / "cube.hdr", small_cube(), map_info=info))
    header, _ = write_map(tmp_path / "m.hdr", MAP, georeference=scene.georeference)
    assert f"map info = {info}" in header.read_text()


def test_the_variable_of_a_mat_file_has_a_name_that_matlab_allows(tmp_path: Path) -> None:
    write_map(tmp_path / "2024 map-é.mat", MAP)
    (name,) = (key for key in loadmat(tmp_path / "2024 map-é.mat") if not key.startswith("__"))
    assert name == "map_2024_map__"


class TestRefusals:
    def test_another_format(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"m\.jpg; expected a name that ends in one of \.tif"):
            write_map(tmp_path / "m.jpg", MAP)

    @pytest.mark.parametrize("name", ["m.tif", "m.hdr", "m.mat", "m.npy"])
    def test_a_folder_that_is_not_there(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(MachineError, match=r"Cannot write .*m\."):
            write_map(tmp_path / "none" / name, MAP)
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("name", ["m.tif", "m.hdr", "m.mat", "m.npy"])
    def test_a_name_that_is_taken_by_a_folder(self, tmp_path: Path, name: str) -> None:
        for taken in (name, "m.img"):
            (tmp_path / taken / "inside").mkdir(parents=True, exist_ok=True)
        with pytest.raises(MachineError, match="Cannot write"):
            write_map(tmp_path / name, MAP)
        assert not list(tmp_path.glob("*.part"))

    def test_ids_that_envi_cannot_number(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"ids from -1 to 200 .* expected 0\.\.9999"):
            write_map(tmp_path / "m.hdr", np.where(MAP == 0, -1, MAP.astype(int)), class_names=NAMES)

    def test_ids_that_geotiff_cannot_hold(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="cannot be written"):
            write_map(tmp_path / "m.tif", np.full((2, 2), 2**40))


def test_envi_without_colours_names_none(tmp_path: Path) -> None:
    header, _ = write_map(tmp_path / "map.hdr", np.array([[1, 2]]), class_names={1: "a", 2: "b"})
    assert "class lookup" not in header.read_text()
    header, _ = write_map(
        tmp_path / "map.hdr", np.array([[1, 2]]), class_names={1: "a", 2: "b"}, colours={1: (9, 8, 7)}
    )
    assert "class lookup = {0, 0, 0, 9, 8, 7, 0, 0, 0}" in header.read_text()
