"""Detectors: a light backbone of this catalogue, or that of the stock shape, below a neck and a head.

Counted for 80 classes, those with anchors at 640 pixels, those without at 416, as each kind is compared.
No accuracy on COCO is listed: none was measured here.
"""

from typing import Any

from lissom.models.entry import Entry, Published

STOCK_PAPER = "YOLOv5 v6, public description"
NECKS = {"neck": ("stock", "light")}
LIGHT = {"neck": "light"}


def _counted(stock: tuple[int, int], light: tuple[int, int]) -> tuple[Published, ...]:
    """Parameters and MACs with either neck."""
    return Published({}, 640, *stock, None, ""), Published(LIGHT, 640, *light, None, "")


# fmt: off
PUBLISHED = {
    #                              stock neck: parameters, MACs   light neck: parameters, MACs
    "yolo_mobilenetv3_small": _counted(( 3_761_437,   3_249_175_552), ( 1_087_565,     955_967_552)),
    "yolo_mobilenetv3_large": _counted(( 5_742_125,   4_547_683_200), ( 3_047_261,   2_230_718_400)),
    "yolo_shufflenetv2":      _counted(( 3_821_541,   4_006_768_000), ( 1_056_405,   1_624_062_400)),
    "yolo_ghostnet":          _counted(( 5_441_601,   3_931_911_744), ( 2_746_737,   1_614_946_944)),
    "yolo_mobilenetv2":       _counted(( 4_773_245,   5_156_608_000), ( 2_055_597,   2_835_137_600)),
    "yolov5n":                _counted(( 1_872_157,   2_234_060_800), ( 1_290_253,   1_959_054_400)),
    "yolov5s":                _counted(( 7_235_389,   8_216_780_800), ( 4_458_349,   5_822_401_600)),
    "yolov5m":                _counted((21_190_557,  24_436_224_000), (12_497_805,  16_226_241_600)),
    "yolov5l":                _counted((46_563_709,  54_496_870_400), (26_955_821,  35_464_334_400)),
    "yolov5x":                _counted((86_749_405, 102_724_096_000), (49_690_957,  66_289_192_000)),
}
LIGHT_PUBLISHED = {  # neck and head without anchors: parameters, MACs
    "light_mobilenetv3_small": (1_096_944,   463_781_936),
    "light_shufflenetv2":      (1_065_784,   745_787_080),
    "light_ghostnet":          (2_756_116,   742_801_440),
    "light_lcnet":             (1_312_432,   862_089_072),
    "light_mobilenetv2":       (2_064_976, 1_257_466_352),
}
# fmt: on
STILL = {  # MACs of theirs that do not depend on the input's side: gates of squeeze-and-excitation, in their backbones
    "yolo_mobilenetv3_small": 458_752,
    "yolo_mobilenetv3_large": 1_507_200,
    "yolo_ghostnet": 1_498_944,
}


def macs_at(name: str, row: Published, side: int) -> int | None:
    """Those of a published form for an image of another side, where all maps are whole; None: not
    counted here, as the coarsest map of those without anchors is rounded up."""
    if name in LIGHT_PUBLISHED:
        return row.macs if side == row.resolution else None
    still = STILL.get(name, 0)
    return (row.macs - still) * side**2 // row.resolution**2 + still


def _detector(name: str, title: str, paper: str, year: int) -> Entry:
    shared: dict[str, Any] = {"task": "detect", "module": "lissom.tasks.detect.networks", "num_classes": 80}
    shared |= {"resolution": 640, "options": {"neck": "stock"}, "choices": NECKS, "small": {"width": 0.25} | LIGHT}
    return Entry(name=name, title=title, paper=paper, year=year, published=PUBLISHED[name], **shared)


def _light(name: str, backbone: str, paper: str, year: int) -> Entry:
    shared: dict[str, Any] = {"task": "detect", "module": "lissom.tasks.detect.networks", "num_classes": 80}
    shared |= {"resolution": 416, "options": {"neck_channels": 96}, "limits": {"neck_channels": (16, 256)}}
    shared |= {"small": {"width": 0.25, "neck_channels": 16}}
    published = (Published({}, 416, *LIGHT_PUBLISHED[name], None, ""),)
    title = f"Anchor-free head on {backbone}"
    return Entry(name=name, title=title, paper=paper, year=year, published=published, **shared)


ROWS = [
    _detector("yolo_mobilenetv3_small", "YOLOv5 head on MobileNetV3-Small", "arXiv 1905.02244, ICCV 2019", 2019),
    _detector("yolo_mobilenetv3_large", "YOLOv5 head on MobileNetV3-Large", "arXiv 1905.02244, ICCV 2019", 2019),
    _detector("yolo_shufflenetv2", "YOLOv5 head on ShuffleNetV2", "arXiv 1807.11164, ECCV 2018", 2018),
    _detector("yolo_ghostnet", "YOLOv5 head on GhostNet", "arXiv 1911.11907, CVPR 2020", 2020),
    _detector("yolo_mobilenetv2", "YOLOv5 head on MobileNetV2", "arXiv 1801.04381, CVPR 2018", 2018),
    *(_detector(f"yolov5{size}", f"YOLOv5{size} v6", STOCK_PAPER, 2021) for size in "nsmlx"),
    _light("light_mobilenetv3_small", "MobileNetV3-Small", "arXiv 1905.02244, ICCV 2019", 2019),
    _light("light_shufflenetv2", "ShuffleNetV2", "arXiv 1807.11164, ECCV 2018", 2018),
    _light("light_ghostnet", "GhostNet", "arXiv 1911.11907, CVPR 2020", 2020),
    _light("light_lcnet", "PP-LCNet", "arXiv 2109.15099", 2021),
    _light("light_mobilenetv2", "MobileNetV2", "arXiv 1801.04381, CVPR 2018", 2018),
]
