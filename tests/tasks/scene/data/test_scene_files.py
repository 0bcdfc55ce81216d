"""Files as archives hold them: odd names, structs and cells, tables of spectra, PRISMA, wrong wavelengths."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from lissom.errors import DataError
from lissom.tasks.scene.data.opening import open_scene
from lissom.tasks.scene.data.wavelengths import misprinted, turns
from scene_files import small_cube, small_map, write_envi

CUBE, MAP = small_cube(), small_map()
TRUE = [400.0 + 10 * band for band in range(9)]


@pytest.mark.parametrize(
    ("header", "raw", "typed"),
    [
        ("S.IMG.HDR", "S.IMG", "S.IMG"),
        ("Mixed.Hdr", "Mixed.Img", "Mixed.Hdr"),
        ("f97.a.rfl.hdr", "f97.a.rfl", "f97.a.rfl"),
        ("b.hdr", "b.ref", "b.hdr"),
        ("c.hdr", "c.rad", "c.rad"),
        ("d.hdr", "d.cube", "d.hdr"),
        ("plain.hdr", "plain", "plain"),
    ],
)
def test_an_envi_image_is_found_by_either_of_its_files(tmp_path: Path, header: str, raw: str, typed: str) -> None:
    made = write_envi(tmp_path / "t.hdr", CUBE)
    made.with_suffix(".img").rename(tmp_path / raw)
    made.rename(tmp_path / header)
    assert np.array_equal(open_scene(tmp_path / typed).cube, CUBE)


def test_a_spectral_library_is_named_as_one(tmp_path: Path) -> None:
    header = write_envi(tmp_path / "a.hdr", CUBE, file_type="ENVI Spectral Library")
    header.with_suffix(".img").rename(tmp_path / "a.sli")
    with pytest.raises(DataError, match="library of 12 spectra"):
        open_scene(tmp_path / "a.sli")


def test_a_header_beside_a_tiff_says_what_the_tiff_does_not(tmp_path: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    header = write_envi(tmp_path / "a.hdr", CUBE, file_type="TIFF", wavelength="{" + ", ".join(map(str, TRUE)) + "}")
    header.with_suffix(".img").unlink()
    place = rasterio.Affine(2, 0, 50, 0, -2, 60)
    profile = {"height": 12, "width": 10, "count": 9, "dtype": "int16", "transform": place}
    with rasterio.open(tmp_path / "a.tif", "w", **profile) as file:
        file.write(np.moveaxis(CUBE, 2, 0))
    for path in (header, tmp_path / "a.tif"):
        scene = open_scene(path)
        assert np.array_equal(scene.cube, CUBE)
        assert scene.wavelengths_nm is not None
        assert scene.wavelengths_nm.tolist() == TRUE
        assert scene.georeference is not None


@pytest.mark.parametrize(
    "words",
    [
        "wavelength = {" + ",\n".join(map(str, TRUE)) + ",\n}",
        "wavelength =\n{" + ",".join(map(str, TRUE)) + "}",
        "wavelength = {" + ", ".join(f"{value} nm" for value in TRUE) + "}",
        "wavelength = {" + ", ".join(f"{value / 1000}um" for value in TRUE) + "}",
    ],
    ids=["comma-at-the-end", "brace-on-the-next-line", "nm", "um"],
)
def test_wavelengths_however_they_are_written(tmp_path: Path, words: str) -> None:
    header = write_envi(tmp_path / "a.hdr", CUBE, lines="12.0")
    header.write_text(header.read_text() + words + "\n")
    assert open_scene(header).wavelengths_nm == pytest.approx(TRUE)


def test_wrong_wavelengths_are_said(tmp_path: Path) -> None:
    wrong = [*TRUE[:4], 4400.0, *TRUE[5:7], 0, TRUE[8]]
    header = write_envi(tmp_path / "a.hdr", CUBE, wavelength="{" + ", ".join(map(str, wrong)) + "}")
    told = " ".join(map(str, open_scene(header).notes))
    assert "bands 5 look misprinted (4400 nm)" in told
    assert "bands 8" in told


def test_bands_in_another_order_are_no_misprints(tmp_path: Path) -> None:
    shuffled = [TRUE[k] for k in (4, 0, 7, 2, 8, 1, 5, 3, 6)]
    header = write_envi(tmp_path / "a.hdr", CUBE, wavelength="{" + ", ".join(map(str, shuffled)) + "}")
    told = " ".join(map(str, open_scene(header).notes))
    assert "not in the order of their wavelengths (4 of 8 steps" in told
    assert "misprint" not in told
    for nm in (TRUE, TRUE[::-1], [980, 990, 1000, 900, 910, 920], [400, 410, 42, 430, 440]):
        assert turns(np.array(nm, float)) == 0


@pytest.mark.parametrize(
    ("nm", "wrong"),
    [
        ([400, 410, 420, 430, 440], []),
        ([980, 990, 1000, 900, 910, 920], []),  # two spectrometers overlap
        ([2400, 2300, 2200, 2100], []),
        ([400, 410, 42, 430, 440], [2]),
        ([4000, 410, 420, 430], [0]),
        ([400, 410, 420, 43], [3]),
        ([400, 410, 420, 460, 470, 480], []),  # a water band was cut out
    ],
)
def test_a_misprint_is_off_the_line_of_its_neighbours(nm: list[float], wrong: list[int]) -> None:
    assert np.flatnonzero(misprinted(np.array(nm, float))).tolist() == wrong


class TestMatlab:
    def test_structs_and_cells_are_reached_by_name_or_shape(self, tmp_path: Path) -> None:
        cells = np.empty(2, object)
        cells[:] = [CUBE, MAP]
        savemat(tmp_path / "s.mat", {"hsi": {"Data": CUBE, "labels": {"ids": MAP}}})
        savemat(tmp_path / "c.mat", {"c": cells})
        for path, name in (("s.mat", None), ("s.mat", "hsi.Data"), ("s.mat", "hsi/Data"), ("c.mat", "c{1}")):
            scene = open_scene(tmp_path / path, tmp_path / path, variable=name)
            assert np.array_equal(scene.cube, CUBE)
            assert scene.ground_truth is not None
            assert np.array_equal(scene.ground_truth, MAP)

    def test_structs_and_cells_of_version_73(self, tmp_path: Path) -> None:
        with h5py.File(tmp_path / "a.mat", "w") as file:
            data = file.create_dataset("hsi/Data", data=CUBE.T)
            data.attrs["MATLAB_class"] = np.bytes_("int16")
            ids = file.create_dataset("#refs#/a", data=MAP.T)
            ids.attrs["MATLAB_class"] = np.bytes_("uint8")
            file["c"] = np.array([[ids.ref]], h5py.ref_dtype)
        assert np.array_equal(open_scene(tmp_path / "a.mat", variable="hsi.Data").cube, CUBE)
        truth = open_scene(CUBE, tmp_path / "a.mat", ground_truth_variable="c{1}").ground_truth
        assert truth is not None
        assert np.array_equal(truth, MAP)

    @pytest.mark.parametrize("order", ["C", "F"])
    def test_a_table_of_spectra_becomes_a_cube(self, tmp_path: Path, order: str) -> None:
        cube = small_cube(20, 18, 17)
        cube[5:9, 3:6] += 200
        table = cube.reshape(-1, 17) if order == "C" else cube.transpose(1, 0, 2).reshape(-1, 17)
        savemat(tmp_path / "a.mat", {"Y": table.T, "nRow": 20, "nCol": 18, "nBand": 17})
        scene = open_scene(tmp_path / "a.mat")
        assert np.array_equal(scene.cube, cube)
        assert "20 x 18" in str(scene.notes[0])


def test_where_content_cannot_tell_a_table_is_read_down_the_columns_as_matlab_does(tmp_path: Path) -> None:
    cube = np.random.default_rng(0).normal(size=(20, 18, 17))
    savemat(tmp_path / "a.mat", {"Y": cube.transpose(1, 0, 2).reshape(-1, 17).T, "nRow": 20, "nCol": 18})
    assert np.array_equal(open_scene(tmp_path / "a.mat").cube, cube)


def test_the_cubes_of_prisma_are_turned_and_joined(tmp_path: Path) -> None:
    path, fields = tmp_path / "PRS_L2D.he5", "HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields/"
    with h5py.File(path, "w") as file:
        file[fields + "VNIR_Cube"] = CUBE[..., :4].transpose(0, 2, 1)
        file[fields + "SWIR_Cube"] = CUBE[..., 4:].transpose(0, 2, 1)
        file.attrs["List_Cw_Vnir"], file.attrs["List_Cw_Swir"] = [0.0, *TRUE[1:4]], TRUE[4:]
    scene = open_scene(path)
    assert np.array_equal(scene.cube, CUBE)
    assert scene.wavelengths_nm is not None
    assert scene.wavelengths_nm.tolist() == [0.0, *TRUE[1:]]
    assert scene.good_bands is not None
    assert np.flatnonzero(~scene.good_bands).tolist() == [0]
    assert np.array_equal(open_scene(path, variable=fields + "SWIR_Cube").cube, CUBE[..., 4:])
