"""ShuffleNetV1 and V2."""

from typing import Any

from lissom.models.entry import Entry, Printed, Published

V1_OPTIONS = {"groups": 3, "shallow": False, "shuffle": True, "attention": "none", "dropout": 0.0}
V1_CIFAR_OPTIONS = {"groups": 2, "bottleneck": "output", "attention": "none", "dropout": 0.0}
V1_CHOICES = {"groups": (1, 2, 3, 4, 8), "attention": ("none", "se", "cbam")}
V2_OPTIONS = {"form": "paper", "dropout": 0.0}
V2_CHOICES = {"form": ("paper", "torchvision")}

TABLES_1_2, TABLE_2 = "1707.01083, tables 1 and 2", "1707.01083, table 2"
TABLE_3, TABLE_5 = "1707.01083, table 3", "1707.01083, table 5"
TABLE_8 = "1807.11164, table 8; parameters: the authors' page"
TORCHVISION = "torchvision's table of weights"

# Table 1 counts no classifier (its five figures fit to the last digit without), tables 2 and 5 and the other papers do.
G4 = Printed(None, 133, faulty="shuffle-g4")
G8 = Printed(None, 137, faulty="shuffle-g8")
HALF_8 = Printed(None, 38, faulty="shuffle-half")
QUARTER = Printed(None, 13, faulty="shuffle-quarter")
SHALLOW = Printed(None, 40, faulty="shuffle-shallow")
SE = Printed(2.4, 142, faulty="shuffle-se")

# fmt: off
V1_PUBLISHED = (
    #         options                         pixels parameters      MACs  top-1  source, and what it prints
    Published({},                               224, 1_865_728, 137_460_672, 67.4, TABLES_1_2, Printed(None, 137)),
    Published({"width": 0.5},                   224,   718_324,  37_589_856, 56.8, TABLE_2, Printed(None, 38)),
    Published({"width": 0.25},                  224,   305_902,  11_009_808, 45.0, TABLE_2, QUARTER),
    Published({"groups": 1},                    224, 1_531_936, 143_078_976, 66.4, TABLES_1_2, Printed(None, 143)),
    Published({"groups": 1, "width": 0.5},      224,   534_484,  38_517_408, 54.9, TABLE_2, Printed(None, 38)),
    Published({"groups": 1, "width": 0.25},     224,   209_746,  11_003_184, 42.9, TABLE_2, QUARTER),
    Published({"groups": 2},                    224, 1_733_848, 140_836_512, 67.3, TABLES_1_2, Printed(None, 140)),
    Published({"groups": 4},                    224, 1_968_344, 134_339_776, 67.2, TABLES_1_2, G4),
    Published({"groups": 8},                    224, 2_434_768, 138_365_952, 67.6, TABLES_1_2, G8),
    Published({"groups": 8, "width": 0.5},      224, 1_011_448,  40_469_760, 57.7, TABLE_2, HALF_8),
    Published({"groups": 8, "width": 0.25},     224,   454_504,  12_426_240, 47.3, TABLE_2, Printed(None, 13)),
    Published({"shuffle": False},               224, 1_865_728, 137_460_672, 65.5, TABLE_3),
    Published({"groups": 8, "shuffle": False},  224, 2_434_768, 138_365_952, 62.4, TABLE_3),
    Published({"width": 1.5},                   224, 3_442_168, 292_443_552, 71.5, TABLE_5, Printed(None, 292)),
    Published({"width": 2.0},                   224, 5_450_776, 524_045_184, 73.7, TABLE_5, Printed(None, 524)),
    Published({"shallow": True, "width": 0.5},  224,   586_984,  21_584_496, 57.2, TABLE_5, SHALLOW),
)
SE_V1_PUBLISHED = (
    Published({},                               224, 2_484_533, 138_071_088, 69.0, "1709.01507, table 3", SE),
    Published({"width": 2.0},                   224, 7_910_083, 526_487_712, 75.3, TABLE_5, Printed(None, 527)),
)
V1_CIFAR_PUBLISHED = (
    Published({},                                32,   940_282,  43_153_728, None, ""),
    Published({"groups": 3},                     32,   913_762,  42_000_768, None, ""),
    Published({"bottleneck": "residual"},        32,   887_582,  39_614_080, None, ""),
    Published({"bottleneck": "residual", "groups": 3},  32,   862_768,  38_605_056, None, ""),
)
V2_PUBLISHED = (
    Published({},                               224, 2_278_760, 145_814_296, 69.4, TABLE_8, Printed(2.3, 146)),
    Published({"width": 0.5},                   224, 1_365_792,  40_476_448, 60.3, TABLE_8, Printed(1.4, 41)),
    Published({"width": 1.5},                   224, 3_506_720, 298_970_656, 72.6, TABLE_8, Printed(3.5, 299)),
    Published({"width": 2.0},                   224, 7_402_600, 590_783_000, 74.9, TABLE_8, Printed(7.4, 591)),
    Published({"form": "torchvision"},          224, 2_278_604, 144_907_992, 69.4, TORCHVISION),
    Published({"form": "torchvision", "width": 0.5}, 224, 1_366_792,  40_476_448, 60.6, TORCHVISION),
    Published({"form": "torchvision", "width": 1.5}, 224, 3_503_624, 295_759_392, 73.0, TORCHVISION),
    Published({"form": "torchvision", "width": 2.0}, 224, 7_393_996, 583_253_464, 76.2, TORCHVISION),
)
V2_CIFAR_PUBLISHED = (
    Published({},                                32, 1_265_000,  45_298_048, None, ""),
)
# fmt: on


def _v1(**row: Any) -> Entry:
    return Entry(paper="arXiv 1707.01083, CVPR 2018", year=2017, module="shufflenetv1", **row)


def _v2(**row: Any) -> Entry:
    paper = "arXiv 1807.11164, ECCV 2018"
    return Entry(paper=paper, year=2018, module="shufflenetv2", options=V2_OPTIONS, choices=V2_CHOICES, **row)


ROWS: list[Entry] = [
    _v1(name="shufflenetv1", title="ShuffleNetV1", options=V1_OPTIONS, choices=V1_CHOICES, published=V1_PUBLISHED),
    _v1(
        name="se_shufflenetv1",
        title="SE-ShuffleNetV1",
        options=V1_OPTIONS | {"attention": "se"},
        choices=V1_CHOICES,
        published=SE_V1_PUBLISHED,
    ),
    _v2(name="shufflenetv2", title="ShuffleNetV2", published=V2_PUBLISHED),
    _v1(
        name="shufflenetv1_cifar",
        title="ShuffleNetV1, CIFAR form",
        resolution=32,
        stride=8,
        num_classes=10,
        options=V1_CIFAR_OPTIONS,
        choices=V1_CHOICES | {"bottleneck": ("output", "residual")},
        small={"width": 0.32},  # two groups and a quarter of 200 channels do not divide
        published=V1_CIFAR_PUBLISHED,
    ),
    _v2(
        name="shufflenetv2_cifar",
        title="ShuffleNetV2, CIFAR form",
        resolution=32,
        stride=8,
        num_classes=10,
        published=V2_CIFAR_PUBLISHED,
    ),
]
