"""What a run on photos answers: numbers, kept for each test image, compared in pairs."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lissom
from lissom.cli.main import run as command
from lissom.errors import DataError, ResultError, UsageError
from lissom.events import Note
from lissom.runs.weights import read_weights, save_weights
from lissom.stats.mcnemar import mcnemar
from lissom.tasks.classify.compare import compare_images
from photos import make_photos

QUICK: dict[str, Any] = {"model": "mobilenetv1_cifar", "width": 0.1, "epochs": 1, "batch_size": 8, "threads": 1}
RUNS: dict[str, dict[str, Any]] = {"a": {}, "b": {"split_seed": 1, "seed": 1}, "c": {}}


@pytest.fixture(scope="module", autouse=True)
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("answers")
    make_photos(folder / "data" / "train", per_class=12)
    make_photos(folder / "data" / "test", per_class=30)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LISSOM_CACHE", str(folder / "cache"))
        for name, settings in RUNS.items():
            lissom.train("classify", **QUICK, data="data", name=name, **settings)
        yield folder


def rows_kept(run: Path) -> list[dict[str, str]]:
    with (run / "evaluation.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def kept(run: Path) -> dict[str, tuple[str, str]]:
    return {row["file"]: (row["true"], row["predicted"]) for row in rows_kept(run)}


def test_the_answer_for_each_test_image_is_kept() -> None:
    run, rows = lissom.open_run("runs/a"), kept(Path("runs/a"))
    assert len(rows) == run.test["images"] == 90
    assert all(file.startswith("test/" + true) for file, (true, _) in rows.items())
    assert sum(true == said for true, said in rows.values()) == run.test["correct"]
    predicted = {row["file"]: row for row in lissom.predict("runs/a", "data/test")}
    said = {file: row["label"] for file, row in predicted.items()}
    assert {f"data/{file}": label for file, (_, label) in rows.items()} == said
    shares = {f"data/{row['file']}": float(row["probability"]) for row in rows_kept(Path("runs/a"))}
    assert shares == pytest.approx({file: row["probability"] for file, row in predicted.items()}, abs=1e-5)


def test_runs_are_compared_image_by_image_though_they_trained_on_other_splits() -> None:
    a, b = lissom.open_run("runs/a"), lissom.open_run("runs/b")
    first, second = kept(a.path), kept(b.path)
    right = [np.array([rows[file][0] == rows[file][1] for file in first]) for rows in (first, second)]
    found = compare_images(a, b)
    assert found == mcnemar(*right)
    (verdict,) = lissom.compare(["runs/a", "runs/b"])["verdicts"]
    assert "McNemar" in verdict
    assert f"p = {found.p_value:.2g}" in verdict


def test_other_test_images_are_not_compared() -> None:
    path = Path("runs/b/evaluation.csv")
    whole = path.read_text()
    path.write_text("\n".join(whole.splitlines()[:-1]))
    try:
        (verdict,) = lissom.compare(["runs/a", "runs/b"])["verdicts"]
        assert "different data" in verdict
        path.unlink()
        with pytest.raises(DataError, match=r"evaluation\.csv"):
            lissom.compare(["runs/a", "runs/b"])
    finally:
        path.write_text(whole)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_answer_nothing(value: float, capsys: pytest.CaptureFixture[str]) -> None:
    file = Path("runs/c/best.safetensors")
    weights, about = read_weights(file)
    name = next(name for name in weights if weights[name].ndim == 2)
    save_weights(file, weights | {name: torch.full_like(weights[name], value)}, about)
    for verb, *inputs in ((lissom.predict, "data/test"), (lissom.evaluate,), (lissom.export,)):
        with pytest.raises(ResultError, match="not finite"):
            verb("runs/c", *inputs)
    assert not Path("runs/c/model.onnx").exists()
    assert command(["predict", "runs/c", "data/test/one/0.png"]) == 4
    assert capsys.readouterr().err.count("not finite") == 1


@pytest.mark.parametrize(("call", "name"), [
    (lambda: lissom.predict("runs/a", "data", top=0),             "top"),
    (lambda: lissom.predict("runs/a", "data", threads=0),         "threads"),
    (lambda: lissom.evaluate("runs/a", threads=-1),               "threads"),
    (lambda: lissom.evaluate("runs/a", batch_size=0),             "batch_size"),
    (lambda: lissom.train_several("classify", runs=-2),           "runs"),
    (lambda: lissom.plan("classify", data="data", threads=0),     "threads"),
    (lambda: lissom.plan("classify", name="a/b"),                 "a/b"),
    (lambda: lissom.train("classify", name="../x"),               "../x"),
    (lambda: lissom.train_several("classify", name="..", runs=2), "'..'"),
])  # fmt: skip
def test_a_number_or_name_that_is_none_is_wrong_usage(call: Any, name: str) -> None:
    with pytest.raises(UsageError) as raised:
        call()
    assert name in str(raised.value)


@pytest.mark.parametrize("words", [
    "predict runs/a data --top 0", "predict runs/a data --threads 0", "evaluate runs/a --batch-size 0",
    "train classify --data data --dry-run --vary lr", "train classify --data data --dry-run --name ../x",
])  # fmt: skip
def test_the_command_line_refuses_it_in_one_line(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(words.split()) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)


def test_a_plan_of_two_runs_says_both(capsys: pytest.CaptureFixture[str]) -> None:
    words = "train classify --data data --model mobilenetv1_cifar --batch-size 8 --dry-run --runs 2 --name two"
    assert command(words.split()) == 0
    out = capsys.readouterr().out
    assert [f"two-{k}" in out for k in (1, 2, 3)] == [True, True, False]


def test_emulated_numbers_are_told_of_before_they_train(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lissom.engine.precision.has_bf16", lambda: False)
    told: list[Any] = []
    planned = lissom.plan("classify", **QUICK, data="data", device="cpu", precision="bf16", listener=told.append)
    assert [event.name for event in told if isinstance(event, Note)][:1] == ["device.bf16-emulated"]
    assert ["bf16" in said for said in planned["notes"]] == [True]


def test_the_options_of_a_prediction_act() -> None:
    file = "data/test/one/0.png"
    one, two = (lissom.predict("runs/a", file, top=top)[0]["top"] for top in (1, 2))
    assert (len(one), len(two), two[0]) == (1, 2, one[0])
    with pytest.raises(UsageError, match="weights"):
        lissom.predict("runs/a", file, weights="imagenet")


def test_an_evaluation_in_other_batches_finds_the_same() -> None:
    found = [lissom.evaluate("runs/a", batch_size=size, write=False)["confusion"] for size in (7, 256)]
    assert found[0] == found[1]


def test_json_of_a_run_is_valid() -> None:
    refuse = lambda word: pytest.fail(word)  # noqa: E731
    for file in (*Path("runs/a").glob("*.json"), *Path("runs/a").glob("*.jsonl")):
        lines = file.read_text().splitlines() if file.suffix == ".jsonl" else [file.read_text()]
        assert all(json.loads(line, parse_constant=refuse) for line in lines)
