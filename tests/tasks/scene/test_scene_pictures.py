"""Pictures of scenes: a pixel for a pixel, colours that say what they claim, a legend beside them."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from lissom.report.canvas import to_png, to_svg
from lissom.tasks.scene.pictures.colours import class_colour, oklab
from lissom.tasks.scene.pictures.maps import (
    NOT_LABELLED,
    RIGHT,
    TRAINED,
    WRONG,
    bare_png,
    bare_svg,
    class_map,
    colour_bands,
    confidence_map,
    error_map,
    false_colour,
)
from lissom.tasks.scene.pictures.overview import overview
from lissom.tasks.scene.pictures.spectra import spectra

pytestmark = pytest.mark.drawn

COLOURS = [(200, 30, 30), (30, 200, 30), (30, 30, 200)]
LABELS = np.array([[0, 1, -1], [2, 2, 0]])


def test_a_pixel_of_the_scene_is_a_pixel_of_the_picture() -> None:
    rgb = class_map(LABELS, COLOURS)
    drawn = np.asarray(Image.open(io.BytesIO(bare_png(rgb))))
    assert drawn.shape == (2, 3, 3)
    assert (drawn == rgb).all()
    assert tuple(drawn[0, 2]) == NOT_LABELLED
    assert tuple(drawn[1, 0]) == COLOURS[2]


def test_svg_holds_the_raster_at_its_size_and_the_legend_as_text() -> None:
    svg = bare_svg(class_map(LABELS, COLOURS), ["a < b", "水稻", "c"], COLOURS, [4, 1200, 0], title="map").decode()
    assert '<image width="3" height="2" style="image-rendering: pixelated"' in svg
    assert re.findall(r"<text[^>]*>(.*?)</text>", svg) == ["a &lt; b  4", "水稻  1,200", "c  0"]
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")


def test_errors_say_right_wrong_trained_and_unlabelled() -> None:
    predicted = np.array([[0, 2, 1], [2, 2, 0]])
    trained = np.array([[False, False, False], [False, False, True]])
    shown = error_map(predicted, LABELS, trained)
    assert [tuple(pixel) for pixel in shown.reshape(-1, 3)] == [RIGHT, WRONG, NOT_LABELLED, RIGHT, RIGHT, TRAINED]


def test_confidence_brightens_and_what_is_no_number_is_dark() -> None:
    shown = confidence_map(np.array([[0.1, 0.9, np.nan]]))
    lightness = oklab(shown)[..., 0]
    assert lightness[0, 0] < lightness[0, 1]
    assert tuple(shown[0, 2]) == NOT_LABELLED


def test_false_colour_takes_visible_bands_and_stretches_each() -> None:
    nm = np.linspace(400, 1000, 61)
    assert [nm[place] for place in colour_bands(61, nm)] == [640, 550, 460]
    cube = np.zeros((10, 10, 61), np.int16)
    cube[..., 24] = np.arange(100).reshape(10, 10)  # 640 nm
    valid = np.ones((10, 10), bool)
    valid[0, 0] = False
    shown = false_colour(cube, colour_bands(61, nm), valid)
    assert (shown[0, 0] == 0).all()
    assert (shown[0, 1, 0], shown[9, 9, 0]) == (0, 255)
    assert (np.diff(shown[..., 0].ravel()[1:].astype(int)) >= 0).all()


def test_bad_bands_are_never_shown() -> None:
    good = np.ones(20, bool)
    good[:10] = False
    assert min(colour_bands(20, None, good)) >= 10


@pytest.mark.parametrize("count", [1, 6, 16, 60])
def test_any_number_of_classes_can_be_told_apart(count: int) -> None:
    colours = [class_colour(place) for place in range(count)]
    lab = oklab(np.array(colours))
    apart = np.linalg.norm(lab[:, None] - lab, axis=2) + np.eye(count)
    assert len(set(colours)) == count
    assert apart.min() > {1: 0.9, 6: 0.2, 16: 0.12, 60: 0.05}[count]


@pytest.mark.parametrize("size", [(83, 86), (40, 900), (900, 40)])
def test_overview_of_any_shape(size: tuple[int, int]) -> None:
    rgb = class_map(np.arange(size[0] * size[1]).reshape(size) % 3, COLOURS)
    names = ["wheat", "$rice_{2}$", "a very long name of a class that no legend could hold"]
    picture = overview([("truth", rgb)] * 5, names=names, colours=COLOURS, counts=[1, 2, 3], confidence="share")
    width, height = picture.get_size_inches()
    assert 0.15 < height / width < 4
    assert to_png(picture).startswith(b"\x89PNG")
    assert b"<svg" in to_svg(picture)


def test_spectra_leave_out_a_class_without_pixels_and_take_any_order_of_bands() -> None:
    means = np.array([[1.0, 2, 3], [np.nan] * 3, [3, 2, 1]])
    picture = spectra(means, np.full((3, 3), 0.1), ["a", "b", "c"], COLOURS, np.array([900.0, 500, 700]))
    (axes,) = picture.axes
    assert [line.get_label() for line in axes.get_lines()] == ["a", "c"]
    assert axes.get_lines()[0].get_xdata().tolist() == [500, 700, 900]
    assert axes.get_lines()[0].get_ydata().tolist() == [2, 3, 1]


def test_lines_of_spectra_are_interrupted_where_bands_are_missing() -> None:
    from lissom.tasks.scene.pictures.spectra import gaps, spectra

    nm = np.r_[np.arange(400.0, 800, 10), np.arange(900.0, 1300, 10)]  # 40 bands, 9 missing, 40 bands
    assert gaps(nm[::-1]).tolist() == [40]
    assert gaps(np.array([443.0, 490, 560, 665, 842, 945, 1375, 1610, 2190])).tolist() == []
    figure = spectra(np.ones((1, 80)), np.zeros((1, 80)), ["a"], [(1, 2, 3)], nm, gaps(nm))
    across = np.asarray(figure.axes[0].lines[0].get_xdata())
    assert np.flatnonzero(np.isnan(across)).tolist() == [40]
    assert np.array_equal(across[~np.isnan(across)], nm)
