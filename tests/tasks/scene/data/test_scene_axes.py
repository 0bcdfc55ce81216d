"""Arrays whose bands come first are read so where their map, their wavelengths or a run tells, and it is said."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from lissom.errors import DataError
from lissom.tasks.scene.data.opening import content, open_scene
from scene_files import small_cube, small_map, write_mat73

CUBE, MAP = small_cube(), small_map()
FIRST = np.ascontiguousarray(np.moveaxis(CUBE, 2, 0))
NM = np.linspace(400, 2400, 9)


def written(path: Path, cube: NDArray, nm: NDArray | None = None) -> Path:
    arrays = {"cube": cube} | ({} if nm is None else {"wavelengths": nm})
    if path.suffix == ".npy":
        np.save(path, cube)
    elif path.suffix == ".npz":
        np.savez(path, **arrays)
    elif path.suffix == ".mat":
        savemat(path, arrays)
    elif path.suffix == ".h5":
        with h5py.File(path, "w") as file:
            for name, values in arrays.items():
                file["data/" + name] = values
    return path


@pytest.mark.parametrize("ending", [".npy", ".npz", ".mat", ".h5"])
def test_a_map_tells(tmp_path: Path, ending: str) -> None:
    path = written(tmp_path / f"a{ending}", FIRST)
    scene = open_scene(path, MAP)
    assert np.array_equal(scene.cube, CUBE)
    assert "(9 x 12 x 10) was read as bands x rows x columns, as its map tells" in str(scene.notes[0])
    own = written(tmp_path / f"b{ending}", CUBE)
    assert open_scene(own, MAP).notes == ()
    maps = {"ground_truth": MAP}
    assert content(path, maps) == content(own, maps)
    assert np.array_equal(open_scene(path).cube, FIRST), "nothing tells"


@pytest.mark.parametrize("ending", [".npz", ".mat", ".h5"])
@pytest.mark.parametrize("cube", [CUBE, FIRST])
def test_the_number_of_wavelengths_tells_and_they_are_read(tmp_path: Path, ending: str, cube: NDArray) -> None:
    scene = open_scene(written(tmp_path / f"a{ending}", cube, NM / 1000))
    assert np.array_equal(scene.cube, CUBE)
    assert scene.wavelengths_nm == pytest.approx(NM)
    assert bool(scene.notes) == (cube is FIRST)


def test_wavelengths_of_matlab_7_3_and_of_another_length(tmp_path: Path) -> None:
    path = write_mat73(tmp_path / "a.mat", {"cube": FIRST, "wl": NM[None]})
    assert np.array_equal(open_scene(path).cube, CUBE)
    assert open_scene(written(tmp_path / "b.npz", CUBE, NM[:5])).wavelengths_nm is None


def test_the_bands_of_a_run_tell(tmp_path: Path) -> None:
    scene = open_scene(FIRST, bands=9)
    assert np.array_equal(scene.cube, CUBE)
    assert "as the run's number of bands tells" in str(scene.notes[0])
    assert open_scene(CUBE, bands=9).notes == ()


def test_the_setting_counts_first_and_a_cube_of_three_equal_sides_needs_it() -> None:
    cubic, ids = small_cube(8, 8, 8), small_map(8, 8)
    unsure = open_scene(cubic, ids)
    assert np.array_equal(unsure.cube, cubic)
    assert "its bands may as well be first" in str(unsure.notes[0])
    assert np.array_equal(open_scene(cubic, ids, bands_axis="first").cube, np.moveaxis(cubic, 0, 2))
    with pytest.raises(DataError, match="12 x 10 pixels"):
        open_scene(FIRST, MAP, bands_axis="last")
