"""The scenes that papers use: classes, sizes, sensors, files. Facts from the public page named in `PAGE`. No torch.

Checksums are MD5 of the files as widely published; where none is known, the first download's digest is kept beside it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lissom.tasks.scene.data.scene import Colour

PAGE = "https://www.ehu.eus/ccwintco/index.php/Hyperspectral_Remote_Sensing_Scenes"
UPLOADS = "https://www.ehu.eus/ccwintco/uploads/"


class File(NamedTuple):
    """One published file."""

    name: str
    variable: str
    path: str
    """Below `UPLOADS`."""
    md5: str | None = None

    @property
    def address(self) -> str:
        return UPLOADS + self.path


class Class(NamedTuple):
    """One class of a scene."""

    id: int
    name: str
    rgb: int

    @property
    def colour(self) -> Colour:
        return (self.rgb >> 16, self.rgb >> 8 & 255, self.rgb & 255)


class Known(NamedTuple):
    """One scene as published."""

    name: str
    title: str
    sensor: str
    height: int
    width: int
    bands: int
    """Of the file, without the bands below."""
    raw_bands: int
    """Of the sensor."""
    removed: tuple[tuple[int, int], ...]
    """First and last of the sensor's bands that the file leaves out (water vapour, noise), from 1; empty: not told."""
    range_nm: tuple[float, float]
    """First and last band of the sensor, about."""
    cube: File
    ground_truth: File
    classes: tuple[Class, ...]

    def approximate_wavelengths_nm(self, bands: int) -> NDArray[np.float64]:
        """Evenly spaced over the sensor's range: good for choosing colours, not for matching sensors."""
        all_bands = np.linspace(*self.range_nm, self.raw_bands)
        if bands == self.raw_bands:
            return all_bands
        gone = {band for first, last in self.removed for band in range(first, last + 1)}
        kept = np.array([index for index in range(self.raw_bands) if index + 1 not in gone])
        return all_bands[kept] if len(kept) == bands else np.linspace(*self.range_nm, bands)


# fmt: off
SALINAS_CLASSES = (
    Class(1,  "Brocoli_green_weeds_1",     0x1B7837),
    Class(2,  "Brocoli_green_weeds_2",     0x5AAE61),
    Class(3,  "Fallow",                    0xC8A165),
    Class(4,  "Fallow_rough_plow",         0x8C6239),
    Class(5,  "Fallow_smooth",             0xE6CFA1),
    Class(6,  "Stubble",                   0xE8D44D),
    Class(7,  "Celery",                    0x7FD34E),
    Class(8,  "Grapes_untrained",          0x7B3F98),
    Class(9,  "Soil_vinyard_develop",      0xA0522D),
    Class(10, "Corn_senesced_green_weeds", 0xF2A93B),
    Class(11, "Lettuce_romaine_4wk",       0xA8E0FF),
    Class(12, "Lettuce_romaine_5wk",       0x4FB3E8),
    Class(13, "Lettuce_romaine_6wk",       0x2464A6),
    Class(14, "Lettuce_romaine_7wk",       0x12305E),
    Class(15, "Vinyard_untrained",         0xC77CC9),
    Class(16, "Vinyard_vertical_trellis",  0xE23D80),
)

KNOWN = {known.name: known for known in (
    Known(
        "indian-pines", "Indian Pines", "AVIRIS", 145, 145, 200, 220, ((104, 108), (150, 163), (220, 220)), (400, 2500),
        File("Indian_pines_corrected.mat", "indian_pines_corrected", "6/67/Indian_pines_corrected.mat",
             "66dbc9f4a9b7c9b1445f60a87b505101"),
        File("Indian_pines_gt.mat", "indian_pines_gt", "c/c4/Indian_pines_gt.mat", "9414943dac1d80faaa9165c8b460510c"),
        (
            Class(1,  "Alfalfa",                      0x7FD34E),
            Class(2,  "Corn-notill",                  0xF2A93B),
            Class(3,  "Corn-mintill",                 0xE8D44D),
            Class(4,  "Corn",                         0xC97B1A),
            Class(5,  "Grass-pasture",                0x9BE38A),
            Class(6,  "Grass-trees",                  0x2E8B57),
            Class(7,  "Grass-pasture-mowed",          0xC9F2B5),
            Class(8,  "Hay-windrowed",                0xE6CFA1),
            Class(9,  "Oats",                         0xFFF3A3),
            Class(10, "Soybean-notill",               0x7B3F98),
            Class(11, "Soybean-mintill",              0xC77CC9),
            Class(12, "Soybean-clean",                0x4B2A7B),
            Class(13, "Wheat",                        0xD9B310),
            Class(14, "Woods",                        0x0B5D1E),
            Class(15, "Buildings-Grass-Trees-Drives", 0x8D99A6),
            Class(16, "Stone-Steel-Towers",           0xC0392B),
        ),
    ),
    Known(
        "pavia-university", "Pavia University", "ROSIS", 610, 340, 103, 115, (), (430, 860),
        File("PaviaU.mat", "paviaU", "e/ee/PaviaU.mat", "165a3c7488995f54a19add47c7eed4cd"),
        File("PaviaU_gt.mat", "paviaU_gt", "5/50/PaviaU_gt.mat", "b8c3ba44b077c26e24220463aa855bd3"),
        (
            Class(1, "Asphalt",              0x6E7781),
            Class(2, "Meadows",              0x7FD34E),
            Class(3, "Gravel",               0xC7B299),
            Class(4, "Trees",                0x0B6E2E),
            Class(5, "Painted metal sheets", 0x45B5E8),
            Class(6, "Bare Soil",            0xA0522D),
            Class(7, "Bitumen",              0x2F3640),
            Class(8, "Self-Blocking Bricks", 0xC0392B),
            Class(9, "Shadows",              0x5B3F8C),
        ),
    ),
    Known(
        "pavia-centre", "Pavia Centre", "ROSIS", 1096, 715, 102, 115, (), (430, 860),
        File("Pavia.mat", "pavia", "e/e3/Pavia.mat"),
        File("Pavia_gt.mat", "pavia_gt", "5/53/Pavia_gt.mat"),
        (
            Class(1, "Water",                0x2464A6),
            Class(2, "Trees",                0x0B6E2E),
            Class(3, "Asphalt",              0x6E7781),
            Class(4, "Self-Blocking Bricks", 0xC0392B),
            Class(5, "Bitumen",              0x2F3640),
            Class(6, "Tiles",                0xE8743B),
            Class(7, "Shadows",              0x5B3F8C),
            Class(8, "Meadows",              0x7FD34E),
            Class(9, "Bare Soil",            0xA0522D),
        ),
    ),
    Known(
        "salinas", "Salinas", "AVIRIS", 512, 217, 204, 224, ((108, 112), (154, 167), (224, 224)), (400, 2500),
        File("Salinas_corrected.mat", "salinas_corrected", "a/a3/Salinas_corrected.mat",
             "485d8802f4a6b4ebc0767d48dd0da06b"),
        File("Salinas_gt.mat", "salinas_gt", "f/fa/Salinas_gt.mat", "7b8da653a61bb0271b27b37fb926390f"),
        SALINAS_CLASSES,
    ),
    Known(
        "salinas-a", "Salinas-A", "AVIRIS", 83, 86, 204, 224, ((108, 112), (154, 167), (224, 224)), (400, 2500),
        File("SalinasA_corrected.mat", "salinasA_corrected", "1/1a/SalinasA_corrected.mat",
             "4852da09661d629f5033ca1d23b908ae"),
        File("SalinasA_gt.mat", "salinasA_gt", "a/aa/SalinasA_gt.mat", "d5c82204f36f9e10c9081e4e68ece1c3"),
        tuple(row for row in SALINAS_CLASSES if row.id in (1, 10, 11, 12, 13, 14)),
    ),
    Known(
        "ksc", "Kennedy Space Center", "AVIRIS", 512, 614, 176, 224, (), (400, 2500),
        File("KSC.mat", "KSC", "2/26/KSC.mat"),
        File("KSC_gt.mat", "KSC_gt", "a/a6/KSC_gt.mat"),
        (
            Class(1,  "Scrub",                    0xC8A165),
            Class(2,  "Willow swamp",             0x5AAE61),
            Class(3,  "Cabbage palm hammock",     0x1B7837),
            Class(4,  "Cabbage palm/oak hammock", 0x7A9A01),
            Class(5,  "Slash pine",               0x0B5D1E),
            Class(6,  "Oak/broadleaf hammock",    0x8C6239),
            Class(7,  "Hardwood swamp",           0x3E6B48),
            Class(8,  "Graminoid marsh",          0xE8D44D),
            Class(9,  "Spartina marsh",           0xF2A93B),
            Class(10, "Cattail marsh",            0x45C2B1),
            Class(11, "Salt marsh",               0xC77CC9),
            Class(12, "Mud flats",                0x6E7781),
            Class(13, "Water",                    0x2464A6),
        ),
    ),
    Known(
        "botswana", "Botswana", "Hyperion", 1476, 256, 145, 242,
        ((1, 9), (56, 81), (98, 101), (120, 133), (165, 186), (221, 242)), (356, 2577),
        File("Botswana.mat", "Botswana", "7/72/Botswana.mat"),
        File("Botswana_gt.mat", "Botswana_gt", "5/58/Botswana_gt.mat"),
        (
            Class(1,  "Water",                0x2464A6),
            Class(2,  "Hippo grass",          0x9BE38A),
            Class(3,  "Floodplain grasses 1", 0x7FD34E),
            Class(4,  "Floodplain grasses 2", 0x5AAE61),
            Class(5,  "Reeds",                0x45C2B1),
            Class(6,  "Riparian",             0x0B6E66),
            Class(7,  "Firescar",             0x2F3640),
            Class(8,  "Island interior",      0xE6CFA1),
            Class(9,  "Acacia woodlands",     0x0B5D1E),
            Class(10, "Acacia shrublands",    0x7A9A01),
            Class(11, "Acacia grasslands",    0xE8D44D),
            Class(12, "Short mopane",         0xF2A93B),
            Class(13, "Mixed mopane",         0xC0392B),
            Class(14, "Exposed soils",        0xA0522D),
        ),
    ),
)}
# fmt: on


def recognise(shape: tuple[int, ...], ids: tuple[int, ...] = ()) -> Known | None:
    """The known scene of that H W bands, before or after its water bands were removed, whose classes hold `ids`."""
    for known in KNOWN.values():
        bands = (known.bands, known.raw_bands)
        if shape[:2] == (known.height, known.width) and shape[2] in bands and set(ids) <= {c.id for c in known.classes}:
            return known
    return None


def spelled(name: str) -> str:
    """A scene's name however it is written: "Salinas A", "SalinasA" and "salinas_a" are "salinas-a"."""
    bare = "".join(char for char in name.lower() if char.isalnum())
    aliases = {"paviau": "pavia-university", "paviac": "pavia-centre", "paviacenter": "pavia-centre",
               "kennedyspacecenter": "ksc"}  # fmt: skip
    return next((known for known in KNOWN if known.replace("-", "") == bare), aliases.get(bare, name))
