"""The two files of an ENVI image, header and raw, however they are named, with capitals or without."""

from collections.abc import Sequence
from pathlib import Path

from lissom.errors import DataError

HEADER = ".hdr"
TIFF = (".tif", ".tiff")
RAW_SUFFIXES = (
    "", ".img", ".dat", ".raw", ".bin", ".bsq", ".bil", ".bip", ".hyspex", ".rfl", ".ref", ".rad", ".cube", ".sli",
)  # fmt: skip


def header_of(path: Path) -> Path | None:
    """The header of a raw file, `cube.img.hdr` before `cube.hdr`; of a header, itself. None: there is none."""
    if path.suffix.lower() == HEADER:
        return path
    return _there(path.parent, (path.name + HEADER, path.stem + HEADER))


def pair(path: Path) -> tuple[Path, Path]:
    """The header and the raw file, whichever of them `path` is. Raises: DataError where the other one is missing."""
    header = header_of(path)
    if header is None:
        raise DataError("scene-envi-no-header", path=path, expected=path.stem + HEADER)
    if header != path:
        return header, path
    base = path.name[: -len(HEADER)]
    raw = _there(path.parent, [base + suffix for suffix in (*RAW_SUFFIXES, *TIFF)])
    if raw is None:
        raise DataError("scene-envi-no-raw", path=path, expected=f"{base}.img, {base}.dat")
    return path, raw


def _there(folder: Path, names: Sequence[str]) -> Path | None:
    """The first of `names` that is a file of the folder; one in other letters where none is spelled so."""
    if exact := next((folder / name for name in names if name and (folder / name).is_file()), None):
        return exact
    files = {path.name.lower(): path for path in folder.iterdir()} if folder.is_dir() else {}
    found = (files.get(name.lower()) for name in names)
    return next((path for path in found if path and path.is_file()), None)
