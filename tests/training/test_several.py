"""Several trainings of any task: seeds one after the other, a setting varied, one table, paired tests."""

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lissom
from lissom.cli.main import run as command
from lissom.errors import Interrupted, UsageError
from lissom.events import EpochEnded, Started
from lissom.runs.folder import write_record
from photos import make_photos

QUICK: dict[str, Any] = {"model": "mobilenetv1_cifar", "width": 0.25, "epochs": 1, "batch_size": 8, "threads": 1}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("several")
    make_photos(folder / "photos", per_class=10)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LISSOM_CACHE", str(folder / "cache"))
        yield folder


def test_each_run_has_the_next_seed_and_the_row_their_mean(place: Path) -> None:
    found = lissom.train_several("classify", **QUICK, data="photos", runs=2, seed=5, name="seeds")
    runs = [lissom.open_run(path) for path in found["runs"]]
    assert [run.name for run in runs] == ["seeds-1", "seeds-2"]
    assert [run.config.engine.seed for run in runs] == [5, 6]
    scores = [run.test["top1"] for run in runs]
    (row,) = found["rows"]
    assert row["top1"] == pytest.approx(np.mean(scores))
    assert row["top1_std"] == pytest.approx(np.std(scores, ddof=1))
    assert found["verdicts"] == []


def test_a_setting_is_varied_from_the_command_line(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = "train classify --data photos --model mobilenetv1_cifar --width 0.25 --batch-size 8 --threads 1 --name by"
    assert command([*words.split(), "--vary", "epochs", "1", "2"]) == 0
    out = capsys.readouterr().out
    runs = [lissom.open_run(place / "runs" / f"by-{epochs}") for epochs in (1, 2)]
    assert [len(run.history) for run in runs] == [1, 2]
    assert [run.config.engine.seed for run in runs] == [0, 0]
    with (place / "runs" / "by-by-epochs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["method"], float(row["top1"])) for row in rows] == [
        (str(epochs), round(100 * run.test["top1"], 2)) for epochs, run in zip((1, 2), runs, strict=True)
    ]
    assert "by-1" in out  # a verdict on the two of the same seed
    assert r"\toprule" in (place / "runs" / "by-by-epochs.tex").read_text()


@pytest.mark.parametrize(("words", "said"), [
    (("--vary", "epochs", "3"),                     "two or more different"),
    (("--vary", "epochs", "3", "3"),                "two or more different"),
    (("--vary", "epochs", "3", "many"),             "many"),
    (("--vary", "epoch", "1", "2"),                 "did you mean epochs"),
    (("--vary", "lr", "0.1", "-1"),                 "lr"),
    (("--compare-splits",),                         "split"),
    (("--compare-splits", "--vary", "lr", "1", "2"), "expected one of them"),
    (("--runs", "0"),                               "runs"),
])  # fmt: skip
def test_what_cannot_be_varied_is_refused_before_anything_is_trained(
    place: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert command(["train", "classify", "--data", "photos", "--name", "never", *words]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert not list((place / "runs").glob("never*"))


def test_a_plan_of_several_says_each(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = "train classify --data photos --model mobilenetv1_cifar --batch-size 8 --dry-run --vary width 0.25 0.5"
    assert command(words.split()) == 0
    assert capsys.readouterr().out.count("would train") == 2


def test_runs_that_differ_in_the_setting_alone_are_compared_in_pairs(tmp_path: Path) -> None:
    scene = {"cube": "synthetic", "threads": 1, "runs_dir": tmp_path, "name": "k"}
    found = lissom.train_several("scene", **scene, vary=("model", ["knn", "random_forest"]), runs=2)
    assert len(found["runs"]) == 4
    assert len(found["verdicts"]) == 2
    for k, sentence in enumerate(found["verdicts"], 1):
        assert f"k-knn-{k}" in sentence
        assert f"k-random_forest-{k}" in sentence
    assert [row["method"] for row in found["rows"]] == ["knn", "random_forest"]
    runs = [lissom.open_run(path) for path in found["runs"]]
    assert [run.config.scene.split_seed for run in runs] == [0, 1, 0, 1]
    assert found["rows"][1]["oa"] == pytest.approx(np.mean([run.test["oa"] for run in runs[2:]]))


def test_cut_off_trainings_go_on_with_the_same_command(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = "train classify --data photos --model mobilenetv1_cifar --width 0.25 --batch-size 8 --threads 1 --epochs 2"
    again = [*words.split(), "--runs", "3", "--name", "cut"]
    stop, settings = lissom.Stop(), {**QUICK, "epochs": 2, "data": "photos"}

    def second(event: Any) -> None:
        began.append(event) if isinstance(event, Started) else None
        stop.ask() if len(began) == 2 and isinstance(event, EpochEnded) else None

    began: list[Started] = []
    with pytest.raises(Interrupted, match="run the same command again") as raised:
        lissom.train_several("classify", **settings, runs=3, name="cut", listener=second, stop=stop)
    assert "lissom resume runs/cut-2" in str(raised.value)
    first = lissom.open_run("runs/cut-1").best.stat().st_mtime_ns
    assert command([*again, "--lr", "0.03"]) == 2
    err = capsys.readouterr().err
    assert re.search(r"lr 0\.\d+ -> 0\.03\.", err)
    assert err.count("\n") == 1
    assert not Path("runs/cut-3").exists()
    assert command(again) == 0
    assert "runs/cut-1" in capsys.readouterr().err  # it is said to be finished
    whole = lissom.train_several("classify", **settings, runs=3, name="whole")
    for k, path in enumerate(whole["runs"], 1):
        run, other = lissom.open_run(Path("runs", f"cut-{k}")), lissom.open_run(path)
        assert (run.status, run.test) == ("finished", other.test)
    assert lissom.open_run("runs/cut-1").best.stat().st_mtime_ns == first


def test_a_run_of_nobody_knows_which_settings_is_not_gone_on_with(place: Path) -> None:
    lissom.train("classify", **QUICK, data="photos", name="old-1")
    write_record(Path("runs/old-1"), {"asked": None})  # as before they were kept
    with pytest.raises(UsageError, match="exists already"):
        lissom.train_several("classify", **QUICK, data="photos", runs=2, name="old")


def test_an_unknown_setting_names_near_ones() -> None:
    with pytest.raises(UsageError, match="did you mean epochs"):
        lissom.train_several("classify", vary=("epoch", [1, 2]))
