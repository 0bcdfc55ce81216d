"""A model file as it is written: sections of rows, multiples and anchors. No torch here.

The format is YOLOv5's v6 (docs.ultralytics.com, "architecture description"): backbone and head are lists of
`[from, number, module, args]`, numbered together. Beyond it: `@P3` and tags of one's own as `from` (a fifth entry of a
row is its tag), a registered network as `backbone`, `head_width` and `notes_form`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

STOCK_ANCHORS = (
    (10, 13, 16, 30, 33, 23),
    (30, 61, 62, 45, 59, 119),
    (116, 90, 156, 198, 373, 326),
)

DETECT, DETECT_FREE = "Detect", "DetectFree"
HEADS = (DETECT, DETECT_FREE)
"""Modules of the last row, which puts out boxes: by anchors, or without."""


class Row(NamedTuple):
    """One row as written."""

    source: tuple[int | str, ...]
    """`from`: numbers of rows, -1 the one before, or tags."""
    number: int
    module: str
    args: tuple[Any, ...]
    tag: str = ""

    @property
    def is_detect(self) -> bool:
        return self.module in HEADS


@dataclass(frozen=True, kw_only=True)
class NamedBackbone:
    """A registered network in the place of backbone rows."""

    name: str
    width: float = 1.0
    weights: str | None = None
    out: tuple[int, ...] = (8, 16, 32)
    """Strides of the maps that the head may tap, as `@P3` for 8, `@P4` for 16."""
    options: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class RowFile:
    """All that a model file says."""

    num_classes: int = 80
    depth: float = 1.0
    width: float = 1.0
    head_width: float | None = None
    """Width multiple of the head alone; None: `width`."""
    anchors: tuple[tuple[float, ...], ...] | int = STOCK_ANCHORS
    """Of each level w, h, w, h ... in pixels of the input; a number: so many of each level, found from the data;
    (): of a head without anchors."""
    backbone: tuple[Row, ...] | NamedBackbone
    head: tuple[Row, ...]
    in_channels: int = 3
    activation: str = "SiLU"
    """Of the words that leave it open; a class of torch.nn."""
    notes_form: bool = False
    """MobileNet blocks as course notes print them: squeezed width not rounded, gate before the activation."""

    kept: Mapping[str, Any] = field(default_factory=dict)
    """Keys that only other programs read."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """All that are numbered together."""
        return (*self.backbone, *self.head) if isinstance(self.backbone, tuple) else self.head

    @property
    def backbone_rows(self) -> int:
        return len(self.backbone) if isinstance(self.backbone, tuple) else 0

    def scale(self, index: int) -> float:
        """Width multiple of a row."""
        is_head = index >= self.backbone_rows
        return self.head_width if is_head and self.head_width is not None else self.width

    @property
    def is_anchor_free(self) -> bool:
        return bool(self.head) and self.head[-1].module == DETECT_FREE

    @property
    def anchors_of_a_level(self) -> tuple[int, ...]:
        """How many anchors each level has; for a number alone it holds for any level."""
        return (self.anchors,) if isinstance(self.anchors, int) else tuple(len(level) // 2 for level in self.anchors)


def with_sources(file: RowFile, sources: Mapping[int, Sequence[int | str]]) -> RowFile:
    """The same with other `from` at some rows."""
    rows = [row._replace(source=tuple(sources.get(index, row.source))) for index, row in enumerate(file.rows)]
    first = file.backbone_rows
    backbone = tuple(rows[:first]) if isinstance(file.backbone, tuple) else file.backbone
    return replace(file, backbone=backbone, head=tuple(rows[first:]))
