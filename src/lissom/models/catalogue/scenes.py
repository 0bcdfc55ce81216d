"""Networks that classify the pixels of a hyperspectral scene."""

from lissom.models.entry import Entry, Published

# fmt: off
HYBRIDSN_PUBLISHED = (
    #         options  window  parameters         MACs  top-1  source
    Published({},          25,  5_122_176,  247_683_392, None, ""),
)
# fmt: on
HYBRIDSN = Entry(
    name="hybridsn",
    title="HybridSN",
    paper="arXiv 1902.06701, IEEE GRSL 2020",
    year=2020,
    module="hybridsn",
    resolution=25,
    stride=1,
    num_classes=16,
    options={"window": 25, "batch_norm": False, "attention": "none", "dropout": 0.4},
    choices={"attention": ("none", "se", "cbam")},
    limits={"window": (1, 999)},
    small={"window": 11},
    published=HYBRIDSN_PUBLISHED,
)
ROWS = [HYBRIDSN]
