"""One file for each publisher, one layout for each family of networks; a file's own names tell which it is."""

from collections.abc import Iterable

from lissom.errors import UsageError, near
from lissom.weights.layout import Layout
from lissom.weights.styles import branches, ghostnet, megvii, tensorflow, timm, torchvision

OURS = "lissom"
LAYOUTS: tuple[Layout, ...] = tuple(
    layout for publisher in (torchvision, timm, ghostnet, megvii, tensorflow, branches) for layout in publisher.LAYOUTS
)
STYLES = (OURS, *dict.fromkeys(layout.style for layout in LAYOUTS))


def recognise(names: Iterable[str], style: str | None = None) -> Layout | None:
    """The layout with the most marks among those that fit, of that style if one is given; None when none fits.

    Raises: UsageError for a style that is not known.
    """
    if style not in (None, *STYLES):
        raise UsageError("weights-style-unknown", got=style, near=near(str(style), STYLES))
    names = set(names)
    fitting = [layout for layout in LAYOUTS if style in (None, layout.style) and layout.fits(names)]
    return max(fitting, key=lambda layout: len(layout.marks), default=None)
