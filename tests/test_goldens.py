"""The proof that a refactoring moves nothing: what it must notice, what may differ, and that its table is sound."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file
from scipy.io import savemat

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

import goldens  # noqa: E402
from goldens_compare import CLOSE, Content, Found, compare, compare_files, compare_runs, figures  # noqa: E402
from goldens_runs import SCENARIOS, Scenario, make_data  # noqa: E402

ROWS = [{"epoch": n, "train_loss": 1.5 / n, "seconds": 0.25, "images_per_second": 64.0} for n in (1, 2)]
WEIGHTS = {"stem.conv": np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4), "stem.norm.steps": np.array(7)}
TEST = {"top1": 0.75, "confusion": [[3, 1], [1, 3]], "calibration_error": 0.125, "seconds": 3.0}
CLASSES = np.arange(6, dtype=np.uint8).reshape(2, 3)


def run_folder(path: Path, *, rows: list[dict[str, Any]] = ROWS, weights: dict[str, Any] = WEIGHTS) -> Path:
    """A run as small as it can be, with a map."""
    path.mkdir(parents=True)
    (path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name in ("best", "last"):
        save_file(weights, path / f"{name}.safetensors")
    (path / "evaluation.json").write_text(json.dumps({"status": "finished", "test": TEST}))
    np.save(path / "map.npy", CLASSES)
    return path


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return run_folder(tmp_path / "base" / "run")


def flipped(values: np.ndarray, bit: int = 0) -> np.ndarray:
    """The same but for one bit of the last value."""
    content = bytearray(values.tobytes())
    content[-values.itemsize] ^= 1 << bit
    return np.frombuffer(bytes(content), values.dtype).reshape(values.shape)


def only(found: Found) -> str:
    """The one difference."""
    assert len(found.differences) == 1, found.differences
    return found.differences[0]


def test_equal_runs_are_equal_and_everything_is_counted(base: Path, tmp_path: Path) -> None:
    found = compare_runs(base, run_folder(tmp_path / "head" / "run"))
    assert found.differences == []
    counts = {"files": 4, "row_values": 4, "tensors": 4, "maps": 1, "figures": 5, "close": 1, "close_identical": 1}
    assert found.counts == counts


def test_times_and_the_place_of_files_may_differ(base: Path, tmp_path: Path) -> None:
    slower = [row | {"seconds": 9.0, "images_per_second": 1.0, "evaluation_seconds": 2.0} for row in ROWS]
    head = run_folder(tmp_path / "head" / "run", rows=slower)
    (head / "maps").mkdir()
    (head / "map.npy").rename(head / "maps" / "map.npy")
    (head / "evaluation.json").write_text(json.dumps({"result": {"deeper": TEST | {"seconds": 1.0}}}))
    assert compare_runs(base, head).differences == []


def test_one_flipped_bit_of_a_tensor_is_noticed(base: Path, tmp_path: Path) -> None:
    head = run_folder(tmp_path / "head" / "run")
    save_file(WEIGHTS | {"stem.conv": flipped(WEIGHTS["stem.conv"])}, head / "last.safetensors")
    said = only(compare_runs(base, head))
    assert said.startswith("run/last.safetensors: 1 of 2 differ; stem.conv: 1 of 12 values; largest difference ")
    assert said.endswith(("e-07, of stem.conv", "e-08, of stem.conv"))


def test_the_sign_of_a_zero_and_the_bits_of_a_nan_count() -> None:
    zeros, nans = np.zeros(2, np.float32), np.full(2, np.nan, np.float32)
    for values in (zeros, nans):
        assert compare("w", as_tensors(values), as_tensors(values.copy())).differences == []
    assert only(compare("w", as_tensors(zeros), as_tensors(-zeros)))
    assert only(compare("w", as_tensors(nans), as_tensors(flipped(nans))))


def as_tensors(values: np.ndarray) -> Content:
    return Content("tensors", {"w": values}, {})


@pytest.mark.parametrize("other", [np.zeros((4, 3), np.float32), np.zeros((3, 4), np.float64)])
def test_another_shape_or_type_of_a_tensor_is_noticed(base: Path, tmp_path: Path, other: np.ndarray) -> None:
    head = run_folder(tmp_path / "head" / "run")
    save_file(WEIGHTS | {"stem.conv": other}, head / "best.safetensors")
    assert "float32[3, 4] -> " in only(compare_runs(base, head))


def test_a_tensor_that_is_gone_or_new_is_noticed(base: Path, tmp_path: Path) -> None:
    head = run_folder(tmp_path / "head" / "run", weights={"stem.conv": WEIGHTS["stem.conv"]})
    assert compare_runs(base, head).differences == [
        "run/best.safetensors: 1 of 2 differ; stem.norm.steps: there -> missing",
        "run/last.safetensors: 1 of 2 differ; stem.norm.steps: there -> missing",
    ]
    assert len(compare_runs(head, base).differences) == 2


def test_a_changed_loss_is_noticed_to_its_last_bit(base: Path, tmp_path: Path) -> None:
    loss = float(np.nextafter(0.75, 1))
    head = run_folder(tmp_path / "head" / "run", rows=[ROWS[0], ROWS[1] | {"train_loss": loss}])
    said = only(compare_runs(base, head))
    expected = "run/metrics.jsonl: 1 of 4 differ; row 2 train_loss: 0.75 -> 0.7500000000000001; largest difference"
    assert said.startswith(expected)


def test_a_missing_row_is_noticed(base: Path, tmp_path: Path) -> None:
    head = run_folder(tmp_path / "head" / "run", rows=ROWS[:1])
    assert only(compare_runs(base, head)) == "run/metrics.jsonl: 2 of 4 differ; row 2 epoch: there -> missing"


def test_a_changed_byte_of_a_map_is_noticed(base: Path, tmp_path: Path) -> None:
    head = run_folder(tmp_path / "head" / "run")
    np.save(head / "map.npy", flipped(CLASSES))
    assert only(compare_runs(base, head)).startswith("run/map.npy: 1 of 1 differ; bytes: 1 of ")


@pytest.mark.parametrize("ending", [".tif", ".img", ".hdr"])
def test_maps_for_other_programs_are_compared_byte_for_byte(tmp_path: Path, ending: str) -> None:
    first, second = tmp_path / f"a{ending}", tmp_path / f"b{ending}"
    first.write_bytes(b"map 1")
    second.write_bytes(b"map 2")
    assert compare_files("map", first, first).differences == []
    assert only(compare_files("map", first, second)).endswith("bytes: 1 of 5 values; largest difference 1, of bytes")


def test_of_a_mat_file_the_variable_counts_and_not_the_date(tmp_path: Path) -> None:
    first, later, other = (tmp_path / f"{name}.mat" for name in ("first", "later", "other"))
    savemat(first, {"map": CLASSES})
    content = first.read_bytes()
    later.write_bytes(content[:30] + b"2" + content[31:])  # within the text of its head
    savemat(other, {"map": flipped(CLASSES)})
    assert compare_files("map", first, later).differences == []
    assert "map: 1 of 6 values" in only(compare_files("map", first, other))


def test_a_missing_file_is_noticed_on_either_side_and_on_both(base: Path, tmp_path: Path) -> None:
    head = run_folder(tmp_path / "head" / "run")
    (head / "map.npy").unlink()
    assert only(compare_runs(base, head)) == "run/map.npy: there -> missing"
    assert only(compare_runs(head, base)) == "run/map.npy: missing -> there"
    for run in (base, head):
        (run / "last.safetensors").unlink()
    assert "run/last.safetensors: missing -> missing" in compare_runs(base, head).differences


def test_a_damaged_file_is_a_difference(base: Path, tmp_path: Path) -> None:
    head = run_folder(tmp_path / "head" / "run")
    (head / "best.safetensors").write_bytes(b"short")
    assert only(compare_runs(base, head)).startswith("run/best.safetensors: cannot be read: ")


def test_figures_that_are_gone_are_noticed(base: Path, tmp_path: Path) -> None:
    head = run_folder(tmp_path / "head" / "run")
    (head / "evaluation.json").write_text(json.dumps({"test": {name: TEST[name] for name in ("top1", "confusion")}}))
    assert only(compare_runs(base, head)) == "run/evaluation.json: 1 of 6 differ; calibration_error: there -> missing"
    for run in (base, head):
        (run / "evaluation.json").write_text("{}")
    assert only(compare_runs(base, head)) == "run/evaluation.json: nothing to compare"


def test_real_numbers_of_a_map_and_probabilities_are_close(tmp_path: Path) -> None:
    values = np.linspace(0, 1, 6, dtype=np.float32)
    for name, moved in (("a", 0.0), ("b", CLOSE / 2), ("c", CLOSE * 2)):
        np.save(tmp_path / f"{name}.npy", values + np.float32(moved))
    first = tmp_path / "a.npy"
    near = compare_files("map", first, tmp_path / "b.npy")
    assert (near.differences, near.counts["close"], near.counts["close_identical"]) == ([], 1, 0)
    assert "6 of 6 values" in only(compare_files("map", first, tmp_path / "c.npy"))
    answer = [{"file": "1.png", "label": "cat", "probability": 0.5}]
    same_label = [{"file": "there/1.png", "label": "cat", "probability": 0.5 + CLOSE / 2}]
    assert compare("predict", figures(answer), figures(same_label)).differences == []
    other_label = [{"label": "dog", "probability": 0.5}]
    assert only(compare("predict", figures(answer), figures(other_label))).endswith("[0].label: 'cat' -> 'dog'")


def test_names_that_nobody_relies_on_and_words_of_a_verdict_may_differ() -> None:
    first = {"figures": [{"run": "a", "test_top1": 98.5}], "verdicts": ["a is better than b (31 against 7 pixels)"]}
    second = {"rows": {"all": [{"test_top1": 98.5, "new": 1}]}, "verdicts": ["a leads: 31 pixels, b 7"]}
    assert compare("compare", figures(first), figures(second)).differences == []
    fewer = second | {"verdicts": ["a leads: 30 pixels, b 7"]}
    assert "verdicts[0]: " in only(compare("compare", figures(first), figures(fewer)))


def test_every_need_stands_before_what_needs_it_and_every_verb_has_its_flags() -> None:
    seen: set[str] = set()
    for scenario in SCENARIOS:
        assert scenario.name not in seen
        assert set(scenario.needs) <= seen, scenario.name
        assert {command.split()[0] for command in scenario.commands} <= goldens.FLAGS.keys()
        seen.add(scenario.name)


def test_a_word_chooses_scenarios_and_what_they_need() -> None:
    assert [s.name for s in goldens.chosen_scenarios("photo compared")] == [
        "photo scratch",
        "photo frozen",
        "photo compared",
    ]
    assert goldens.chosen_scenarios("") == list(SCENARIOS)


def test_a_scenario_that_fails_is_a_difference_even_when_it_fails_on_both_sides(tmp_path: Path) -> None:
    sides = [goldens.Side(name, tmp_path / name) for name in goldens.SIDES]
    scenario = Scenario("any", ("evaluate runs/a",))
    good = goldens.Outcome({"evaluate runs/a": {"top1": 1.0}}, None)
    bad = goldens.Outcome({}, "evaluate runs/a: exit code 3")
    assert goldens.difference(scenario, sides, [good, good]).differences == []
    assert only(goldens.difference(scenario, sides, [good, bad])) == "head fails: evaluate runs/a: exit code 3"
    assert len(goldens.difference(scenario, sides, [bad, bad]).differences) == 2


def test_a_run_that_resumes_otherwise_than_its_own_whole_is_noticed(tmp_path: Path) -> None:
    sides = [goldens.Side(name, tmp_path / name) for name in goldens.SIDES]
    for side in sides:  # both sides err alike
        run_folder(side.folder / "runs" / "whole")
        run_folder(side.folder / "runs" / "stopped", rows=ROWS[:1])
    scenario = Scenario("any", (), ("stopped",), stopped="stopped", whole="whole")
    found = goldens.difference(scenario, sides, [goldens.Outcome({}, None)] * 2)
    said = "whole -> resumed: stopped/metrics.jsonl: 2 of 4 differ; row 2 epoch: there -> missing"
    assert found.differences == [f"base, {said}", f"head, {said}"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "required: base"),
        (["no-such-revision"], "git knows no revision 'no-such-revision'"),
        (["HEAD", "--only", "nothing"], "no scenario has 'nothing' in its name"),
        (["HEAD", "--keep", str(ROOT)], "is there already"),
    ],
)
def test_wrong_usage_ends_with_2(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        goldens.main(words)
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_the_data_is_the_same_each_time(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in goldens.SIDES]
    for folder in folders:
        folder.mkdir()
        make_data(folder)
    files = sorted(path.relative_to(folders[0]) for path in folders[0].rglob("*") if path.is_file())
    assert len(files) > 100
    for file in files:
        assert (folders[0] / file).read_bytes() == (folders[1] / file).read_bytes(), file
