"""ENVI: every interleave, byte order and type gives the cube; what the header knows is kept; lies are found."""

from pathlib import Path

import numpy as np
import pytest

from lissom.errors import DataError
from lissom.tasks.scene.data.envi import read_envi
from lissom.tasks.scene.data.envi_header import read_header
from lissom.tasks.scene.data.opening import open_scene
from scene_files import ENVI_TYPES, small_cube, write_envi

CUBE = small_cube()
KINDS = [kind for kind in ENVI_TYPES if kind != "complex64"]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("interleave", ["bsq", "bil", "bip"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_layout_gives_the_cube(tmp_path: Path, kind: str, interleave: str, order: str) -> None:
    cube = CUBE.astype(kind)
    scene = open_scene(write_envi(tmp_path / "a.hdr", cube, interleave=interleave, order=order))
    assert scene.cube.dtype.newbyteorder("=") == np.dtype(kind)
    assert np.array_equal(scene.cube, cube)
    assert scene.digest == open_scene(cube).digest


@pytest.mark.parametrize("interleave", ["bsq", "bil", "bip"])
def test_what_gdal_and_the_fields_library_write_is_read(tmp_path: Path, interleave: str) -> None:
    rasterio = pytest.importorskip("rasterio")
    from spectral.io import envi

    envi.save_image(str(tmp_path / "a.hdr"), CUBE, interleave=interleave, byteorder="big")
    assert np.array_equal(open_scene(tmp_path / "a.hdr").cube, CUBE)
    place = rasterio.Affine(30, 0, 500_000, 0, -20, 4_500_000)
    profile = {"driver": "ENVI", "height": 12, "width": 10, "count": 9, "dtype": "int16", "nodata": -5}
    path = tmp_path / "b.dat"
    with rasterio.open(path, "w", transform=place, crs="EPSG:32733", interleave=interleave, **profile) as file:
        file.write(np.moveaxis(CUBE, 2, 0))
    scene = open_scene(path)
    assert np.array_equal(scene.cube, CUBE)
    assert scene.georeference is not None
    assert scene.georeference.transform == tuple(place)[:6]
    assert rasterio.CRS.from_user_input(scene.georeference.crs_wkt) == rasterio.CRS.from_epsg(32733)


def test_the_raw_file_can_be_given_instead_and_bytes_before_it_are_skipped(tmp_path: Path) -> None:
    write_envi(tmp_path / "a.hdr", CUBE, header_offset=64)
    assert np.array_equal(open_scene(tmp_path / "a.img").cube, CUBE)


def test_a_raw_file_without_an_extension_and_its_header_with_two(tmp_path: Path) -> None:
    write_envi(tmp_path / "a.hdr", CUBE)
    (tmp_path / "a.img").rename(tmp_path / "scene")
    (tmp_path / "a.hdr").rename(tmp_path / "scene.hdr")
    assert np.array_equal(open_scene(tmp_path / "scene").cube, CUBE)
    assert np.array_equal(open_scene(tmp_path / "scene.hdr").cube, CUBE)


@pytest.mark.parametrize(
    ("unit", "written", "nm"),
    [
        ("Nanometers", 400.0, 400.0),
        ("nm", 400.0, 400.0),
        ("Micrometers", 0.4, 400.0),
        ("µm", 0.4, 400.0),
        (None, 0.4, 400.0),
        ("Unknown", 400.0, 400.0),
    ],
)
def test_wavelengths_come_in_nanometres(tmp_path: Path, unit: str | None, written: float, nm: float) -> None:
    words = "{" + ", ".join(str(written + written / 10 * band) for band in range(9)) + "}"
    header = write_envi(tmp_path / "a.hdr", CUBE, Wavelength=words, wavelength_units=unit)
    assert open_scene(header).wavelengths_nm == pytest.approx([nm + nm / 10 * band for band in range(9)])


def test_units_of_frequency_are_no_wavelengths(tmp_path: Path) -> None:
    header = write_envi(tmp_path / "a.hdr", CUBE, wavelength="{1,2,3,4,5,6,7,8,9}", wavelength_units="GHz")
    assert open_scene(header).wavelengths_nm is None


def test_the_bad_band_list_is_kept_and_its_bands_may_be_nan(tmp_path: Path) -> None:
    cube = CUBE.astype(np.float32)
    cube[..., 3] = np.nan
    scene = open_scene(write_envi(tmp_path / "a.hdr", cube, bbl="{1,1,1,0,1,1,1,1,1}"))
    assert scene.good_bands is not None
    assert np.flatnonzero(~scene.good_bands).tolist() == [3]
    assert scene.valid.all()


def test_the_data_ignore_value_masks(tmp_path: Path) -> None:
    cube = CUBE.copy()
    cube[4, 5, 6] = -50
    scene = open_scene(write_envi(tmp_path / "a.hdr", cube, data_ignore_value=-50))
    assert np.argwhere(~scene.valid).tolist() == [[4, 5]]


def test_class_names_and_colours_are_those_of_the_header(tmp_path: Path) -> None:
    ids = np.array([[0, 2], [1, 2]], np.uint8)[..., None]
    header = write_envi(
        tmp_path / "m.hdr", ids, class_names="{none, water, soil}", class_lookup="{0,0,0, 1,2,3, 4,5,6}"
    )
    scene = open_scene(np.arange(8).reshape(2, 2, 2), header)
    assert (scene.class_names, scene.colours) == (("water", "soil"), ((1, 2, 3), (4, 5, 6)))


def test_a_lookup_that_is_all_black_is_no_colours(tmp_path: Path) -> None:
    ids = np.array([[0, 2], [1, 2]], np.uint8)[..., None]
    black = "{0,0,0, 0,0,0, 0,0,0}"
    header = write_envi(tmp_path / "m.hdr", ids, class_names="{none, water, soil}", class_lookup=black)
    assert len(set(open_scene(np.arange(8).reshape(2, 2, 2), header).colours)) == 2


@pytest.mark.parametrize("rotation", [0, 30, -75])
def test_map_info_gives_the_transform_that_gdal_reads(tmp_path: Path, rotation: int) -> None:
    rasterio = pytest.importorskip("rasterio")
    info = f"{{UTM, 1, 1, 500000, 4500000, 30, 20, 33, North, WGS-84, units=Meters, rotation={rotation}}}"
    header = write_envi(tmp_path / "a.hdr", CUBE, map_info=info)
    place = open_scene(header).georeference
    assert place is not None
    with rasterio.open(tmp_path / "a.img") as file:
        assert place.transform == pytest.approx(tuple(file.transform)[:6], abs=1e-6)
        assert rasterio.CRS.from_user_input(place.crs_wkt) == rasterio.CRS.from_epsg(32633)


@pytest.mark.parametrize("rotation", [0, 30, -75])
def test_the_reference_pixel_has_its_coordinates(tmp_path: Path, rotation: int) -> None:
    info = f"{{Arbitrary, 2.5, 3, 700, 900, 30, 20, units=Meters, rotation={rotation}}}"
    place = read_envi(write_envi(tmp_path / "a.hdr", CUBE, map_info=info)).georeference
    assert place is not None
    a, b, c, d, e, f = place.transform
    assert (a * 1.5 + b * 2 + c, d * 1.5 + e * 2 + f) == pytest.approx((700, 900))  # pixel 1 begins at column 0


def test_a_coordinate_system_string_is_kept_whole(tmp_path: Path) -> None:
    wkt = 'PROJCS["a, b",GEOGCS["c",DATUM["d",SPHEROID["e",6378137.0,298.257]]]]'
    info = "{Arbitrary, 1, 1, 5, 6, 2, 2, units=Meters}"
    header = write_envi(tmp_path / "a.hdr", CUBE, map_info=info, coordinate_system_string=f"{{{wkt}}}")
    place = read_envi(header).georeference
    assert place is not None
    assert place.crs_wkt == wkt
    assert place.transform == (2, 0, 5, 0, -2, 6)


class TestHeader:
    def test_it_is_parsed_as_the_fields_library_parses_it(self, tmp_path: Path) -> None:
        from spectral.io.envi import read_envi_header

        path = tmp_path / "a.hdr"
        path.write_text(
            "ENVI\ndescription = {\n  two lines,\n  a comma}\nsamples = 3\n\n; a comment = 4\nwavelength = {\n 1.5,\n"
            "2.5 , 3.5\n}\nno value\ninterleave =  bip \nmap info = {UTM, 1, 1}\nband names = {a = b, c}\n"
        )
        ours, theirs = read_header(path), read_envi_header(str(path))
        theirs["description"] = theirs["description"].replace("\n", " ")  # line ends inside it mean nothing
        assert ours == theirs

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "latin-1"])
    def test_names_come_out_right_from_every_encoding(self, tmp_path: Path, encoding: str) -> None:
        name = "Grünland" if encoding == "latin-1" else "草地 水体"
        path = tmp_path / "a.hdr"
        path.write_bytes(f"ENVI\r\nclass names = {{none, {name}}}\r\n".encode(encoding))
        assert read_header(path)["class names"] == ["none", name]

    def test_keywords_are_of_no_case_and_of_single_blanks(self, tmp_path: Path) -> None:
        (tmp_path / "a.hdr").write_text("ENVI\nHeader   Offset = 5\n")
        assert read_header(tmp_path / "a.hdr") == {"header offset": "5"}


class TestLies:
    @pytest.mark.parametrize("claimed", ["bsq", "bil", "bip"])
    @pytest.mark.parametrize("true", ["bsq", "bil", "bip"])
    def test_a_wrong_interleave_is_found_and_a_right_one_let_through(
        self, tmp_path: Path, true: str, claimed: str
    ) -> None:
        from lissom.tasks.scene.data.synthetic import synthetic_scene

        cube = synthetic_scene(40, 36, 30, 4).cube
        header = write_envi(tmp_path / "a.hdr", cube, interleave=true)
        header.write_text(header.read_text().replace(f"interleave = {true}", f"interleave = {claimed}"))
        told = [str(told) for told in open_scene(header).notes]
        if claimed == true:
            assert told == []
        else:
            assert f"says interleave = {claimed}, but the data is smoother as {true}" in told[0]

    @pytest.mark.parametrize("interleave", ["bsq", "bil", "bip"])
    def test_noise_and_constants_pass_in_any_order(self, tmp_path: Path, interleave: str) -> None:
        rng = np.random.default_rng(0)
        for number, cube in enumerate([rng.normal(size=(20, 18, 16)), np.ones((20, 18, 16))]):
            header = write_envi(tmp_path / f"{number}.hdr", cube, interleave=interleave)
            assert np.array_equal(open_scene(header).cube, cube)

    @pytest.mark.real_data
    @pytest.mark.parametrize("claimed", ["bsq", "bil", "bip"])
    @pytest.mark.parametrize("true", ["bsq", "bil", "bip"])
    def test_on_a_real_scene(self, real_data: Path, tmp_path: Path, true: str, claimed: str) -> None:
        cube = open_scene(real_data / "salinas_a").cube
        header = write_envi(tmp_path / "a.hdr", cube, interleave=true)
        header.write_text(header.read_text().replace(f"interleave = {true}", f"interleave = {claimed}"))
        told = [str(told) for told in open_scene(header).notes]
        assert told == [] if claimed == true else f"smoother as {true}" in told[0]

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"lines": 13}, r"truncated: 2160 bytes; expected 2340 for 13 x 10 x 9 of int16"),
            ({"bands": 8}, r"2160 bytes; expected 1920 .* in the header are wrong"),
            ({"data_type": 4}, r"truncated"),
            ({"Interleave": "bsx"}, r"interleave = 'bsx'; expected bsq, bil, bip"),
            ({"data_type": 99}, r"data type = '99'"),
            ({"data_type": None}, r"data type = ''"),
            ({"samples": None}, r"samples = ''; expected >= 1"),
            ({"lines": "many"}, r"lines = 'many'"),
            ({"bands": 0}, r"bands = '0'"),
            ({"byte_order": 7}, r"byte order = '7'; expected 0, 1"),
            ({"file_compression": 1}, r"file compression = '1'"),
        ],
    )  # fmt: skip
    def test_a_header_that_cannot_be_true(self, tmp_path: Path, fields: dict, words: str) -> None:
        with pytest.raises(DataError, match=words) as caught:
            open_scene(write_envi(tmp_path / "a.hdr", CUBE, **fields))
        assert "\n" not in str(caught.value)

    def test_a_raw_file_cut_short(self, tmp_path: Path) -> None:
        header = write_envi(tmp_path / "a.hdr", CUBE)
        raw = tmp_path / "a.img"
        raw.write_bytes(raw.read_bytes()[:-1])
        with pytest.raises(DataError, match=r"a.img is truncated: 2159 bytes; expected 2160"):
            open_scene(header)

    def test_a_file_that_stands_alone(self, tmp_path: Path) -> None:
        write_envi(tmp_path / "a.hdr", CUBE)
        (tmp_path / "a.img").rename(tmp_path / "b.img")
        with pytest.raises(DataError, match=r"no raw file next to it"):
            open_scene(tmp_path / "a.hdr")
        with pytest.raises(DataError, match=r"no ENVI header next to it; expected b.hdr"):
            open_scene(tmp_path / "b.img")

    def test_what_is_no_header(self, tmp_path: Path) -> None:
        (tmp_path / "a.img").write_bytes(b"")
        for content in (b"", b"\xff\xfe\0\1", b"lines = 4\n", b"ENVI\nwavelength = {1, 2\n"):
            (tmp_path / "a.hdr").write_bytes(content)
            with pytest.raises(DataError, match=r"a\.hdr"):
                open_scene(tmp_path / "a.hdr")

    def test_complex_values(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"contains complex64; expected real numbers"):
            open_scene(write_envi(tmp_path / "a.hdr", CUBE.astype("complex64")))
