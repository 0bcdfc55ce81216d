"""What lies beside a map so that a GIS shows it in its position, with names and colours; and areas on the ground."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from lissom.errors import DataError
from lissom.tasks.scene.data.areas import class_areas
from lissom.tasks.scene.data.companions import MARK, beside
from lissom.tasks.scene.data.opening import open_scene
from lissom.tasks.scene.data.reading import read_layer
from lissom.tasks.scene.data.scene import Georeference
from lissom.tasks.scene.data.writing import write_map
from lissom.tasks.scene.map_files import write_png_map
from scene_files import small_cube, small_map, write_envi

MAP = small_map()
NAMES = {3: 'water <deep> & "still"', 7: "Wald", 200: "草地"}
COLOURS = {3: (1, 2, 250), 7: (10, 120, 30), 200: (90, 220, 70)}
KNOWN = {"class_names": NAMES, "colours": COLOURS}
UTM = Georeference("EPSG:32633", (30.0, 0.0, 500_000.0, 0.0, -20.0, 4_500_000.0))
# fmt: off
TURNED = {
    "south-up":           (2.0, 0.0, 676960.0, 0.0, 2.0, 4254967.0),
    "sheared":            (2.0, 0.6, 676960.0, 0.1, -2.0, 4254967.0),
    "turned by 180":      (-2.0, 2e-16, 676960.0, 0.0, 2.0, 4254967.0),
    "oblong and turned":  (3**0.5, 1.5, 676960.0, 1.0, -1.5 * 3**0.5, 4254967.0),
}
# fmt: on


def test_a_style_and_a_table_give_each_value_its_name_and_colour(tmp_path: Path) -> None:
    pytest.importorskip("rasterio")
    files = write_map(tmp_path / "m.tif", MAP, georeference=UTM, **KNOWN)
    assert {path.name for path in files} == {path.name for path in tmp_path.iterdir()} == {
        "m.tif", "m.tif.aux.xml", "m.qml"}  # fmt: skip
    entries = ElementTree.fromstring((tmp_path / "m.qml").read_bytes()).iter("paletteEntry")
    styled = {int(each.get("value", "")): (each.get("label"), each.get("color")) for each in entries}
    assert styled == {3: (NAMES[3], "#0102fa"), 7: ("Wald", "#0a781e"), 200: ("草地", "#5adc46")}
    root = ElementTree.fromstring((tmp_path / "m.tif.aux.xml").read_bytes())
    categories = [each.text or "" for each in root.iter("Category")]
    assert {index: name for index, name in enumerate(categories) if name} == NAMES
    rows = [[cell.text for cell in row.iter("F")] for row in root.iter("Row")]
    assert rows[1:] == [["7", "Wald", "10", "120", "30"], ["200", "草地", "90", "220", "70"]]


def test_gdal_reads_the_names(tmp_path: Path) -> None:
    pytest.importorskip("rasterio")
    from rasterio.shutil import copy

    write_map(tmp_path / "m.tif", MAP, georeference=UTM, **KNOWN)
    copy(tmp_path / "m.tif", tmp_path / "m.vrt", driver="VRT")
    categories = [each.text for each in ElementTree.parse(tmp_path / "m.vrt").iter("Category")]
    assert [categories[index] for index in NAMES] == list(NAMES.values())


def test_a_style_that_somebody_made_stays_and_our_own_is_renewed(tmp_path: Path) -> None:
    pytest.importorskip("rasterio")
    style = tmp_path / "m.qml"
    style.write_text("<qgis>mine</qgis>")
    assert style not in write_map(tmp_path / "m.tif", MAP, georeference=UTM, **KNOWN)
    assert style.read_text() == "<qgis>mine</qgis>"
    style.write_text(MARK)
    assert style in write_map(tmp_path / "m.tif", MAP, georeference=UTM, **KNOWN)
    assert "Wald" in style.read_text()


@pytest.mark.parametrize("transform", TURNED.values(), ids=TURNED)
def test_an_envi_map_lies_where_map_info_cannot_tell(
    tmp_path: Path, transform: tuple[float, float, float, float, float, float]
) -> None:
    rasterio = pytest.importorskip("rasterio")
    place = Georeference(rasterio.CRS.from_epsg(32611).to_wkt(), transform)
    header, raw, style = write_map(tmp_path / "m.hdr", MAP, georeference=place, **KNOWN)
    assert "map info" not in header.read_text()
    assert style.name == "m.qml"
    layer = read_layer(header, rank=2)
    assert np.array_equal(layer.values[..., 0], MAP)
    assert layer.georeference is not None
    assert layer.georeference.transform == transform
    assert layer.class_names[7] == "Wald"
    with rasterio.open(raw) as file:
        assert tuple(file.transform)[:6] == transform
        assert file.crs == rasterio.CRS.from_epsg(32611)
        assert np.array_equal(file.read(1), MAP)


@pytest.mark.parametrize("transform", [UTM.transform, *TURNED.values()])
def test_a_picture_lies_where_its_map_does(
    tmp_path: Path, transform: tuple[float, float, float, float, float, float]
) -> None:
    rasterio = pytest.importorskip("rasterio")
    place = Georeference("EPSG:32633", transform)
    files = write_png_map(tmp_path / "m.png", MAP, georeference=place, unlabelled=0, **KNOWN)
    assert [path.name for path in files] == ["m.png", "m.pgw", "m.png.aux.xml", "m.qml"]
    with rasterio.open(tmp_path / "m.png") as file:
        assert tuple(file.transform)[:6] == pytest.approx(transform)
        assert file.crs == rasterio.CRS.from_epsg(32633)
        assert np.array_equal(file.read(1), MAP)  # so that one style fits all formats
        assert file.colormap(1)[200][:3] == COLOURS[200]
    back = beside(tmp_path / "m.png")
    assert back is not None
    assert back.crs_wkt == "EPSG:32633"
    assert back.transform == pytest.approx(transform)


def test_a_world_file_has_the_centre_of_the_first_pixel(tmp_path: Path) -> None:
    write_png_map(tmp_path / "m.png", MAP, georeference=UTM, unlabelled=0, **KNOWN)
    assert (tmp_path / "m.pgw").read_text() == "30.0\n0.0\n0.0\n-20.0\n500015.0\n4499990.0\n"


def test_a_picture_of_other_ids_has_colours(tmp_path: Path) -> None:
    ids = np.where(MAP == 200, 300, MAP.astype(int))
    write_png_map(tmp_path / "m.png", ids, georeference=None, unlabelled=-1, class_names={3: "", 7: "", 300: "", 0: ""},
                  colours={3: (1, 2, 3), 7: (4, 5, 6), 300: (7, 8, 9), 0: (9, 9, 9)})  # fmt: skip
    shown = np.asarray(Image.open(tmp_path / "m.png"))
    assert shown[0, :4].tolist() == [[9, 9, 9], [1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert [path.name for path in tmp_path.iterdir()] == ["m.png"]


class TestAPictureOfGroundTruth:
    def cube(self, folder: Path) -> Path:
        info = "{UTM, 1, 1, 500000, 4500000, 10, 10, 33, North, WGS-84, units=Meters}"
        return write_envi(folder / "cube.hdr", small_cube(), map_info=info)

    @pytest.mark.parametrize("world", ["m.pgw", "m.PGW", "m.wld", "m.pngw"])
    def test_is_laid_on_the_cube_by_its_world_file(self, tmp_path: Path, world: str) -> None:
        Image.fromarray(np.kron(MAP, np.ones((2, 2), np.uint8))[2:]).save(tmp_path / "m.png")  # half the pixel
        (tmp_path / world).write_text("5\n0\n0\n-5\n500002.5\n4499987.5\n")  # one row of the cube further south
        truth = open_scene(self.cube(tmp_path), tmp_path / "m.png").ground_truth
        assert truth is not None
        assert np.array_equal(truth[1:], MAP[1:])
        assert (truth[0] == 0).all()

    def test_in_another_system_of_coordinates_is_transformed(self, tmp_path: Path) -> None:
        rasterio = pytest.importorskip("rasterio")
        Image.fromarray(MAP).save(tmp_path / "m.png")
        (x, *_), (y, *_) = rasterio.warp.transform("EPSG:32633", "EPSG:3857", [500005.0], [4499995.0])
        (x2, *_), (y2, *_) = rasterio.warp.transform("EPSG:32633", "EPSG:3857", [500015.0], [4499985.0])
        (tmp_path / "m.pgw").write_text(f"{x2 - x}\n0\n0\n{y2 - y}\n{x}\n{y}\n")
        (tmp_path / "m.prj").write_text(rasterio.CRS.from_epsg(3857).to_wkt(version="WKT1_ESRI"))
        truth = open_scene(self.cube(tmp_path), tmp_path / "m.png").ground_truth
        assert np.array_equal(truth, MAP)

    @pytest.mark.parametrize("words", ["1 2 3", "here", "0 0 0 0 5 5", ""])
    def test_with_a_world_file_that_is_none_is_refused(self, tmp_path: Path, words: str) -> None:
        Image.fromarray(MAP).save(tmp_path / "m.png")
        (tmp_path / "m.pgw").write_text(words)
        with pytest.raises(DataError, match=r"m\.pgw contains .*; expected six numbers"):
            open_scene(self.cube(tmp_path), tmp_path / "m.png")


class TestAreas:
    MAP = np.array([[0, 0, 1], [1, 1, -1]])

    def areas(self, crs: str, *transform: float, info: tuple[str, ...] = ()) -> list[float]:
        a, b, c, d, e, f = transform
        found = class_areas(self.MAP, Georeference(crs, (a, b, c, d, e, f), info), 2)
        assert found is not None
        return found.values.tolist()

    def test_are_pixels_times_the_area_of_one(self) -> None:
        pytest.importorskip("rasterio")
        assert self.areas("EPSG:32633", 30, 0, 500_000, 0, -20, 4_500_000) == [1200, 1800]
        assert self.areas("EPSG:32633", 0, 5, 500_000, 4, 1, 4_500_000) == [40, 60]  # sheared: the determinant

    def test_of_feet_are_square_metres(self) -> None:
        pytest.importorskip("rasterio")
        foot = 1200 / 3937  # of the US survey
        assert self.areas("EPSG:2263", 10, 0, 980_000, 0, -10, 200_000) == pytest.approx([200 * foot**2, 300 * foot**2])

    def test_of_degrees_are_those_on_the_ellipsoid(self) -> None:
        """A zone between two latitudes in closed form (Snyder, 1987, eq. 3-12), at 60 and 59.9 degrees."""
        pytest.importorskip("rasterio")
        b, e = 6356752.314245, 0.0818191908426

        def north(degrees: float) -> float:
            s = np.sin(np.radians(degrees))
            return b**2 / 2 * (s / (1 - (e * s) ** 2) + np.arctanh(e * s) / e)

        first, second = ((north(top) - north(top - 0.1)) * np.radians(0.1) for top in (60, 59.9))
        found = self.areas("EPSG:4326", 0.1, 0, 11, 0, -0.1, 60)
        assert found == pytest.approx([2 * first, first + 2 * second], rel=1e-6)

    def test_in_mercator_s_projection_are_divided_by_its_scale(self) -> None:
        pytest.importorskip("rasterio")
        found = class_areas(self.MAP, Georeference("EPSG:3857", (10.0, 0.0, 1.28e6, 0.0, -10.0, 8399737.9)), 2)
        assert found is not None  # at 60 degrees lengths are twice those of a sphere
        assert found.scale == pytest.approx(4, rel=0.01)
        assert found.values == pytest.approx([200 / found.scale, 300 / found.scale])

    @pytest.mark.parametrize(("info", "each"), [
        (("UTM", "1", "1", "0", "0", "2", "2", "33", "North", "WGS-84"), 4.0),
        (("State Plane", "1", "1", "0", "0", "2", "2", "0", "units=Feet"), 4 * 0.3048**2),
        (("Arbitrary", "1", "1", "0", "0", "2", "2", "units=Meters"), None),
        ((), None),
    ])  # fmt: skip
    def test_by_map_info_alone(self, info: tuple[str, ...], each: float | None) -> None:
        found = class_areas(self.MAP, Georeference("", (2.0, 0.0, 0.0, 0.0, -2.0, 0.0), info), 2)
        assert (found and found.values.tolist()) == (each and pytest.approx([2 * each, 3 * each]))

    def test_are_not_known_without_a_georeference(self) -> None:
        assert class_areas(self.MAP, None, 2) is None


def test_what_an_earlier_map_had_beside_it_goes_with_it(tmp_path: Path) -> None:
    """The place and the legend of another map would be taken for those of this one; a style of one's own stays."""
    known = {**KNOWN, "unlabelled": 0}
    write_png_map(tmp_path / "m.png", MAP, georeference=UTM, **known)
    assert {path.name for path in tmp_path.iterdir()} == {"m.png", "m.pgw", "m.png.aux.xml", "m.qml"}
    assert write_png_map(tmp_path / "m.png", MAP, georeference=None, **known) == [tmp_path / "m.png"]
    assert [path.name for path in tmp_path.iterdir()] == ["m.png"]
    (tmp_path / "m.qml").write_text("<qgis/>")
    write_png_map(tmp_path / "m.png", MAP, georeference=None, **known)
    assert (tmp_path / "m.qml").exists()


def test_maps_of_one_name_share_their_style(tmp_path: Path) -> None:
    write_map(tmp_path / "m.hdr", MAP, georeference=UTM, **KNOWN)
    write_png_map(tmp_path / "m.png", MAP, georeference=None, unlabelled=0, **KNOWN)
    assert (tmp_path / "m.qml").exists()
    write_map(tmp_path / "m.hdr", MAP, georeference=None, **KNOWN)
    assert (tmp_path / "m.qml").exists()
    (tmp_path / "m.png").unlink()
    write_map(tmp_path / "m.hdr", MAP, georeference=None, **KNOWN)
    assert not (tmp_path / "m.qml").exists()
