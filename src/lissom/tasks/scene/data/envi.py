"""ENVI: a text header beside a raw file, in any interleave, byte order and type; memory-mapped.

Whether a header tells the truth is checked here, before a byte is taken for a pixel.
"""

import math
import re
from pathlib import Path

import numpy as np

from lissom.errors import DataError
from lissom.events import note
from lissom.tasks.scene.data.envi_fields import known_of
from lissom.tasks.scene.data.envi_files import pair
from lissom.tasks.scene.data.envi_header import Header, read_header
from lissom.tasks.scene.data.geotiff import embedded
from lissom.tasks.scene.data.interleave import LAYOUTS, likelier_interleave, seen_as
from lissom.tasks.scene.data.layers import Layer

TYPES = {"1": "uint8", "2": "int16", "3": "int32", "4": "float32", "5": "float64", "6": "complex64",
         "9": "complex128", "12": "uint16", "13": "uint32", "14": "int64", "15": "uint64"}  # fmt: skip


def read_envi(path: Path) -> Layer:
    """A cube H W bands from a header or its raw file.

    Raises: DataError for a header that misses something or lies about the size, a library of spectra, and a raw file
    that is not there or cut short.
    """
    header_path, raw_path = pair(path)
    header = read_header(header_path)
    if "library" in str(header.get("file type", "")).lower():
        raise DataError("scene-envi-library", path=path, count=str(header.get("lines", "?")))
    lines, samples, bands = (_whole(header, key, header_path, least=1) for key in ("lines", "samples", "bands"))
    interleave = _interleave(header, header_path)
    if header.get("file compression", "0") != "0":
        raise DataError("scene-envi-field", path=path, field="file compression", got="1", expected="0")
    offset = _whole(header, "header offset", header_path, least=0, default=0)
    kind = _type(header, header_path)
    _check_length(raw_path, header_path, (lines, samples, bands), kind, offset)
    flat = np.memmap(raw_path, kind, "r", offset, (lines * samples * bands,))
    cube = seen_as(flat, interleave, lines, samples, bands)
    likelier = likelier_interleave(flat, interleave, lines, samples, bands)
    notes = (
        [note("scene_files.interleave", path=header_path.name, got=interleave, expected=likelier)] if likelier else []
    )
    known = known_of(header, bands)
    known["georeference"] = known["georeference"] or (embedded(raw_path) if offset else None)
    return Layer(values=cube, variable=header_path.stem, notes=tuple(notes), **known)


def with_header(layer: Layer, path: Path) -> Layer:
    """The layer of another format with what the ENVI header `path` beside it knows, where the file itself is silent."""
    return layer.completed(known_of(read_header(path), layer.values.shape[-1]))


def _whole(header: Header, key: str, path: Path, *, least: int, default: int | None = None) -> int:
    if key not in header and default is not None:
        return default
    got = str(header.get(key, "")).strip()
    if not re.fullmatch(r"\d+(\.0*)?", got) or float(got) < least:
        raise DataError("scene-envi-field", path=path, field=key, got=got, expected=f">= {least}")
    return int(float(got))


def _interleave(header: Header, path: Path) -> str:
    got = str(header.get("interleave", "")).lower()
    if got not in LAYOUTS:
        raise DataError("scene-envi-field", path=path, field="interleave", got=got, expected="bsq, bil, bip")
    return got


def _type(header: Header, path: Path) -> np.dtype:
    code, order = str(header.get("data type", "")), str(header.get("byte order", "0"))
    if code not in TYPES:
        raise DataError("scene-envi-field", path=path, field="data type", got=code, expected=", ".join(TYPES))
    if order not in ("0", "1"):
        raise DataError("scene-envi-field", path=path, field="byte order", got=order, expected="0, 1")
    kind = np.dtype(TYPES[code])
    if kind.kind == "c":
        raise DataError("scene-not-numeric", path=path, name="data type", got=kind.name)
    return kind.newbyteorder("<" if order == "0" else ">")


def _check_length(raw: Path, header: Path, shape: tuple[int, int, int], kind: np.dtype, offset: int) -> None:
    got, expected = raw.stat().st_size, offset + math.prod(shape) * kind.itemsize
    if got == expected:
        return
    error = "scene-envi-short" if got < expected else "scene-envi-long"
    size = " x ".join(map(str, shape))
    raise DataError(error, path=raw, got=got, expected=expected, header=header.name, size=size, type=kind.name)
