"""What the fields of an ENVI header say of the values, by whatever file they come: bands, scale, place, classes.

Keywords are those of ENVI's own documentation ("ENVI header files").
"""

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lissom.tasks.scene.data.envi_header import Header
from lissom.tasks.scene.data.scale import Line, Said
from lissom.tasks.scene.data.scene import Colour, Georeference, Mask
from lissom.tasks.scene.data.wavelengths import LONGEST_UM

NM = {"nm": 1.0, "nanometers": 1.0, "nanometer": 1.0, "nanometres": 1.0, "um": 1e3, "µm": 1e3, "μm": 1e3, "micron": 1e3,
      "microns": 1e3, "micrometer": 1e3, "micrometers": 1e3, "micrometres": 1e3, "mm": 1e6, "millimeters": 1e6,
      "m": 1e9, "meters": 1e9}  # fmt: skip
MEASURED = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([^\W\d]*)")  # a number, perhaps with its unit


def known_of(header: Header, bands: int) -> dict[str, Any]:
    """What a header says of the values, by the fields of `Layer`."""
    return {
        "wavelengths_nm": _wavelengths(header, bands),
        "good_bands": _good_bands(header, bands),
        "no_data": _number(header.get("data ignore value")),
        "georeference": georeference(header),
        "class_names": _class_names(header),
        "colours": _class_colours(header),
        "scales": _scales(header),
    }


def _numbers(words: Any) -> list[float]:
    """A header's list as numbers; empty where one is none."""
    found = [_number(word) for word in (words if isinstance(words, list) else [words])]
    return [value for value in found if value is not None] if None not in found else []


def _number(word: Any) -> float | None:
    try:
        return float(word)
    except (TypeError, ValueError):
        return None


def _wavelengths(header: Header, bands: int) -> NDArray[np.float64] | None:
    """Band centres in nanometres; None where there are none for every band, or in units of frequency.

    A unit may stand behind each number instead of in a field of its own.
    """
    words = header.get("wavelength") or []
    parts = [MEASURED.fullmatch(word) for word in (words if isinstance(words, list) else [words])]
    found = [part for part in parts if part]
    if len(found) != bands or len(parts) != bands:
        return None
    values = np.array([float(part[1]) for part in found])
    units = header.get("wavelength units") or found[0][2] or ""
    unit = (units if isinstance(units, str) else " ".join(units)).strip().lower()
    if unit in NM:
        return values * NM[unit]
    if unit in ("", "unknown"):
        return values * (1e3 if np.median(values) < LONGEST_UM else 1.0)
    return None


def _good_bands(header: Header, bands: int) -> Mask | None:
    values = np.array(_numbers(header.get("bbl")))
    return values > 0 if len(values) == bands and (values > 0).any() else None


def _scales(header: Header) -> tuple[Said, ...]:
    """The fields that scale the values, those that are about reflectance first."""
    factor = _line(header, "reflectance scale factor", divides=True)
    pairs = [(_line(header, f"{kind} gain values"), _line(header, f"{kind} offset values"))
             for kind in ("data reflectance", "data")]  # fmt: skip
    return tuple(Said(*pair) for pair in [(factor, None), *pairs] if any(pair))


def _line(header: Header, name: str, *, divides: bool = False) -> Line | None:
    words = header.get(name)
    if not words:  # a keyword without a value is a form that nobody filled in
        return None
    numbers = [_number(word) for word in (words if isinstance(words, list) else [words])]
    return Line(name, tuple(math.nan if number is None else number for number in numbers), divides)


def georeference(header: Header) -> Georeference | None:
    """`map info` as a transform: projection, reference pixel from 1, its coordinates, pixel size, options."""
    words = header.get("map info") or []
    if isinstance(words, str):
        return None
    numbers = [_number(word) for word in words[1:7]]
    if len(numbers) < 6 or None in numbers:
        return None
    column, row, x, y, wide, high = [float(value) for value in numbers if value is not None]
    rotation = next((_number(word.partition("=")[2]) for word in words if word.lower().startswith("rotation")), None)
    turn = -math.radians(rotation or 0.0)  # the header counts degrees the other way round
    a, b = wide * math.cos(turn), -wide * math.sin(turn)
    d, e = -high * math.sin(turn), -high * math.cos(turn)
    c, f = x - a * (column - 1) - b * (row - 1), y - d * (column - 1) - e * (row - 1)
    return Georeference(_crs(header, words), (a, b, c, d, e, f), tuple(words))


def _crs(header: Header, words: list[str]) -> str:
    """The header's coordinate system string; else the code of a UTM zone on WGS 84; else empty."""
    if said := header.get("coordinate system string"):
        return str(said)
    if words[0].upper() == "UTM" and len(words) > 9 and words[9].upper().replace("-", "") in ("WGS84", "WGS 84"):
        return f"EPSG:{326 if words[8].lower().startswith('n') else 327}{int(float(words[7])):02d}"
    return "EPSG:4326" if words[0].lower().startswith("geographic") and "WGS-84" in words else ""


def _class_names(header: Header) -> dict[int, str]:
    names = header.get("class names") or []
    return dict(enumerate(names if isinstance(names, list) else [names]))


def _class_colours(header: Header) -> dict[int, Colour]:
    values = [int(value) for value in _numbers(header.get("class lookup", []))]
    return {index: (r, g, b) for index, (r, g, b) in enumerate(zip(*[iter(values)] * 3, strict=False))}
