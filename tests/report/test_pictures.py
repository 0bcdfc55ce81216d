"""Pictures hold what they were given, come out the same every time, and read in any language."""

import io
import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from lissom.report.canvas import render, to_png, to_svg
from lissom.report.confusion import confusion, most_confused
from lissom.report.curves import curves
from lissom.report.pareto import pareto
from lissom.report.sheet import overlay, sheet, worst
from lissom.report.tables import comparison_row
from lissom.stats.confused import read_confused

pytestmark = pytest.mark.drawn


def pixels(picture: Figure) -> np.ndarray:
    with Image.open(io.BytesIO(to_png(picture))) as image:
        return np.asarray(image.convert("RGB"))


def count(array: np.ndarray, colour: tuple[int, int, int], tolerance: int = 12) -> int:
    return int((np.abs(array.astype(int) - colour).max(-1) <= tolerance).sum())


class TestSheet:
    def test_every_image_is_really_drawn(self) -> None:
        colours = [(200, 0, 0), (0, 160, 0), (0, 0, 200), (200, 200, 0), (0, 200, 200)]
        images = [np.full((8, 8, 3), colour, np.uint8) for colour in colours]
        drawn = pixels(sheet(images, list("abcde"), columns=3))
        areas = [count(drawn, colour) for colour in colours]
        assert min(areas) > 1000
        assert max(areas) < 1.2 * min(areas)

    def test_grey_images_of_any_size(self) -> None:
        images = [np.full((5, 9, 1), 90, np.uint8), np.full((30, 20), 90, np.uint8)]
        assert count(pixels(sheet(images)), (90, 90, 90)) > 2000

    def test_the_worst_say_truth_guess_and_probability(self) -> None:
        image = np.full((8, 8, 3), 120, np.uint8)
        svg = to_svg(worst([image], ["cat"], ["dog"], [0.913], ["IMG_1.jpg"])).decode()
        assert "IMG_1.jpg" in svg
        assert "cat" in svg
        assert "dog" in svg
        assert "91.3" in svg

    def test_heat_colours_only_where_it_is(self) -> None:
        image = np.full((8, 8, 3), 100, np.uint8)
        heat = np.zeros((8, 8))
        heat[:4] = 1
        shown = overlay(image, heat)
        assert (shown[5:] == 100).all()
        assert np.abs(shown[:3].astype(int) - 100).max() > 60


class TestConfusion:
    @pytest.mark.parametrize("classes", [2, 10, 100])
    def test_any_number_of_classes(self, classes: int) -> None:
        matrix = np.eye(classes, dtype=int) * 7
        assert pixels(confusion(matrix, [f"class {n}" for n in range(classes)])).std() > 5

    def test_an_absent_class_divides_nothing_by_zero(self) -> None:
        assert pixels(confusion(np.array([[3, 0], [0, 0]]), ["a", "b"])).size

    def test_the_commonest_mistakes_come_first(self) -> None:
        rows = most_confused(read_confused([[5, 2, 0], [0, 9, 1], [4, 0, 0]]), ["a", "b", "c"])
        assert [(row["true"], row["predicted"], row["count"]) for row in rows] == [
            ("c", "a", 4),
            ("a", "b", 2),
            ("b", "c", 1),
        ]
        assert rows[1]["share"] == pytest.approx(2 / 7)
        assert most_confused(read_confused([[1, 0, 0], [0, 1, 0], [0, 0, 1]]), ["a", "b", "c"]) == []


HISTORY = [{"epoch": n, "train_loss": 1 / n, "loss": 1.2 / n, "top1": 1 - 1 / n, "lr": 0.1} for n in range(1, 5)]
ROWS = [
    comparison_row(network=name, parameters=n, macs=n * 10, resolution=32, correct=correct, total=100)
    for name, n, correct in (("small", 10, 80), ("large", 100, 95))
]


@pytest.mark.parametrize(
    "draw",
    [
        lambda: curves(HISTORY, losses=("train_loss", "loss"), best_epoch=3),
        lambda: curves(HISTORY[:1]),
        lambda: confusion(np.eye(3, dtype=int), ["a", "b", "c"]),
        lambda: pareto(ROWS),
        lambda: sheet([np.zeros((4, 4), np.uint8)], ["a"]),
    ],
)
def test_the_same_picture_is_the_same_bytes(draw) -> None:
    first, second = render(draw()), render(draw())
    assert first.png.startswith(b"\x89PNG")
    assert b"<svg" in first.svg
    assert first == second


def test_chinese_names_raise_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert to_png(confusion(np.eye(2, dtype=int), ["猫", "狗"]))


def test_the_callers_matplotlib_settings_stay() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    to_png(pareto(ROWS))
    assert dict(matplotlib.rcParams) == before
