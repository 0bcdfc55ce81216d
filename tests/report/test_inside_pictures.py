"""The pictures of `lissom inspect` hold what they were given."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from lissom.report.canvas import ORANGE, render, to_png, to_svg
from lissom.report.gates import Layer as GateLayer
from lissom.report.gates import evenly, gate_lines
from lissom.report.kernels import COLUMNS, SHOWN, kernel_sheet, mosaic
from lissom.report.kernels import Layer as KernelLayer
from lissom.report.losses import Panel, activation_losses, spirals
from lissom.report.maps import Alike, twin_maps, twin_shares

pytestmark = pytest.mark.drawn

FRAME = (np.array(to_rgb(ORANGE)) * 255).round().astype(np.uint8)
RANDOM = np.random.default_rng(0)


def framed(pixels: np.ndarray) -> int:
    """Kernels whose upper left corner has the frame's colour."""
    cell = pixels.shape[1] // COLUMNS
    return int((pixels[::cell, ::cell] == FRAME).all(-1).sum())


@pytest.mark.parametrize("side", [1, 3, 5, 7])
def test_dead_kernels_alone_are_framed(side: int) -> None:
    kernels = RANDOM.normal(size=(40, side, side))
    dead = np.arange(40) % 4 == 0
    assert framed(mosaic(kernels, dead)) == 10
    assert framed(mosaic(kernels, np.zeros(40, bool))) == 0


def test_the_shares_hold_where_not_all_kernels_are_shown() -> None:
    kernels = RANDOM.normal(size=(4 * SHOWN, 3, 3)) * np.linspace(1, 0, 4 * SHOWN)[:, None, None]
    dead = np.arange(4 * SHOWN) >= 3 * SHOWN  # the weakest quarter
    assert framed(mosaic(kernels, dead)) == pytest.approx(SHOWN / 4, abs=3)


def test_a_weak_kernel_is_white_and_the_strongest_comes_first() -> None:
    kernels = np.stack([np.zeros((3, 3)), np.full((3, 3), -2.0)])
    cell = mosaic(kernels, np.zeros(2, bool)).shape[1] // COLUMNS
    pixels = mosaic(kernels, np.zeros(2, bool)).astype(int)
    strong, weak = pixels[cell // 2, cell // 2], pixels[cell // 2, cell + cell // 2]
    assert weak.min() > 240
    assert strong.max() < 100


def test_numbers_are_spread_with_first_and_last() -> None:
    assert evenly(3, 5) == [0, 1, 2]
    assert evenly(50, 3) == [0, 24, 49]


def test_absent_classes_and_many_layers_are_drawn() -> None:
    gates = RANDOM.uniform(size=(4, 6))
    gates[2] = np.nan
    drawn = gate_lines([GateLayer(f"layer{n}", gates) for n in range(40)], ["a", "b", "absent", "c"])
    words = to_svg(drawn).decode()
    assert ">layer0<" in words
    assert ">layer39<" in words
    assert "absent" not in words


ROWS = [
    {"layer": "a", "channels": 8, "zero_share": 0.5, "silent": 0.0, "lost": 0.2},
    {"layer": "b", "channels": 64, "zero_share": 0.4, "silent": 0.1, "lost": None},
]
BLOCKS = [{"block": "stem", "channels": 8, "twinned": 0.5, "largest_cosine": 0.97}]
BLOCKS += [{"block": "blocks.0", "channels": 8, "twinned": 0.0, "largest_cosine": -0.2}]


POINTS = np.random.default_rng(1).normal(size=(50, 2)) / 3
KERNELS = np.arange(36.0).reshape(4, 3, 3)
GREY = np.full((9, 9, 1), 90, np.uint8)
DRAWN = {
    "kernels": lambda: kernel_sheet([KernelLayer("one", KERNELS, np.array([True, False, False, False]))]),
    "spirals": lambda: spirals([Panel(0, POINTS, 0.0), Panel(2, POINTS, 0.77)]),
    "losses": lambda: activation_losses(ROWS, independent=0.2665),
    "nothing measured": lambda: activation_losses(ROWS[1:], independent=0.2665),
    "maps": lambda: twin_maps(GREY, np.arange(32.0).reshape(2, 4, 4), [Alike(0, 1, 0.99)]),
    "shares": lambda: twin_shares(BLOCKS, alike=0.95),
}


@pytest.mark.parametrize("name", list(DRAWN))
def test_the_same_picture_is_the_same_bytes(name: str) -> None:
    first, second = render(DRAWN[name]()), render(DRAWN[name]())
    assert first == second
    with Image.open(io.BytesIO(first.png)) as image:
        assert np.asarray(image.convert("L")).std() > 5


def test_chinese_words_are_drawn_without_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISSOM_LANG", "zh")
    for draw in DRAWN.values():
        assert to_png(draw())
