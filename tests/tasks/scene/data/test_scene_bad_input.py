"""Bad input: one clear line each, with the value got, the value expected and the remedy."""

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from lissom.errors import DataError, LissomError, UsageError
from lissom.messages import catalogue
from lissom.tasks.scene.data.opening import open_map, open_scene
from lissom.tasks.scene.data.scene import check_trainable
from scene_files import small_cube, small_map, write_envi, write_mat73, write_pair

CUBE, MAP = small_cube(), small_map()


def refused(*given: object, kind: type[LissomError] = DataError, **options: object) -> str:
    """The one line that says why the scene cannot be opened."""
    with pytest.raises(kind) as caught:
        open_scene(*given, **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert caught.value.kind in {name.removeprefix("error.") for name in catalogue("zh")}
    return str(caught.value)


class TestFiles:
    def test_what_is_not_there(self, tmp_path: Path) -> None:
        line = refused(tmp_path / "cube.mat")
        assert "cube.mat" in line
        assert "indian-pines" in line

    def test_a_misspelt_known_scene(self) -> None:
        assert "salinas-a" in refused("salinsa")

    def test_an_unknown_format(self, tmp_path: Path) -> None:
        (tmp_path / "cube.xyz").write_bytes(b"1")
        assert ".mat .h5 .he5" in refused(tmp_path / "cube.xyz")

    @pytest.mark.parametrize("name", ["a.mat", "a.npy", "a.npz", "a.tif", "a.h5"])
    @pytest.mark.parametrize("content", [b"", b"nonsense" * 40, "half"], ids=["empty", "nonsense", "half"])
    def test_damaged_files(self, tmp_path: Path, name: str, content: bytes | str) -> None:
        path = tmp_path / name
        if content == "half":
            content = self.whole(path)[:-700]
        assert isinstance(content, bytes)
        path.write_bytes(content)
        assert name in refused(path)

    def whole(self, path: Path) -> bytes:
        cube = np.random.default_rng(0).integers(0, 9999, (12, 10, 9))
        if path.suffix == ".mat":
            savemat(path, {"scene": cube}, do_compression=True)
        elif path.suffix == ".h5":
            write_mat73(path, {"scene": cube})
        elif path.suffix == ".npy":
            np.save(path, cube)
        elif path.suffix == ".npz":
            np.savez(path, scene=cube)
        else:
            rasterio = pytest.importorskip("rasterio")
            place = rasterio.Affine(1, 0, 5, 0, -1, 5)
            with rasterio.open(path, "w", height=12, width=10, count=9, dtype="int32", transform=place) as file:
                file.write(np.moveaxis(cube, 2, 0).astype("int32"))
        return path.read_bytes()

    def test_a_geotiff_without_the_extra(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "rasterio", None)
        (tmp_path / "a.tif").write_bytes(b"II*\0")
        assert "pip install 'lissom[geo]'" in refused(tmp_path / "a.tif", kind=UsageError)


class TestVariables:
    @pytest.mark.parametrize("form", ["mat", "mat-73", "npz"])
    def test_several_candidates_are_listed_with_their_sizes(self, tmp_path: Path, form: str) -> None:
        arrays = {"raw": CUBE, "corrected": CUBE[..., :5], "wavelengths": np.ones((1, 9))}
        path = tmp_path / f"cube.{form.partition('-')[0]}"
        if form == "mat":
            savemat(path, arrays)
        elif form == "npz":
            np.savez(path, **arrays)
        else:
            write_mat73(path, arrays)
        line = refused(path)
        assert all(part in line for part in ("raw (12 x 10 x 9)", "corrected (12 x 10 x 5)", "--variable"))
        assert "wavelengths" not in line

    def test_a_name_that_is_not_there(self, tmp_path: Path) -> None:
        path, _ = write_pair(tmp_path, CUBE, MAP)
        assert "no array named cub; it contains scene (12 x 10 x 9)" in refused(path, variable="cub")

    def test_a_map_instead_of_a_cube_and_the_reverse(self, tmp_path: Path) -> None:
        cube, ids = write_pair(tmp_path, CUBE, MAP)
        assert "no cube: found scene_gt (12 x 10)" in refused(ids)
        assert "no map of classes: found scene (12 x 10 x 9)" in refused(cube, cube)

    def test_two_maps_of_the_same_size(self, tmp_path: Path) -> None:
        savemat(tmp_path / "maps.mat", {"a": MAP, "b": MAP})
        assert "a (12 x 10), b (12 x 10)" in refused(CUBE, tmp_path / "maps.mat")

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            (CUBE.astype(complex), "complex128"),
            (np.full((12, 10, 9), "text"), "char"),
            (np.empty((3, 4, 5), object), "cell"),
        ],
    )
    def test_named_arrays_that_are_no_real_numbers(self, tmp_path: Path, values: NDArray, words: str) -> None:
        if values.dtype == object:
            values.fill(np.ones(2))
        savemat(tmp_path / "cube.mat", {"scene": values})
        line = refused(tmp_path / "cube.mat", variable="scene")
        assert words in line
        assert "expected real numbers" in line

    @pytest.mark.parametrize("values", [CUBE.astype(complex), np.full((12, 10, 9), "text")], ids=["complex", "text"])
    @pytest.mark.parametrize("suffix", ["npy", "npz"])
    def test_numpy_files_of_complex_numbers_or_text(self, tmp_path: Path, values: NDArray, suffix: str) -> None:
        path = tmp_path / f"a.{suffix}"
        np.save(path, values) if suffix == "npy" else np.savez(path, a=values)
        assert "expected real numbers" in refused(path)

    def test_python_objects_are_not_unpickled(self, tmp_path: Path) -> None:
        np.save(tmp_path / "a.npy", np.array([{}], object), allow_pickle=True)
        assert "a.npy" in refused(tmp_path / "a.npy")

    def test_complex_numbers_in_version_73(self, tmp_path: Path) -> None:
        write_mat73(tmp_path / "a.mat", {"scene": CUBE.astype(complex)})
        assert "expected" in refused(tmp_path / "a.mat")


class TestMaps:
    def test_another_size(self) -> None:
        line = refused(CUBE, MAP[:11])
        assert "11 x 10 pixels" in line
        assert "12 x 10" in line

    def test_exchanged_rows_and_columns(self) -> None:
        assert "rows and columns are swapped" in refused(CUBE, np.ascontiguousarray(MAP.T))

    def test_a_cube_of_a_format_with_axes_of_its_own_whose_bands_come_first(self, tmp_path: Path) -> None:
        header = write_envi(tmp_path / "a.hdr", np.moveaxis(CUBE, 2, 0))
        assert "its bands come first" in refused(header, MAP)
        assert "says itself where its bands are" in refused(header, MAP, kind=UsageError, bands_axis="first")

    def test_no_labels(self) -> None:
        assert "all are 0 (unlabelled)" in refused(CUBE, np.zeros_like(MAP))
        assert "all are 7" in refused(CUBE, np.full_like(MAP, 7), unlabelled=7)

    def test_one_class_cannot_be_trained(self) -> None:
        scene = open_scene(CUBE, np.where(MAP == 3, 3, 0))
        with pytest.raises(DataError, match=r"only one class, 3 \(id 3\); expected 2 or more"):
            check_trainable(scene)

    def test_no_map_cannot_be_trained(self) -> None:
        with pytest.raises(DataError, match="no ground truth"):
            check_trainable(open_scene(CUBE))

    def test_fractions(self) -> None:
        assert "contains the value 0.5" in refused(CUBE, MAP / 2 - 1)

    def test_measurements(self) -> None:
        cube = np.ones((40, 40, 2))
        assert "1599 different values" in refused(cube, np.arange(1600).reshape(40, 40))

    def test_a_fixed_map_of_another_size(self) -> None:
        with pytest.raises(DataError, match="11 x 10 pixels"):
            open_map(MAP[:11], open_scene(CUBE))


class TestValues:
    def test_a_scene_without_a_usable_pixel(self) -> None:
        assert "No pixel" in refused(np.full((4, 4, 3), -1), no_data=-1)
        cube = np.ones((2, 2, 2))
        cube[0, :, 0], cube[1, :, 1] = np.nan, np.nan
        assert "No pixel" in refused(cube)

    @pytest.mark.parametrize("shape", [(4,), (4, 4), (4, 4, 4, 4), (0, 4, 4)])
    def test_an_array_of_another_rank(self, shape: tuple[int, ...]) -> None:
        assert "rows x columns x bands" in refused(np.ones(shape))
