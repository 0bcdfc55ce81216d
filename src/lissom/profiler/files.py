"""What `lissom profile` leaves on disk: tables, pictures and the interactive page."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from lissom.atomic import write_atomic
from lissom.errors import ResultError
from lissom.profiler.explorer import explorer
from lissom.profiler.result import ProfileResult
from lissom.profiler.rows import chosen_kind, flat, layer_rows, network_row, rows_of
from lissom.profiler.saved import as_json
from lissom.report.canvas import to_png, to_svg
from lissom.report.layers import layers_picture
from lissom.report.profile_columns import columns, shape
from lissom.report.roofline import roofline_picture
from lissom.report.scatter import scatter
from lissom.report.tables import to_csv, to_markdown


def write_table(
    results: Sequence[ProfileResult], path: Path, *, kind: str = "auto", wanted: Sequence[str] = ()
) -> None:
    """All of it as .json, or the rows of a `kind` as .csv or .md."""
    if path.suffix == ".json":
        write_atomic(path, as_json(results))
        return
    kind = chosen_kind(results, kind)
    rows = rows_of(results, kind)
    as_csv = to_csv([flat(row) for row in rows]) if path.suffix == ".csv" else None
    write_atomic(path, as_csv or to_markdown(rows, columns(rows, kind, wanted)))


def write_picture(results: Sequence[ProfileResult], path: Path, *, draw: str = "auto") -> None:
    """Cost per layer of the first network, its roofline, or all networks' accuracy against cost.

    Raises: ResultError where nothing of that kind is known, such as no published accuracy.
    """
    if draw == "auto":
        draw = "layers" if len(results) == 1 else "networks"
    picture = {"networks": _networks, "layers": _layers, "roofline": _roofline}[draw](results)
    write_atomic(path, to_svg(picture) if path.suffix == ".svg" else to_png(picture))


def write_page(results: Sequence[ProfileResult], path: Path) -> None:
    """The interactive page: one file that asks no host for anything."""
    write_atomic(path, explorer(results))


def _networks(results: Sequence[ProfileResult]) -> Figure:
    rows = [row for row in map(network_row, results) if row["top1"] is not None]
    if not rows:
        raise ResultError("nothing-to-draw")
    return scatter(rows)


def _layers(results: Sequence[ProfileResult]) -> Figure:
    first = results[0]
    title = f"{first.network}, {shape(first.counted.input_shape[1:])}"
    return layers_picture(layer_rows(first), network=first.network, title=title)


def _roofline(results: Sequence[ProfileResult]) -> Figure:
    first = results[0]
    assert first.measured, "nothing was measured"
    return roofline_picture(layer_rows(first), first.measured.limits.to_dict(), network=first.network)
