"""The bound of a layer: the larger of two least times, each a closed formula of counts and limits."""

import pytest

from lissom.profiler.figures import LayerCost
from lissom.profiler.limits import Limits
from lissom.profiler.roofline import FAMILIES, Layer, RooflinePoint, by_family, family, moved_bytes, point, points
from profiler.made import layer, times

# 10 GMAC/s; 5 GB/s from main memory, so balanced at 2 MACs a byte; 20 GB/s for what fits 1 MB
LIMITS = Limits(macs_per_second=1e10, bandwidths=((10**6, 2e10), (10**9, 5e9)), operator_us=1, convolution_us=4)


def at(cost: LayerCost, ms: float, batch: int = 1) -> RooflinePoint:
    return point(cost, times({cost.name: ms}), LIMITS, batch)


def timed(layers: list[LayerCost], took_ms: dict[str, float]) -> list[Layer]:
    found = points(layers, times(took_ms), LIMITS)
    return [Layer(cost=cost, point=found.get(cost.name)) for cost in layers]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("pointwise", "pointwise"), ("conv 3x3", "conv"), ("transposed conv 2x2", "conv"),
        ("depthwise 5x5", "depthwise"), ("grouped conv 1x1", "grouped"), ("linear", "linear"), ("matmul", "matmul"),
        ("attention", "matmul"),
        ("norm", "norm"), ("activation", "activation"), ("pool", "pool"), ("elementwise", "elementwise"),
        ("se", "elementwise"), ("resize", "other"), ("unknown", "other"), ("parameters", "other"), ("not run", "other"),
    ],
)  # fmt: skip
def test_every_kind_has_a_family(kind: str, expected: str) -> None:
    assert family(kind) == expected
    assert expected in FAMILIES


def test_a_layer_of_many_macs_is_bound_by_compute() -> None:
    found = at(layer("a", "conv 3x3", macs=10**9, moved=10**7), 250)
    assert found.compute_ms == pytest.approx(1e9 / 1e10 * 1e3)  # 100 ms
    assert found.memory_ms == pytest.approx(1e7 / 5e9 * 1e3)  # 2 ms
    assert (found.bound, found.limit_ms) == ("compute", found.compute_ms)
    assert found.fraction == pytest.approx(100 / 250)
    assert found.macs_per_second == pytest.approx(1e9 / 0.250)


def test_a_layer_of_few_macs_is_bound_by_memory() -> None:
    found = at(layer("a", "depthwise 3x3", macs=10**7, moved=10**8), 40)
    assert (found.bound, found.limit_ms) == ("memory", pytest.approx(1e8 / 5e9 * 1e3))
    assert found.fraction == pytest.approx(20 / 40)


def test_small_operands_are_held_to_the_caches_speed() -> None:
    assert at(layer("a", "norm", moved=10**6), 1).memory_ms == pytest.approx(1e6 / 2e10 * 1e3)


def test_a_batch_multiplies_maps_and_macs_but_not_weights() -> None:
    one = layer("a", "linear", macs=1000, moved=4000 + 4000, parameters=1000)
    assert moved_bytes(one, batch=8) == 8 * 4000 + 4000
    assert at(one, 1, batch=8).compute_ms == pytest.approx(8 * 1000 / 1e10 * 1e3)


def test_only_layers_that_were_timed_get_a_bound_and_shares_add_up() -> None:
    layers = [layer("a", "pointwise", macs=5), layer("b", "norm"), layer("c", "not run")]
    found = points(layers, times({"a": 3, "b": 1, "": 4}), LIMITS)
    assert {name: each.time_share for name, each in found.items()} == {"a": 3 / 8, "b": 1 / 8}


def test_a_layer_is_one_row_with_its_point_where_it_was_timed() -> None:
    one, other = timed([layer("a", "pointwise", macs=5), layer("c", "not run")], {"a": 3})
    row = one.to_dict()
    assert (row["name"], row["family"], row["output_shape"], row["time_ms"]) == ("a", "pointwise", [1, 8, 4, 4], 3)
    assert list(row)[-1] == "time_share"
    assert not other.ran
    assert "time_ms" not in other.to_dict()


def test_families_sum_their_layers_in_a_fixed_order() -> None:
    layers = [layer("n", "norm"), layer("a", "pointwise", macs=6), layer("b", "pointwise", macs=3)]
    layers += [layer("d", "depthwise 3x3", macs=1), layer("x", "not run", parameters=9)]
    sums = by_family(timed(layers, {"a": 2, "b": 1, "n": 3, "d": 4}))
    assert [(row.family, row.layers, row.macs_share, round(row.time_share, 9)) for row in sums] == [
        ("pointwise", 2, 0.9, 0.3),
        ("depthwise", 1, 0.1, 0.4),
        ("norm", 1, 0.0, 0.3),
    ]
    assert [row.bytes for row in sums] == [2 * 10**7, 10**7, 10**7]


def test_without_times_the_shares_of_time_are_zero() -> None:
    assert by_family([Layer(cost=layer("a", "pointwise", macs=6))])[0].time_share == 0
