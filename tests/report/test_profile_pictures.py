"""Pictures of a profile: what is drawn has the height, the place and the colour of its figure."""

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from lissom.errors import UsageError
from lissom.report.canvas import to_svg
from lissom.report.layers import COLOURS, grouped, layers_picture
from lissom.report.profile_columns import available, columns, difference, megabytes
from lissom.report.roofline import roofline_picture
from lissom.report.scatter import scatter

pytestmark = pytest.mark.drawn

LIMITS = {"macs_per_second": 1e11, "bandwidths": [[10**6, 1e11], [10**9, 1e10]], "memory_bandwidth": 1e10}


def layer(name: str, family: str, macs: int, time_ms: float) -> dict[str, Any]:
    own = {"name": name, "kind": family, "family": family, "macs": macs, "parameters": 5, "time_ms": time_ms}
    moved = {"bytes_read": 3000, "bytes_written": 1000, "intensity": macs / 4000}
    return {**own, **moved, "time_share": time_ms / 10, "macs_per_second": 1e3 * macs / time_ms or None}


LAYERS = [
    layer("stem.conv", "conv", 40_000, 2.0),
    layer("blocks.0.depthwise", "depthwise", 4_000, 3.0),
    layer("blocks.0.norm", "norm", 0, 1.0),
    layer("blocks.0.pointwise", "pointwise", 80_000, 4.0),
    layer("odd $x_1$ name", "other", 0, 0.0001),
]


def drawn(layers: list[dict[str, Any]] = LAYERS) -> Figure:
    return layers_picture(layers, network="net", title="net, 3 x 8 x 8")


def test_groups_are_as_deep_as_there_is_room_for() -> None:
    assert [name for name, _ in grouped(LAYERS, most=4)] == ["stem.conv", "blocks.0", "odd $x_1$ name"]
    assert [name for name, _ in grouped(LAYERS, most=9)] == [each["name"] for each in LAYERS]
    assert sum(len(members) for _, members in grouped(LAYERS, most=1)) == len(LAYERS)


def test_bars_are_as_high_as_the_costs_and_stacked_by_family() -> None:
    picture = drawn()
    macs, moved, time = picture.axes
    assert [axes.get_title(loc="left") for axes in picture.axes] == ["MACs", "Bytes read and written", "Time, ms"]
    heights = {to_hex(bar.get_facecolor()): bar.get_height() for bar in macs.patches if bar.get_height()}
    assert heights == {COLOURS["conv"]: 40_000, COLOURS["depthwise"]: 4_000, COLOURS["pointwise"]: 80_000}
    assert sum(bar.get_height() for bar in moved.patches) == 4000 * len(LAYERS)
    assert sum(bar.get_height() for bar in time.patches) == pytest.approx(10.0001)


def test_the_title_names_network_and_input_and_a_layer_without_a_name_is_the_network() -> None:
    picture = drawn([layer("", "conv", 40_000, 2.0)])
    assert picture.get_suptitle() == "net, 3 x 8 x 8"
    assert [tick.get_text() for tick in picture.axes[-1].get_xticklabels()] == ["net"]


def test_without_times_there_is_no_panel_of_times() -> None:
    counted = [{k: v for k, v in one.items() if k != "time_ms"} for one in LAYERS]
    assert len(drawn(counted).axes) == 2


def test_the_roof_is_bandwidth_times_intensity_up_to_the_peak() -> None:
    (axes,) = roofline_picture(LAYERS, LIMITS, network="net").axes
    memory, cache, peak = axes.lines
    for line, speed in ((memory, 1e10), (cache, 1e11)):
        x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
        assert y == pytest.approx(x * speed)
        assert y[-1] == 1e11
    assert set(peak.get_ydata()) == {1e11}


def test_a_point_stands_at_its_intensity_and_speed_and_its_area_grows_with_time() -> None:
    (axes,) = roofline_picture(LAYERS, LIMITS, network="net").axes
    points = {to_hex(c.get_facecolor()[0]): (c.get_offsets()[0], c.get_sizes()[0]) for c in axes.collections}
    assert set(points) == {COLOURS[name] for name in ("conv", "depthwise", "pointwise")}  # a norm has no MACs
    place, area = points[COLOURS["pointwise"]]
    assert tuple(place) == (20, 80_000 / 4e-3)
    assert area > points[COLOURS["depthwise"]][1] > points[COLOURS["conv"]][1]


ROWS = [
    {"network": "a", "top1": 70.0, "macs": 10**8, "latency_ms": 9.0},
    {"network": "b", "top1": 75.0, "macs": 2 * 10**8, "latency_ms": 8.0},
    {"network": "c", "top1": 72.0, "macs": 3 * 10**8, "latency_ms": 7.0},
]


def test_the_front_is_another_for_another_cost() -> None:
    macs, latency = scatter(ROWS).axes
    assert sorted(set(macs.lines[0].get_ydata())) == [70, 75]
    assert sorted(set(latency.lines[0].get_ydata())) == [72, 75]


def test_without_every_latency_there_is_one_panel() -> None:
    assert len(scatter([*ROWS[:2], {**ROWS[2], "latency_ms": None}]).axes) == 1


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_pictures_are_drawn_in_both_languages(lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISSOM_LANG", lang)
    for picture in (drawn(), roofline_picture(LAYERS, LIMITS, network="net"), scatter(ROWS)):
        assert b"<svg" in to_svg(picture)


def test_columns_that_are_there_are_shown_and_others_refused() -> None:
    rows = [{"name": "a", "macs": 5, "time_ms": None, "secret": 1}, {"name": "b", "macs": 6, "bound": "memory"}]
    assert available(rows) == ["name", "macs", "bound"]
    assert [each.title for each in columns(rows, "layers")] == ["layer", "MACs", "bound by"]
    cells = [each.cell(rows[0]) for each in columns(rows, "layers", ["macs", "bound"])]
    assert cells == ["5", "–"]
    with pytest.raises(UsageError, match="macs"):
        columns(rows, "layers", ["mac"])


@pytest.mark.parametrize(("value", "shown"), [(0.0123, "+1.2 %"), (-0.2, "-20.0 %"), (-0.0001, "0.0 %")])
def test_differences_have_a_sign_unless_they_round_to_zero(value: float, shown: str) -> None:
    assert difference(value) == shown


def test_megabytes_are_decimal() -> None:
    assert megabytes(1_234_567) == "1.23 MB"
