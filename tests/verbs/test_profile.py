"""`lissom.profile`: any network, any inputs, beside the paper's figures, and measured networks side by side."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import lissom
from lissom.errors import DataError, UsageError
from lissom.profiler.limits import Limits
from lissom.profiler.measured import Measuring
from lissom.verbs import profile as room
from lissom.verbs.profile import compared, profile_all, variants
from lissom.verbs.profile_rows import flat, module_rows, network_row, read_profiles, require_one_machine, rows_of
from lissom.verbs.subject import Wanted, find, parse_shapes

LIMITS = Limits(macs_per_second=5e10, bandwidths=((10**6, 5e10), (10**9, 1e10)), operator_us=1, convolution_us=3)
BRIEF = Measuring(repeats=5, warmup=1, memory=False)
SMALL = Wanted(model="mobilenetv3_small", resolution=64)


@pytest.fixture(scope="module")
def measured() -> list[dict[str, Any]]:
    last_stages = variants(SMALL, "last_stage", ["efficient", "original"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "limits", lambda device, refresh: LIMITS)
        return profile_all(last_stages, measuring=BRIEF)


class Two(nn.Module):
    """An image and a vector."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.vector = nn.Conv2d(3, 10, 1), nn.Linear(7, 10)

    def forward(self, image: Tensor, vector: Tensor) -> Tensor:
        return self.image(image).mean((2, 3)) + self.vector(vector)


def test_several_inputs_are_counted() -> None:
    found = lissom.profile(Two(), input_shapes=[(3, 8, 8), (7,)])
    assert found["macs"] == 8 * 8 * 3 * 10 + 7 * 10
    assert found["input_shapes"] == [[1, 3, 8, 8], [1, 7]]


def test_a_network_that_is_handed_over_is_known_by_its_name_and_a_stranger_s_by_its_class() -> None:
    with torch.device("meta"):
        found = lissom.profile(lissom.build("mobilenetv2", in_channels=5), resolution=32)
    assert (found["network"], found["in_channels"]) == ("mobilenetv2", 5)
    assert lissom.profile(nn.Sequential(nn.Conv2d(2, 1, 1)), resolution=32)["network"] == "Sequential"


def test_the_papers_figures_stand_beside_the_count() -> None:
    printed = lissom.profile("mobilenetv1")["printed"]
    assert printed["macs"] == 569
    assert printed["macs_difference"] == pytest.approx(568_740_352 / 569e6 - 1)
    assert lissom.profile("mobilenetv1", num_classes=10)["printed"] is None


def test_options_typed_as_words_or_as_defaults_find_the_published_row() -> None:
    assert lissom.profile("mobilenetv1", options={"depthwise": "false"})["published"]["top1"] == 71.7  # table 4
    assert lissom.profile("mobilenetv1", options={"depthwise": "true"})["published"]["top1"] == 70.6


def test_both_last_stages_of_mobilenetv3_differ_in_cost_and_are_timed_in_turn(measured: list[dict[str, Any]]) -> None:
    efficient, original = measured
    assert efficient["macs"] < original["macs"]
    assert original["network"] == "mobilenetv3_small last_stage=original"
    for found in measured:
        assert found["measured"]["latency"]["n"] == 5
        timed = [layer for layer in found["layers"] if layer["kind"] != "not run"]
        assert all(layer["bound"] in ("compute", "memory") and layer["fraction"] is not None for layer in timed)
        assert 0.5 < sum(layer["time_share"] for layer in timed) <= 1
        assert found["measured"]["why"][0]["kind"] == "floor"
    assert all("{" not in reason["sentence"] for reason in compared(measured))


def test_widths_and_resolutions_vary_too_and_networks_stay_apart() -> None:
    assert [one.width for one in variants(SMALL, "width", ["0.5", "1"])] == [0.5, 1.0]
    found = profile_all(variants(Wanted(model="mobilenetv1"), "resolution", ["128", "224"]))
    assert [one["network"] for one in found] == ["mobilenetv1 128px", "mobilenetv1 224px"]
    assert [one["published"]["top1"] for one in found] == [64.4, 70.6]  # table 7
    assert [one["network"] for one in profile_all([SMALL, SMALL])] == [
        "mobilenetv3_small 64px",
        "mobilenetv3_small 64px (2)",
    ]


@pytest.mark.parametrize(("name", "values"), [("lst_stage", ["efficient"]), ("width", ["wide"])])
def test_what_cannot_be_varied_is_refused(name: str, values: list[str]) -> None:
    with pytest.raises(UsageError, match="last_stage" if name == "lst_stage" else "wide"):
        variants(SMALL, name, values)


@pytest.mark.parametrize("word", ["3x", "ax4", "0x3", "", "3,4"])
def test_a_shape_that_is_none_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="3x224x224"):
        parse_shapes([word])


def test_shapes_are_read() -> None:
    assert parse_shapes(["3x224x224", "10"]) == ((3, 224, 224), (10,))


def test_to_count_nothing_is_allocated_and_to_measure_it_is() -> None:
    assert next(find(SMALL).module.parameters()).device == torch.device("meta")
    assert next(find(SMALL, device="cpu").module.parameters()).device == torch.device("cpu")


def test_modules_add_up_to_the_network(measured: list[dict[str, Any]]) -> None:
    rows = module_rows(measured[0])
    top = [row for row in rows if row["depth"] == 1]
    assert rows[0]["macs"] == sum(row["macs"] for row in top) == measured[0]["macs"]
    assert sum(row["time_ms"] for row in top) == pytest.approx(rows[0]["time_ms"])
    assert rows[0]["macs_share"] == rows[0]["time_share"] == 1


def test_rows_of_several_networks_name_theirs(measured: list[dict[str, Any]]) -> None:
    assert {row["network"] for row in rows_of(measured, "families")} == {one["network"] for one in measured}
    row = network_row(measured[0])
    assert row["latency_ms"] == measured[0]["measured"]["latency"]["median_ms"]
    assert row["resident_bytes"] is None


def test_csv_cells_are_plain() -> None:
    cells = flat({"output_shape": [1, 3, 8, 8], "other": {"norm": 4}, "macs": 5, "bound": None})
    assert cells == {"output_shape": "1x3x8x8", "other": '{"norm": 4}', "macs": 5, "bound": None}


class TestCompare:
    """Files of profiles, put side by side only where that means something."""

    @pytest.fixture
    def files(self, measured: list[dict[str, Any]], tmp_path: Path) -> tuple[Path, Path]:
        here, there = tmp_path / "here.json", tmp_path / "there.json"
        here.write_text(json.dumps(measured))
        there.write_text(json.dumps(measured[0]))
        return here, there

    def change(self, file: Path, **machine: Any) -> None:
        found = json.loads(file.read_text())
        found["measured"]["machine"] |= machine
        file.write_text(json.dumps(found))

    def test_one_machine_compares(self, files: tuple[Path, Path]) -> None:
        found = read_profiles(files)
        assert len(found) == 3
        require_one_machine(found)

    @pytest.mark.parametrize(
        "other", [{"cpu": "Z80"}, {"threads": 8}, {"torch": "0.4.1"}, {"device": "NVIDIA H200"}, {"id": "0" * 12}]
    )  # fmt: skip
    def test_another_machine_is_refused_on_one_line(self, files: tuple[Path, Path], other: dict[str, Any]) -> None:
        self.change(files[1], **other)
        with pytest.raises(DataError) as refused:
            require_one_machine(read_profiles(files))
        (name, value), line = next(iter(other.items())), str(refused.value)
        assert name in line
        assert str(value) in line
        assert "here.json" in line
        assert "there.json" in line
        assert "\n" not in line

    def test_counts_of_different_machines_compare(self, files: tuple[Path, Path]) -> None:
        self.change(files[1], cpu="Z80")
        require_one_machine(read_profiles(files), ["network", "macs"])
        with pytest.raises(DataError):
            require_one_machine(read_profiles(files), ["network", "latency_ms"])

    def test_another_batch_is_refused(self, files: tuple[Path, Path]) -> None:
        found = read_profiles(files)
        found[2]["measured"]["batch"] = 32
        with pytest.raises(DataError, match="batch"):
            require_one_machine(found)

    def test_how_one_thread_would_wait_does_not_matter(self, files: tuple[Path, Path]) -> None:
        self.change(files[1], omp_wait_policy="PASSIVE", spin_count="7")
        require_one_machine(read_profiles(files))

    @pytest.mark.parametrize("content", ["{", "[1]", '{"network": "a"}'])
    def test_a_file_that_is_no_profile_is_named(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "broken.json").write_text(content)
        with pytest.raises(DataError, match=r"broken\.json"):
            read_profiles([tmp_path / "broken.json"])

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"none\.json"):
            read_profiles([tmp_path / "none.json"])
