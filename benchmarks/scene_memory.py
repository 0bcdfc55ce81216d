"""Peak memory of predicting a large cube from a compressed, tiled GeoTIFF, and from ENVI.

    python benchmarks/scene_memory.py [--output FILE]

1,040 x 600 pixels, 200 bands, int16: 249.6 MB of noise around ramps; tiles of 256, deflate, both interleaves.
`lissom predict` runs in a process of its own, one thread, with a 2-D CNN trained for an epoch. The figure is the
growth of its largest resident set over the same prediction of 16 x 16 pixels. That set counts the pages of a mapped
file (ENVI) too, which the system may take back at any time. The last line is JSON.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

from lissom.runs.environment import environment

HEIGHT, WIDTH, BANDS, TILE = 1040, 600, 200, 256


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measured(Path(folder))
    if args.output:
        args.output.write_text(json.dumps(found | {"environment": environment()}, indent=1, default=str) + "\n")
    print(json.dumps(found))


def measured(folder: Path) -> dict[str, float]:
    cube = noise(HEIGHT, WIDTH)
    np.save(folder / "few.npy", cube[:16, :16])
    np.save(folder / "train.npy", cube[:64, :64])
    np.save(folder / "map.npy", 1 + np.indices((64, 64)).sum(0) // 16 % 3)
    command = [
        "train",
        "scene",
        "--cube",
        "train.npy",
        "--ground-truth",
        "map.npy",
        "--model",
        "cnn2d",
        "--epochs",
        "1",
    ]
    run(folder, [*command, "--name", "r"])
    envi(folder / "envi.hdr", cube)
    for interleave in ("band", "pixel"):
        geotiff(folder / f"{interleave}.tif", cube, interleave)
    least = run(folder, ["predict", "runs/r", "few.npy", "--output", "few.tif"])[0]
    found: dict[str, float] = {"cube_mb": round(cube.nbytes / 1e6, 1), "base_mb": round(least)}
    del cube
    for name in ("envi.hdr", "band.tif", "pixel.tif"):
        peak, seconds = run(folder, ["predict", "runs/r", name, "--output", f"{name[:4]}_map.png"])
        found |= {f"{Path(name).stem}_peak_mb": round(peak - least), f"{Path(name).stem}_seconds": round(seconds, 1)}
    return found


def noise(height: int, width: int) -> NDArray[np.int16]:
    draw = np.random.default_rng(0)
    cube = np.empty((height, width, BANDS), np.int16)
    for row in range(height):
        ramp = np.add.outer(np.arange(width) + row, 10 * np.arange(BANDS))
        cube[row] = ramp + draw.integers(0, 64, (width, BANDS))
    return cube


def envi(path: Path, cube: NDArray[np.int16]) -> None:
    lines, samples, bands = cube.shape
    path.write_text(
        f"ENVI\nlines = {lines}\nsamples = {samples}\nbands = {bands}\ndata type = 2\ninterleave = bip\n"
        "byte order = 0\nheader offset = 0\n"
    )
    cube.tofile(path.with_suffix(".img"))


def geotiff(path: Path, cube: NDArray[np.int16], interleave: str) -> None:
    import warnings

    warnings.simplefilter("ignore", NotGeoreferencedWarning)
    profile = {"height": cube.shape[0], "width": cube.shape[1], "count": cube.shape[2], "dtype": cube.dtype}
    profile |= {"tiled": True, "blockxsize": TILE, "blockysize": TILE, "compress": "deflate", "interleave": interleave}
    with rasterio.open(path, "w", driver="GTiff", **profile) as file:
        file.write(cube.transpose(2, 0, 1))


def run(folder: Path, command: list[str]) -> tuple[float, float]:
    """Largest resident set in MB, and seconds."""
    start = time.perf_counter()
    whole = [sys.executable, "-m", "lissom", *command, "--threads", "1"]
    child = subprocess.Popen(whole, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, command
    return usage.ru_maxrss * 1024 / 1e6, time.perf_counter() - start


if __name__ == "__main__":
    main()
