"""Which of the arrays in a file is meant, by their names and shapes alone."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from lissom.errors import DataError
from lissom.messages import text

LISTED = 8  # candidates in one sentence

Shape = tuple[int, ...]


def choose(arrays: Mapping[str, Shape], *, rank: int, named: str | None, extent: Shape | None, path: Path | str) -> str:
    """The one array among `arrays` that is meant: the one `named`, else the only one of `rank` axes (H W, H W bands).

    extent: H W of the cube, which settles the choice between several maps. A map may come as H W 1.
    Raises: DataError for a name that is not there, for no candidate, and for several, which are listed.
    """
    if named is not None:
        if (known := spelled(named, arrays)) is None:
            raise DataError("scene-variable-unknown", path=path, got=named, known=described(arrays))
        return known
    fitting = {name: shape for name, shape in arrays.items() if _fits(shape, rank)}
    if extent is not None and len(fitting) > 1:
        fitting = {name: shape for name, shape in fitting.items() if shape[:2] == extent} or fitting
    if not fitting:
        kind = "scene-no-cube" if rank == 3 else "scene-no-map"
        raise DataError(kind, path=path, found=described(arrays))
    if len(fitting) > 1:
        raise DataError("scene-several", path=path, candidates=described(fitting))
    return next(iter(fitting))


def choose_named(names: Iterable[str], named: str | None, path: Path) -> str:
    """The one of several tables that is meant. Raises: DataError for an unknown name, and for none or several."""
    found = list(names)
    known = ", ".join(found) or text("scenes.nothing")
    if named is not None and named not in found:
        raise DataError("scene-variable-unknown", path=path, got=named, known=known)
    if named is None and len(found) != 1:
        raise DataError("scene-several", path=path, candidates=known)
    return named or found[0]


def spelled(named: str, arrays: Mapping[str, Shape]) -> str | None:
    """The name as the file has it, whether its parts are joined by points or by strokes; None: it has no such name."""
    if named in arrays:
        return named
    return next((name for name in arrays if _joined(name) == _joined(named)), None)


def _joined(name: str) -> str:
    return name.strip("/").replace("/", ".")


def _fits(shape: Shape, rank: int) -> bool:
    if rank == 2 and len(shape) == 3 and shape[2] == 1:
        return True
    return len(shape) == rank and (rank == 3 or min(shape) > 1)  # 1 x N arrays are lists of names or wavelengths


def described(arrays: Mapping[str, Shape]) -> str:
    words = [f"{name} ({' x '.join(map(str, shape)) or '1'})" for name, shape in arrays.items()]
    more = f", +{len(words) - LISTED}" if len(words) > LISTED else ""
    return (", ".join(words[:LISTED]) + more) or text("scenes.nothing")
