"""ResNets and ResNeXts, plain, with SE and with CBAM; SE-Inception."""

from typing import Any

from lissom.models.entry import Entry, Printed, Published

RESNET, RESNEXT = "arXiv 1512.03385, CVPR 2016", "arXiv 1611.05431, CVPR 2017"
SENET, CBAM = "arXiv 1709.01507, CVPR 2018", "arXiv 1807.06521, ECCV 2018"
FIRST: dict[str, Any] = {"stride_in": "1x1"}  # the authors' bottleneck
OF_1X1 = "1807.06521, table 4; it prints the MACs of stride_in=1x1"
REBUILT = "1709.01507, table 2, re-implementation"
MORE = "more-{}"

# fmt: off
PUBLISHED: dict[str, tuple[Published, ...]] = {
    # options and pixels, parameters, MACs, top-1, source and what it prints
    "resnet18": (
        Published({}, 224, 11_689_512, 1_814_073_344, 69.76, "torchvision; MACs: 1512.03385, table 1",
                  Printed(None, 1800, 100)),
    ),
    "resnet34": (
        Published({}, 224, 21_797_672, 3_663_761_408, 73.31, "torchvision; MACs: 1512.03385, table 1",
                  Printed(None, 3600, 100)),
    ),
    "resnet50": (
        Published({}, 224, 25_557_032, 4_089_184_256, 76.13, "torchvision; MACs: 1611.05431, table 1",
                  Printed(25.5, 4100, 100)),
        Published(FIRST, 224, 25_557_032, 3_857_973_248, 75.2, REBUILT, Printed(None, 3860, 10)),
    ),
    "resnet101": (
        Published({}, 224, 44_549_160, 7_801_405_440, 77.37, "torchvision"),
        Published(FIRST, 224, 44_549_160, 7_570_194_432, 76.83, REBUILT, Printed(None, 7580, 10)),
    ),
    "resnet152": (
        Published({}, 224, 60_192_808, 11_513_626_624, 78.31, "torchvision"),
        Published(FIRST, 224, 60_192_808, 11_282_415_616, 77.58, REBUILT,
                  Printed(None, 11300, 10, MORE.format(18))),
    ),
    "resnext50_32x4d": (
        Published({}, 224, 25_028_904, 4_230_479_872, 77.8, "1611.05431, table 3; MACs: table 1",
                  Printed(25.0, 4200, 100)),
        Published(FIRST, 224, 25_028_904, 3_768_057_856, 77.15, "1807.06521, table 4", Printed(25.0, 3768)),
    ),
    "resnext101_32x4d": (
        Published({}, 224, 44_177_704, 7_969_996_800, 78.8, "1611.05431, table 3"),
        Published(FIRST, 224, 44_177_704, 7_507_574_784, 78.46, "1807.06521, table 4", Printed(44.2, 7508)),
    ),
    "se_resnet18": (
        Published({}, 224, 11_778_592, 1_814_160_384, 70.59, "1807.06521, table 4", Printed(11.8, 1814)),
    ),
    "se_resnet34": (
        Published({}, 224, 21_958_868, 3_663_918_592, 73.87, "1807.06521, table 4", Printed(22.0, 3664)),
    ),
    "se_resnet50": (
        Published({}, 224, 28_088_024, 4_091_699_200, 76.86, OF_1X1,
                  Printed(28.1, 3860, faulty="resnet-stride")),
        Published(FIRST, 224, 28_088_024, 3_860_488_192, 76.71, "1709.01507, table 2", Printed(None, 3870, 10)),
    ),
    "se_resnet101": (
        Published({}, 224, 49_326_872, 7_806_148_608, 77.65, OF_1X1,
                  Printed(49.3, 7575, faulty="resnet-stride")),
        Published(FIRST, 224, 49_326_872, 7_574_937_600, 77.62, "1709.01507, table 2",
                  Printed(None, 7600, 10, MORE.format(25))),
    ),
    "se_resnet152": (
        Published({}, 224, 66_821_848, 11_520_204_800, None, ""),
        Published(FIRST, 224, 66_821_848, 11_288_993_792, 78.43, "1709.01507, table 2",
                  Printed(None, 11320, 10, MORE.format(31))),
    ),
    "se_resnext50_32x4d": (
        Published({}, 224, 27_559_896, 4_232_994_816, 78.9, "1709.01507, table 2",
                  Printed(None, 4250, 10, MORE.format(17))),
        Published(FIRST, 224, 27_559_896, 3_770_572_800, 78.09, "1807.06521, table 4", Printed(27.6, 3771)),
    ),
    "se_resnext101_32x4d": (
        Published({}, 224, 48_955_416, 7_974_739_968, 79.3, "1709.01507, table 2",
                  Printed(None, 8000, 10, MORE.format(25))),
        Published(FIRST, 224, 48_955_416, 7_512_317_952, 78.83, "1807.06521, table 4", Printed(49.0, 7512)),
    ),
    "cbam_resnet18": (
        Published({}, 224, 11_779_392, 1_815_063_764, 70.73, "1807.06521, table 4", Printed(11.8, 1815)),
    ),
    "cbam_resnet34": (
        Published({}, 224, 21_960_468, 3_665_434_742, 74.01, "1807.06521, table 4", Printed(22.0, 3665)),
    ),
    "cbam_resnet50": (
        Published({}, 224, 28_089_624, 4_095_573_110, 77.34, OF_1X1,
                  Printed(28.1, 3864, faulty="resnet-stride")),
        Published(FIRST, 224, 28_089_624, 3_864_362_102, 77.34, "1807.06521, table 4", Printed(28.1, 3864)),
    ),
    "cbam_resnet101": (
        Published({}, 224, 49_330_172, 7_812_577_278, 78.49, OF_1X1,
                  Printed(49.3, 7581, faulty="resnet-stride")),
        Published(FIRST, 224, 49_330_172, 7_581_366_270, 78.49, "1807.06521, table 4", Printed(49.3, 7581)),
    ),
    "resnet18_cifar": (Published({}, 32, 11_173_962, 555_422_720, None, ""),),
    "se_resnet18_cifar": (Published({}, 32, 11_263_042, 555_509_760, None, ""),),
    "cbam_resnet18_cifar": (Published({}, 32, 11_263_842, 555_863_360, None, ""),),
    "se_resnet20_cifar": (Published({}, 32, 274_847, 40_815_200, None, ""),),
    "se_resnet56_cifar": (Published({}, 32, 862_889, 125_753_888, None, ""),),
    "se_inception": (
        Published({}, 224, 11_931_622, 2_033_239_424, 75.77, "1709.01507, table 2", Printed(None, 2040, 10)),
        Published({"attention": "none"}, 224, 11_285_224, 2_032_600_064, 74.62, REBUILT,
                  Printed(None, 2030, 10)),
    ),
}
# fmt: on

CHOICES = {"attention": ("none", "se", "cbam"), "stride_in": ("3x3", "1x1"), "stem": ("torchvision", "authors")}
BASIC: dict[str, Any] = {"stem": "torchvision", "branch_act": False}
DEEP: dict[str, Any] = {"stem": "torchvision", "stride_in": "3x3"}


def _entry(
    name: str, title: str, attention: str, paper: str, options: dict[str, Any], *, module: str = "resnet", **row: Any
) -> Entry:
    every = {"attention": attention, "reduction": 16, **options, "dropout": 0.0}
    return Entry(
        name=name,
        title=title,
        paper=paper,
        year=int(paper[-4:]),
        module=module,
        options=every,
        choices={option: values for option, values in CHOICES.items() if option in every},
        limits={"reduction": (1, 256)},
        published=PUBLISHED[name],
        **row,
    )


def _cifar(name: str, title: str, attention: str, paper: str, *, stride: int) -> Entry:
    return _entry(name, f"{title}, CIFAR form", attention, paper, {}, resolution=32, stride=stride, num_classes=10)


ROWS = [
    _entry("resnet18", "ResNet-18", "none", RESNET, BASIC),
    _entry("resnet34", "ResNet-34", "none", RESNET, BASIC),
    _entry("resnet50", "ResNet-50", "none", RESNET, DEEP),
    _entry("resnet101", "ResNet-101", "none", RESNET, DEEP),
    _entry("resnet152", "ResNet-152", "none", RESNET, DEEP),
    _entry("resnext50_32x4d", "ResNeXt-50 (32x4d)", "none", RESNEXT, DEEP),
    _entry("resnext101_32x4d", "ResNeXt-101 (32x4d)", "none", RESNEXT, DEEP),
    _entry("se_resnet18", "SE-ResNet-18", "se", SENET, BASIC),
    _entry("se_resnet34", "SE-ResNet-34", "se", SENET, BASIC),
    _entry("se_resnet50", "SE-ResNet-50", "se", SENET, DEEP),
    _entry("se_resnet101", "SE-ResNet-101", "se", SENET, DEEP),
    _entry("se_resnet152", "SE-ResNet-152", "se", SENET, DEEP),
    _entry("se_resnext50_32x4d", "SE-ResNeXt-50 (32x4d)", "se", SENET, DEEP),
    _entry("se_resnext101_32x4d", "SE-ResNeXt-101 (32x4d)", "se", SENET, DEEP),
    _entry("cbam_resnet18", "ResNet-18 with CBAM", "cbam", CBAM, BASIC),
    _entry("cbam_resnet34", "ResNet-34 with CBAM", "cbam", CBAM, BASIC),
    _entry("cbam_resnet50", "ResNet-50 with CBAM", "cbam", CBAM, DEEP),
    _entry("cbam_resnet101", "ResNet-101 with CBAM", "cbam", CBAM, DEEP),
    _entry("se_inception", "SE-Inception", "se", SENET, {}, module="se_inception"),
    _cifar("resnet18_cifar", "ResNet-18", "none", RESNET, stride=8),
    _cifar("se_resnet18_cifar", "SE-ResNet-18", "se", SENET, stride=8),
    _cifar("cbam_resnet18_cifar", "ResNet-18 with CBAM", "cbam", CBAM, stride=8),
    _cifar("se_resnet20_cifar", "SE-ResNet-20", "se", SENET, stride=4),
    _cifar("se_resnet56_cifar", "SE-ResNet-56", "se", SENET, stride=4),
]
