"""Ground truth as archives have it: pictures, shapes, regions of interest, other extents; names from a file."""

import json
import sqlite3
import struct
from pathlib import Path

import numpy as np
import pytest

from lissom.errors import DataError, UsageError
from lissom.tasks.scene.data.opening import open_scene
from lissom.tasks.scene.data.scene import Scene
from scene_files import small_cube, small_map, write_envi

CUBE, MAP = small_cube(), small_map()
INFO = "{{UTM, 1, 1, {x}, {y}, {size}, {size}, 33, North, WGS-84, units=Meters}}"


def cube(folder: Path, x: float = 500000, y: float = 4500000, size: float = 10) -> Path:
    return write_envi(folder / "cube.hdr", CUBE, map_info=INFO.format(x=x, y=y, size=size))


def truth(scene: Scene) -> np.ndarray:
    assert scene.ground_truth is not None
    return scene.ground_truth


class TestPictures:
    @pytest.mark.parametrize("ending", ["png", "bmp"])
    def test_colours_become_classes_and_black_is_none(self, tmp_path: Path, ending: str) -> None:
        from PIL import Image

        rgb = np.zeros((12, 10, 3), np.uint8)
        rgb[MAP == 3], rgb[MAP == 7], rgb[MAP == 200] = (0, 0, 255), (0, 128, 0), (255, 0, 0)
        Image.fromarray(rgb).save(tmp_path / f"m.{ending}")
        scene = open_scene(CUBE, tmp_path / f"m.{ending}")
        assert np.array_equal(truth(scene), np.select([MAP == 3, MAP == 7, MAP == 200], [1, 2, 3], 0))
        assert scene.colours == ((0, 0, 255), (0, 128, 0), (255, 0, 0))
        assert scene.class_names == ("#0000ff", "#008000", "#ff0000")

    def test_grey_values_and_indices_of_a_palette_are_ids(self, tmp_path: Path) -> None:
        from PIL import Image

        Image.fromarray(MAP).save(tmp_path / "grey.png")
        image = Image.fromarray(MAP, mode=None).convert("P")
        image.putpalette([value % 256 for value in range(768)])
        image.putdata(MAP.ravel().tolist())
        image.save(tmp_path / "palette.png")
        for name in ("grey", "palette"):
            assert open_scene(CUBE, tmp_path / f"{name}.png").class_ids == (3, 7, 200)


def square(first: float, last: float) -> list[tuple[float, float]]:
    """The columns from one to another, over all rows, of the cube at 500000, 4500000."""
    west, east, north, south = 500000 + 10 * first, 500000 + 10 * last, 4500000, 4500000 - 120
    return [(west, north), (east, north), (east, south), (west, south), (west, north)]


def write_geojson(folder: Path) -> Path:
    features = [
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [square(first, first + 2)]},
         "properties": {"id": number, "crop": crop}}
        for number, (first, crop) in enumerate([(0, "wheat"), (4, "maize"), (7, "wheat")])
    ]  # fmt: skip
    held = {"type": "FeatureCollection", "features": features}
    held["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32633"}}
    (folder / "m.geojson").write_text(json.dumps(held))
    return folder / "m.geojson"


def write_gpkg(folder: Path) -> Path:
    path = folder / "m.gpkg"
    with sqlite3.connect(path) as held:
        held.execute("CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, srs_id INTEGER)")
        held.execute(
            "CREATE TABLE gpkg_spatial_ref_sys (srs_id INTEGER, organization TEXT, organization_coordsys_id INTEGER,"
            " definition TEXT)"
        )
        held.execute("INSERT INTO gpkg_spatial_ref_sys VALUES (32633, 'EPSG', 32633, '')")
        held.execute("INSERT INTO gpkg_geometry_columns VALUES ('fields', 'geom', 32633)")
        held.execute("CREATE TABLE fields (fid INTEGER PRIMARY KEY, geom BLOB, crop TEXT)")
        for first, crop in [(0, "wheat"), (4, "maize"), (7, "wheat")]:
            points = square(first, first + 2)
            wkb = struct.pack("<BIII", 1, 3, 1, 5) + b"".join(struct.pack("<2d", *point) for point in points)
            blob = b"GP\0\1" + struct.pack("<i", 32633) + wkb
            held.execute("INSERT INTO fields (geom, crop) VALUES (?, ?)", (blob, crop))
    held.close()
    return path


def write_shapefile(folder: Path) -> Path:
    records, rows = b"", b""
    for number, (first, crop) in enumerate([(0, "wheat"), (4, "maize"), (7, "wheat")], 1):
        points = square(first, first + 2)
        body = struct.pack("<i4d2ii", 5, *points[3], *points[1], 1, 5, 0) + b"".join(
            struct.pack("<2d", *p) for p in points
        )
        records += struct.pack(">2i", number, len(body) // 2) + body
        rows += b" " + crop.encode().ljust(10)
    (folder / "m.shp").write_bytes(struct.pack(">i", 9994) + bytes(96) + records)
    field = b"crop".ljust(11, b"\0") + b"C" + bytes(4) + bytes([10, 0]) + bytes(14)
    head = struct.pack("<B3BIHH", 3, 24, 1, 1, 3, 32 + 32 + 1, 11) + bytes(20) + field + b"\r"
    (folder / "m.dbf").write_bytes(head + rows + b"\x1a")
    return folder / "m.shp"


def write_regions(folder: Path) -> Path:
    def region(name: str, colour: str, *firsts: float) -> str:
        rings = "".join(
            "<Polygon><Exterior><LinearRing><Coordinates>"
            + " ".join(f"{x} {y}" for x, y in square(first, first + 2))
            + "</Coordinates></LinearRing></Exterior></Polygon>"
            for first in firsts
        )
        return f'<Region name="{name}" color="{colour}"><GeometryDef>{rings}</GeometryDef></Region>'

    words = region("wheat", "255,0,0", 0, 7) + region("maize", "0,255,0", 4)
    (folder / "m.xml").write_text(f'<RegionsOfInterest version="1.0">{words}</RegionsOfInterest>')
    return folder / "m.xml"


class TestShapes:
    @pytest.mark.parametrize("write", [write_geojson, write_gpkg, write_shapefile, write_regions])
    def test_shapes_are_burned_where_the_cube_lies(self, tmp_path: Path, write: object) -> None:
        pytest.importorskip("rasterio")
        path = write(tmp_path)  # type: ignore[operator]
        scene = open_scene(cube(tmp_path), path, class_field="crop" if path.suffix == ".geojson" else None)
        expected = np.zeros((12, 10), int)
        expected[:, [0, 1, 7, 8]], expected[:, 4:6] = 2, 1
        assert np.array_equal(truth(scene), expected)
        assert scene.class_names == ("maize", "wheat")
        if path.suffix == ".xml":
            assert scene.colours == ((0, 255, 0), (255, 0, 0))

    def test_several_attributes_are_listed_and_a_wrong_one_refused(self, tmp_path: Path) -> None:
        pytest.importorskip("rasterio")
        path = write_geojson(tmp_path)
        with pytest.raises(DataError, match=r"attributes id, crop; .* --class-field"):
            open_scene(cube(tmp_path), path)
        with pytest.raises(UsageError, match="no attribute soil"):
            open_scene(cube(tmp_path), path, class_field="soil")

    def test_shapes_beyond_the_cube_or_without_a_georeference_are_refused(self, tmp_path: Path) -> None:
        pytest.importorskip("rasterio")
        path = write_gpkg(tmp_path)
        with pytest.raises(DataError, match="no pixel in common"):
            open_scene(cube(tmp_path, x=600000), path)
        with pytest.raises(DataError, match="no georeference"):
            open_scene(CUBE, path)


def test_regions_of_interest_as_text_keep_names_and_colours(tmp_path: Path) -> None:
    (tmp_path / "roi.txt").write_text(
        "; ENVI Output of ROIs (5.3)\n; Number of ROIs: 2\n; File Dimension: 10 x 12\n;\n"
        "; ROI name: water\n; ROI rgb value: {0, 0, 255}\n; ROI npts: 2\n;\n"
        "; ROI name: dry soil\n; ROI rgb value: {255, 255, 0}\n; ROI npts: 1\n;   ID    X    Y  B1\n"
        "    1    3    2   7\n    2    4    2   7\n\n    1    10   12   9\n"
    )
    scene = open_scene(CUBE, tmp_path / "roi.txt")
    assert np.argwhere(truth(scene) == 1).tolist() == [[1, 2], [1, 3]]
    assert np.argwhere(truth(scene) == 2).tolist() == [[11, 9]]
    assert (scene.class_names, scene.colours) == (("water", "dry soil"), ((0, 0, 255), (255, 255, 0)))


@pytest.mark.parametrize(
    "words",
    [
        "3 Water\n7,Dry soil\n200: Wood\n",
        "# names\nWater\nDry soil\nWood\n",
        '{"3": "Water", "7": "Dry soil", "200": "Wood"}',
    ],
)
def test_names_come_from_a_file(tmp_path: Path, words: str) -> None:
    path = tmp_path / ("names.json" if words.startswith("{") else "names.txt")
    path.write_text(words)
    assert open_scene(CUBE, MAP, class_names=path).class_names == ("Water", "Dry soil", "Wood")


def test_names_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("11 Water\n12 Soil\n")
    with pytest.raises(DataError, match="ids begin with 11, 12; expected ids such as 3, 7, 200"):
        open_scene(CUBE, MAP, class_names=tmp_path / "names.txt")


@pytest.mark.parametrize(("value", "kind"), [(255, "uint8"), (-9999, "int16"), (-9999, "float32")])
def test_the_map_s_own_no_data_value_is_no_class(tmp_path: Path, value: int, kind: str) -> None:
    ids = np.where(MAP == 0, np.array(value, kind), np.where(MAP == 200, 9, MAP).astype(kind))
    header = write_envi(tmp_path / "m.hdr", np.atleast_3d(ids), data_ignore_value=value)
    scene = open_scene(CUBE, header)
    assert scene.class_ids == (3, 7, 9)
    assert np.array_equal(truth(scene) == 0, MAP == 0)


class TestCoordinates:
    def test_a_finer_shifted_map_is_aligned_by_the_nearest_pixel(self, tmp_path: Path) -> None:
        fine = np.kron(MAP, np.ones((2, 2), np.uint8))[2:]  # half the pixel, one row of the cube further south
        ids = write_envi(tmp_path / "m.hdr", np.atleast_3d(fine), map_info=INFO.format(x=500000, y=4499990, size=5))
        scene = open_scene(cube(tmp_path), ids)
        expected = MAP.copy()
        expected[0] = 0
        assert np.array_equal(truth(scene), expected)
        assert "aligned" in str(scene.notes[-1])
        assert "covers 91.7 %" in str(scene.notes[-1])

    def test_equal_coordinates_change_nothing_and_are_not_mentioned(self, tmp_path: Path) -> None:
        ids = write_envi(tmp_path / "m.hdr", np.atleast_3d(MAP), map_info=INFO.format(x=500000, y=4500000, size=10))
        scene = open_scene(cube(tmp_path), ids)
        assert np.array_equal(truth(scene), MAP)
        assert scene.notes == ()

    def test_disjoint_extents_are_refused(self, tmp_path: Path) -> None:
        ids = write_envi(tmp_path / "m.hdr", np.atleast_3d(MAP), map_info=INFO.format(x=900000, y=4500000, size=10))
        with pytest.raises(DataError, match="no pixel in common"):
            open_scene(cube(tmp_path), ids)

    def test_another_coordinate_system_is_transformed(self, tmp_path: Path) -> None:
        rasterio = pytest.importorskip("rasterio")
        degrees = rasterio.warp.transform_bounds("EPSG:32633", "EPSG:4326", 500000, 4499880, 500100, 4500000)
        west, south, east, north = degrees
        wide = (east - west) / 10
        place = rasterio.Affine(wide, 0, west - wide, 0, (south - north) / 12, north)  # begins a column further west
        profile = {"height": 12, "width": 10, "count": 1, "dtype": "uint8", "crs": "EPSG:4326", "transform": place}
        shifted = np.roll(MAP, 1, axis=1)
        with rasterio.open(tmp_path / "m.tif", "w", **profile) as file:
            file.write(shifted, 1)
        scene = open_scene(cube(tmp_path), tmp_path / "m.tif")
        assert np.array_equal(truth(scene)[:, :-1], np.roll(shifted, -1, axis=1)[:, :-1])
        assert (truth(scene)[:, -1] == 0).all()
