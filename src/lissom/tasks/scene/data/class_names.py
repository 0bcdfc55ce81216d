"""Names of classes from a text file, for maps that carry none."""

import json
import re
from pathlib import Path

from lissom.errors import DataError, DataMissing
from lissom.tasks.scene.data.layers import first_line

NUMBERED = re.compile(r"(-?\d+)\s*[\s,;:=]\s*(\S.*)")


def read_class_names(path: Path | str, ids: tuple[int, ...]) -> dict[int, str]:
    """Names by id. Lines are `3 Water`, `3,Water`, `3: Water`, or names alone: one for each of `ids` in order, else the
    first is that of id 1. JSON is `{"3": "Water"}` or a list. `#` begins a comment.

    Raises: DataError for a file that cannot be read, that names no class of `ids`, or one id twice.
    """
    path = Path(path)
    if not path.is_file():
        raise DataMissing("scene-class-names-missing", path=path)
    try:
        lines = _lines(path)
    except (OSError, ValueError) as error:
        raise DataError("scene-unreadable", path=path, reason=first_line(error)) from error
    parts = [NUMBERED.fullmatch(line) for line in lines]
    if lines and all(parts):
        pairs = [(int(part[1]), part[2].strip().strip('"')) for part in parts if part]
    else:
        numbers = ids if len(lines) == len(ids) else range(1, len(lines) + 1)
        pairs = list(zip(numbers, lines, strict=True))
    names = dict(pairs)
    if len(names) < len(pairs) or not names.keys() & set(ids):
        raise DataError("scene-class-names", path=path, got=", ".join(map(str, [k for k, _ in pairs][:8])) or "-",
                        expected=", ".join(map(str, ids[:8])))  # fmt: skip
    return names


def _lines(path: Path) -> list[str]:
    content = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() == ".json":
        held = json.loads(content)
        items = held.items() if isinstance(held, dict) else None
        return [f"{key} {name}" for key, name in items] if items is not None else [str(name) for name in held]
    lines = [line.strip() for line in content.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]
