"""Synthetic pictures: seeded, of every class, with boxes that fit; and the folder that they are left in."""

import numpy as np
import pytest
from PIL import Image

from lissom.errors import UsageError
from lissom.tasks.detect.data.synthetic import SHAPES, outline, synthetic, write_synthetic


def test_the_same_arguments_give_the_same_pictures_and_more_begin_with_fewer() -> None:
    pixels, labels = synthetic(6, side=64, seed=3)
    again, fewer = synthetic(6, side=64, seed=3), synthetic(2, side=64, seed=3)
    assert pixels.dtype == np.uint8
    assert pixels.shape == (6, 64, 64, 3)
    assert (pixels == again[0]).all()
    assert (pixels[:2] == fewer[0]).all()
    assert all((a.boxes == b.boxes).all() for a, b in zip(labels, again[1], strict=True))
    assert (synthetic(1, side=64, seed=4)[0] != pixels[:1]).any()


def test_boxes_lie_in_the_picture_touch_no_other_and_are_of_every_class() -> None:
    _, labels = synthetic(60, side=64, classes=4, seed=1)
    boxes = np.concatenate([one.boxes for one in labels])
    assert boxes.min() >= 0
    assert boxes.max() <= 64
    assert ((boxes[:, 2:] - boxes[:, :2]) >= 4).all()
    assert set(np.concatenate([one.classes for one in labels]).tolist()) == {0, 1, 2, 3}
    assert {len(one.classes) for one in labels} == {0, 1, 2, 3}  # some are background
    for one in labels:
        for first, a in enumerate(one.boxes):
            for b in one.boxes[first + 1 :]:
                assert (a[:2] > b[2:]).any() or (b[:2] > a[2:]).any()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [(4, 5), (7, 6), (20, 20), (21, 33)])
def test_a_shape_touches_all_four_sides_of_its_box(shape: str, size: tuple[int, int]) -> None:
    inside = outline(shape, *size)
    assert inside.shape == size[::-1]
    assert inside[0].any()
    assert inside[-1].any()
    assert inside[:, 0].any()
    assert inside[:, -1].any()


def test_a_shape_stands_out_from_its_ground() -> None:
    pixels, labels = synthetic(30, side=64, classes=2, seed=5)
    for image, one in zip(pixels, labels, strict=True):
        for left, top, right, bottom in one.boxes.astype(int):
            y, x = (top + bottom) // 2, (left + right) // 2
            own = image[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3).mean(0)
            corner = image.astype(float)
            assert np.linalg.norm(own - corner.mean((0, 1))) > 20 or np.linalg.norm(own - corner[0, 0]) > 20


@pytest.mark.parametrize(("side", "classes"), [(31, 3), (64, 0), (64, len(SHAPES) + 1)])
def test_what_cannot_be_drawn_is_refused(side: int, classes: int) -> None:
    with pytest.raises(UsageError, match=str(side)):
        synthetic(1, side=side, classes=classes)


def test_the_folder_holds_them_in_the_form_of_yolo(tmp_path) -> None:
    file = write_synthetic(tmp_path / "set", train=3, val=2, side=64, seed=3)
    pixels, labels = synthetic(5, side=64, seed=3)
    assert file.name == "data.yaml"
    with Image.open(tmp_path / "set/images/val/00001.png") as image:
        assert (np.asarray(image) == pixels[4]).all()
    rows = np.loadtxt(tmp_path / "set/labels/train/00000.txt", ndmin=2).reshape(-1, 5)
    corners = np.concatenate([rows[:, 1:3] - rows[:, 3:] / 2, rows[:, 1:3] + rows[:, 3:] / 2], axis=1) * 64
    np.testing.assert_allclose(corners, labels[0].boxes, atol=1e-3)
    assert (rows[:, 0] == labels[0].classes).all()
