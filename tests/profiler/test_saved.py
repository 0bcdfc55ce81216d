"""Files of profiles: read again as they were written, and put side by side only where that means something."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lissom.errors import DataError
from lissom.profiler.reasons import reason
from lissom.profiler.result import Accuracy, PaperFigures, ProfileResult
from lissom.profiler.saved import as_json, from_dict, read_profiles, require_one_machine
from profiler.made import layer, result

LAYERS = [layer("a", "pointwise", macs=2 * 10**6), layer("b.norm", "norm"), layer("c", "not run")]
PRINTED = PaperFigures(parameters=4.2, macs=569, parameters_difference=0.01, macs_difference=None, digit=1, faulty="so")


def timed(network: str = "net") -> ProfileResult:
    found = result(network, LAYERS, {"a": 3.0, "b.norm": 1.0})
    assert found.measured
    why = (reason("no-macs", time_share=0.25, time_ms=1.0, parts={"norm": 0.25}), reason("follows"))
    return replace(
        found,
        published=Accuracy(top1=70.6, source="a table"),
        printed=PRINTED,
        unfused=(40, 500),
        fused=(30, 400),
        measured=replace(found.measured, why=why),
    )


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    here, there = tmp_path / "here.json", tmp_path / "there.json"
    here.write_text(as_json([timed(), timed("other")]))
    there.write_text(as_json([timed()]))
    return here, there


def change(file: Path, **machine: Any) -> None:
    found = json.loads(file.read_text())
    found["measured"]["machine"] |= machine
    file.write_text(json.dumps(found))


@pytest.mark.parametrize("found", [timed(), result("counted", LAYERS)], ids=["measured", "counted"])
def test_what_was_written_is_read_again(found: ProfileResult) -> None:
    again = from_dict(json.loads(json.dumps(found.to_dict())))
    assert again.to_dict() == found.to_dict()
    assert json.dumps(again.to_dict()) == json.dumps(found.to_dict())  # 569 stays 569
    assert (again.counted, again.layers, again.printed) == (found.counted, found.layers, found.printed)


def test_files_of_one_and_of_several_are_read_and_named(files: tuple[Path, Path]) -> None:
    found = read_profiles(files)
    assert [one.network for one in found] == ["net", "other", "net"]
    assert [one.file for one in found] == [str(files[0]), str(files[0]), str(files[1])]
    require_one_machine(found)


def test_a_file_that_does_not_say_which_statistic_stands_for_a_layer_has_the_median(tmp_path: Path) -> None:
    old = timed().to_dict()
    del old["measured"]["layer_statistic"]
    measured = from_dict(old).measured
    assert measured
    assert measured.times.layers
    assert measured.times.layers.statistic == "median"


@pytest.mark.parametrize(
    "other", [{"cpu": "6502"}, {"threads": 8}, {"torch": "0.4.1"}, {"device": "NVIDIA H200"}, {"id": "0" * 12}]
)  # fmt: skip
def test_another_machine_is_refused_on_one_line(files: tuple[Path, Path], other: dict[str, Any]) -> None:
    change(files[1], **other)
    with pytest.raises(DataError) as refused:
        require_one_machine(read_profiles(files))
    (name, value), line = next(iter(other.items())), str(refused.value)
    assert name in line
    assert str(value) in line
    assert "here.json" in line
    assert "there.json" in line
    assert "\n" not in line


def test_counts_of_different_machines_compare(files: tuple[Path, Path]) -> None:
    change(files[1], cpu="6502")
    require_one_machine(read_profiles(files), ["network", "macs"])
    with pytest.raises(DataError):
        require_one_machine(read_profiles(files), ["network", "latency_ms"])


def test_another_batch_is_refused(files: tuple[Path, Path]) -> None:
    found = json.loads(files[1].read_text())
    found["measured"]["batch"] = 32
    files[1].write_text(json.dumps(found))
    with pytest.raises(DataError, match="batch"):
        require_one_machine(read_profiles(files))


def test_how_one_thread_would_wait_does_not_matter(files: tuple[Path, Path]) -> None:
    change(files[1], omp_wait_policy="PASSIVE", spin_count="7")
    require_one_machine(read_profiles(files))


@pytest.mark.parametrize(
    "content",
    ["{", "[1]", "[" * 100_000, '{"macs": NaN}', '{"network": "a"}', '{"network": "a", "macs": 1, "layers": []}'],
)
def test_a_file_that_is_no_profile_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "broken.json").write_text(content)
    with pytest.raises(DataError, match=r"broken\.json"):
        read_profiles([tmp_path / "broken.json"])


Damage = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(("damage", "reason"), [
    (lambda found: found.pop("resolution"),                          "resolution is missing"),
    (lambda found: found["layers"][0].pop("macs"),                   r"json: layers\[0\].macs is missing"),
    (lambda found: found["measured"].pop("limits"),                  "measured.limits is None, not an object"),
    (lambda found: found["measured"].pop("layer_sum_ms"),            "measured.layers.sum_ms is missing"),
    (lambda found: found["measured"]["limits"].update(bandwidths=[]), "bandwidths are missing"),
    (lambda found: found["measured"]["machine"].update(cores="2"),   "measured.machine.cores is '2', not int"),
    (lambda found: found["measured"]["latency"].update(median_ms=[]), r"latency.median_ms is \[\], not float"),
    (lambda found: found["layers"][0].update(bound="both"),          r"layers\[0\].bound is 'both', not one of"),
    (lambda found: found["layers"][0].update(time_ms=None),          r"layers\[0\].time_ms is None"),
    (lambda found: found["measured"].pop("why"),                     "measured.why is None, not a list"),
    (lambda found: found["measured"].update(why=7),                  "measured.why is 7, not a list"),
    (lambda found: found["measured"]["why"][0].update(time_share=10**400), r"measured.why\[0\] is .* no sentence"),
    (lambda found: found["measured"]["why"].append(7),               r"measured.why\[2\] is 7"),
    (lambda found: found["measured"]["why"].append({"kind": "so"}),  r"measured.why\[2\] is .* no sentence"),
    (lambda found: found["measured"]["why"][0].pop("time_share"),    r"measured.why\[0\] is .* no sentence"),
    (lambda found: found["layers"].append(7),                        r"layers\[3\] is 7, not an object"),
    (lambda found: found.update(layers={}),                          "layers is {}, not a list"),
    (lambda found: found.update(macs="many"),                        "macs is 'many', not int"),
    (lambda found: found.update(measured=[1]),                       r"measured is \[1\], not an object"),
    (lambda found: found.update(unfused=[1]),                        "unfused has 1 values, not 2"),
    (lambda found: found.update(fused=["many", 2]),                  r"fused\[0\] is 'many', not int"),
    (lambda found: found["measured"].update(resident_bytes=10**400), "resident_bytes is 1000.* more than 64 bits"),
    (lambda found: found.update(network="\ud800"),                   "halves of letters"),
])  # fmt: skip
def test_a_damaged_profile_is_one_line(files: tuple[Path, Path], damage: Damage, reason: str) -> None:
    found = json.loads(files[1].read_text())
    damage(found)
    files[1].write_text(json.dumps(found))
    with pytest.raises(DataError, match=reason):
        read_profiles([files[1]])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.json"):
        read_profiles([tmp_path / "none.json"])
