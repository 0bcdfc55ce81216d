"""What `lissom profile` leaves on disk: tables, pictures and the interactive page."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lissom.atomic import write_atomic
from lissom.errors import ResultError
from lissom.messages import LANGUAGES
from lissom.profiler.explain import sentence
from lissom.report.canvas import to_png, to_svg
from lissom.report.explorer import explorer
from lissom.report.layers import layers_picture
from lissom.report.profile_columns import columns
from lissom.report.roofline import roofline_picture
from lissom.report.scatter import scatter
from lissom.report.tables import to_csv, to_markdown
from lissom.verbs.profile import compared
from lissom.verbs.profile_rows import flat, network_row, rows_of

Found = Mapping[str, Any]


def write_table(found: Sequence[Found], path: Path, *, kind: str = "auto", wanted: Sequence[str] = ()) -> None:
    """All of it as .json, which `--compare` reads again, or the rows of a `kind` as .csv or .md."""
    if path.suffix == ".json":
        whole = found[0] if len(found) == 1 else list(found)
        write_atomic(path, json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
        return
    kind = kind if kind != "auto" else "layers" if len(found) == 1 else "networks"
    rows = rows_of(found, kind)
    as_csv = to_csv([flat(row) for row in rows]) if path.suffix == ".csv" else None
    write_atomic(path, as_csv or to_markdown(rows, columns(rows, kind, wanted)))


def write_picture(found: Sequence[Found], path: Path, *, draw: str = "auto") -> None:
    """Cost per layer of the first network, its roofline, or all networks' accuracy against cost.

    Raises: ResultError where nothing of that kind is known, such as no published accuracy.
    """
    if draw == "auto":
        draw = "layers" if len(found) == 1 else "networks"
    if draw == "networks":
        rows = [row for row in map(network_row, found) if row["top1"] is not None]
        if not rows:
            raise ResultError("nothing-to-draw")
        picture = scatter(rows)
    else:
        picture = {"layers": layers_picture, "roofline": roofline_picture}[draw](found[0])
    write_atomic(path, to_svg(picture) if path.suffix == ".svg" else to_png(picture))


def write_page(found: Sequence[Found], path: Path) -> None:
    """The interactive page: one file that asks no host for anything."""
    why = [_in_both_languages((one.get("measured") or {}).get("why", [])) for one in found]
    write_atomic(path, explorer(found, why=why, compared=_in_both_languages(compared(found))))


def _in_both_languages(reasons: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Language -> sentences: whoever opens the page may read another language than whoever made it."""
    return {lang: [sentence(reason, lang) for reason in reasons] for lang in LANGUAGES}
