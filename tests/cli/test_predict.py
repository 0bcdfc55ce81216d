"""`lissom predict` knows the flags of its model's task, and no others."""

from pathlib import Path

import pytest

from lissom.cli.main import run
from photos import make_photos

PHOTO = [
    "train",
    "classify",
    "--data",
    "photos",
    "--model",
    "mobilenetv1_cifar",
    "--width",
    "0.25",
    "--batch-size",
    "8",
]
SCENE = ["train", "scene", "--model", "knn", "--threads", "1"]


@pytest.fixture(scope="module", autouse=True)
def place(tmp_path_factory: pytest.TempPathFactory):
    """A folder with a run of each task, one with a space in its name."""
    folder = tmp_path_factory.mktemp("predict")
    make_photos(folder / "photos", per_class=12)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LISSOM_CACHE", str(folder / "cache"))
        patch.setenv("LISSOM_LANG", "en")
        assert run([*PHOTO, "--epochs", "1", "--quiet", "--name", "photo"]) == 0
        assert run([*SCENE, "--quiet", "--name", "a scene"]) == 0
        yield folder


def refused(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    capsys.readouterr()
    assert run(["predict", *argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize(("argv", "words"), [
    (("runs/photo", "photos", "--mc-dropout", "3"), ("--mc-dropout", "lissom predict runs/photo --help")),
    (("runs/photo", "photos", "--topp", "3"),       ("--topp", "did you mean --top?")),
    (("runs/a scene", "cube.npy", "--top", "3"),    ("--top", "predict 'runs/a scene' --help")),
    (("runs/a scene", "cube.npy", "--weights", "x"), ("--weights",)),
    (("x.onnx", "photos", "--output", "x.npy"),     ("--output",)),
    (("runs/photo",),                               ("Missing INPUTS", "lissom predict runs/photo INPUTS")),
    ((),                                            ("Missing MODEL INPUTS", "lissom predict MODEL INPUTS")),
    (("--format", "json"),                          ("Missing MODEL INPUTS",)),
    (("--top", "3", "runs/photo", "photos"),        ("--top", "before the model", "lissom predict MODEL INPUTS --top")),
    (("--format", "xml", "runs/photo", "photos"),   ("--format", "xml", "table, csv, json")),
])  # fmt: skip
def test_flags_of_another_task_are_unknown(
    argv: tuple[str, ...], words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    err = refused(capsys, *argv)
    assert all(word in err for word in words), err


def test_a_run_that_cannot_be_opened_says_why(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "runs" / "broken").mkdir()
    (place / "runs" / "broken" / "run.json").write_text("{")
    assert run(["predict", "runs/broken", "photos"]) == 3
    assert "runs/broken" in capsys.readouterr().err


@pytest.mark.parametrize(("model", "own", "others"), [
    ([],                ["--format", "--device", "--threads"], ["--top", "--mc-dropout"]),
    (["runs/photo"],    ["--format", "--device", "--top", "--weights"], ["--mc-dropout", "--output"]),
    (["runs/a scene"],  ["--format", "--device", "--mc-dropout", "--output"], ["--top", "--weights"]),
    (["mobilenetv2"],   ["--top", "--weights"], ["--mc-dropout"]),
])  # fmt: skip
def test_help_lists_the_flags_of_the_models_task(
    model: list[str], own: list[str], others: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["predict", *model, "--help"]) == 0
    out = capsys.readouterr().out
    assert "lissom predict MODEL --help" in " ".join(out.split())
    listed = {line.split()[0] for line in out.partition("\noptions:")[2].splitlines() if line.startswith("  --")}
    assert set(own) <= listed
    assert not listed & set(others)


@pytest.mark.parametrize("argv", [
    ("runs/photo", "photos/one", "--top", "2", "--format", "csv"),
    ("--format", "csv", "runs/photo", "--top", "2", "photos/one"),
    ("--device=cpu", "--format=csv", "runs/photo", "photos/one", "--top=2"),
])  # fmt: skip
def test_flags_that_every_model_takes_may_stand_before_it(
    argv: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["predict", *argv]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 25  # the head, two for each image
