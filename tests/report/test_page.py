"""The parts of a report's page: the result first, the rest folded, everything escaped."""

import re

import numpy as np
import pytest

from lissom.report.canvas import to_svg
from lissom.report.confusion import confusion
from lissom.report.curves import curves
from lissom.report.layers import layers_picture
from lissom.report.page import Page
from lissom.report.tables import column


def test_the_result_the_tiles_and_the_folded_facts_are_escaped() -> None:
    page = Page("t").result("<1 %", "a<b", "c<d").facts({"e<f": "g<h"}, tiles=True).folded("i<j", {"k<l": "m<n"}).html()
    body = page[page.index("<main>") :]
    assert all(f"{left}&lt;{right}" in body for left, right in ("ab", "cd", "ef", "gh", "ij", "kl", "mn"))
    assert "<details><summary>i&lt;j</summary>" in body
    assert "<details open" not in body


def test_print_is_light_and_shows_no_contents() -> None:
    page = Page("t").html()
    assert "@media screen and (prefers-color-scheme: dark)" in page
    assert re.search(r"@media print \{\s+nav \{ display: none \}", page)


def widths(classes: int) -> float:
    svg = to_svg(confusion(np.eye(classes, dtype=int), [str(i) for i in range(classes)])).decode()
    found = re.search(r'viewBox="0 0 ([\d.]+)', svg)
    assert found
    return float(found[1])


@pytest.mark.drawn
def test_a_confusion_matrix_is_as_large_as_its_classes_need_and_never_wider_than_a_page() -> None:
    small, middle, large = widths(3), widths(12), widths(60)
    assert small < 0.6 * middle < middle < large < 66 * 12  # 66 rem in points


def test_a_picture_is_not_blown_up() -> None:
    page = Page("t").picture(confusion(np.eye(2, dtype=int), ["a", "b"]), alt="x").html()
    assert re.search(r"--least: \d+px; --most: \d+px", page)


def test_the_curves_name_their_metric_in_percent_and_leave_no_gap() -> None:
    history = [{"epoch": n, "lr": 1e-5 * n, "top1": None if n == 2 else 0.5} for n in range(1, 4)]
    metric, rate = curves(history, metrics=("top1", "top5")).axes
    assert metric.get_title(loc="left") == "Validation: top-1 accuracy"
    assert list(metric.lines[0].get_xdata()) == [1, 3]
    assert metric.yaxis.get_major_formatter()(0.5, 0).endswith("%")
    assert rate.yaxis.get_major_formatter()(1e-5, 0) == "1e-05"


def test_the_highest_bar_stays_clear_of_the_frame() -> None:
    row = {"kind": "conv", "family": "conv", "macs": 8, "bytes_read": 3, "bytes_written": 1}
    for axes in layers_picture([{"name": "a", **row}, {"name": "b", **row}], network="n", title="t").axes:
        assert axes.get_ylim()[1] > 1.05 * max(bar.get_height() for bar in axes.patches)
        assert axes.get_xlim()[0] < axes.patches[0].get_x() - 0.2


def test_a_dark_line_is_lifted_on_the_dark_page_alone() -> None:
    svg = '<svg viewBox="0 0 9 9"><path style="fill: none; stroke: {}"/><path style="fill: {}"/></svg>'
    page = Page("t")
    for line in ("#12305e", "#f2a93b"):
        page.picture(svg.format(line, "#12305e").encode(), alt="lines")
    html = page.html()
    assert "fill: none; stroke: var(--line-12305e, #12305e)" in html
    assert 'style="fill: #12305e"' in html
    assert "@media screen and (prefers-color-scheme: dark) { :root { --line-12305e: #8897ae } }" in html


def test_a_long_table_can_be_folded() -> None:
    rows, columns = [{"a": 1}], [column("a")]
    assert "<details><summary>1 &lt; 2</summary><div" in Page("t").table(rows, columns, folded="1 < 2").html()
    assert "<details>" not in Page("t").table(rows, columns).html()


def test_long_words_and_headings_break_rather_than_widen_the_page() -> None:
    style = Page("t").html()
    assert re.search(r"h1, p, li, figcaption \{[^}]*overflow-wrap: anywhere", style)
    assert "nav a { margin-right: 1.1rem; display: inline-block }" in style
