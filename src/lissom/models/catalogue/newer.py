"""PP-LCNet, and the networks whose branches are added up for use: MobileOne and RepViT.

Their papers print MobileOne and RepViT fused, as `lissom.models.fuse` makes them; the counts here are of the network in
training, those of the fused one beside them.
"""

from typing import Any

from lissom.models.entry import Entry, Printed, Published

CIFAR: dict[str, Any] = {"resolution": 32, "stride": 8, "num_classes": 10, "options": {"dropout": 0.0}}
LCNET, MOBILEONE, REPVIT = "2109.15099", "2206.04040", "2307.09283"

MORE = "lcnet"

LCNET_PUBLISHED = (
    # options, pixels, parameters, MACs, top-1, source, what it prints, parameters and MACs of the fused network
    Published({}, 224, 2_953_800, 155_700_480, 71.32, LCNET, Printed(3.0, 161, faulty=MORE)),
    Published({"width": 0.25}, 224, 1_522_464, 16_773_440, 51.86, LCNET, Printed(1.5, 18, faulty=MORE)),
    Published({"width": 0.35}, 224, 1_644_370, 27_357_832, 58.09, LCNET, Printed(1.6, 29, faulty=MORE)),
    Published({"width": 0.5}, 224, 1_880_856, 44_731_008, 63.14, LCNET, Printed(1.9, 47, faulty=MORE)),
    Published({"width": 0.75}, 224, 2_358_288, 94_786_496, 68.18, LCNET, Printed(2.4, 99, faulty=MORE)),
    Published({"width": 1.5}, 224, 4_501_112, 334_188_416, 73.71, LCNET, Printed(4.5, 342, faulty=MORE)),
    Published({"width": 2.0}, 224, 6_522_792, 580_194_816, 75.18, LCNET, Printed(6.5, 590, faulty=MORE)),
    Published({"width": 2.5}, 224, 9_018_840, 893_719_680, 76.6, LCNET, Printed(9.0, 906, faulty=MORE)),
)
LCNET_CIFAR_PUBLISHED = (Published({}, 32, 1_685_610, 47_645_184, None, ""),)
MOBILEONE_PUBLISHED = {
    "s0": Published({}, 224, 5_293_272, 1_051_935_232, 71.4, MOBILEONE, Printed(2.1, 275), (2_078_504, 275_110_400)),
    "s1": Published({}, 224, 4_825_192, 830_062_080, 75.9, MOBILEONE, Printed(4.8, 825), (4_764_840, 825_057_024)),
    "s2": Published({}, 224, 7_884_648, 1_304_027_392, 77.4, MOBILEONE, Printed(7.8, 1299), (7_808_168, 1_298_426_496)),
    "s3": Published(
        {}, 224, 10_170_600, 1_902_112_768, 78.1, MOBILEONE, Printed(10.1, 1896), (10_078_312, 1_895_790_592)
    ),
    "s4": Published(
        {},
        224,
        14_951_248,
        2_986_802_432,
        79.4,
        MOBILEONE,
        Printed(14.8, 2978, faulty="mobileone-gates"),
        (14_838_352, 2_979_269_760),
    ),
}
MOBILEONE_CIFAR_PUBLISHED = (Published({}, 32, 4_278_618, 338_741_248, None, ""),)
REPVIT_PUBLISHED = {
    "m0_9": (
        Published({}, 224, 5_103_560, 816_896_832, None, "", None, (5_067_056, 815_617_344)),
        Published(
            {"distilled": True},
            224,
            5_489_328,
            817_280_832,
            78.7,
            REPVIT,
            Printed(5.1, 800, 100),
            (5_067_056, 815_617_344),
        ),
    ),
    "m1_0": (
        Published({}, 224, 6_852_900, 1_107_629_600, None, "", None, (6_810_312, 1_106_136_864)),
        Published(
            {"distilled": True},
            224,
            7_302_796,
            1_108_077_600,
            80.0,
            REPVIT,
            Printed(6.8, 1100, 100),
            (6_810_312, 1_106_136_864),
        ),
    ),
    "m1_1": (
        Published({}, 224, 8_288_888, 1_338_730_240, None, "", None, (8_244_312, 1_337_124_608)),
        Published(
            {"distilled": True},
            224,
            8_802_912,
            1_339_242_240,
            80.7,
            REPVIT,
            Printed(8.2, 1300, 100),
            (8_244_312, 1_337_124_608),
        ),
    ),
    "m1_5": (
        Published({}, 224, 14_130_408, 2_276_456_192, None, "", None, (14_049_992, 2_273_596_160)),
        Published(
            {"distilled": True},
            224,
            14_644_432,
            2_276_968_192,
            82.3,
            REPVIT,
            Printed(14.0, 2300, 100),
            (14_049_992, 2_273_596_160),
        ),
    ),
}
REPVIT_CIFAR_PUBLISHED = (Published({}, 32, 4_722_410, 264_770_304, None, ""),)


def _lcnet(**row: Any) -> Entry:
    return Entry(paper="arXiv 2109.15099", year=2021, module="pp_lcnet", small={"width": 0.125}, **row)


def _mobileone(**row: Any) -> Entry:
    return Entry(paper="arXiv 2206.04040, CVPR 2023", year=2022, module="mobileone", **row)


def _repvit(**row: Any) -> Entry:
    return Entry(paper="arXiv 2307.09283, CVPR 2024", year=2023, module="repvit", **row)


ROWS: list[Entry] = [
    _lcnet(name="pp_lcnet", title="PP-LCNet", options={"dropout": 0.2}, published=LCNET_PUBLISHED),
    *(
        _mobileone(
            name=f"mobileone_{size}", title=f"MobileOne-{size.upper()}", options={"dropout": 0.0}, published=(row,)
        )
        for size, row in MOBILEONE_PUBLISHED.items()
    ),
    *(
        _repvit(
            name=f"repvit_{size}",
            title=f"RepViT-{size.upper().replace('_', '.')}",
            options={"distilled": False, "dropout": 0.0},
            published=rows,
        )
        for size, rows in REPVIT_PUBLISHED.items()
    ),
    _lcnet(name="pp_lcnet_cifar", title="PP-LCNet, CIFAR form", **CIFAR, published=LCNET_CIFAR_PUBLISHED),
    _mobileone(
        name="mobileone_s0_cifar", title="MobileOne-S0, CIFAR form", **CIFAR, published=MOBILEONE_CIFAR_PUBLISHED
    ),
    _repvit(
        name="repvit_m0_9_cifar",
        title="RepViT-M0.9, CIFAR form",
        **CIFAR | {"options": {"distilled": False, "dropout": 0.0}},
        published=REPVIT_CIFAR_PUBLISHED,
    ),
]
