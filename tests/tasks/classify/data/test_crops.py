"""The square of a photo that a network sees is a function of the photo and of its key alone."""

import numpy as np
import pytest

from lissom.data.files import Pixels, Unreadable, fit_square
from lissom.tasks.classify.data.crops import AREA, ASPECT, Item, random_box, read_square

RNG = np.random.default_rng(0)


class TwoPhotos:
    """A decoded photo, and a file that is none."""

    name, names, channels, scales = "photos", ["good.jpg", "bad.jpg"], 3, None

    def __init__(self) -> None:
        self.photo = RNG.integers(0, 256, (90, 60, 3), np.uint8)

    def read(self, index: int) -> bytes | Pixels:
        return self.photo if index == 0 else b"no photo"


def test_without_a_key_it_is_the_largest_centred_square() -> None:
    source = TwoPhotos()
    assert np.array_equal(read_square(source, 16, Item(0, None)), fit_square(source.photo, 16))


def test_each_key_has_its_own_crop_and_always_the_same() -> None:
    source = TwoPhotos()
    keys = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]  # seed, epoch, place in the epoch
    crops = [read_square(source, 16, Item(0, key)) for key in keys]
    assert all(crop.shape == (16, 16, 3) for crop in crops)
    assert len({crop.tobytes() for crop in crops}) == len(keys)
    assert np.array_equal(crops[0], read_square(source, 16, Item(0, keys[0])))


def test_a_bad_file_is_named() -> None:
    with pytest.raises(Unreadable) as raised:
        read_square(TwoPhotos(), 16, Item(1, None))
    assert raised.value.name == "bad.jpg"


def test_boxes_lie_within_the_image_with_area_and_aspect_in_their_ranges() -> None:
    boxes = np.array([random_box(400, 300, RNG) for _ in range(500)])
    left, top, right, bottom = boxes.T
    assert (left >= 0).all()
    assert (top >= 0).all()
    assert (right <= 400).all()
    assert (bottom <= 300).all()
    area, aspect = (right - left) * (bottom - top) / (400 * 300), (right - left) / (bottom - top)
    assert AREA[0] - 0.01 < area.min() < 0.35
    assert 0.9 < area.max() <= AREA[1]
    assert ASPECT[0] - 0.01 < aspect.min() < 0.8
    assert 1.25 < aspect.max() < ASPECT[1] + 0.01


def test_a_very_long_image_gives_its_largest_centred_square() -> None:
    assert random_box(1000, 10, RNG) == (495, 0, 505, 10)
