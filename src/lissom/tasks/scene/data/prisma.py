"""HDF5 as the PRISMA mission writes it: two cubes, rows x bands x columns, with the facts of their bands at the root.

Names are those of the PRISMA products specification (ASI, issue 2.3): the data fields `VNIR_Cube` and `SWIR_Cube` of
a swath `PRS_..._HCO`; `List_Cw_Vnir` has wavelengths in nm, 0 for a band without data, as `List_Cw_Vnir_Flags` says.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lissom.bounds import require_room
from lissom.events import note
from lissom.tasks.scene.data.layers import Layer
from lissom.tasks.scene.data.prisma_place import place
from lissom.tasks.scene.data.scale import Line, Said
from lissom.tasks.scene.data.scene import Mask

SWATHS = "HDFEOS/SWATHS"
MOST = 65_535  # what the largest scaled value is stored as
RANGES = ("Vnir", "Swir")  # in the order in which they become bands


def is_prisma(file: Any, named: str | None) -> bool:
    """Whether the cubes of such a file are meant: all of them, or one that is named."""
    cubes = _cubes(file)[1]
    return bool(cubes) and (named is None or _bare(named) in {_bare(cube.name) for cube in cubes.values()})


def read_prisma(file: Any, named: str | None) -> Layer:
    """H W bands: the cube that is named, or both, the visible bands first; in memory, as its axes must be turned."""
    swath, cubes = _cubes(file)
    chosen = {key: cube for key, cube in cubes.items() if named is None or _bare(cube.name) == _bare(named)}
    require_room(file.filename, sum(cube.nbytes for cube in chosen.values()))
    values = np.concatenate([cube[()].transpose(0, 2, 1) for cube in chosen.values()], axis=2)
    sides = {key: cube.shape[1] for key, cube in chosen.items()}
    told = note("scene_files.prisma", cubes=" + ".join(f"{key.upper()} ({bands})" for key, bands in sides.items()))
    nm = _listed(file, "List_Cw_{}", sides)
    where, no_place = place(file, swath, values.shape[:2])
    return Layer(
        values=values,
        variable=" + ".join(cube.name.rpartition("/")[2] for cube in chosen.values()),
        wavelengths_nm=nm,
        good_bands=_good(nm, _listed(file, "List_Cw_{}_Flags", sides)),
        no_data=0.0,
        georeference=where,
        scales=tuple(said for said in (_reflectance(file, sides), _radiance(file, sides)) if said),
        notes=(told, *no_place),
    )


def _reflectance(file: Any, sides: dict[str, int]) -> Said | None:
    """Level 2: `min + stored (max - min) / 65535`."""
    low, high = (_spread(file, f"L2Scale{{}}{end}", sides) for end in ("Min", "Max"))
    if low is None or high is None:
        return None
    gain = tuple(((high - low) / MOST).tolist())
    return Said(Line("L2Scale...Min, L2Scale...Max", gain), Line("L2Scale...Min", tuple(low.tolist())))


def _radiance(file: Any, sides: dict[str, int]) -> Said | None:
    """Level 1: `stored / factor - offset`."""
    factor, offset = _spread(file, "ScaleFactor_{}", sides), _spread(file, "Offset_{}", sides)
    if factor is None:
        return None
    less = None if offset is None else Line("Offset_...", tuple((-offset).tolist()))
    return Said(Line("ScaleFactor_...", tuple(factor.tolist()), divides=True), less)


def _spread(file: Any, name: str, sides: dict[str, int]) -> NDArray[np.float64] | None:
    """A number of each cube, for each of its bands; None where one is missing."""
    found = [np.ravel(file.attrs.get(name.format(key), ())) for key in sides]
    if any(len(values) != 1 for values in found):
        return None
    return np.repeat([float(values[0]) for values in found], list(sides.values()))


def _cubes(file: Any) -> tuple[Any, dict[str, Any]]:
    """The swath that has the cubes, and they by their range."""
    for swath in file.get(SWATHS, {}).values():
        fields = swath.get("Data Fields", {})
        found = {key: fields[f"{key.upper()}_Cube"] for key in RANGES if f"{key.upper()}_Cube" in fields}
        if found and all(len(cube.shape) == 3 for cube in found.values()):
            return swath, found
    return None, {}


def _listed(file: Any, name: str, sides: dict[str, int]) -> NDArray[np.float64] | None:
    """One number for each band, from the attributes of the root; None where they are missing or too few."""
    found = [np.ravel(file.attrs.get(name.format(key), ())) for key in sides]
    fitting = [len(values) for values in found] == list(sides.values())
    return np.concatenate(found).astype(np.float64) if fitting else None


def _good(nm: NDArray[np.float64] | None, flags: NDArray[np.float64] | None) -> Mask | None:
    good = flags if flags is not None else nm
    return None if good is None or not (good > 0).any() else good > 0


def _bare(name: str) -> str:
    return name.strip("/").replace("/", ".")
