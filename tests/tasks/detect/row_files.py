"""Model files as people have them: the stock network, and a course note's with its faults."""

from pathlib import Path

ANCHORS = """anchors:
  - [10, 13, 16, 30, 33, 23]
  - [30, 61, 62, 45, 59, 119]
  - [116, 90, 156, 198, 373, 326]
"""
STOCK_BACKBONE = """
  - [-1, 1, Conv, [64, 6, 2, 2]]
  - [-1, 1, Conv, [128, 3, 2]]
  - [-1, 3, C3, [128]]
  - [-1, 1, Conv, [256, 3, 2]]
  - [-1, 6, C3, [256]]
  - [-1, 1, Conv, [512, 3, 2]]
  - [-1, 9, C3, [512]]
  - [-1, 1, Conv, [1024, 3, 2]]
  - [-1, 3, C3, [1024]]
  - [-1, 1, SPPF, [1024, 5]]
"""
# columns of the papers' tables: out, hidden, kernel, stride, squeeze-and-excitation, h-swish
SMALL = """16 16 3 2 1 0 / 24 72 3 2 0 0 / 24 88 3 1 0 0 / 40 96 5 2 1 1 / 40 240 5 1 1 1 / 40 240 5 1 1 1
/ 48 120 5 1 1 1 / 48 144 5 1 1 1 / 96 288 5 2 1 1 / 96 576 5 1 1 1 / 96 576 5 1 1 1"""
LARGE = """16 16 3 1 0 0 / 24 64 3 2 0 0 / 24 72 3 1 0 0 / 40 72 5 2 1 0 / 40 120 5 1 1 0 / 40 120 5 1 1 0
/ 80 240 3 2 0 1 / 80 200 3 1 0 1 / 80 184 3 1 0 1 / 80 184 3 1 0 1 / 112 480 3 1 1 1 / 112 672 3 1 1 1
/ 160 672 5 2 1 1 / 160 960 5 1 1 1 / 160 960 5 1 1 1"""
AS_PRINTED = {"p4": 6, "p3": 4, "head_p4": 14, "head_p5": 10, "detect": [17, 20, 23]}
"""The numbers of the stock file, which the note prints for other backbones too."""


def head(*, p4: object, p3: object, head_p4: int, head_p5: int, detect: list[int]) -> str:
    """The stock head with the sources of its joins."""
    return f"""head:
  - [-1, 1, Conv, [512, 1, 1]]
  - [-1, 1, nn.Upsample, [None, 2, nearest]]
  - [[-1, {p4}], 1, Concat, [1]]
  - [-1, 3, C3, [512, False]]
  - [-1, 1, Conv, [256, 1, 1]]
  - [-1, 1, nn.Upsample, [None, 2, nearest]]
  - [[-1, {p3}], 1, Concat, [1]]
  - [-1, 3, C3, [256, False]]
  - [-1, 1, Conv, [256, 3, 2]]
  - [[-1, {head_p4}], 1, Concat, [1]]
  - [-1, 3, C3, [512, False]]
  - [-1, 1, Conv, [512, 3, 2]]
  - [[-1, {head_p5}], 1, Concat, [1]]
  - [-1, 3, C3, [1024, False]]
  - [{detect}, 1, Detect, [nc, anchors]]
"""


def right(rows: int, p4: object, p3: object) -> dict[str, object]:
    """The sources that are right for a backbone of so many rows with these last rows of stride 16 and 8."""
    return {"p4": p4, "p3": p3, "head_p4": rows + 4, "head_p5": rows, "detect": [rows + 7, rows + 10, rows + 13]}


def multiples(depth: float, width: float, classes: int = 80) -> str:
    return f"nc: {classes}\ndepth_multiple: {depth}\nwidth_multiple: {width}\n"


def stock(depth: float, width: float, **sources: object) -> str:
    sources = right(10, 6, 4) | sources
    return multiples(depth, width) + ANCHORS + "backbone:" + STOCK_BACKBONE + head(**sources)  # type: ignore[arg-type]


def mobilenet_rows(table: str) -> str:
    rows = [f"  - [-1, 1, MobileNet_Block, [{', '.join(row.split())}]]\n" for row in table.split("/")]
    return "  - [-1, 1, conv_bn_hswish, [16, 2]]\n" + "".join(rows)


def mobilenet(table: str, *, width: float = 0.5, classes: int = 80, extra: str = "", **sources: object) -> str:
    """One of the note's two backbones with a head."""
    top = multiples(0.33, width, classes) + extra + ANCHORS
    return top + "backbone:\n" + mobilenet_rows(table) + head(**sources)  # type: ignore[arg-type]


def as_printed() -> str:
    """The whole file of the note."""
    backbones = f"backbone_small:\n{mobilenet_rows(SMALL)}backbone_large:\n{mobilenet_rows(LARGE)}"
    return multiples(0.33, 0.5, 6) + ANCHORS + backbones + head(**AS_PRINTED)  # type: ignore[arg-type]


def written(folder: Path, text: str, name: str = "model.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
