"""GhostNet and GhostNetV2."""

from typing import Any

from lissom.models.entry import Entry, Printed, Published

OPTIONS = {"ratio": 2, "kernel": 3, "dropout": 0.2}
CHOICES = {"kernel": (1, 3, 5)}
LIMITS = {"ratio": (2, 64)}  # at 64 a ghost module of most layers has one intrinsic map left
WIDE = Printed(7.3, 226, faulty="ghostnet-wide")

# fmt: off
V1_PUBLISHED = (
    #         options         pixels parameters         MACs  top-1  source, and what it prints
    Published({},                224,  5_182_508, 141_150_512, 73.9, "1911.11907, table 7", Printed(5.2, 141)),
    Published({"width": 0.5},    224,  2_587_292,  42_328_152, 66.2, "1911.11907, table 7", Printed(2.6, 42)),
    Published({"width": 1.3},    224,  7_358_820, 227_003_256, 75.7, "1911.11907, table 7", WIDE),
)
V2_PUBLISHED = (
    Published({},                224,  6_156_908, 167_048_288, 75.3, "2211.12905, table 1", Printed(6.1, 167)),
    Published({"width": 1.3},    224,  8_960_404, 269_322_976, 76.9, "2211.12905, table 1", Printed(8.9, 269)),
    Published({"width": 1.6},    224, 12_392_698, 398_607_224, 77.8, "2211.12905, table 1", Printed(12.3, 399)),
)
CIFAR_PUBLISHED = (
    Published({},                 32,  3_913_790,  42_680_384, None, ""),
)
# fmt: on


def _v1(**row: Any) -> Entry:
    return Entry(
        paper="arXiv 1911.11907, CVPR 2020", year=2019, module="ghostnet", choices=CHOICES, limits=LIMITS, **row
    )


ROWS: list[Entry] = [
    _v1(name="ghostnet", title="GhostNet", options=OPTIONS, published=V1_PUBLISHED),
    Entry(
        name="ghostnetv2",
        title="GhostNetV2",
        paper="arXiv 2211.12905, NeurIPS 2022",
        year=2022,
        module="ghostnetv2",
        options=OPTIONS,
        choices=CHOICES,
        limits=LIMITS,
        published=V2_PUBLISHED,
    ),
    _v1(
        name="ghostnet_cifar",
        title="GhostNet, CIFAR form",
        resolution=32,
        stride=8,
        num_classes=10,
        options=OPTIONS | {"dropout": 0.0},
        published=CIFAR_PUBLISHED,
    ),
]
