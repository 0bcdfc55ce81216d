"""What a look inside a network leaves in a folder: figures, tables, pictures, a page."""

from pathlib import Path
from typing import Any

from lissom.atomic import write_atomic
from lissom.errors import MachineError
from lissom.inspection.look import Inspected
from lissom.report.tables import to_csv
from lissom.runs.folder import write_json


def write(folder: Path, seen: Inspected, result: dict[str, Any]) -> None:
    """inspect.json, a CSV for each table, pictures and inspect.html. Raises: MachineError where it cannot write."""
    from lissom.inspection.page import draw  # pictures and page, which looking alone need not load

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError("not-writable", path=folder, reason=error.strerror or error, size="0") from error
    for table in ("kernels", "spiral", "activations", "twins", "attention", "levels"):
        write_atomic(folder / f"inspect_{table}.csv", to_csv(result[table]))
    write_json(folder / "inspect.json", result)
    draw(folder, seen, result)
