"""MobileNetV1, V2 and V3."""

from typing import Any

from lissom.models.entry import Entry, Printed, Published

V4_PAPER = "arXiv 2404.10518, ECCV 2024"
CIFAR: dict[str, Any] = {"resolution": 32, "stride": 8, "num_classes": 10}
V3_OPTIONS = {
    "scale_head": False,
    "scale_stem": True,
    "reduced_tail": False,
    "dilated": False,
    "minimalistic": False,
    "last_stage": "efficient",
}

# fmt: off
V1_PUBLISHED = (
    #         options               pixels parameters         MACs  top-1  source, and what it prints
    Published({},                     224,  4_231_976,   568_740_352, 70.6, "1704.04861, table 6", Printed(4.2, 569)),
    Published({"width": 0.75},        224,  2_585_560,   325_400_448, 68.4, "1704.04861, table 6", Printed(2.6, 325)),
    Published({"width": 0.5},         224,  1_331_592,   149_497_088, 63.7, "1704.04861, table 6", Printed(1.3, 149)),
    Published({"width": 0.25},        224,    470_072,    41_030_272, 50.6, "1704.04861, table 6", Printed(0.5, 41)),
    Published({},                     192,  4_231_976,   418_121_728, 69.1, "1704.04861, table 7", Printed(4.2, 418)),
    Published({},                     160,  4_231_976,   290_675_200, 67.2, "1704.04861, table 7", Printed(4.2, 290)),
    Published({},                     128,  4_231_976,   186_400_768, 64.4, "1704.04861, table 7", Printed(4.2, 186)),
    Published({"depthwise": False},   224, 29_294_088, 4_867_293_184, 71.7, "1704.04861, table 4",
              Printed(29.3, 4866, faulty="v1-full")),
    Published({"shallow": True},      224,  2_887_976,   307_323_392, 65.3, "1704.04861, table 5", Printed(2.9, 307)),
)
SE_V1_PUBLISHED = (
    Published({},                     224,  4_718_044,   569_220_096, 74.7, "1709.01507, table 3",
              Printed(4.7, 572, faulty="v1-se")),
)
CBAM_V1_PUBLISHED = (
    Published({},                     224,  5_074_714,   574_642_408, 70.99, "1807.06521, table 4",
              Printed(5.1, 576, faulty="v1-cbam")),
)
V2_PUBLISHED = (
    Published({},                     224,  3_504_872,   300_774_272, 72.0, "1801.04381, table 4",
              Printed(3.4, 300, faulty="v2-norms")),
    Published({"width": 1.4},         224,  6_108_776,   582_195_824, 74.7, "1801.04381, table 4",
              Printed(6.9, 585, faulty="v2-wide")),
    Published({"width": 0.5},         224,  1_968_680,    97_131_840, 65.4, "1801.04381"),
)
LARGE_PUBLISHED = (
    Published({},                     224,  5_483_032,   216_589_760, 75.2, "1905.02244, table 3",
              Printed(5.4, 219, faulty="v3-large")),
    Published({"width": 0.75},        224,  3_993_528,   154_560_624, 73.3, "1905.02244, table 3", Printed(4.0, 155)),
    Published({"minimalistic": True}, 224,  3_924_288,   209_136_704, 72.3, "TensorFlow's MobileNet page",
              Printed(3.9, 209)),
)
SMALL_PUBLISHED = (
    Published({},                     224,  2_542_856,    56_510_400, 67.4, "1905.02244, table 3", Printed(2.5, 56)),
    Published({"width": 0.75},        224,  2_041_872,    43_399_344, 65.4, "1905.02244, table 3", Printed(2.0, 44)),
    Published({"minimalistic": True}, 224,  2_044_736,    52_288_448, 61.9, "TensorFlow's MobileNet page"),
)
V4_SMALL_PUBLISHED = (
    Published({},                     224,  3_774_024,   186_005_568, 73.8, "2404.10518", Printed(3.8, 200, 100)),
)
V4_MEDIUM_PUBLISHED = (
    Published({},                     256,  9_715_512, 1_080_244_224, 79.9, "2404.10518",
              Printed(9.2, 1000, 100, faulty="v4-medium")),
)
V4_LARGE_PUBLISHED = (
    Published({},                     384, 32_590_864, 6_376_220_672, 82.9, "2404.10518",
              Printed(31.0, 5900, 100, faulty="v4-large")),
    Published({},                     256, 32_590_864, 2_835_269_632, None, ""),
)
LARGE_CIFAR_PUBLISHED = (
    Published({},                      32,  4_214_842,    66_459_008, None, ""),
)
SMALL_CIFAR_PUBLISHED = (
    Published({},                      32,  1_528_106,    17_507_328, None, ""),
)
V4_CIFAR_PUBLISHED = (
    Published({},                      32,  2_505_834,    58_504_704, None, ""),
)
V1_CIFAR_PUBLISHED = (
    Published({},                      32,  2_142_026,    29_282_304, None, ""),
    Published({"deep": True},          32,  3_217_226,    46_354_432, None, ""),
)
V2_CIFAR_PUBLISHED = (
    Published({},                      32,  2_236_682,    87_976_448, None, ""),
    Published({"projection": True},    32,  2_296_922,    91_154_944, 94.4, "the port's page: CIFAR-10, best of a run"),
)
# fmt: on


def _v1(*, attention: str = "none", paper: str = "arXiv 1704.04861", year: int = 2017, **row: Any) -> Entry:
    options = {"depthwise": True, "shallow": False, "act": "relu", "attention": attention, "reduction": 16}
    return Entry(
        paper=paper,
        year=year,
        module="mobilenetv1",
        options=options | {"dropout": 0.0},
        choices={"act": ("relu", "relu6"), "attention": ("none", "se", "cbam")},
        limits={"reduction": (1, 256)},
        **row,
    )


def _v2(**row: Any) -> Entry:
    return Entry(paper="arXiv 1801.04381, CVPR 2018", year=2018, module="mobilenetv2", **row)


def _v3(dropout: float = 0.2, **row: Any) -> Entry:
    choices = {"last_stage": ("efficient", "original")}
    options = V3_OPTIONS | {"dropout": dropout}
    paper = "arXiv 1905.02244, ICCV 2019"
    return Entry(paper=paper, year=2019, module="mobilenetv3", options=options, choices=choices, **row)


def _v4(size: str, **row: Any) -> Entry:
    return Entry(
        name=f"mobilenetv4_conv_{size}",
        title=f"MobileNetV4-Conv-{size.capitalize()}",
        paper=V4_PAPER,
        year=2024,
        module="mobilenetv4",
        options={"dropout": 0.2},
        **row,
    )


ROWS: list[Entry] = [
    _v1(name="mobilenetv1", title="MobileNetV1", published=V1_PUBLISHED),
    _v2(name="mobilenetv2", title="MobileNetV2", options={"dropout": 0.2}, published=V2_PUBLISHED),
    _v3(name="mobilenetv3_large", title="MobileNetV3-Large", published=LARGE_PUBLISHED),
    _v3(name="mobilenetv3_small", title="MobileNetV3-Small", published=SMALL_PUBLISHED),
    _v4("small", published=V4_SMALL_PUBLISHED),
    _v4("medium", resolution=256, published=V4_MEDIUM_PUBLISHED),
    _v4("large", resolution=384, published=V4_LARGE_PUBLISHED),
    _v1(
        name="se_mobilenetv1",
        title="SE-MobileNetV1",
        paper="arXiv 1709.01507, CVPR 2018",
        year=2018,
        attention="se",
        published=SE_V1_PUBLISHED,
    ),
    _v1(
        name="cbam_mobilenetv1",
        title="MobileNetV1 with CBAM",
        paper="arXiv 1807.06521, ECCV 2018",
        year=2018,
        attention="cbam",
        published=CBAM_V1_PUBLISHED,
    ),
    Entry(
        name="mobilenetv1_cifar",
        title="MobileNetV1, CIFAR form",
        paper="arXiv 1704.04861",
        year=2017,
        module="mobilenetv1",
        resolution=32,
        stride=16,
        num_classes=10,
        options={"deep": False, "dropout": 0.0},
        published=V1_CIFAR_PUBLISHED,
    ),
    _v2(
        name="mobilenetv2_cifar",
        title="MobileNetV2, CIFAR form",
        resolution=32,
        stride=8,
        num_classes=10,
        options={"projection": False, "dropout": 0.0},
        published=V2_CIFAR_PUBLISHED,
    ),
    _v3(
        name="mobilenetv3_large_cifar",
        title="MobileNetV3-Large, CIFAR form",
        **CIFAR,
        dropout=0.0,
        published=LARGE_CIFAR_PUBLISHED,
    ),
    _v3(
        name="mobilenetv3_small_cifar",
        title="MobileNetV3-Small, CIFAR form",
        **CIFAR,
        dropout=0.0,
        published=SMALL_CIFAR_PUBLISHED,
    ),
    Entry(
        name="mobilenetv4_conv_small_cifar",
        title="MobileNetV4-Conv-Small, CIFAR form",
        paper=V4_PAPER,
        year=2024,
        module="mobilenetv4",
        **CIFAR,
        options={"dropout": 0.0},
        published=V4_CIFAR_PUBLISHED,
    ),
]
