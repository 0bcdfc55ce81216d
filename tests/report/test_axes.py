"""What an axis, a colour and a place on a page carry, however they look."""

import csv
import io
import json
import math
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from lissom.messages import text
from lissom.report.card import Card, model_card
from lissom.report.card import Figure as CardFigure
from lissom.report.confusion import confusion
from lissom.report.curves import curves
from lissom.report.page import Page
from lissom.report.pareto import pareto
from lissom.report.roofline import roofline_picture
from lissom.report.scatter import scatter
from lissom.report.sheet import worst
from lissom.report.tables import (
    Column,
    column,
    comparison_columns,
    comparison_row,
    percent,
    short,
    to_csv,
    to_html,
    to_markdown,
)


def numbers(values: Any) -> list[float]:
    """Of a line's coordinates, gaps left out."""
    return [float(value) for value in values if not math.isnan(value)]


class TestConfusion:
    matrix = np.array([[6, 2, 0], [0, 4, 1], [0, 0, 0]])
    axes = confusion(matrix, ["cat", "dog", "owl"]).axes[0]

    def test_rows_are_the_truth_and_columns_what_was_predicted(self) -> None:
        assert self.axes.get_ylabel() == text("report.true")
        assert self.axes.get_xlabel() == text("report.predicted")
        for ticks in (self.axes.get_xticklabels(), self.axes.get_yticklabels()):
            assert [tick.get_text() for tick in ticks] == ["cat", "dog", "owl"]
        counts = {(int(t.get_position()[1]), int(t.get_position()[0])): t.get_text() for t in self.axes.texts}
        assert counts == {(0, 0): "6", (0, 1): "2", (1, 1): "4", (1, 2): "1"}
        top, bottom = self.axes.get_ylim()[::-1]
        assert top < bottom  # the first class is at the top

    def test_colour_is_the_share_of_the_true_class_from_none_to_all(self) -> None:
        (image,) = self.axes.images
        np.testing.assert_allclose(np.asarray(image.get_array()), [[0.75, 0.25, 0], [0, 0.8, 0.2], [0, 0, 0]])
        assert image.get_clim() == (0, 1)
        light = [sum(image.cmap(share)[:3]) for share in (0.0, 0.3, 0.6, 1.0)]
        assert light == sorted(light, reverse=True)
        assert light[0] == pytest.approx(3)

    def test_a_number_on_dark_is_light_and_one_on_light_is_dark(self) -> None:
        brightness = {t.get_text(): int(to_hex(t.get_color())[1:3], 16) for t in self.axes.texts}
        assert brightness["6"] > 200  # on three quarters
        assert brightness["2"] < 60


HISTORY: list[dict[str, Any]] = [
    {"epoch": 1, "train_loss": 2.0, "loss": 2.5, "top1": 0.2, "lr": 0.1},
    {"epoch": 2, "train_loss": 1.0, "loss": None, "top1": 0.6, "lr": 0.2},
    {"epoch": 3, "train_loss": 0.5, "loss": 1.5, "top1": 0.5, "lr": 0.05},
]


class TestCurves:
    losses, metric, rate = curves(HISTORY, losses=("train_loss", "loss"), best_epoch=2).axes

    def named(self) -> dict[str, Any]:
        return {str(line.get_label()): line for line in self.losses.lines if len(line.get_xdata()) > 1}

    def test_each_line_has_epochs_across_and_its_own_values_up(self) -> None:
        train, val = (self.named()[text(f"report.{of}_loss")] for of in ("training", "validation"))
        assert (list(train.get_xdata()), numbers(train.get_ydata())) == ([1, 2, 3], [2, 1, 0.5])
        assert numbers(val.get_ydata()) == [2.5, 1.5]  # nothing is made up for the second epoch
        assert numbers(self.metric.lines[0].get_ydata()) == [0.2, 0.6, 0.5]
        assert numbers(self.rate.lines[0].get_ydata()) == [0.1, 0.2, 0.05]

    def test_an_epoch_that_went_astray_does_not_flatten_the_others(self) -> None:
        astray = curves([{**HISTORY[0], "loss": 25000.0}, *HISTORY[1:]], losses=("train_loss", "loss")).axes
        assert [axes.get_yscale() for axes in astray] == ["log", "linear", "linear"]
        assert self.losses.get_yscale() == "linear"

    def test_lines_are_told_apart_and_the_legend_names_them_in_their_colours(self) -> None:
        legend = self.losses.get_legend()
        assert legend
        of = {t.get_text(): h.get_color() for t, h in zip(legend.get_texts(), legend.get_lines(), strict=True)}
        assert of == {name: line.get_color() for name, line in self.named().items() if not name.startswith("_")}
        assert len(set(of.values())) == 2

    def test_the_best_epoch_is_marked_and_epochs_are_named_at_the_bottom(self) -> None:
        for axes in (self.losses, self.metric, self.rate):
            assert [2, 2] in [list(line.get_xdata()) for line in axes.lines]
        assert self.rate.get_xlabel() == text("report.epoch")
        assert [axes.get_yscale() for axes in (self.losses, self.metric, self.rate)] == ["linear"] * 3


ROWS = [
    comparison_row(network=name, parameters=7, macs=macs, resolution=32, correct=correct, total=1000)
    for name, macs, correct in (("small", 1000, 800), ("poor", 2000, 700), ("large", 40_000, 950))
]


def faces(axes: Axes) -> dict[tuple[float, float], tuple[str, str]]:
    """Face and edge of each single point."""
    points = [line for line in axes.lines if len(line.get_xdata()) == 1 and line.get_marker() == "o"]
    return {
        (float(p.get_xdata()[0]), float(p.get_ydata()[0])): (
            to_hex(p.get_markerfacecolor()),  # type: ignore[arg-type]
            to_hex(p.get_markeredgecolor()),  # type: ignore[arg-type]
        )
        for p in points
    }


@pytest.mark.parametrize("draw", [
    lambda: (pareto(ROWS, cost_title="MACs"), 1),
    lambda: (scatter([{"network": r["network"], "macs": r["macs"], "top1": 100 * r["accuracy"]} for r in ROWS]), 100),
])  # fmt: skip
def test_accuracy_stands_over_cost_and_the_front_is_drawn_and_filled(draw: Callable[[], Any]) -> None:
    picture, unit = draw()
    axes = picture.axes[0]
    assert (axes.get_xscale(), axes.get_yscale(), axes.get_xlabel()) == ("log", "linear", "MACs")
    places = {"small": (1000, 0.8 * unit), "poor": (2000, 0.7 * unit), "large": (40_000, 0.95 * unit)}
    found = faces(axes)
    assert {(x, round(y, 6)) for x, y in found} == set(places.values())
    by_name = {name: next(f for (x, _), f in found.items() if x == place[0]) for name, place in places.items()}
    for name in ("small", "large"):  # on the front: filled in the colour of the edge
        assert by_name[name][0] == by_name[name][1]
    assert by_name["poor"][0] != by_name["poor"][1]
    assert by_name["poor"][1] != by_name["small"][1]
    (front,) = [line for line in axes.lines if line.get_label() == text("report.front")]
    steps = list(zip(front.get_xdata(), front.get_ydata(), strict=True))
    assert [step == pytest.approx(places[name]) for step, name in zip(steps, ("small", "large"), strict=False)] == [
        True,
        True,
    ]
    assert front.get_drawstyle() == "steps-post"
    written = {note.get_text(): note.xy for note in axes.texts if hasattr(note, "xy")}
    assert {name: written[name] for name in places} == {name: pytest.approx(place) for name, place in places.items()}


def test_error_bars_reach_from_the_low_to_the_high_end_of_the_interval() -> None:
    (axes,) = pareto(ROWS).axes
    bars = [line.get_segments()[0] for line in axes.collections if hasattr(line, "get_segments")]
    ends = {round(float(bar[0][0])): (float(bar[0][1]), float(bar[1][1])) for bar in bars if len(bar) == 2}
    for row in ROWS:
        assert ends[row["macs"]] == pytest.approx((row["low"], row["high"]))


LIMITS = {"macs_per_second": 1e11, "bandwidths": [[10**6, 1e11], [10**9, 1e10]], "memory_bandwidth": 1e10}


def test_the_roofline_has_intensity_across_and_speed_up_both_in_powers() -> None:
    def one(name: str, family: str, intensity: float, speed: float, time_ms: float) -> dict[str, Any]:
        known = {"name": name, "family": family, "intensity": intensity, "macs_per_second": speed}
        return {**known, "time_ms": time_ms, "time_share": time_ms / 10}

    layers = [one("a", "conv", 20.0, 3e9, 6.0), one("b", "depthwise", 1.5, 1e9, 4.0)]
    (axes,) = roofline_picture(layers, LIMITS, network="net").axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert (axes.get_xlabel(), axes.get_ylabel()) == (text("report.intensity_axis"), text("report.speed_axis"))
    offsets = sorted(tuple(map(float, place)) for points in axes.collections for place in points.get_offsets())
    assert offsets == [(1.5, 1e9), (20.0, 3e9)]
    notes = {note.get_text(): note.xy for note in axes.texts if hasattr(note, "xy")}
    assert notes == {"a": (20.0, 3e9), "b": (1.5, 1e9)}


def test_the_worst_images_name_the_truth_then_the_guess_and_its_share() -> None:
    image = np.full((8, 8, 3), 120, np.uint8)
    picture = worst([image], ["cat"], ["dog"], [0.25])
    words = "".join(each.get_text() for axes in picture.axes for each in (axes.title, *axes.texts))
    assert words.index("cat") < words.index("dog") < words.index("25.0")  # the truth comes first


def test_each_image_stands_below_its_caption_and_a_wrong_guess_is_marked() -> None:
    images = [np.full((8, 16, 3), shade, np.uint8) for shade in range(3)]
    (axes,) = worst(images, ["cat"] * 3, ["cat", "dog", "cat"], [0.25] * 3, columns=2).axes
    places = [(left, below) for below in (1, 0) for left in (0, 1)][:3]
    assert len({each.get_color() for each in axes.texts}) == 2
    assert axes.texts[0].get_color() == axes.texts[2].get_color()
    for image, caption, (across, row) in zip(axes.images, axes.texts, places, strict=True):
        left, right, bottom, top = image.get_extent()
        x, y = caption.get_position()
        assert (right - left, x) == (pytest.approx(2 * (top - bottom)), pytest.approx((left + right) / 2))
        assert top < y
        assert (int(x / 1.25), int(bottom / (axes.get_ylim()[1] / 2))) == (across, row)


EVIL = """<i class="x">&amp; 'q' "d"</i>"""


class Read(HTMLParser):
    """The texts and tags of a page, its style left out."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts, self.tags, self.attributes = [], [], []
        self._inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [value for _, value in attrs]
        self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            del self._inside[len(self._inside) - 1 - self._inside[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self._inside[-1] if self._inside else "", data.strip()))


SVG = b'<svg viewBox="0 0 10 10"><g/></svg>'
PNG = b"\x89PNG..."


class TestPage:
    @pytest.mark.parametrize(("fill", "tags"), [
        (lambda: Page(EVIL), {"title", "h1"}),
        (lambda: Page("t", subtitle=EVIL), {"p"}),
        (lambda: Page("t", footer=EVIL), {"footer"}),
        (lambda: Page("t").heading(EVIL).heading("b"), {"h2", "a"}),
        (lambda: Page("t").paragraph(EVIL), {"p"}),
        (lambda: Page("t").code(EVIL), {"code"}),
        (lambda: Page("t").facts({EVIL: "v"}), {"dt"}),
        (lambda: Page("t").facts({"k": EVIL}), {"dd"}),
        (lambda: Page("t").picture(SVG, alt="a", caption=EVIL), {"figcaption"}),
        (lambda: Page("t").table([{"a": EVIL}], [column("a")]), {"td"}),
        (lambda: Page("t").table([{"a": "v"}], [column("a", EVIL)]), {"th"}),
    ])  # fmt: skip
    def test_text_of_every_kind_arrives_as_it_is(self, fill: Callable[[], Page], tags: set[str]) -> None:
        found = Read(fill().html())
        assert "i" not in found.tags
        assert {tag for tag, words in found.texts if words == EVIL} >= tags

    @pytest.mark.parametrize("picture", [SVG, PNG])
    def test_what_a_picture_shows_stays_within_its_attribute(self, picture: bytes) -> None:
        found = Read(Page("t").picture(picture, alt=EVIL).html())
        assert EVIL in found.attributes
        assert "i" not in found.tags

    def test_everything_stands_in_the_order_in_which_it_was_given(self) -> None:
        page = Page("t").heading("one").facts({"key": "value"}).paragraph("text").heading("two").code("lissom x")
        words = [words for tag, words in Read(page.html()).texts if tag in ("h2", "dt", "dd", "p", "code")]
        assert words == ["one", "key", "value", "text", "two", "lissom x"]


class TestTables:
    rows: tuple[dict[str, Any], ...] = (
        {"name": 'a,"b"\nc', "share": 0.5, "count": 3},
        {"name": "d|e", "share": None, "count": 4, "more": float("nan")},
    )
    columns: tuple[Column, ...] = (column("name"), column("share", "Share", percent, right=True), column("count"))

    def test_csv_has_each_value_below_its_own_key(self) -> None:
        read = list(csv.DictReader(io.StringIO(to_csv(self.rows))))
        assert read == [
            {"name": 'a,"b"\nc', "share": "0.5", "count": "3", "more": ""},
            {"name": "d|e", "share": "", "count": "4", "more": ""},
        ]

    def test_markdown_has_as_many_cells_in_every_line(self) -> None:
        lines = to_markdown(self.rows, self.columns).splitlines()
        assert lines[1] == "| --- | ---: | --- |"
        assert [cell.strip() for cell in lines[2].split(" | ")] == ['| a,"b" c', "50.0 %", "3 |"]
        assert lines[3] == "| d\\|e | – | 4 |"

    def test_html_puts_numbers_at_the_right_in_head_and_body(self) -> None:
        table = to_html(self.rows, self.columns)
        assert table.count('<th class="right">Share</th>') == 1
        assert table.count('<td class="right">50.0 %</td>') == 1
        assert table.count('class="right"') == 3

    def test_a_comparison_has_percent_once_and_milliseconds(self) -> None:
        latency = {"median_ms": 3.14159, "p05_ms": 3.0, "p95_ms": 4.5, "cpu_ms": 6.0}
        row = comparison_row(
            network="net", parameters=1_234_567, macs=89_000_000, resolution=32, correct=90, total=100, latency=latency
        )
        full, brief = ([each.cell(row) for each in comparison_columns(brief=b)] for b in (False, True))
        assert full[:5] == ["net", "1,234,567", "89,000,000", "32", "3.14 (3.00–4.50)"]
        assert full[5] == f"90.0 ({100 * row['low']:.1f}–{100 * row['high']:.1f})"
        assert brief[1:3] == ["1.23 M", "89 M"]
        assert (row["accuracy"], row["low"] < 0.9 < row["high"]) == (0.9, True)

    @pytest.mark.parametrize(("value", "shown"), [
        (999.4, "999"), (999.6, "1 k"), (1.5e6, "1.5 M"), (2.5e9, "2.5 G"), (0.5, "0.5"),
    ])  # fmt: skip
    def test_units_change_at_a_thousand(self, value: float, shown: str) -> None:
        assert short(value) == shown


def test_a_card_s_text_cannot_become_markup_or_a_table() -> None:
    figure = CardFigure(name="a|b", value=0.5, low=0.4, high=0.6, source="*set*")
    said = model_card(
        Card(
            name="net_[1]",
            parameters=1,
            macs=2,
            resolution=3,
            in_channels=3,
            data="<b>",
            metrics=[figure],
            class_names=["a*b"],
            mean=[0.5],
            std=[0.25],
            settings={"lr": 0.1},
        )
    )
    assert "# net_\\[1\\]" in said
    assert "\\<b\\>" in said
    assert "a\\|b: **50.0 %**" in said
    assert "40.0 to 60.0 %" in said
    assert "mean (0.5000), std (0.2500)" in said
    assert "a\\*b" in said
    assert json.dumps("- lr: 0.1")[1:-1] in said
