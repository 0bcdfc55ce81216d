"""What a run on a scene knows of its data."""

import math
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
    gains: tuple[tuple[float, ...], ...] = ()
    """Of each scene that trains, what its stored values were multiplied with, one number or one for each band, empty
    where they were left as stored; () of no scene: so they were in all."""
    offsets: tuple[tuple[float, ...], ...] = ()
    """Beside `gains`, what was added then."""

    def __post_init__(self) -> None:
        """Raises: ValueError for what no run can have."""
        if not len(self.class_names) == len(self.class_ids) == len(self.colours) > 0:
            raise ValueError("class_names, class_ids and colours are not of the same number")
        if min(self.window, self.in_channels, self.bands) < 1 or max(map(abs, self.class_ids)) >= 1 << 31:
            raise ValueError("window, in_channels, bands or class_ids are those of no run")
        if self.wavelengths_nm is not None and len(self.wavelengths_nm) != self.bands:
            raise ValueError(f"{len(self.wavelengths_nm)} wavelengths of {self.bands} bands")
        if not all(0 <= part <= 255 for colour in self.colours for part in colour):
            raise ValueError("colours are not from 0 to 255")
        if [len(each) for each in self.gains] != [len(each) for each in self.offsets]:
            raise ValueError("gains and offsets are not of the same number")
        if not all(math.isfinite(gain) and gain for gains in self.gains for gain in gains):
            raise ValueError("gains are not finite, or 0")

    @property
    def scaled(self) -> bool:
        """Whether the values of any scene that trains had a scale."""
        return any(self.gains)

    @property
    def side(self) -> int:
        return self.window

    @property
    def build_options(self) -> dict[str, Any]:
        return {"window": self.window}
