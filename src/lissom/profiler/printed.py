"""What the papers print of cost, where it is more than a row per network. No torch here.

The catalogue of the networks holds each network's own row; this file holds the tables that are about layers, about
kinds of layers, or about a family as a whole. Accuracies are left out.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Paper(NamedTuple):
    """A paper by the name that `lissom profile --paper` takes."""

    title: str
    arxiv: str


PAPERS: dict[str, Paper] = {
    "mobilenetv1": Paper("MobileNetV1", "1704.04861"),
    "mobilenetv2": Paper("MobileNetV2", "1801.04381"),
    "mobilenetv3": Paper("MobileNetV3", "1905.02244"),
    "shufflenetv1": Paper("ShuffleNetV1", "1707.01083"),
    "shufflenetv2": Paper("ShuffleNetV2", "1807.11164"),
    "ghostnet": Paper("GhostNet", "1911.11907"),
    "ghostnetv2": Paper("GhostNetV2", "2211.12905"),
    "senet": Paper("Squeeze-and-Excitation Networks", "1709.01507"),
    "cbam": Paper("CBAM", "1807.06521"),
    "resnet": Paper("ResNet", "1512.03385"),
    "resnext": Paper("ResNeXt", "1611.05431"),
}


class Share(NamedTuple):
    """MobileNetV1, table 2: a kind of layer and its percent of the network's MACs and weights."""

    label: str
    kind: str  # as the profiler calls it
    macs: float
    parameters: float
    fault: str = ""  # key of the reason why the MACs' figure cannot be right


class LayerRow(NamedTuple):
    """MobileNetV1, table 3: one 3x3 layer, equally many channels in and out, MACs and weights in millions."""

    label: str
    separable: bool
    channels: int
    side: int  # pixels
    macs: float
    parameters: float


class NetworkRow(NamedTuple):
    """A network as tables 4 to 7 of MobileNetV1 print it, MACs and parameters in millions."""

    label: str
    options: Mapping[str, Any]
    resolution: int  # pixels
    macs: float
    parameters: float
    fault: str = ""


class StageRow(NamedTuple):
    """ShuffleNetV1, table 1, a column: output channels of stages 2 to 4, and MACs in millions."""

    groups: int
    channels: tuple[int, int, int]
    macs: float


# fmt: off
V1_TABLE_2 = (
    Share("Conv 1x1",        "pointwise",     94.86, 74.59),
    Share("Conv DW 3x3",     "depthwise 3x3",  3.06,  1.06),
    Share("Conv 3x3",        "conv 3x3",       1.19,  0.02, "fault-stem-share"),
    Share("Fully Connected", "linear",         0.18, 24.33),
)
V1_TABLE_3 = (  # 14 x 14 x 512
    LayerRow("Convolution",              False, 512, 14, 462,  2.36),
    LayerRow("Depthwise Separable Conv", True,  512, 14, 52.3, 0.27),
    LayerRow("alpha = 0.75",             True,  384, 14, 29.6, 0.15),
    LayerRow("rho = 0.714",              True,  384, 10, 15.1, 0.15),  # on top of alpha = 0.75
)
V1_NETWORKS = {  # by table
    4: (
        NetworkRow("Conv MobileNet",     {"depthwise": False}, 224, 4866, 29.3, "fault-classifier-left-out"),
        NetworkRow("MobileNet",          {},                   224,  569,  4.2),
    ),
    5: (
        NetworkRow("0.75 MobileNet",     {"width": 0.75},      224,  325,  2.6),
        NetworkRow("Shallow MobileNet",  {"shallow": True},    224,  307,  2.9),
    ),
    6: (
        NetworkRow("1.0 MobileNet-224",  {},                   224,  569,  4.2),
        NetworkRow("0.75 MobileNet-224", {"width": 0.75},      224,  325,  2.6),
        NetworkRow("0.5 MobileNet-224",  {"width": 0.5},       224,  149,  1.3),
        NetworkRow("0.25 MobileNet-224", {"width": 0.25},      224,   41,  0.5),
    ),
    7: (
        NetworkRow("1.0 MobileNet-224",  {},                   224,  569,  4.2),
        NetworkRow("1.0 MobileNet-192",  {},                   192,  418,  4.2),
        NetworkRow("1.0 MobileNet-160",  {},                   160,  290,  4.2),
        NetworkRow("1.0 MobileNet-128",  {},                   128,  186,  4.2),
    ),
}
SHUFFLE_TABLE_1 = (
    StageRow(1, (144, 288,  576), 143),
    StageRow(2, (200, 400,  800), 140),
    StageRow(3, (240, 480,  960), 137),
    StageRow(4, (272, 544, 1088), 133),
    StageRow(8, (384, 768, 1536), 137),
)
# fmt: on
LAST_STAGE_SAVES = 30.0  # million MACs: MobileNetV3, section 5.1; the latency it saves is 7 ms of a phone, 11 %
