"""Every format gives the same scene; ids, masks and names come out as the file means them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from lissom.errors import DataError
from lissom.tasks.scene.data.known import KNOWN
from lissom.tasks.scene.data.layers import as_map
from lissom.tasks.scene.data.opening import open_map, open_scene
from lissom.tasks.scene.data.reading import read_layer
from lissom.tasks.scene.data.scene import row_strips
from scene_files import small_cube, small_map, write_envi, write_mat73, write_pair

CUBE, MAP = small_cube(), small_map()


def write_cube(folder: Path, form: str) -> Path:
    path = folder / f"cube.{form.partition('-')[0]}"
    if form == "mat":
        savemat(path, {"wavelengths": np.arange(9.0), "scene": CUBE, "note": "text"})
    elif form in ("mat-73", "mat-73-contiguous"):
        write_mat73(path, {"wavelengths": np.arange(9.0)[None], "scene": CUBE}, chunks=form == "mat-73")
    elif form == "h5":
        import h5py

        with h5py.File(path, "w") as file:
            file["deep/scene"] = CUBE
    elif form == "npz":
        np.savez_compressed(path, wavelengths=np.arange(9.0), scene=CUBE)
    elif form == "npy":
        np.save(path, CUBE)
    elif form == "hdr":
        write_envi(path, CUBE)
    else:
        rasterio = pytest.importorskip("rasterio")
        place = rasterio.Affine(30, 0, 500_000, 0, -30, 4_500_000)
        profile = {"height": 12, "width": 10, "count": 9, "dtype": "int16", "crs": "EPSG:32633", "transform": place}
        with rasterio.open(path, "w", **profile) as file:
            file.write(np.moveaxis(CUBE, 2, 0))
    return path


class TestFormats:
    @pytest.mark.parametrize("form", ["mat", "mat-73", "mat-73-contiguous", "h5", "npz", "npy", "hdr", "tif"])
    def test_every_format_gives_the_same_scene(self, tmp_path: Path, form: str) -> None:
        scene = open_scene(write_cube(tmp_path, form), MAP)
        assert scene.cube.shape == (scene.height, scene.width, scene.bands) == (12, 10, 9)
        assert np.array_equal(scene.cube, CUBE)
        assert (scene.name, scene.class_ids) == ("cube", (3, 7, 200))
        assert scene.digest == open_scene(CUBE, MAP).digest

    @pytest.mark.parametrize("form", ["mat-73-contiguous", "npy", "hdr"])
    def test_formats_without_compression_are_mapped_and_not_read(self, tmp_path: Path, form: str) -> None:
        values: NDArray | None = open_scene(write_cube(tmp_path, form)).cube
        while values is not None and not isinstance(values, np.memmap):
            values = values.base  # type: ignore[assignment]
        assert isinstance(values, np.memmap)

    @pytest.mark.parametrize("form", ["mat", "mat-73", "npy", "npz", "envi", "tif"])
    def test_the_map_may_come_in_any_format(self, tmp_path: Path, form: str) -> None:
        path = tmp_path / f"map.{ {'envi': 'hdr', 'mat-73': 'mat'}.get(form, form) }"
        if form == "mat":
            savemat(path, {"gt": MAP.astype(float)})
        elif form == "mat-73":
            write_mat73(path, {"gt": MAP})
        elif form == "npy":
            np.save(path, MAP[..., None])
        elif form == "npz":
            np.savez(path, gt=MAP)
        elif form == "envi":
            write_envi(path, MAP[..., None])
        else:
            from lissom.tasks.scene.data.writing import write_map

            pytest.importorskip("rasterio")
            write_map(path, MAP)
        scene = open_scene(CUBE, path)
        assert np.array_equal(scene.labels, np.array([-1, 0, 1, 2])[np.arange(10) % 4][None].repeat(12, 0))

    def test_of_several_maps_the_one_of_the_cubes_size_is_meant(self, tmp_path: Path) -> None:
        savemat(tmp_path / "both.mat", {"small": np.ones((4, 4)), "gt": MAP})
        assert open_scene(CUBE, tmp_path / "both.mat").class_ids == (3, 7, 200)

    def test_a_variable_can_be_named(self, tmp_path: Path) -> None:
        savemat(tmp_path / "two.mat", {"first": CUBE, "second": CUBE + 1})
        assert np.array_equal(open_scene(tmp_path / "two.mat", variable="second").cube, CUBE + 1)


class TestLabels:
    def test_ids_are_the_files_and_labels_their_places(self) -> None:
        scene = open_scene(CUBE, MAP)
        assert scene.class_names == ("3", "7", "200")
        assert np.array_equal(np.unique(scene.labels), [-1, 0, 1, 2])
        assert np.array_equal(np.array([3, 7, 200])[scene.labels[scene.labels >= 0]], MAP[MAP > 0])

    def test_another_value_can_mean_unlabelled(self) -> None:
        scene = open_scene(CUBE, MAP.astype(np.int16) - 1, unlabelled=199)
        assert scene.class_ids == (-1, 2, 6)
        assert np.array_equal(scene.labels == -1, MAP == 200)

    def test_a_fixed_map_is_read_alone(self, tmp_path: Path) -> None:
        _, path = write_pair(tmp_path, CUBE, MAP)
        assert np.array_equal(open_map(path, open_scene(CUBE)), MAP)

    def test_colours_differ_from_each_other(self) -> None:
        scene = open_scene(np.zeros((40, 40, 2)) + np.arange(2), np.arange(1600).reshape(40, 40) % 61)
        assert len(set(scene.colours)) == len(scene.class_ids) == 60


class TestMasks:
    def test_nan_and_infinity_mask_their_pixel_and_its_label(self) -> None:
        cube = CUBE.astype(np.float32)
        cube[2, 1, 4], cube[5, 6, 0] = np.nan, np.inf
        scene = open_scene(cube, MAP)
        assert np.argwhere(~scene.valid).tolist() == [[2, 1], [5, 6]]
        assert MAP[2, 1] == 3
        assert scene.labels[2, 1] == -1

    @pytest.mark.parametrize(("no_data", "masked"), [(-999, [[1, 1], [3, 3]]), (0, [[3, 4]])])
    def test_zero_is_no_data_only_in_all_bands_other_values_in_any(self, no_data: int, masked: list) -> None:
        cube = CUBE.copy()
        cube[1, 1, 2], cube[3, 3, :] = -999, -999
        cube[6, 6, 2], cube[3, 4, :] = 0, 0
        assert np.argwhere(~open_scene(cube, no_data=no_data).valid).tolist() == masked

    def test_a_class_that_lies_on_masked_pixels_alone_is_not_there(self) -> None:
        cube = CUBE.astype(np.float32)
        cube[MAP == 7] = np.nan
        assert open_scene(cube, MAP).class_ids == (3, 200)


class TestScene:
    def test_strips_cover_every_row_once_and_keep_to_their_bytes(self) -> None:
        strips = list(row_strips(CUBE, strip_bytes=3 * CUBE[0].nbytes + 1))
        assert [(rows.start, rows.stop) for rows in strips] == [(0, 3), (3, 6), (6, 9), (9, 12)]
        assert len(list(row_strips(CUBE, strip_bytes=1))) == 12

    def test_the_digest_knows_content_and_not_layout(self) -> None:
        scene = open_scene(CUBE, MAP)
        assert open_scene(np.asfortranarray(CUBE.astype(">i2")), MAP.astype(np.int64)).digest == scene.digest
        other = CUBE.copy()
        other[11, 9, 8] += 1
        assert open_scene(other, MAP).digest != scene.digest
        assert open_scene(CUBE, np.where(MAP == 3, 4, MAP)).digest != scene.digest
        assert replace(scene, unlabelled=5).digest != scene.digest


class TestKnownScenes:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Files called like Salinas-A's, with its size and ids, and other values."""
        known = KNOWN["salinas-a"]
        ids = np.array([0, *(row.id for row in known.classes)], np.uint8)[np.arange(83 * 86).reshape(83, 86) % 7]
        folder = tmp_path / "scenes"
        folder.mkdir()
        savemat(folder / known.cube.name, {known.cube.variable: small_cube(83, 86, 204)})
        savemat(folder / known.ground_truth.name, {known.ground_truth.variable: ids})
        return folder

    def test_a_folder_with_its_files_is_the_scene(self, folder: Path) -> None:
        scene = open_scene(folder)
        assert (scene.name, scene.class_ids) == ("Salinas-A", (1, 10, 11, 12, 13, 14))
        assert scene.class_names[1] == "Corn_senesced_green_weeds"

    @pytest.mark.parametrize("name", ["salinas-a", "Salinas A", "SalinasA"])
    def test_its_name_finds_it_in_the_cache(self, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        monkeypatch.setenv("LISSOM_CACHE", str(folder.parent))
        monkeypatch.delenv("LISSOM_DATA", raising=False)
        assert open_scene(name).name == "Salinas-A"

    def test_ones_own_file_of_its_size_and_ids_gets_its_names(self, folder: Path) -> None:
        (folder / "SalinasA_gt.mat").rename(folder / "mine.mat")
        (folder / "SalinasA_corrected.mat").rename(folder / "other.mat")
        assert open_scene(folder / "other.mat", folder / "mine.mat").class_names[0] == "Brocoli_green_weeds_1"

    def test_other_ids_mean_another_scene(self, folder: Path) -> None:
        scene = open_scene(folder / "SalinasA_corrected.mat", np.full((83, 86), 5) + np.eye(83, 86, dtype=int))
        assert scene.class_names == ("5", "6")
        assert scene.name == "SalinasA_corrected"

    def test_a_scene_that_is_not_here_says_where_to_find_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LISSOM_CACHE", str(tmp_path))
        monkeypatch.delenv("LISSOM_DATA", raising=False)
        with pytest.raises(DataError, match=r"--download.*Hyperspectral_Remote_Sensing_Scenes"):
            open_scene("indian-pines")

    def test_ones_own_map_takes_the_place_of_the_published_one(self, folder: Path) -> None:
        (folder / "SalinasA_gt.mat").unlink()
        assert open_scene(folder, np.full((83, 86), 10)).class_names == ("Corn_senesced_green_weeds",)

    def test_a_folder_of_none_or_of_several_known_scenes(self, folder: Path) -> None:
        (folder / "empty").mkdir()
        with pytest.raises(DataError, match="contains the files of nothing"):
            open_scene(folder / "empty")
        (folder / "Pavia.mat").write_bytes(b"")
        with pytest.raises(DataError, match="contains the files of Pavia Centre, Salinas-A"):
            open_scene(folder)

    @pytest.mark.real_data
    def test_salinas_a_itself(self, real_data: Path) -> None:
        scene = open_scene(real_data / "salinas_a")
        assert (scene.cube.shape, scene.cube.dtype) == ((83, 86, 204), np.int16)
        counts = np.bincount(scene.labels[scene.labels >= 0])
        assert dict(zip(scene.class_ids, counts.tolist(), strict=True)) == {
            1: 391, 10: 1343, 11: 616, 12: 1525, 13: 674, 14: 799
        }  # fmt: skip

    @pytest.mark.real_data
    @pytest.mark.parametrize(
        ("file", "name", "shape"),
        [
            ("Indian_pines_gt.mat", "indian-pines", (145, 145)),
            ("salinas_gt.mat", "salinas", (512, 217)),
            ("paviaU_gt.mat", "pavia-university", (610, 340)),
        ],
    )
    def test_the_tables_ids_are_those_of_the_maps(self, real_data: Path, file: str, name: str, shape: tuple) -> None:
        ids = as_map(read_layer(real_data / "label_maps" / file, rank=2), file, unlabelled=0)
        known = KNOWN[name]
        assert ids.shape == shape == (known.height, known.width)
        assert set(np.unique(ids)) - {0} == {row.id for row in known.classes}
