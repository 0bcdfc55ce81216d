"""The detectors of the catalogue, each as the model file that says the same: a backbone, a neck, an anchor head."""

from functools import partial
from typing import Any

from lissom.errors import UsageError
from lissom.models.registry import builder, entry
from lissom.tasks.detect.rows.network import RowNetwork, network
from lissom.tasks.detect.rows.rowfile import NamedBackbone, Row, RowFile

BACKBONES = {
    "yolo_mobilenetv3_small": "mobilenetv3_small",
    "yolo_mobilenetv3_large": "mobilenetv3_large",
    "yolo_shufflenetv2": "shufflenetv2",
    "yolo_ghostnet": "ghostnet",
    "yolo_mobilenetv2": "mobilenetv2",
}
LIGHT = {  # without anchors
    "light_mobilenetv3_small": "mobilenetv3_small",
    "light_shufflenetv2": "shufflenetv2",
    "light_ghostnet": "ghostnet",
    "light_lcnet": "pp_lcnet",
    "light_mobilenetv2": "mobilenetv2",
}
DEPTH, WIDTH = 0.33, 0.5  # multiples of the neck on these backbones: at 1.0 it would cost many times the backbone
STOCK = {  # depth and width multiples
    "yolov5n": (0.33, 0.25),
    "yolov5s": (0.33, 0.50),
    "yolov5m": (0.67, 0.75),
    "yolov5l": (1.00, 1.00),
    "yolov5x": (1.33, 1.25),
}
NARROW = 96  # channels of each map of the light neck, as PP-PicoDet's at its smallest (arXiv 2111.00902)
ONE, UP, JOIN = (-1,), (None, 2, "nearest"), (1,)

# fmt: off
BACKBONE_ROWS = (  # of the stock shape, v6
    #   from n  module  out   k  s
    Row(ONE, 1, "Conv", (64,  6, 2, 2)),  # P1
    Row(ONE, 1, "Conv", (128, 3, 2)),     # P2
    Row(ONE, 3, "C3",   (128,)),
    Row(ONE, 1, "Conv", (256, 3, 2)),     # P3
    Row(ONE, 6, "C3",   (256,)),
    Row(ONE, 1, "Conv", (512, 3, 2)),     # P4
    Row(ONE, 9, "C3",   (512,)),
    Row(ONE, 1, "Conv", (1024, 3, 2)),    # P5
    Row(ONE, 3, "C3",   (1024,)),
    Row(ONE, 1, "SPPF", (1024, 5)),
)
STOCK_NECK = (  # down from P5 to P3 and up again (arXiv 1803.01534, figure 1), by cross-stage blocks
    Row(("@P5",),      1, "Conv",        (512, 1, 1), "@n5"),
    Row(ONE,           1, "nn.Upsample", UP),
    Row((-1, "@P4"),   1, "Concat",      JOIN),
    Row(ONE,           3, "C3",          (512, False)),
    Row(ONE,           1, "Conv",        (256, 1, 1), "@n4"),
    Row(ONE,           1, "nn.Upsample", UP),
    Row((-1, "@P3"),   1, "Concat",      JOIN),
    Row(ONE,           3, "C3",          (256, False), "@out3"),
    Row(ONE,           1, "Conv",        (256, 3, 2)),
    Row((-1, "@n4"),    1, "Concat",      JOIN),
    Row(ONE,           3, "C3",          (512, False), "@out4"),
    Row(ONE,           1, "Conv",        (512, 3, 2)),
    Row((-1, "@n5"),    1, "Concat",      JOIN),
    Row(ONE,           3, "C3",          (1024, False), "@out5"),
)
LIGHT_NECK = (  # the same ways at one narrow width, by ghost blocks and strided filters of each channel
    Row(("@P3",),      1, "Conv",        (NARROW, 1, 1), "@n3"),
    Row(("@P4",),      1, "Conv",        (NARROW, 1, 1), "@n4"),
    Row(("@P5",),      1, "Conv",        (NARROW, 1, 1), "@n5"),
    Row(ONE,           1, "nn.Upsample", UP),
    Row((-1, "@n4"),    1, "Concat",      JOIN),
    Row(ONE,           1, "C3Ghost",     (NARROW, False), "@m4"),
    Row(ONE,           1, "nn.Upsample", UP),
    Row((-1, "@n3"),    1, "Concat",      JOIN),
    Row(ONE,           1, "C3Ghost",     (NARROW, False), "@out3"),
    Row(ONE,           1, "DWConv",      (NARROW, 5, 2)),
    Row((-1, "@m4"),    1, "Concat",      JOIN),
    Row(ONE,           1, "C3Ghost",     (NARROW, False), "@out4"),
    Row(ONE,           1, "DWConv",      (NARROW, 5, 2)),
    Row((-1, "@n5"),    1, "Concat",      JOIN),
    Row(ONE,           1, "C3Ghost",     (NARROW, False), "@out5"),
)
PICO_NECK = (  # down to P3 and up again like the others, by depthwise 5x5 convolutions of one width, and a fourth level
    Row(("@P3",),      1, "Conv",        (NARROW, 1, 1), "@n3"),
    Row(("@P4",),      1, "Conv",        (NARROW, 1, 1), "@n4"),
    Row(("@P5",),      1, "Conv",        (NARROW, 1, 1), "@n5"),
    Row(ONE,           1, "nn.Upsample", UP),
    Row((-1, "@n4"),    1, "Concat",      JOIN),
    Row(ONE,           1, "C3DW",        (NARROW, 5), "@m4"),
    Row(ONE,           1, "nn.Upsample", UP),
    Row((-1, "@n3"),    1, "Concat",      JOIN),
    Row(ONE,           1, "C3DW",        (NARROW, 5), "@out3"),
    Row(ONE,           1, "DWSepConv",   (NARROW, 5, 2)),
    Row((-1, "@m4"),    1, "Concat",      JOIN),
    Row(ONE,           1, "C3DW",        (NARROW, 5), "@out4"),
    Row(ONE,           1, "DWSepConv",   (NARROW, 5, 2)),
    Row((-1, "@n5"),    1, "Concat",      JOIN),
    Row(ONE,           1, "C3DW",        (NARROW, 5), "@out5"),
    Row(ONE,           1, "DWSepConv",   (NARROW, 5, 2), "@out6"),
)
DETECT_FREE = Row(("@out3", "@out4", "@out5", "@out6"), 1, "DetectFree", ("nc",))
DETECT = Row(("@out3", "@out4", "@out5"), 1, "Detect", ("nc", "anchors"))
# fmt: on


def named_file(
    name: str, *, num_classes: int = 80, in_channels: int = 3, width: float = 1.0, neck: str = "stock", **options: Any
) -> RowFile:
    """The model file of a detector of the catalogue. width: of all its channels; `options` are the backbone's.

    The light neck is as wide on every backbone, times `width`; that of `light_` networks has a width of its own.
    """
    if name in LIGHT:
        return _light(name, num_classes=num_classes, in_channels=in_channels, width=width, **options)
    depth, multiple = STOCK.get(name, (DEPTH, WIDTH))
    backbone: Any = BACKBONE_ROWS
    if name in BACKBONES:
        backbone = NamedBackbone(name=BACKBONES[name], width=width, options=options)
    return RowFile(
        num_classes=num_classes,
        in_channels=in_channels,
        depth=depth,
        width=multiple * width,
        head_width=width if neck == "light" else None,
        backbone=backbone,
        head=(*(LIGHT_NECK if neck == "light" else STOCK_NECK), DETECT),
    )


def _light(
    name: str, *, num_classes: int, in_channels: int, width: float, neck_channels: int = NARROW, **options: Any
) -> RowFile:
    """width: of the backbone; `neck_channels` wide are neck and head. Raises: UsageError for no multiple of 8."""
    if neck_channels % 8:
        values = {"network": name, "option": "neck_channels", "got": neck_channels, "expected": "a multiple of 8"}
        raise UsageError("network-option-value", **values)
    return RowFile(
        num_classes=num_classes,
        in_channels=in_channels,
        width=neck_channels / NARROW,
        anchors=(),
        backbone=NamedBackbone(name=LIGHT[name], width=width, options=options),
        head=(*PICO_NECK, DETECT_FREE),
        activation="Hardswish",
    )


def _build(name: str, **settings: Any) -> RowNetwork:
    return network(named_file(name, **settings))


for _name in (*BACKBONES, *STOCK, *LIGHT):
    builder(_name)(partial(_build, _name))  # type: ignore[arg-type]
    assert entry(_name).task == "detect"
