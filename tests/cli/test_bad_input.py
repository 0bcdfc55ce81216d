"""Whatever a person gets wrong: one line that says what and what to do, the right exit code, nothing half-written."""

import json
import shutil
from pathlib import Path

import pytest

from lissom.cli.main import run
from photos import make_photos

TRAIN = ("train", "classify", "--data", "photos", "--model", "mobilenetv1_cifar", "--width", "0.25", "--quiet")
SHORT = (*TRAIN, "--epochs", "1", "--batch-size", "8")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos and one finished run, to be copied for each test."""
    folder = tmp_path_factory.mktemp("bad")
    make_photos(folder / "photos", per_class=12)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LISSOM_CACHE", str(folder / "cache"))
        assert run([*SHORT, "--name", "first"]) == 0
    return folder


@pytest.fixture
def place(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = shutil.copytree(template, tmp_path / "place")
    config = folder / "runs" / "first" / "config.yaml"  # which holds whole paths
    config.write_text(config.read_text("utf-8").replace(str(template), str(folder)), "utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("LISSOM_CACHE", str(folder / "cache"))
    return folder


def refused(capsys: pytest.CaptureFixture[str], code: int, words: tuple[str, ...], *argv: str) -> None:
    """The command leaves with `code` and one line that holds all `words`; data that was read is listed before it."""
    capsys.readouterr()
    assert run(argv) == code
    out, err = capsys.readouterr()
    assert out == ""
    *listed, told = err.splitlines()
    assert told.startswith("lissom: ")
    assert [" images in " in line for line in listed] in ([], [True]), err
    assert all(word in told for word in words), err


@pytest.mark.parametrize(("argv", "code", "words"), [
    (("trian",),                                             2, ("trian", "train")),
    (("train",),                                             2, ("classify",)),
    (("train", "clasify"),                                   2, ("clasify", "classify")),
    ((*SHORT, "--epoch", "3"),                               2, ("--epoch", "--epochs")),
    ((*SHORT, "--lr", "fast"),                               2, ("--lr", "fast")),
    ((*SHORT, "--lr", "-1"),                                 2, ("lr", "-1", "> 0")),
    ((*SHORT, "stray"),                                      2, ("stray",)),
    (("train", "classify", "--model", "mobilnetv2"),         2, ("mobilnetv2", "mobilenetv2")),
    ((*SHORT, "--options", "dep", "true"),                   2, ("dep", "deep")),
    ((*SHORT, "--resolution", "4"),                          2, ("4", "16")),
    (("profile", "mobilenetv2", "--resolution", "3"),        2, ("3", "32")),
    ((*SHORT, "--batch-size", "64"),                         3, ("64",)),
    ((*SHORT, "--data", "nowhere"),                          3, ("nowhere",)),
    ((*SHORT, "--config", "nowhere.yaml"),                   3, ("nowhere.yaml",)),
    (("evaluate", "runs/nowhere"),                           3, ("runs/nowhere",)),
    (("evaluate", "photos"),                                 3, ("photos",)),
    (("resume", "photos"),                                   3, ("photos",)),
    (("predict", "runs/first", "nowhere.jpg"),               3, ("nowhere.jpg",)),
    (("predict", "photos", "photos"),                        3, ("photos",)),
    (("models", "--sort", "mac"),                            2, ("mac", "macs")),
    (("models", "--where", "macs is small"),                 2, ("macs is small", "macs<3e8")),
    (("runs", "--sort", "acc"),                              2, ("acc",)),
    (("compare", "runs/first"),                              2, ("1",)),
    (("export", "runs/first", "--output", "no/such/x.onnx"), 5, ("no/such",)),
    (("export", "runs/first", "--nms"),                      2, ("--nms", "classify")),
    (("export", "runs/first", "--confidence", "0.3"),        2, ("--confidence", "classify")),
    (("profile", "torchvision.models:no_such_net"),          2, ("no_such_net",)),
    ((*SHORT, "--name", "first"),                            2, ("runs/first", "--name")),
])  # fmt: skip
def test_refused(
    place: Path, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    before = sorted(place.rglob("*"))
    refused(capsys, code, words, *argv)
    assert sorted(place.rglob("*")) == before


def test_an_empty_class_and_a_single_class(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_photos(place / "one_class", classes=("one",))
    refused(capsys, 3, ("one_class", "one"), *SHORT, "--data", "one_class")
    (place / "photos" / "empty").mkdir()
    refused(capsys, 3, ("empty",), *SHORT)
    assert [path.name for path in (place / "runs").iterdir()] == ["first"]


def test_a_broken_image_is_named_before_anything_is_written(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "photos" / "one" / "text.jpg").write_text("no image")
    refused(capsys, 3, ("text.jpg",), *SHORT)
    assert [path.name for path in (place / "runs").iterdir()] == ["first"]


def test_a_run_folder_that_cannot_be_made(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "file").write_text("in the way")
    refused(capsys, 5, ("file",), *SHORT, "--runs-dir", "file/runs")
    assert (place / "file").read_text() == "in the way"


def test_a_run_of_another_version(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = place / "runs" / "first" / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 999}))
    for verb in ("evaluate", "resume"):
        refused(capsys, 3, ("runs/first", "999"), verb, "runs/first")


def test_settings_with_an_unknown_key(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "settings.yaml").write_text("optim:\n  learnig_rate: 0.1\n")
    refused(capsys, 2, ("settings.yaml", "learnig_rate"), *SHORT, "--config", "settings.yaml")
    (place / "settings.yaml").write_text("engine:\n  epoch: 3\n")
    refused(capsys, 2, ("epoch", "did you mean epochs"), *SHORT, "--config", "settings.yaml")
    (place / "settings.yaml").write_text("a: [1\n")
    refused(capsys, 3, ("settings.yaml", "YAML"), *SHORT, "--config", "settings.yaml")


def test_weights_for_another_number_of_classes(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = place / "runs" / "first" / "run.json"
    facts = json.loads(file.read_text())
    file.write_text(json.dumps(facts | {"facts": facts["facts"] | {"class_names": ["a", "b", "c", "d"]}}))
    refused(capsys, 3, ("3", "4"), "predict", "runs/first", "photos")


def test_data_with_a_class_that_the_run_does_not_know(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "photos" / "one").rename(place / "photos" / "two")
    refused(capsys, 3, ("two", "zero"), "evaluate", "runs/first", "photos")


def test_data_that_changed_under_an_unfinished_run(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = place / "runs" / "first" / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"status": "training"}))
    (place / "photos" / "one" / "3.png").unlink()
    refused(capsys, 3, ("runs/first", "photos"), "resume", "runs/first")


def test_a_device_that_is_not_there(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import torch

    missing = next(d for d in ("cuda", "mps") if not getattr(torch.backends if d == "mps" else torch, d).is_available())
    refused(capsys, 5, (missing, "cpu"), *SHORT, "--device", missing)


def test_a_fault_of_ours_says_so(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lissom.runs.folder.list_runs", lambda _: 1 / 0)
    assert run(["runs"]) == 1
    assert "lissom env" in capsys.readouterr().err
