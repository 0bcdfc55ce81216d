"""Labels beside points, each where it covers no point and no other label."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from lissom.report.lettering import latin

# offsets in points and the label's anchor, the most readable place first
PLACES = [
    (8, 6, "left", "bottom"),
    (8, -6, "left", "top"),
    (-8, 6, "right", "bottom"),
    (-8, -6, "right", "top"),
    (8, 18, "left", "bottom"),
    (8, -18, "left", "top"),
    (-8, 18, "right", "bottom"),
    (-8, -18, "right", "top"),
    (8, 30, "left", "bottom"),
    (8, -30, "left", "top"),
]


def place_labels(axes: Axes, labels: Sequence[tuple[float, float, str]], *, size: float = 9) -> None:
    """Writes (x, y, text) beside each point; the layout must be settled, since places are tried by measuring."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    edge = axes.get_window_extent()
    taken = [_around(axes, x, y, figure.dpi) for x, y, _ in labels]
    for x, y, string in labels:
        tried = []
        for dx, dy, ha, va in PLACES:
            note = axes.annotate(
                latin(string), (x, y), (dx, dy), textcoords="offset points", ha=ha, va=va, fontsize=size, zorder=5
            )
            box = note.get_window_extent()
            outside = 0 if edge.contains(*box.min) and edge.contains(*box.max) else 1e6
            tried.append((outside + sum(_overlap(box, other) for other in taken), note, box))
            if tried[-1][0] == 0:
                break
        _, keep, box = min(tried, key=lambda trial: trial[0])
        keep.set_text(string)
        taken.append(box)
        for _, note, _ in tried:
            if note is not keep:
                note.remove()


def _around(axes: Axes, x: float, y: float, dpi: float) -> Bbox:
    centre = axes.transData.transform((x, y))
    radius = 5 * dpi / 72  # points to pixels
    return Bbox([centre - radius, centre + radius])


def _overlap(a: Bbox, b: Bbox) -> float:
    """Shared area in square pixels."""
    shared = Bbox.intersection(a, b)
    return shared.width * shared.height if shared else 0.0
