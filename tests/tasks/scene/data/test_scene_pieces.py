"""A compressed or tiled GeoTIFF is read a piece at a time: the same values, each tile decoded once, one piece held."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lissom.errors import DataError
from lissom.tasks.scene.data import geotiff, pieces
from lissom.tasks.scene.data.opening import open_scene
from lissom.tasks.scene.data.pieces import PieceCube
from lissom.tasks.scene.data.scene import cube_digest, row_strips
from lissom.tasks.scene.pictures.maps import false_colour
from scene_files import small_cube

rasterio = pytest.importorskip("rasterio")

CUBE = small_cube(90, 40, 7)
TILED = {"tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "deflate"}
SOME = np.arange(90) % 3 == 0
KEYS = [
    np.s_[:], np.s_[3], np.s_[-2], np.s_[-1:], np.s_[30:70], np.s_[5:5], np.s_[::7, ::3], np.s_[..., [2, 5]],
    np.s_[4:50, :, 3], np.s_[::40, 1], (np.array([89, 0, 31]), np.array([1, 2, 3]), 4),
    (np.array([[89], [33]]), np.array([[0], [39]]), np.array([0, 6, 1])), (np.flatnonzero(SOME),), np.s_[2, 3, 4],
]  # fmt: skip


@pytest.fixture
def reads() -> list[tuple[int, int]]:
    return []


@pytest.fixture
def cube(reads: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch) -> PieceCube:
    """Pieces of 32 rows: two rows of tiles."""
    monkeypatch.setattr(pieces, "PIECE", 32 * CUBE[:1].nbytes)

    def read(top: int, bottom: int) -> NDArray[Any]:
        reads.append((top, bottom))
        return CUBE[top:bottom].copy()

    return PieceCube(CUBE.shape, CUBE.dtype, 16, read)


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_it_is_indexed_as_an_array_is(cube: PieceCube, key: Any) -> None:
    assert np.array_equal(cube[key], CUBE[key])
    assert cube[key].shape == CUBE[key].shape
    assert (cube.shape, cube.size, cube.nbytes, len(cube)) == (CUBE.shape, CUBE.size, CUBE.nbytes, 90)


@pytest.mark.parametrize("rows", [1, 11, 32, 50])
def test_strips_in_order_read_every_row_once(cube: PieceCube, reads: list[tuple[int, int]], rows: int) -> None:
    strips = list(row_strips(cube, strip_bytes=rows * CUBE[:1].nbytes))  # type: ignore[arg-type]
    assert not reads, "sizes are known without a row"
    assert np.array_equal(np.concatenate([cube[strip] for strip in strips]), CUBE)
    assert reads == [(0, 32), (32, 64), (64, 90)]


def test_a_digest_and_a_picture_read_no_more_than_they_must(cube: PieceCube, reads: list[tuple[int, int]]) -> None:
    valid = np.ones(CUBE.shape[:2], bool)
    assert cube_digest(cube, valid) == cube_digest(CUBE, valid)  # type: ignore[arg-type]
    assert len(reads) == 3
    assert np.array_equal(false_colour(cube, (5, 3, 1), valid), false_colour(CUBE, (5, 3, 1), valid))  # type: ignore[arg-type]
    assert len(reads) == 9, "once for the stretch, once for the picture"


def test_a_row_of_large_tiles_is_held_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PIECE", 1)
    row = CUBE[:1].nbytes
    monkeypatch.setattr(pieces, "MOST", 20 * row)
    assert [PieceCube(CUBE.shape, CUBE.dtype, tall, CUBE.__getitem__).piece for tall in (1, 20, 21)] == [1, 20, 20]  # type: ignore[arg-type]


@pytest.mark.parametrize("interleave", ["pixel", "band"])
def test_a_scene_is_held_a_piece_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interleave: str) -> None:
    monkeypatch.setattr(pieces, "PIECE", 1)
    monkeypatch.setattr(geotiff, "PIECE", 1)
    path = tmp_path / "a.tif"
    profile = {"height": 90, "width": 40, "count": 7, "dtype": CUBE.dtype, "interleave": interleave, "nodata": -1}
    with (
        pytest.warns(rasterio.errors.NotGeoreferencedWarning),
        rasterio.open(path, "w", driver="GTiff", **TILED, **profile) as file,
    ):
        file.write(np.moveaxis(CUBE, 2, 0))
    asked: list[int] = []
    read = geotiff._rows
    monkeypatch.setattr(geotiff, "_rows", lambda path, top, bottom: asked.append(top) or read(path, top, bottom))
    scene = open_scene(path)
    passes, tops = 2, [0, 16, 32, 48, 64, 80]  # which bands are empty, which pixels hold data
    assert asked in (tops * passes, tops)
    assert scene.cube.piece == 16  # type: ignore[attr-defined]
    assert np.array_equal(scene.cube, CUBE)
    assert scene.digest == open_scene(CUBE, no_data=-1).digest


def test_a_damaged_tile_is_named_when_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geotiff, "PIECE", 1)
    path = tmp_path / "a.tif"
    with (
        pytest.warns(rasterio.errors.NotGeoreferencedWarning),
        rasterio.open(path, "w", driver="GTiff", height=90, width=40, count=7, dtype=CUBE.dtype, **TILED) as file,
    ):
        file.write(np.moveaxis(CUBE, 2, 0))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"a\.tif"):
        open_scene(path).items  # noqa: B018
