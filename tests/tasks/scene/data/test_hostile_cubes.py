"""Cubes made to harm: none opens another file or a host or is unpacked beyond the limit; what is mapped may be huge."""

import socket
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from lissom import bounds
from lissom.cli.main import run
from lissom.errors import DataError
from lissom.tasks.scene.data.opening import open_map, open_scene
from scene_files import small_cube, small_map, write_envi

ZEROS = np.zeros((100, 100, 500), np.uint8)  # 5 MB, which pack to 5 kB


def refused(path: Path, *words: str) -> None:
    with pytest.raises(DataError) as caught:
        open_scene(path)
    assert all(word in str(caught.value) for word in words), caught.value


def write_tiff(path: Path, cube: np.ndarray, **options: Any) -> Path:
    rasterio = pytest.importorskip("rasterio")
    height, width, bands = cube.shape
    size = {"height": height, "width": width, "count": bands, "dtype": cube.dtype}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(path, "w", driver="GTiff", **size, **options) as file:
            file.write(cube.transpose(2, 0, 1))
    return path


class TestOtherFiles:
    def test_the_text_of_a_vrt_in_a_tif_reads_no_other_file(self, tmp_path: Path) -> None:
        other = write_tiff(tmp_path / "other.tif", small_cube())
        source = f"<SourceFilename>{other}</SourceFilename><SourceBand>1</SourceBand>"
        band = f'<VRTRasterBand dataType="Int16" band="1"><SimpleSource>{source}</SimpleSource></VRTRasterBand>'
        (tmp_path / "c.tif").write_text(f'<VRTDataset rasterXSize="10" rasterYSize="12">{band}</VRTDataset>')
        refused(tmp_path / "c.tif", "c.tif")

    def test_and_asks_no_host(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        pytest.importorskip("rasterio")
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.setblocking(False)
            address = f"/vsicurl/http://127.0.0.1:{server.getsockname()[1]}/x.tif"
            source = f"<SourceFilename>{address}</SourceFilename><SourceBand>1</SourceBand>"
            band = f'<VRTRasterBand dataType="Byte" band="1"><SimpleSource>{source}</SimpleSource></VRTRasterBand>'
            (tmp_path / "c.tif").write_text(f'<VRTDataset rasterXSize="9" rasterYSize="9">{band}</VRTDataset>')
            assert run(["check-data", "scene", str(tmp_path / "c.tif")]) == 3
            with pytest.raises(BlockingIOError):
                server.accept()
        assert "c.tif" in capsys.readouterr().err

    def test_no_other_format_passes_for_a_tif_or_a_picture(self, tmp_path: Path) -> None:
        pytest.importorskip("rasterio")
        Image.new("RGB", (9, 9)).save(tmp_path / "c.tif", "PNG")
        refused(tmp_path / "c.tif", "c.tif")
        scene = open_scene(small_cube())
        (tmp_path / "map.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 12\nshowpage\n")
        with pytest.raises(DataError, match=r"map\.png"):
            open_map(tmp_path / "map.png", scene)

    @pytest.mark.parametrize("way", ["link", "storage", "virtual"])
    def test_parts_of_an_hdf5_file_in_other_files_are_named(self, way: str, tmp_path: Path) -> None:
        with h5py.File(tmp_path / "other.h5", "w") as other:
            other["x"] = small_cube()
        with h5py.File(tmp_path / "c.h5", "w") as file:
            file["cube"] = small_cube()
            if way == "link":
                file["group/far"] = h5py.ExternalLink("other.h5", "/x")
            if way == "storage":
                file.create_dataset("group/far", (10, 10, 5), "u1", external=[("other.h5", 0, 500)])
            if way == "virtual":
                layout = h5py.VirtualLayout((12, 10, 9), "i2")
                layout[:] = h5py.VirtualSource("other.h5", "x", (12, 10, 9))
                file.create_virtual_dataset("group/far", layout)
        refused(tmp_path / "c.h5", "group/far", "other.h5")


def write_npz(folder: Path) -> Path:
    np.savez_compressed(folder / "c.npz", cube=ZEROS)
    return folder / "c.npz"


def write_h5(folder: Path) -> Path:
    with h5py.File(folder / "c.h5", "w") as file:
        file.create_dataset("cube", ZEROS.shape, "u1", chunks=(10, 10, 10), compression="gzip")  # nothing is written
    return folder / "c.h5"


def write_packed_tiff(folder: Path) -> Path:
    return write_tiff(folder / "c.tif", ZEROS, compress="deflate", interleave="pixel")


def write_mat(folder: Path) -> Path:
    savemat(folder / "c.mat", {"cube": ZEROS}, do_compression=True)
    return folder / "c.mat"


def write_struct(folder: Path) -> Path:
    savemat(folder / "c.mat", {"held": {"cube": ZEROS}}, do_compression=True)
    return folder / "c.mat"


@pytest.mark.parametrize("write", [write_npz, write_h5, write_packed_tiff, write_mat, write_struct])
def test_what_unpacks_to_far_more_is_refused_until_it_is_allowed(
    write: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path)
    monkeypatch.setenv("LISSOM_MAX_GB", "0.002")
    assert run(["check-data", "scene", str(path)]) == 3
    assert "LISSOM_MAX_GB=1" in capsys.readouterr().err
    monkeypatch.setenv("LISSOM_MAX_GB", "1")
    assert open_scene(path).cube.shape == ZEROS.shape


def test_the_header_of_an_npz_is_enough_to_refuse_it(tmp_path: Path) -> None:
    head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (100000, 100000, 100), }".ljust(117) + b"\n"
    with zipfile.ZipFile(tmp_path / "c.npz", "w") as archive:
        archive.writestr("cube.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + head)
    refused(tmp_path / "c.npz", "8e+03 GB")


def test_a_header_that_ends_within_a_bracket_is_one_line(tmp_path: Path) -> None:
    head = b"{'descr': '<u2', 'fortran_order': False, 'shape': (9, 9, 9, }".ljust(117) + b"\n"
    (tmp_path / "c.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + head + bytes(1458))
    refused(tmp_path / "c.npy", "c.npy")
    with zipfile.ZipFile(tmp_path / "c.npz", "w") as archive:
        archive.write(tmp_path / "c.npy", "cube.npy")
    refused(tmp_path / "c.npz", "c.npz")


def test_what_is_mapped_may_be_larger_than_limit_and_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cube = small_cube(20, 20, 20)
    write_envi(tmp_path / "envi.hdr", cube)
    np.save(tmp_path / "c.npy", cube)
    write_tiff(tmp_path / "c.tif", cube)
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file["cube"] = cube
    monkeypatch.setattr(bounds, "_memory", lambda: 100)
    monkeypatch.setenv("LISSOM_MAX_GB", "1e-7")
    for name in ("envi.hdr", "c.npy", "c.tif", "c.h5"):
        found = open_scene(tmp_path / name).cube
        assert np.array_equal(found, cube), name
        assert isinstance(found, np.memmap), name


def test_a_picture_of_too_many_pixels_names_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(small_map()).save(tmp_path / "map.png")
    scene = open_scene(small_cube())
    assert open_map(tmp_path / "map.png", scene).tolist() == small_map().tolist()
    monkeypatch.setenv("LISSOM_MAX_PIXELS", "100")
    with pytest.raises(DataError, match="LISSOM_MAX_PIXELS=120"):
        open_map(tmp_path / "map.png", scene)
