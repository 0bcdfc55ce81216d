"""Tables of names: places, kinds of blocks, and what no table has."""

from lissom.weights.layout import Layout, units

LAYOUT = Layout(
    style="test",
    family="mobilenetv2",
    title="a test's",
    marks=("first.weight",),
    outside=units({"first norm": "stem"}) | {r"last\.\d+": "head.1"},
    block=r"stage(\d+)\.(\d+)\.",
    inside=(units({"a an": "depthwise"}), units({"a an": "expand", "b bn": "project"}) | {"gate": "/expansion.conv"}),
    first=1,
)


def test_units_are_a_convolution_and_its_norm() -> None:
    assert units({"0 1": "stem", "fc": "head.1"}) == {"0": "stem.conv", "1": "stem.norm", "fc": "head.1"}


def test_places_outside_of_blocks_and_patterns() -> None:
    names = ["first.weight", "norm.running_mean", "last.17.bias"]
    assert list(LAYOUT.translate(names).values()) == ["stem.conv.weight", "stem.norm.running_mean", "head.1.bias"]


def test_blocks_are_counted_through_their_stages_by_number_not_by_letter() -> None:
    names = [f"stage{s}.{b}.{part}.weight" for s, b in ((2, 0), (2, 10), (2, 9), (10, 0)) for part in ("a", "an")]
    found = LAYOUT.translate(names)
    assert found["stage2.0.a.weight"] == "blocks.1.depthwise.conv.weight"
    assert found["stage2.9.an.weight"] == "blocks.2.depthwise.norm.weight"
    assert found["stage2.10.a.weight"] == "blocks.3.depthwise.conv.weight"
    assert found["stage10.0.a.weight"] == "blocks.4.depthwise.conv.weight"


def test_a_block_s_kind_is_known_by_all_of_its_places() -> None:
    names = [f"stage1.0.{part}.weight" for part in ("a", "an", "b", "bn", "gate")]
    found = LAYOUT.translate(names)
    assert found["stage1.0.a.weight"] == "blocks.1.expand.conv.weight"
    assert found["stage1.0.gate.weight"] == "expansion.conv.weight"  # a place that is in none of our blocks


def test_a_block_of_no_known_kind_and_a_name_of_no_place_are_not_translated() -> None:
    found = LAYOUT.translate(["stage1.0.a.weight", "stage1.0.c.weight", "other.weight"])
    assert set(found.values()) == {None}
