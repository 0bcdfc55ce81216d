"""What a run on a scene knows of its data."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class SceneFacts:
    """With the settings and the preprocessing beside it, all that classifies a scene of the same sensor."""

    class_names: tuple[str, ...]
    class_ids: tuple[int, ...]
    """As in the ground truth, beside `class_names`."""
    colours: tuple[tuple[int, int, int], ...]
    """Red, green, blue, 0 to 255, beside `class_names`."""
    window: int
    """Side of the square window around a pixel, pixels."""
    in_channels: int
    """Components of the reduced spectra."""
    bands: int
    """Of the cube, before they are reduced."""
    wavelengths_nm: tuple[float, ...] | None
    """Centre of each band; None: the file names none."""
    gain: tuple[float, ...] = ()
    """What the stored values were multiplied with, one number or one for each band; empty: they were left as stored."""
    offset: tuple[float, ...] = ()
    """What was added then; empty where `gain` is."""

    @property
    def side(self) -> int:
        return self.window

    @property
    def build_options(self) -> dict[str, Any]:
        return {"window": self.window}
