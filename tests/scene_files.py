"""Scenes as small files in every format, made by the tests themselves."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat

AXES = {"bsq": (2, 0, 1), "bil": (0, 2, 1), "bip": (0, 1, 2)}  # of H W bands, in the order of the file
ENVI_TYPES = {
    "uint8": 1, "int16": 2, "int32": 3, "float32": 4, "float64": 5, "complex64": 6,
    "uint16": 12, "uint32": 13, "int64": 14, "uint64": 15,
}  # fmt: skip


def small_cube(height: int = 12, width: int = 10, bands: int = 9, kind: str = "int16", seed: int = 0) -> NDArray:
    """A smooth cube with a little noise, all values different enough to tell every order of axes from another."""
    rng = np.random.default_rng(seed)
    row, column, band = np.meshgrid(np.arange(height), np.arange(width), np.arange(bands), indexing="ij")
    cube = 20 + 3 * row + 2 * column + 50 * np.sin(band) ** 2 + rng.integers(0, 3, (height, width, bands))
    return cube.astype(kind)


def small_map(height: int = 12, width: int = 10) -> NDArray[np.uint8]:
    """Ids 0 (unlabelled), 3, 7 and 200 in vertical stripes."""
    return np.broadcast_to(np.array([0, 3, 7, 200], np.uint8)[np.arange(width) % 4], (height, width)).copy()


def write_envi(header: Path, cube: NDArray, *, interleave: str = "bsq", order: str = "<", **fields: Any) -> Path:
    """A header and its raw file .img; `fields` replace or add header lines, None removes one, _ is a blank."""
    height, width, bands = cube.shape
    raw = cube.transpose(AXES[interleave]).astype(cube.dtype.newbyteorder(order))
    lines = {
        "samples": width, "lines": height, "bands": bands, "header offset": 0, "file type": "ENVI Standard",
        "data type": ENVI_TYPES[cube.dtype.name], "interleave": interleave, "byte order": int(order == ">"),
    } | {key.replace("_", " "): value for key, value in fields.items()}  # fmt: skip
    text = "".join(f"{key} = {value}\n" for key, value in lines.items() if value is not None)
    header.write_text(f"ENVI\n{text}", encoding="utf-8")
    header.with_suffix(".img").write_bytes(b"\0" * int(lines["header offset"]) + raw.tobytes())
    return header


def write_mat73(path: Path, arrays: dict[str, NDArray], *, chunks: bool = True, kind: str = "") -> Path:
    """A version 7.3 file as MATLAB writes it: a block of 512 bytes, axes reversed, classes as attributes."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in arrays.items():
            data = file.create_dataset(name, data=values.T, chunks=True if chunks else None)
            default = {"float64": "double", "float32": "single"}.get(values.dtype.name, values.dtype.name)
            data.attrs["MATLAB_class"] = np.bytes_(kind or default)
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM")
    return path


def write_pair(folder: Path, cube: NDArray, ids: NDArray) -> tuple[Path, Path]:
    """Cube and map as two .mat files of version 5."""
    savemat(folder / "cube.mat", {"scene": cube})
    savemat(folder / "map.mat", {"scene_gt": ids})
    return folder / "cube.mat", folder / "map.mat"
