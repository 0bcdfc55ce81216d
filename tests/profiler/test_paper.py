"""The papers' tables: every printed figure agrees with the count, or says why it cannot."""

import pytest

from lissom.errors import UsageError
from lissom.messages import text
from lissom.profiler.paper import PaperRow, _row, paper_tables
from lissom.profiler.printed import PAPERS


def rows(name: str, table: str = "") -> list[PaperRow]:
    return [row for part in paper_tables(name).tables if table in part.title for row in part.rows]


def test_plain_data_has_the_tables_with_their_rows() -> None:
    found = paper_tables("mobilenetv3").to_dict()
    assert list(found) == ["paper", "title", "arxiv", "convention", "tables"]
    assert list(found["tables"][0]) == ["title", "rows"]
    assert list(found["tables"][0]["rows"][0]) == [
        "row", "figure", "printed", "counted", "difference_percent", "remark"
    ]  # fmt: skip


@pytest.mark.parametrize("name", PAPERS)
def test_every_figure_agrees_or_has_its_reason(name: str) -> None:
    found = rows(name)
    assert found
    for row in found:
        assert row.difference_percent == pytest.approx(100 * (row.counted / row.printed - 1), abs=0.0051)
        assert row.remark != text("paper.no-reason"), row


@pytest.mark.parametrize(
    ("stated", "counted", "digit", "agrees"),
    [
        (569, 568.74, 0, True),
        (290, 290.68, 0, True),  # cut off
        (4866, 4867.3, 0, False),
        (4.2, 4.232, 0, True),
        (4.2, 4.32, 0, False),
        (24.33, 24.335, 0, True),
        (1.19, 1.91, 0, False),
        (3860, 3858, 10, True),
        (3870, 3858, 10, False),
    ],
)  # fmt: skip
def test_a_figure_agrees_within_its_last_digit(stated: float, counted: float, digit: float, agrees: bool) -> None:
    row = _row("a network", "macs", stated, counted, digit=digit, fault="a reason")
    assert row.remark == ("" if agrees else "a reason")
    assert _row("a network", "macs", stated, counted, digit=digit).remark == ("" if agrees else text("paper.no-reason"))


def test_mobilenetv1_table_2_and_its_fault() -> None:
    found = rows("mobilenetv1", "table 2")
    shares = {(row.row, row.figure): (row.printed, round(row.counted, 2)) for row in found}
    assert shares == {
        ("Conv 1x1", "share of MACs, %"): (94.86, 94.86),
        ("Conv 1x1", "share of weights, %"): (74.59, 74.59),
        ("Conv DW 3x3", "share of MACs, %"): (3.06, 3.06),
        ("Conv DW 3x3", "share of weights, %"): (1.06, 1.06),
        ("Conv 3x3", "share of MACs, %"): (1.19, 1.91),
        ("Conv 3x3", "share of weights, %"): (0.02, 0.02),
        ("Fully Connected", "share of MACs, %"): (0.18, 0.18),
        ("Fully Connected", "share of weights, %"): (24.33, 24.33),
    }
    assert [row.row for row in found if row.remark] == ["Conv 3x3"]


@pytest.mark.parametrize(
    ("table", "macs"),
    [
        ("table 3", [462.422016, 52.283392, 29.578752, 15.0912]),
        ("table 4", [4867.293184, 568.740352]),
        ("table 5", [325.400448, 307.323392]),
        ("table 6", [568.740352, 325.400448, 149.497088, 41.030272]),
        ("table 7", [568.740352, 418.121728, 290.675200, 186.400768]),
    ],
)  # fmt: skip
def test_mobilenetv1_tables_of_layers_and_networks(table: str, macs: list[float]) -> None:
    found = rows("mobilenetv1", table)
    assert [row.counted for row in found if row.figure == "MACs, millions"] == macs
    assert {row.row for row in found if row.remark} <= {"Conv MobileNet"}


def test_shufflenetv1_table_1_agrees_to_the_last_digit_without_the_classifier() -> None:
    found = rows("shufflenetv1", "table 1,")
    assert [round(row.counted) for row in found] == [round(row.printed) for row in found]
    assert len(found) == 5 * 4
    assert not any(row.remark for row in found)


def test_mobilenetv3_s_last_stage_saves_thirty_million() -> None:
    (row,) = rows("mobilenetv3", "figure 5")
    # 320 x 960 and 1280 x 320 weights and a depthwise 3x3 on 7 x 7, against 1280 x 960 on one pixel
    depthwise, original, efficient = 49 * 960 * 9, 49 * 320 * (960 + 1280), 960 * 1280
    assert row.counted == pytest.approx((depthwise + original - efficient) / 1e6)
    assert row.printed == 30


def test_an_unknown_paper_suggests_near_ones() -> None:
    with pytest.raises(UsageError, match="mobilenetv1"):
        paper_tables("mobilenet1")
