"""Rows: of networks, layers, modules and families, with their shares, and as plain cells."""

from dataclasses import replace

import pytest

from lissom.profiler.result import Accuracy, ProfileResult
from lissom.profiler.rows import chosen_kind, flat, layer_rows, module_rows, network_row, rows_of
from profiler.made import layer, result

LAYERS = [
    layer("stem", "conv 3x3", macs=10, parameters=3),
    layer("blocks.0.a", "pointwise", macs=30, parameters=5),
    layer("blocks.0.b", "norm"),
    layer("blocks.1", "pointwise", macs=60),
    layer("never", "not run", parameters=9),
]
TIMES = {"stem": 1.0, "blocks.0.a": 2.0, "blocks.0.b": 4.0, "blocks.1": 3.0}


@pytest.fixture
def timed() -> ProfileResult:
    return result("net", LAYERS, TIMES)


def test_modules_add_up_to_the_network(timed: ProfileResult) -> None:
    rows = module_rows(timed)
    top = [row for row in rows if row["depth"] == 1]
    assert rows[0]["macs"] == sum(row["macs"] for row in top) == timed.counted.macs
    assert sum(row.get("time_ms", 0.0) for row in top) == pytest.approx(rows[0]["time_ms"]) == 10
    assert rows[0]["macs_share"] == rows[0]["time_share"] == 1


def test_modules_are_indented_by_depth_and_keep_their_path(timed: ProfileResult) -> None:
    rows = {row["path"]: row for row in module_rows(timed)}
    assert [row["name"] for row in rows.values()][:4] == ["net", "  stem", "  blocks", "    0"]
    assert (rows["blocks.0"]["time_ms"], rows["blocks.0"]["macs_share"]) == (6, 0.3)
    assert "time_ms" not in rows["never"]


def test_layers_have_their_share_of_the_macs(timed: ProfileResult) -> None:
    assert [row["macs_share"] for row in layer_rows(timed)] == [0.1, 0.3, 0, 0.6, 0]
    assert [row.get("time_share") for row in layer_rows(timed)] == [0.1, 0.2, 0.4, 0.3, None]


def test_a_network_is_one_row(timed: ProfileResult) -> None:
    row = network_row(replace(timed, published=Accuracy(top1=70.0, source="a table")))
    assert (row["network"], row["macs"], row["latency_ms"], row["top1"]) == ("net", 100, 10, 70)
    assert (row["resident_bytes"], row["printed_macs"], row["device_ms"]) == (None, None, None)
    assert network_row(result("counted", LAYERS))["latency_ms"] is None


@pytest.mark.parametrize("kind", ["layers", "modules", "families"])
def test_rows_of_several_networks_name_theirs(timed: ProfileResult, kind: str) -> None:
    both = rows_of([timed, replace(timed, network="other")], kind)
    assert [row["network"] for row in both] == ["net"] * (len(both) // 2) + ["other"] * (len(both) // 2)
    assert next(iter(both[0])) == "network"
    assert "network" not in rows_of([timed], kind)[0]


def test_one_network_is_shown_by_layer_and_several_side_by_side(timed: ProfileResult) -> None:
    assert chosen_kind([timed], "auto") == "layers"
    assert chosen_kind([timed, timed], "auto") == "networks"
    assert chosen_kind([timed, timed], "modules") == "modules"


def test_csv_cells_are_plain() -> None:
    cells = flat({"output_shape": [1, 3, 8, 8], "other": {"norm": 4}, "macs": 5, "bound": None})
    assert cells == {"output_shape": "1x3x8x8", "other": '{"norm":4}', "macs": 5, "bound": None}


def test_what_was_not_measured_has_no_time_and_identities_no_row(timed: ProfileResult) -> None:
    bare = result("net", LAYERS)
    assert {row["time_ms"] for row in rows_of([bare], "families")} == {None}
    assert all(row["time_ms"] for row in rows_of([timed], "families"))
    idle = replace(bare.counted.modules[-1], module="Identity", name="idle")
    counted = replace(bare.counted, modules=(*bare.counted.modules, idle))
    assert "idle" not in [row["path"] for row in module_rows(replace(bare, counted=counted))]
