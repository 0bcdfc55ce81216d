"""Networks that classify the pixels of a hyperspectral scene.

Counted for Indian Pines, 16 classes: 30 principal components, or its 200 bands where the paper takes them all. The
accuracies in the papers are those of a scene and a split, not of a network, and stand elsewhere.
"""

from typing import Any

from lissom.models.entry import Entry, Published

# fmt: off
HYBRIDSN_PUBLISHED = (
    #         options  window  parameters         MACs  top-1  source
    Published({},          25,  5_122_176,  247_683_392, None, ""),
)
CNN1D_PUBLISHED = (Published({},          1,     74_176,      152_360, None, ""),)
CNN2D_PUBLISHED = (Published({},          5,    295_036,      488_880, None, ""),)
CNN3D_PUBLISHED = (Published({},          5,     45_196,    4_387_760, None, ""),)
SSRN_PUBLISHED = (Published({},           7,    364_168,   93_266_088, None, ""),)
SPECTRALFORMER_PUBLISHED = (
    Published({},                           7,    355_577,   60_748_288, None, ""),
    Published({"window": 1},                1,    346_361,   58_905_088, None, ""),
    Published({"fusion": False},            7,    112_568,   45_234_304, None, ""),
)
# fmt: on
WINDOWS = (1, 999)  # pixels
COMPONENTS, BANDS = 30, 200


def _scene(*, bands: int, small: dict[str, Any] | None = None, **row: Any) -> Entry:
    shared = {"task": "scene", "stride": 1, "num_classes": 16, "in_channels": bands, "all_bands": bands == BANDS}
    return Entry(**shared, small=small or {"width": 0.5}, **row)


ROWS = [
    _scene(
        name="hybridsn",
        title="HybridSN",
        paper="arXiv 1902.06701, IEEE GRSL 2020",
        year=2020,
        module="hybridsn",
        resolution=25,
        bands=COMPONENTS,
        options={"window": 25, "batch_norm": False, "attention": "none", "dropout": 0.4},
        choices={"attention": ("none", "se", "cbam")},
        limits={"window": WINDOWS},
        small={"window": 11},
        published=HYBRIDSN_PUBLISHED,
    ),
    _scene(
        name="cnn1d",
        title="1-D CNN",
        paper="doi 10.1155/2015/258619, Journal of Sensors 2015",
        year=2015,
        module="cnn1d",
        resolution=1,
        bands=BANDS,
        options={"window": 1},
        choices={"window": (1,)},
        published=CNN1D_PUBLISHED,
    ),
    _scene(
        name="cnn2d",
        title="2-D CNN",
        paper="IGARSS 2015, Makantasis et al.",
        year=2015,
        module="cnn2d",
        resolution=5,
        bands=COMPONENTS,
        options={"window": 5},
        limits={"window": WINDOWS},
        published=CNN2D_PUBLISHED,
    ),
    _scene(
        name="cnn3d",
        title="3-D CNN",
        paper="arXiv 1806.05824, IEEE TGRS 2018",
        year=2018,
        module="cnn3d",
        resolution=5,
        bands=BANDS,
        options={"window": 5},
        limits={"window": WINDOWS},
        published=CNN3D_PUBLISHED,
    ),
    _scene(
        name="ssrn",
        title="SSRN",
        paper="doi 10.1109/TGRS.2017.2755542, IEEE TGRS 2018",
        year=2018,
        module="ssrn",
        resolution=7,
        bands=BANDS,
        options={"window": 7},
        limits={"window": WINDOWS},
        published=SSRN_PUBLISHED,
    ),
    _scene(
        name="spectralformer",
        title="SpectralFormer",
        paper="arXiv 2107.02988, IEEE TGRS 2022",
        year=2022,
        module="spectralformer",
        resolution=7,
        bands=BANDS,
        options={"window": 7, "group": 3, "fusion": True, "dropout": 0.1},
        choices={"group": (1, 3, 5, 7, 9)},
        limits={"window": WINDOWS},
        small={"width": 0.5, "fusion": False},
        published=SPECTRALFORMER_PUBLISHED,
    ),
]
