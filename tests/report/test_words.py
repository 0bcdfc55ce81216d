"""Tables, intervals, fronts, pages and cards: what is written is what was measured, and nothing else gets in."""

import csv
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from scipy.stats import binomtest

from lissom.report.card import Card, Figure, model_card
from lissom.report.confusion import confusion
from lissom.report.page import Page
from lissom.report.pareto import marked, pareto_front
from lissom.report.tables import column, comparison_row, percent, short, to_csv, to_html, to_markdown
from lissom.stats.intervals import tied_with_best, wilson

pytestmark = pytest.mark.drawn


class TestWilson:
    @pytest.mark.parametrize(("successes", "n"), [(0, 10), (10, 10), (7, 10), (350, 359), (1, 1)])
    def test_equals_scipys(self, successes: int, n: int) -> None:
        theirs = binomtest(successes, n).proportion_ci(0.95, method="wilson")
        assert wilson(successes, n) == pytest.approx((theirs.low, theirs.high), abs=1e-9)

    def test_narrows_with_more_images(self) -> None:
        widths = [high - low for low, high in (wilson(9 * n // 10, n) for n in (10, 100, 1000))]
        assert widths == sorted(widths, reverse=True)


class TestFront:
    def rows(self, *pairs: tuple[int, float]) -> list[dict]:
        return [{"macs": cost, "accuracy": gain} for cost, gain in pairs]

    @pytest.mark.parametrize(("pairs", "front"), [
        ([(1, 0.5)],                                  {0}),
        ([(1, 0.5), (2, 0.6), (3, 0.55)],             {0, 1}),
        ([(1, 0.5), (1, 0.5), (2, 0.4)],              {0, 1}),  # a tie: both are shown
        ([(1, 0.5), (1, 0.6)],                        {1}),
        ([(1, 0.5), (2, 0.5)],                        {0}),
        ([(3, 0.9), (3, 0.9), (3, 0.9)],              {0, 1, 2}),
    ])  # fmt: skip
    def test_nobody_on_it_is_beaten(self, pairs: list[tuple[int, float]], front: set[int]) -> None:
        assert pareto_front(self.rows(*pairs)) == front

    def test_overlapping_intervals_are_ties_with_the_best(self) -> None:
        rows = [
            comparison_row(network=str(n), parameters=1, macs=n, resolution=32, correct=c, total=359)
            for n, c in ((1, 300), (2, 350), (3, 354))
        ]
        assert tied_with_best(rows) == {1, 2}
        assert [(row["on_front"], row["tied"]) for row in marked(rows)] == [(True, False), (True, True), (True, True)]


class TestTables:
    rows = ({"name": "a|b <i>", "macs": 12345, "note": None}, {"name": "c, d", "macs": 6, "note": "x"})
    columns = (column("name"), column("macs", "MACs", "{:,}".format, right=True), column("note"))

    def test_csv_and_json_keep_raw_values(self) -> None:
        assert [row["macs"] for row in csv.DictReader(io.StringIO(to_csv(self.rows)))] == ["12345", "6"]

    def test_markdown_escapes_bars_and_marks_numbers(self) -> None:
        lines = to_markdown(self.rows, self.columns).splitlines()
        assert lines[1] == "| --- | ---: | --- |"
        assert lines[2] == "| a\\|b <i> | 12,345 | – |"

    def test_html_is_escaped(self) -> None:
        assert "a|b &lt;i&gt;" in to_html(self.rows, self.columns)
        assert "<i>" not in to_html(self.rows, self.columns)

    @pytest.mark.parametrize(("value", "shown"), [(0.5, "0.5"), (999, "999"), (1234, "1.23 k"), (5.687e8, "569 M")])
    def test_short_numbers(self, value: float, shown: str) -> None:
        assert short(value) == shown

    def test_percent(self) -> None:
        assert percent(0.9534) == "95.3 %"


class Tags(HTMLParser):
    """All tags with their attributes, and the names of elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    handle_startendtag = handle_starttag


class TestPage:
    def page(self) -> str:
        figure = confusion(np.eye(2, dtype=int), ["a", "b"])
        page = Page("Title & <b>", lang="zh", subtitle="sub", footer="foot")
        page.heading("One <").paragraph("p & q").facts({"k<": "v>"}).code("lissom <x>")
        page.picture(figure, alt='an "alt"').picture(figure, alt="second", caption="cap").heading("Two")
        return page.table([{"name": "<script>alert(1)</script>"}], [column("name")]).html()

    def test_nothing_comes_from_elsewhere_and_nothing_runs(self) -> None:
        tags = Tags(self.page()).tags
        assert not [tag for tag, _ in tags if tag in ("script", "iframe", "object", "embed")]
        links = [value for _, attrs in tags for key, value in attrs.items() if key in ("src", "href", "xlink:href")]
        assert links
        assert all(str(link).startswith(("#", "data:")) for link in links)
        assert not re.search(r"@import|url\((?!#)", self.page())

    def test_text_is_escaped(self) -> None:
        assert "Title &amp; &lt;b&gt;" in self.page()
        assert "<script>" not in self.page()

    def test_language_both_themes_and_pictures_for_those_who_cannot_see(self) -> None:
        tags = Tags(self.page()).tags
        assert dict(tags)["html"]["lang"] == "zh-CN"
        assert "prefers-color-scheme: dark" in self.page()
        assert [attrs["aria-label"] for tag, attrs in tags if tag == "svg"] == ['an "alt"', "second"]

    def test_names_are_unique_though_pictures_repeat(self) -> None:
        names = [attrs["id"] for _, attrs in Tags(self.page()).tags if "id" in attrs]
        assert len(names) == len(set(names))
        used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', self.page()))
        assert used <= set(names)

    def test_bytes_of_a_png_are_embedded(self) -> None:
        html = Page("t").picture(b"\x89PNG...", alt="a").html()
        assert 'src="data:image/png;base64,iVBORy4uLg=="' in html


class TestCard:
    def test_every_figure_says_where_it_comes_from(self) -> None:
        figure = Figure(name="top-1", value=0.975, low=0.953, high=0.987, source="359 test images, read once")
        card = Card(
            name="net", parameters=1234567, macs=89, resolution=32, in_channels=1, data="digits", metrics=[figure],
            sizes={"train": 1295}, class_names=["a", "b"], settings={"lr": 0.1}, usage="import lissom",
        )  # fmt: skip
        text = model_card(card)
        assert "**97.5 %** (95 % interval 95.3 to 98.7 %) · 359 test images, read once" in text
        assert "32×32" in text
        assert "1,234,567" in text
        assert "1,295" in text

    def test_what_is_not_known_is_left_out(self) -> None:
        text = model_card(Card(name="net", parameters=1, macs=1, resolution=32, in_channels=3, data="d"))
        assert "Paper" not in text
        assert "Licence" not in text
        assert "Results" not in text
