"""The verbs of photos do for runs on scenes too: evaluate, resume, runs, compare, profile; and the demo."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

import forked
import lissom
from lissom.cli.main import run as command
from lissom.errors import UsageError
from lissom.report.tables import percent
from lissom.runs.weights import digest, read_weights
from lissom.stats.mcnemar import mcnemar
from lissom.tasks.scene.compare import compare_pixels
from lissom.tasks.scene.data.synthetic import synthetic_scene
from lissom.tasks.scene.prepare import stored_fit
from lissom.training.run import Run, open_run

SMALL = {"cube": "synthetic", "window": 11, "components": 13, "batch_size": 64, "threads": 1, "device": "cpu"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scene-verbs")


@pytest.fixture(scope="module")
def runs(place: Path) -> dict[str, Run]:
    """Two networks on the same split, and a forest on another."""
    common = {"runs_dir": place / "runs"}
    return {
        "short": lissom.train("scene", **SMALL, epochs=1, name="short", **common),
        "long": lissom.train("scene", **SMALL, epochs=2, name="long", **common),
        "forest": lissom.train("scene",
            cube="synthetic", model="random_forest", split_seed=1, threads=1, name="forest", **common
        ),
    }  # fmt: skip


def test_evaluate_repeats_the_figures_and_writes_nothing_else(runs: dict[str, Run]) -> None:
    trained = runs["short"]
    before = {path.name: path.read_bytes() for path in trained.path.glob("map.*")}
    found = lissom.evaluate(trained)
    same = ("oa", "aa", "kappa", "oa_interval_95", "confusion", "per_class", "leak", "form")
    stored = json.loads((trained.path / "evaluation.json").read_text(encoding="utf-8"))
    assert {key: found[key] for key in same} == {key: stored[key] for key in same}
    assert {path.name: path.read_bytes() for path in trained.path.glob("map.npy")} == {"map.npy": before["map.npy"]}


def test_evaluate_on_the_command_line(runs: dict[str, Run], capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["evaluate", str(runs["long"].path), "--dry-run"]) == 0
    out = capsys.readouterr().out
    test = runs["long"].test
    assert f"OA {percent(test['oa'])} (95 % interval" in out
    assert f"{100 * test['leak']:.1f} % of the test windows" in out
    assert "synthetic 6" in out


def test_resume_of_a_finished_run_shows_what_it_reached(
    runs: dict[str, Run], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["resume", str(runs["long"].path)]) == 0
    assert f"OA {100 * runs['long'].test['oa']:.2f} %" in capsys.readouterr().out


def test_a_run_is_measured_with_the_preprocessing_that_it_learned(
    runs: dict[str, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    def learn(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("learned anew")

    monkeypatch.setattr("lissom.tasks.scene.prepare.fit_scene", learn)
    run = runs["long"]
    assert lissom.evaluate(run, write=False)["oa"] == run.test["oa"]


@pytest.mark.parametrize(("model", "cost"), [("knn", "fitted in one go"), ("hybridsn", ",")])
def test_what_a_training_would_do_is_said(
    model: str, cost: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "scene", "--model", model, "--dry-run", "--runs-dir", str(tmp_path / "runs")]
    assert command(words) == 0
    first, second, third = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{model} on synthetic (seed 0)")
    assert cost in first.partition("classes, ")[2]
    assert " training, " in second
    assert str(tmp_path / "runs") in third
    assert not (tmp_path / "runs").exists()


def test_a_classical_run_is_measured_and_predicts_as_it_did(runs: dict[str, Run], tmp_path: Path) -> None:
    """Its classifier is fitted again on the spectra that the run keeps: the same one."""
    run = runs["forest"]
    assert lissom.evaluate(run, write=False)["oa"] == run.test["oa"]
    (found,) = lissom.predict(run, run.config.scene.cube, output=tmp_path / "m.npy")
    assert (found["form"], found["bands_by"]) == ("pixels", "wavelengths")
    assert (tmp_path / "m.npy").read_bytes() == (run.path / "map.npy").read_bytes()


def test_a_classifier_without_epochs_learns_its_preprocessing_from_all_pixels_that_train(runs: dict[str, Run]) -> None:
    sizes = runs["forest"].record.data.sizes
    assert sizes["val"] > 0
    assert stored_fit(runs["forest"]).pixels == sizes["train"] + sizes["val"]
    sizes = runs["short"].record.data.sizes
    assert stored_fit(runs["short"]).pixels == sizes["train"]


def test_a_classical_run_is_no_beginning(runs: dict[str, Run]) -> None:
    with pytest.raises(UsageError, match="random_forest"):
        lissom.train("scene", weights=runs["forest"])


def test_runs_lists_overall_accuracy_among_the_accuracies(runs: dict[str, Run]) -> None:
    rows = {row["run"]: row for row in lissom.list_runs(runs["short"].path.parent)}
    for name, run in runs.items():
        assert rows[name]["test"] == round(100 * run.test["oa"], 2)
        assert rows[name]["status"] == "finished"
    assert rows["long"]["val"] == round(100 * max(row["oa"] for row in runs["long"].history), 2)
    assert (rows["forest"]["val"], rows["forest"]["macs"]) == (None, None)


def test_compare_adds_mcnemar_on_the_same_test_pixels(runs: dict[str, Run]) -> None:
    found = lissom.compare([runs["short"], runs["long"]])
    assert found["settings"] == {"engine.epochs": [1, 2]}
    right = []
    for run in (runs["short"], runs["long"]):
        with np.load(run.path / "classified.npz") as file:
            right.append((file["predicted"] == file["labels"])[file["test"]])
    expected = mcnemar(*right)
    compared = compare_pixels(runs["short"], runs["long"])
    assert compared
    assert compared.oa == expected
    words = found["verdicts"][0]
    for name, sure in (("aa", compared.aa), ("kappa", compared.kappa)):
        assert sure
        assert sure.value == pytest.approx(runs["short"].test[name] - runs["long"].test[name])
        assert sure.low < sure.value < sure.high
        assert all(f"{100 * bound:+.2f}" in words for bound in sure)
        assert [row[name] for row in found["figures"]] == [
            round(100 * runs[run].test[name], 2) for run in ("short", "long")
        ]
    assert f"{expected.p_value:.2g}" in words
    assert all(str(count) in words for count in (expected.only_first, expected.only_second))
    assert ("long is significantly better than short" in words) == (expected.p_value < 0.05 and expected.z < 0)


def test_compare_makes_no_verdict_for_other_test_pixels(runs: dict[str, Run]) -> None:
    assert compare_pixels(runs["short"], runs["forest"]) is None
    found = lissom.compare([runs["short"], runs["forest"]])
    assert "are not comparable" in found["verdicts"][0]
    assert found["settings"]["model.model"] == ["hybridsn", "random_forest"]


def test_profile_takes_the_run_s_window_and_components(runs: dict[str, Run]) -> None:
    found = lissom.profile(runs["short"].path)
    assert (found["parameters"], found["macs"]) == (runs["short"].record.parameters, runs["short"].record.macs)
    assert found["input_shapes"] == [[1, 13, 11, 11]]


def test_predict_of_several_cubes_gives_a_row_for_each(runs: dict[str, Run]) -> None:
    rows = lissom.predict(runs["short"], ["synthetic"])
    assert [row["height"] for row in rows] == [96]
    assert (runs["short"].path / "predictions" / "synthetic.npy").exists()


def test_predict_on_the_command_line_in_three_forms(
    runs: dict[str, Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["predict", str(runs["short"].path), "synthetic", "--output", str(tmp_path / "map.mat")]
    assert command(words) == 0
    assert "9,216 pixels (96 x 96)" in capsys.readouterr().out
    assert command([*words, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert sum(row["pixels"] for row in found["classes"]) == 96 * 96
    assert command([*words, "--format", "csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (lines[0], len(lines)) == ("id,class,pixels,share,hectares,confidence", 7)


@pytest.mark.parametrize(("settings", "word"), [
    ({"output": "cube.npy"}, "would destroy it"), ({"output": "a.npy", "confidence": "a.npy"}, "Two maps"),
    ({"output": "a.hdr", "confidence": "a.img"}, "Two maps"), ({"output": "a.tif", "confidence": "cube.npy"}, "cube"),
])  # fmt: skip
def test_predict_writes_neither_over_the_cube_nor_over_another_map(
    runs: dict[str, Run], tmp_path: Path, settings: dict[str, str], word: str
) -> None:
    cube = tmp_path / "cube.npy"
    np.save(cube, synthetic_scene(20, 20, 64, 3).cube)
    before, files = cube.read_bytes(), {name: tmp_path / file for name, file in settings.items()}
    with pytest.raises(UsageError, match=word):
        lissom.predict(runs["short"], cube, **cast(dict[str, Any], files))
    assert cube.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["cube.npy"]


def test_check_data_scene(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "look.png"
    assert command(["check-data", "scene", "synthetic", "--picture", str(picture), "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "96 x 96 pixels, 64 bands of uint16" in out
    assert "synthetic 6" in out
    assert "says nothing about real scenes" in out
    assert not picture.exists()
    assert command(["check-data", "scene", "synthetic", "--picture", str(picture), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["labelled"] == 5531
    assert picture.read_bytes().startswith(b"\x89PNG")


def lissom_process(place: Path, *words: str) -> subprocess.Popen[str]:
    return forked.Popen(
        [sys.executable, "-m", "lissom", *words],
        cwd=place, env=os.environ | {"OMP_NUM_THREADS": "1"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_a_stopped_training_goes_on_exactly(place: Path) -> None:
    settings = ["train", "scene", "--window", "11", "--components", "13", "--batch-size", "64", "--epochs", "20"]
    settings += ["--checkpoint-minutes", "0.002", "--device", "cpu"]
    for name in ("whole", "stopped"):
        process = lissom_process(place, *settings, "--name", name)
        if name == "stopped":
            while not any((place / "runs" / name / "checkpoints").glob("*.pt")):
                assert process.poll() is None, process.communicate()
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
        _, err = process.communicate()
        assert process.returncode == (130 if name == "stopped" else 0), err
    assert "lissom resume runs/stopped" in err
    process = lissom_process(place, "resume", "runs/stopped", "--quiet")
    out, err = process.communicate()
    assert (process.returncode, out) == (0, "runs/stopped\n"), err
    whole, stopped = (open_run(place / "runs" / name) for name in ("whole", "stopped"))
    for weights in ("last", "best"):
        assert digest(read_weights(getattr(whole, weights))[0]) == digest(read_weights(getattr(stopped, weights))[0])
    assert np.array_equal(np.load(whole.path / "map.npy"), np.load(stopped.path / "map.npy"))


def test_the_demo_s_plan_says_that_the_scene_is_synthetic(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["demo", "--task", "scene", "--dry-run", "--runs-dir", str(tmp_path / "runs")]) == 0
    out, err = capsys.readouterr()
    assert "hybridsn, cnn1d, svm" in out
    assert "synthetic" in err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_demo_shows_both_splits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["demo", "--task", "scene", "--runs-dir", str(tmp_path), "--threads", "1"]) == 0
    out = capsys.readouterr().out
    assert "says nothing about real scenes" in out
    rows = [line.split(",") for line in (tmp_path / "scene-demo.csv").read_text().splitlines()]
    found = {(row[0], row[1]): dict(zip(rows[0][2:], map(float, row[2:]), strict=True)) for row in rows[1:]}
    assert {network for network, _ in found} == {"hybridsn", "cnn1d", "svm"}
    assert found["hybridsn", "random"]["leak"] > 90
    assert found["hybridsn", "disjoint"]["leak"] == 0
    assert found["hybridsn", "disjoint"]["oa"] < found["hybridsn", "random"]["oa"]
    assert all(scores["oa"] > 70 for scores in found.values())  # chance is a sixth
    assert str(tmp_path / "report.html") in out
    page = (tmp_path / "report.html").read_text()
    assert page.count("<svg") >= 5  # the maps, and the curves of four networks
    assert "says nothing about real scenes" in page
    assert {"scene-demo.png", "scene-demo.svg"} <= {path.name for path in tmp_path.iterdir()}
