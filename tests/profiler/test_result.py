"""A result as plain data: the keys that files have, in their order, and a layer's times beside its cost."""

from dataclasses import replace

import pytest

from lissom.messages import text
from lissom.models.entry import Printed, Published
from lissom.profiler.reasons import reason
from lissom.profiler.result import Accuracy, ProfileResult, paper_figures
from profiler.made import layer, result

LAYERS = [
    layer("a", "pointwise", macs=2 * 10**6, parameters=10),
    layer("b.norm", "norm", parameters=4),
    layer("c", "not run"),
]
COUNTED = [
    "network", "resolution", "in_channels", "published", "printed", "parameters", "trainable", "macs", "other",
    "activations", "memory_access", "bytes_read", "bytes_written", "peak_memory_bytes", "weight_bytes",
    "receptive_field", "input_shape", "input_shapes", "convention", "layers", "modules", "unknown", "ruled",
    "families", "measured",
]  # fmt: skip


@pytest.fixture
def timed() -> ProfileResult:
    found = result("net", LAYERS, {"a": 3.0, "b.norm": 1.0})
    assert found.measured
    return replace(found, measured=replace(found.measured, why=(reason("follows"),)))


def test_a_count_has_its_keys_and_plain_values() -> None:
    found = replace(result("net", LAYERS), published=Accuracy(top1=70.6, source="a table")).to_dict()
    assert list(found) == COUNTED
    assert (found["macs"], found["input_shapes"], found["measured"]) == (2 * 10**6, [[1, 3, 8, 8]], None)
    assert found["published"] == {"top1": 70.6, "source": "a table"}
    assert found["layers"][0]["family"] == "pointwise"
    assert list(found["families"][0])[-4:] == ["time_ms", "limit_ms", "macs_share", "time_share"]
    assert [row["family"] for row in found["families"]] == ["pointwise", "norm"]


def test_a_file_that_it_was_read_from_comes_last(timed: ProfileResult) -> None:
    assert list(replace(timed, file="here.json").to_dict()) == [*COUNTED, "file"]


def test_what_was_measured_stands_with_the_layers_and_with_the_whole(timed: ProfileResult) -> None:
    found = timed.to_dict()
    assert [row.get("time_ms") for row in found["layers"]] == [3, 1, None]
    assert "bound" not in found["layers"][2]
    assert found["families"][0]["time_share"] == 0.75
    assert list(found["measured"])[-3:] == ["layers", "limits", "why"]
    assert found["measured"]["layers"] is True
    assert found["measured"]["limits"]["balance"] == 10
    assert found["measured"]["why"] == [{"kind": "follows", "sentence": reason("follows").sentence()}]


def published(fused: tuple[int, int] | None) -> Published:
    return Published({}, 224, 1, 1, None, "", Printed(parameters=None, macs=1.6, faulty="v3-large"), fused)


def test_the_papers_figures_come_with_the_difference_where_they_are_printed() -> None:
    counted = result("net", LAYERS).counted
    figures = paper_figures(published(None), counted)
    assert figures
    assert (figures.parameters, figures.parameters_difference) == (None, None)
    assert (figures.macs, figures.macs_difference, figures.digit) == (1.6, pytest.approx(0.25), 1.0)
    assert figures.faulty == text("paper_fault.v3-large")
    assert paper_figures(None, counted) is None
    fused = paper_figures(published((3, 3_200_000)), counted)  # the paper prints the network in use
    assert fused
    assert fused.macs_difference == pytest.approx(1.0)
