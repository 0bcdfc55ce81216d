"""A file's scale and offset join the values, after no-data values were compared; what cannot scale is refused."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lissom.errors import DataError, UsageError
from lissom.tasks.scene.data.check import check
from lissom.tasks.scene.data.distance import scaled_as_trained, unlike
from lissom.tasks.scene.data.opening import open_scene
from lissom.tasks.scene.data.preprocess import fit
from lissom.tasks.scene.data.scale import kept_scale
from lissom.tasks.scene.data.scene import Scene
from lissom.tasks.scene.pictures.run import class_spectra
from lissom.tasks.scene.settings import SceneConfig
from scene_files import small_cube, small_map, write_envi

CUBE, MAP = small_cube(), small_map()
GAINS = np.linspace(1e-4, 2e-4, 9)
ALL = np.arange(9)


def listed(values: Any) -> str:
    return "{" + ", ".join(f"{value!r}" for value in np.asarray(values).tolist()) + "}"


def values(scene: Scene) -> np.ndarray:
    return scene.cube.astype(np.float64) if scene.scale is None else scene.scale.of(scene.cube)


@pytest.mark.parametrize(("fields", "expected", "said"), [
    ({"reflectance_scale_factor": 10000}, CUBE / 10000, "reflectance scale factor"),
    ({"data_gain_values": listed(GAINS)}, CUBE * GAINS, "data gain values"),
    ({"data_gain_values": listed(GAINS), "data_offset_values": listed(ALL)}, CUBE * GAINS + ALL,
     "data gain values, data offset values"),
    ({"data_offset_values": listed([0.5] * 9)}, CUBE + 0.5, "data offset values"),
    ({"data_reflectance_gain_values": listed(GAINS)}, CUBE * GAINS, "data reflectance gain values"),
    ({"data_gain_values": listed([1] * 9), "data_offset_values": listed([0] * 9)}, CUBE, None),
    ({"reflectance_scale_factor": 1.0}, CUBE, None),
    ({"reflectance_scale_factor": ""}, CUBE, None),
])  # fmt: skip
def test_the_header_s_scale_makes_the_values(
    tmp_path: Path, fields: dict[str, Any], expected: np.ndarray, said: str | None
) -> None:
    header = write_envi(tmp_path / "a.hdr", CUBE, **fields)
    scene = open_scene(header)
    assert np.allclose(values(scene), expected, rtol=1e-12)
    assert scene.digest == open_scene(CUBE).digest, "the content is what is stored"
    assert (scene.scale and scene.scale.said) == said
    report = check(header)
    assert (report["scale"] and report["scale"]["said"]) == said
    assert any("were scaled" in line for line in report["notes"]) == (said is not None)


def test_gains_of_radiance_do_not_join_the_scale_of_reflectance(tmp_path: Path) -> None:
    both = {"reflectance_scale_factor": 10000, "data_gain_values": listed(GAINS)}
    scale = open_scene(write_envi(tmp_path / "a.hdr", CUBE, **both)).scale
    assert scale is not None
    assert scale.gain.tolist() == [1e-4] * 9
    assert "another scale too (data gain values)" in str(scale.notes[1])
    same = both | {"data_gain_values": listed([1e-4] * 9)}
    scale = open_scene(write_envi(tmp_path / "a.hdr", CUBE, **same)).scale
    assert scale is not None
    assert len(scale.notes) == 1, "said twice, applied once"


@pytest.mark.parametrize(("field", "value"), [
    ("data gain values", listed(GAINS[:4])), ("data gain values", listed([*GAINS, 1.0])),
    ("data gain values", listed([0.0, *GAINS[1:]])), ("data gain values", "{nan" + ", 1" * 8 + "}"),
    ("data gain values", "{x" + ", 1" * 8 + "}"), ("data gain values", "{inf" + ", 1" * 8 + "}"),
    ("data offset values", listed([0.0, 1.0])), ("data offset values", "{nan" + ", 1" * 8 + "}"),
    ("reflectance scale factor", "0"), ("reflectance scale factor", "ten thousand"),
])  # fmt: skip
def test_a_field_that_cannot_scale_is_refused_by_its_name(tmp_path: Path, field: str, value: str) -> None:
    header = write_envi(tmp_path / "a.hdr", CUBE, **{field.replace(" ", "_"): value})
    with pytest.raises(DataError, match=rf"The field {field} of .*a.hdr cannot .* or 9,.* --scale FACTOR") as caught:
        open_scene(header)
    assert "\n" not in str(caught.value)
    assert open_scene(header, scale=1.0).scale is None, "the setting stands in its place"


def test_a_bad_band_needs_no_gain(tmp_path: Path) -> None:
    gains = [0.5] * 8 + [0.0]
    scene = open_scene(write_envi(tmp_path / "a.hdr", CUBE, data_gain_values=listed(gains), bbl=listed([1] * 8 + [0])))
    assert np.allclose(values(scene)[..., :8], CUBE[..., :8] / 2)


def test_no_data_is_a_stored_value(tmp_path: Path) -> None:
    cube = CUBE.copy()
    cube[2, 3, 4] = -9999
    scene = open_scene(write_envi(tmp_path / "a.hdr", cube, data_ignore_value=-9999, data_gain_values=listed(GAINS)))
    assert np.argwhere(~scene.valid).tolist() == [[2, 3]]


@pytest.mark.parametrize("factor", [0.0, np.nan, np.inf])
def test_a_setting_that_cannot_scale_is_refused(factor: float) -> None:
    with pytest.raises(UsageError, match="scale"):
        SceneConfig(scale=factor)


SCALED = {"data_gain_values": listed(GAINS), "data_offset_values": listed(ALL / 10)}


class TestFit:
    @pytest.mark.parametrize("settings", [
        {"reduction": "none", "standardise": False}, {"reduction": "pca", "components": 4, "whiten": False},
        {"reduction": "none", "smooth": 5, "bands": ""},
    ])  # fmt: skip
    def test_what_is_learned_is_that_of_the_scaled_cube_and_applies_to_the_stored_one(
        self, tmp_path: Path, settings: dict[str, Any]
    ) -> None:
        config, scene = SceneConfig(**settings), open_scene(write_envi(tmp_path / "a.hdr", CUBE, **SCALED))
        expected = fit(config, values(scene))
        learned = fit(config, scene.cube, scale=scene.scale)
        assert np.array_equal(learned.mean, expected.mean)
        assert np.array_equal(learned.matrix, expected.matrix)
        assert np.allclose(learned.of_stored(scene.scale).apply(scene.cube), expected.apply(values(scene)), atol=1e-5)
        assert learned.of_stored(None) is learned

    def test_the_bands_of_another_cube_bring_their_own_gains(self, tmp_path: Path) -> None:
        scene = open_scene(write_envi(tmp_path / "a.hdr", CUBE[..., ::-1], **SCALED))
        back = np.arange(9)[::-1]
        learned = fit(SceneConfig(reduction="none"), values(scene)[..., ::-1])
        found = learned.of_stored(scene.scale, back).apply(scene.cube, bands=back)
        assert np.allclose(found, learned.apply(values(scene)[..., ::-1]), atol=1e-5)

    def test_a_run_keeps_the_scale(self, tmp_path: Path) -> None:
        for number, fields in enumerate([SCALED, {"reflectance_scale_factor": 10000}]):
            scale = open_scene(write_envi(tmp_path / f"{number}.hdr", CUBE, **fields)).scale
            assert scale is not None
            assert len(scale.kept_gain) == len(scale.kept_offset) == (9, 1)[number]
            back = kept_scale(scale.kept_gain, scale.kept_offset, 9)
            assert back is not None
            assert np.array_equal(back.of(CUBE), scale.of(CUBE))
        assert kept_scale((), (), 9) is None

    def test_spectra_are_drawn_as_scaled(self, tmp_path: Path) -> None:
        scene = open_scene(write_envi(tmp_path / "a.hdr", CUBE, **SCALED), MAP)
        found = class_spectra(scene)
        pixels = values(scene)[scene.labels == 1]
        assert np.allclose(found.means[1], pixels.mean(0))
        assert np.allclose(found.deviations[1], pixels.std(0))


class TestOtherCubes:
    """Of a training whose values had no scale, the stored values or the scaled ones are meant, whichever are near."""

    @pytest.mark.parametrize(("trained", "kept"), [(CUBE, False), (CUBE / 10000, True), (CUBE * 1e7, False)])
    def test_the_nearer_values_are_taken(self, tmp_path: Path, trained: np.ndarray, kept: bool) -> None:
        scene = open_scene(write_envi(tmp_path / "a.hdr", CUBE, reflectance_scale_factor=10000))
        learned = fit(SceneConfig(reduction="none"), trained)
        found, told = scaled_as_trained(scene, learned, ALL, trained=False)
        assert (found.scale is not None) == kept
        assert ("were scaled" if kept else "was not used") in str(told[0])
        assert bool(unlike(found, learned, ALL)) == (trained.mean() > 1e6)

    def test_a_training_with_a_scale_takes_that_of_the_file(self, tmp_path: Path) -> None:
        scene = open_scene(write_envi(tmp_path / "a.hdr", CUBE, reflectance_scale_factor=10000))
        learned = fit(SceneConfig(reduction="none"), CUBE / 10000)
        found, _ = scaled_as_trained(scene, learned, ALL, trained=True)
        assert found is scene
        assert unlike(scene, learned, ALL) == ()
        assert unlike(open_scene(CUBE), learned, ALL), "without a scale they are far"


class TestGeoTiff:
    def test_scales_and_tags(self, tmp_path: Path) -> None:
        rasterio = pytest.importorskip("rasterio")
        path = write_tiff(rasterio, tmp_path / "a.tif")
        with rasterio.open(path, "r+") as file:
            file.scales, file.offsets = GAINS.tolist(), ALL.tolist()
        scene = open_scene(path)
        assert np.allclose(values(scene), CUBE * GAINS + ALL)
        write_envi(tmp_path / "b.hdr", CUBE, reflectance_scale_factor=10000, bbl=listed([1] * 8 + [0]))
        beside = open_scene(write_tiff(rasterio, tmp_path / "b.tif"))
        assert np.allclose(values(beside), CUBE / 10000)
        assert beside.good_bands is not None
        (tmp_path / "b.hdr").rename(tmp_path / "a.hdr")
        assert np.allclose(values(open_scene(path)), CUBE * GAINS + ALL), "the file's own counts first"

    @pytest.mark.parametrize("where", ["ENVI", None, "bands", "multiplier"])
    def test_bad_bands_are_tagged_of_the_file_or_of_each_band(self, tmp_path: Path, where: str | None) -> None:
        rasterio = pytest.importorskip("rasterio")
        path = write_tiff(rasterio, tmp_path / "a.tif")
        good = [1, 1, 0, 1, 1, 1, 1, 0, 1]
        with rasterio.open(path, "r+") as file:
            if where in ("ENVI", None):
                tags = {"bbl": listed(good), "reflectance_scale_factor": "100"}
                file.update_tags(**({"ns": where} if where else {}), **tags)
            for band, one in enumerate(good, 1):
                if where == "bands":
                    file.update_tags(band, bbl=str(one))
                elif where == "multiplier" and not one:
                    file.update_tags(band, bad_band_multiplier="0")
        scene = open_scene(path)
        assert scene.good_bands is not None
        assert scene.good_bands.tolist() == [bool(one) for one in good]
        assert (scene.scale is not None) == (where in ("ENVI", None))

    def test_a_header_beside_a_file_with_wavelengths_of_its_own(self, tmp_path: Path) -> None:
        rasterio = pytest.importorskip("rasterio")
        path = write_tiff(rasterio, tmp_path / "a.tif")
        with rasterio.open(path, "r+") as file:
            for band in range(1, 10):
                file.update_tags(band, wavelength=str(400 + band))
        write_envi(tmp_path / "a.hdr", CUBE, wavelength=listed(ALL + 900.0))
        (tmp_path / "a.img").unlink()
        scene = open_scene(path)
        assert scene.wavelengths_nm is not None
        assert scene.wavelengths_nm[0] == 401


def write_tiff(rasterio: Any, path: Path) -> Path:
    place = rasterio.Affine(30, 0, 500_000, 0, -30, 4_500_000)
    with rasterio.open(path, "w", driver="GTiff", height=12, width=10, count=9, dtype="int16", transform=place) as file:
        file.write(np.moveaxis(CUBE, 2, 0))
    return path


FIELDS = "HDFEOS/SWATHS/PRS_L2D_HCO/"
CORNERS = {"Epsg_Code": 32632, "Product_ULcorner_easting": 600_015.0, "Product_ULcorner_northing": 5_000_000.0}


def write_prisma(path: Path, grids: tuple[np.ndarray, np.ndarray] | None = None, **attributes: Any) -> Path:
    with h5py.File(path, "w") as file:
        file[FIELDS + "Data Fields/VNIR_Cube"] = CUBE[..., :4].astype(np.uint16).transpose(0, 2, 1)
        file[FIELDS + "Data Fields/SWIR_Cube"] = CUBE[..., 4:].astype(np.uint16).transpose(0, 2, 1)
        for name, grid in zip(("Latitude", "Longitude"), grids or (), strict=False):
            file[f"{FIELDS}Geolocation Fields/{name}"] = grid
        for name, value in attributes.items():
            file.attrs[name] = value
    return path


class TestPrisma:
    def test_level_2_is_scaled_between_its_ends(self, tmp_path: Path) -> None:
        ends = {"L2ScaleVnirMin": 0.1, "L2ScaleVnirMax": 1.4, "L2ScaleSwirMin": 0.0, "L2ScaleSwirMax": 0.9}
        scene = open_scene(write_prisma(tmp_path / "a.he5", **ends))
        expected = np.concatenate([0.1 + CUBE[..., :4] * 1.3 / 65535, CUBE[..., 4:] * 0.9 / 65535], axis=2)
        assert np.allclose(values(scene), expected)
        alone = open_scene(tmp_path / "a.he5", variable=FIELDS + "Data Fields/SWIR_Cube")
        assert np.allclose(values(alone), CUBE[..., 4:] * 0.9 / 65535)

    def test_level_1_is_radiance(self, tmp_path: Path) -> None:
        told = {"ScaleFactor_Vnir": 100.0, "ScaleFactor_Swir": 50.0, "Offset_Vnir": 1.0, "Offset_Swir": 0.0}
        scene = open_scene(write_prisma(tmp_path / "a.he5", **told))
        assert np.allclose(values(scene), np.concatenate([CUBE[..., :4] / 100 - 1, CUBE[..., 4:] / 50], axis=2))

    @pytest.mark.parametrize("fewer", [1, 0])
    def test_corners_are_middles_or_edges_of_pixels_of_30_m(self, tmp_path: Path, fewer: int) -> None:
        far = {"Product_LRcorner_easting": 600_015.0 + 30 * (10 - fewer),
               "Product_LRcorner_northing": 5_000_000.0 - 30 * (12 - fewer)}  # fmt: skip
        place = open_scene(write_prisma(tmp_path / "a.he5", **CORNERS, **far)).georeference
        assert place is not None
        assert place.crs_wkt == "EPSG:32632"
        assert place.transform == (30, 0, 600_015 - 15 * fewer, 0, -30, 5_000_000 + 15 * fewer)

    def test_columns_that_go_south(self, tmp_path: Path) -> None:
        far = {"Product_LRcorner_easting": 600_015.0 + 30 * 11, "Product_LRcorner_northing": 5_000_000.0 - 30 * 9}
        row, column = np.indices((12, 10))
        scene = open_scene(write_prisma(tmp_path / "a.he5", (45 - column / 3600, 9 + row / 3600), **CORNERS, **far))
        assert scene.georeference is not None
        assert scene.georeference.transform == (0, 30, 600_000, -30, 0, 5_000_015)

    def test_other_corners_are_no_place(self, tmp_path: Path) -> None:
        far = {"Product_LRcorner_easting": 600_400.0, "Product_LRcorner_northing": 4_999_000.0}
        scene = open_scene(write_prisma(tmp_path / "a.he5", **CORNERS, **far))
        assert scene.georeference is None
        assert any("not whole pixels of 30 m" in str(told) for told in scene.notes)

    def test_an_affine_grid_of_latitudes_is_a_place_and_another_is_none(self, tmp_path: Path) -> None:
        row, column = np.indices((12, 10)) + 0.5
        latitude, longitude = 45 - row / 3600 + column / 36000, 9 + column / 2500 + row / 25000
        place = open_scene(write_prisma(tmp_path / "a.he5", (latitude, longitude))).georeference
        assert place is not None
        assert place.crs_wkt == "EPSG:4326"
        assert place.transform == pytest.approx((1 / 2500, 1 / 25000, 9, 1 / 36000, -1 / 3600, 45), abs=1e-9)
        bent = open_scene(write_prisma(tmp_path / "b.he5", (latitude, longitude + (column / 400) ** 2)))
        assert bent.georeference is None
        assert any("pixels off the nearest one" in str(told) for told in bent.notes)
