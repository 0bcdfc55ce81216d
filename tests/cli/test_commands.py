"""Each verb as a person types it: what it prints, what it leaves, how it leaves."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import onnxruntime
import pytest
import yaml

from lissom.cli.commands import COMMANDS
from lissom.cli.main import run
from photos import CLASSES, make_photos

pytestmark = pytest.mark.drawn

TRAIN = ["train", "classify", "--data", "photos", "--model", "mobilenetv1_cifar", "--width", "0.25"]
TRAIN += ["--epochs", "10", "--batch-size", "16", "--optimizer", "adamw", "--lr", "0.005", "--quiet"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working folder with photos/, a cache of its own and one finished run, runs/first."""
    folder = tmp_path_factory.mktemp("cli")
    make_photos(folder / "photos")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LISSOM_CACHE", str(folder / "cache"))
        assert run([*TRAIN, "--name", "first"]) == 0
        yield folder


Answer = Callable[..., tuple[int, str, str]]


@pytest.fixture
def lissom(place: Path, capsys: pytest.CaptureFixture[str]) -> Answer:
    """Runs one command line in `place`; gives the exit code, standard output and standard error."""

    def answer(*words: str) -> tuple[int, str, str]:
        try:
            code = run(words)
        except SystemExit as stop:  # --help
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return answer


def test_a_run_folder_is_complete(place: Path) -> None:
    found = {file.name for file in (place / "runs" / "first").iterdir()}
    pictures = {f"{name}.{kind}" for name in ("curves", "confusion") for kind in ("png", "svg")}
    words = {"config.yaml", "env.json", "run.json", "metrics.jsonl", "results.csv", "report.html", "model_card.md"}
    assert found >= pictures | words | {"samples.png", "gradcam.png", "best.safetensors", "last.safetensors"}
    assert len(list((place / "runs" / "first" / "checkpoints").iterdir())) == 2


def test_the_run_learned_and_says_on_what(place: Path) -> None:
    facts = json.loads((place / "runs" / "first" / "run.json").read_text())
    assert facts["status"] == "finished"
    assert facts["test"]["top1"] > 0.8  # chance is a third
    assert sum(facts["data"]["sizes"].values()) == 40 * len(CLASSES)
    card = (place / "runs" / "first" / "model_card.md").read_text()
    assert "read once at the end" in card
    assert "32×32" in card  # the resolution really used


def test_the_report_is_one_file_without_outside_hosts(place: Path) -> None:
    page = (place / "runs" / "first" / "report.html").read_text()
    assert not re.findall(r'(?:src|href)="(?!#|data:)[^"]*"|url\((?!#)[^)]*\)|@import', page)


@pytest.mark.parametrize("verb", sorted(COMMANDS))
def test_help_opens_with_examples(lissom: Answer, verb: str) -> None:
    code, out, _ = lissom(*verb.split(), "--help")
    assert code == 0
    assert out.index("examples:") < out.index("options")
    assert f"lissom {verb}" in out


def test_overview_lists_every_verb(lissom: Answer) -> None:
    code, out, _ = lissom("--help")
    assert code == 0
    assert all(verb in out for verb in COMMANDS)


def test_chinese_overview(lissom: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISSOM_LANG", "zh")
    assert "轻量视觉网络" in lissom("--help")[1]
    code, _, err = lissom("trian")
    assert (code, "train" in err, "未知的命令" in err) == (2, True, True)


def test_evaluate_repeats_the_test_figures(lissom: Answer, place: Path) -> None:
    code, out, _ = lissom("evaluate", "runs/first", "--json")
    record, evaluation = (
        json.loads((place / "runs" / "first" / file).read_text()) for file in ("run.json", "evaluation.json")
    )
    found = json.loads(out)
    assert code == 0
    assert {name: found[name] for name in record["test"]} == record["test"]
    assert found["top1_interval_95"] == record["intervals"]["top1"]
    assert found["confusion"] == evaluation["confusion"]


def test_evaluate_on_other_data_keeps_it_apart(lissom: Answer, place: Path) -> None:
    make_photos(place / "others", per_class=5, classes=("seven", "zero"))
    code, out, _ = lissom("evaluate", "runs/first", "others", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["images"] == 10
    assert [row["images"] for row in found["per_class"]] == [0, 5, 5]  # one, seven, zero
    assert (place / "runs" / "first" / "evaluations" / "others" / "confusion.png").exists()


def test_predict_names_files_and_goes_on_after_a_bad_one(lissom: Answer, place: Path) -> None:
    (place / "bad.jpg").write_text("not an image")
    code, out, err = lissom("predict", "runs/first", "photos/zero", "bad.jpg", "photos/one/0.png", "--format", "json")
    rows = json.loads(out)
    assert code == 3
    assert [row["file"] for row in rows if row["error"]] == ["bad.jpg"]
    assert len(rows) == 42
    labels = [row["label"] for row in rows[:40]]
    assert labels.count("zero") > 32
    assert all(0 <= row["probability"] <= 1 for row in rows if not row["error"])
    assert err == ""  # JSON carries the error itself


def test_predict_prints_csv_and_bad_files_apart(lissom: Answer) -> None:
    code, out, err = lissom("predict", "runs/first", "photos/one/0.png", "bad.jpg", "--format", "csv", "--top", "2")
    assert code == 3
    assert out.splitlines()[0] == "file,label,probability"
    assert len(out.splitlines()) == 3
    assert err.count("\n") == 1
    assert "bad.jpg" in err


def test_an_exported_file_predicts_as_the_run_does(lissom: Answer, place: Path) -> None:
    code, out, _ = lissom("export", "runs/first", "--output", "first.onnx", "--json")
    assert code == 0
    assert json.loads(out)["difference"] < 1e-4
    onnxruntime.InferenceSession(place / "first.onnx", providers=["CPUExecutionProvider"])
    by_run = json.loads(lissom("predict", "runs/first", "photos/one", "--format", "json")[1])
    by_file = json.loads(lissom("predict", "first.onnx", "photos/one", "--format", "json")[1])
    assert [row["label"] for row in by_run] == [row["label"] for row in by_file]
    assert [row["probability"] for row in by_run] == pytest.approx([row["probability"] for row in by_file], abs=1e-4)


def test_runs_and_compare(lissom: Answer, place: Path) -> None:
    assert lissom(*TRAIN, "--name", "second", "--epochs", "1")[0] == 0
    rows = json.loads(lissom("runs", "--json", "--sort", "epochs")[1])
    assert [row["run"] for row in rows] == ["second", "first"]
    found = json.loads(lissom("compare", "runs/first", "runs/second", "--json")[1])
    assert found["settings"] == {"engine.epochs": [10, 1]}
    assert len(found["verdicts"]) == 1
    record = json.loads((place / "runs" / "first" / "run.json").read_text())
    low, high = record["intervals"]["top1"]
    assert found["figures"][0]["interval_95"] == f"{100 * low:.1f}-{100 * high:.1f}"


def test_resume_of_a_finished_run_changes_nothing(lissom: Answer, place: Path) -> None:
    weights = (place / "runs" / "first" / "best.safetensors").read_bytes()
    code, out, _ = lissom("resume", "runs/first", "--quiet")
    assert (code, out.strip()) == (0, "runs/first")
    assert (place / "runs" / "first" / "best.safetensors").read_bytes() == weights


def test_resume_prints_json_of_a_finished_run(lissom: Answer, place: Path) -> None:
    code, out, err = lissom("resume", "runs/first", "--json")
    found = json.loads(out)
    facts = json.loads((place / "runs" / "first" / "run.json").read_text())
    assert (code, err) == (0, "")
    assert (found["run"], found["status"], found["test"]["top1"]) == ("runs/first", "finished", facts["test"]["top1"])
    code, out, _ = lissom("resume", "runs/first", "--json", "--dry-run")
    assert (code, json.loads(out).keys()) == (0, {"run", "step"})


def test_print_config_gives_a_file_that_config_reads_and_flags_win(lissom: Answer, place: Path) -> None:
    code, out, _ = lissom("train", "classify", "--lr", "0.25", "--print-config")
    assert code == 0
    (place / "settings.yaml").write_text(out)
    again = lissom("train", "classify", "--config", "settings.yaml", "--epochs", "7", "--print-config")[1]
    settings = yaml.safe_load(again)
    assert (settings["optim"]["lr"], settings["engine"]["epochs"]) == (0.25, 7)


def test_dry_runs_write_nothing(lissom: Answer, place: Path) -> None:
    before = sorted(place.rglob("*"))
    assert lissom(*TRAIN, "--dry-run")[0] == 0
    assert lissom("demo", "--dry-run")[0] == 0
    assert lissom("export", "runs/first", "--output", "new.onnx", "--dry-run")[0] == 0
    assert lissom("resume", "runs/first", "--dry-run")[0] == 0
    assert lissom("evaluate", "runs/first", "--dry-run")[0] == 0
    assert lissom("check-data", "classify", "photos", "--picture", "sheet.png", "--dry-run")[0] == 0
    assert lissom("cache", "--clear", "--dry-run")[0] == 0
    assert sorted(place.rglob("*")) == before


def test_check_data_counts_and_draws(lissom: Answer, place: Path) -> None:
    code, out, _ = lissom("check-data", "classify", "photos", "--picture", "contact.png")
    assert code == 0
    assert all(name in out for name in CLASSES)
    assert (place / "contact.png").read_bytes().startswith(b"\x89PNG")


def test_check_data_names_broken_files(lissom: Answer, place: Path) -> None:
    make_photos(place / "broken", per_class=4)
    whole = (place / "broken" / "one" / "0.png").read_bytes()
    (place / "broken" / "one" / "short.png").write_bytes(whole[: len(whole) // 2])
    code, out, _ = lissom("check-data", "classify", "broken")
    assert code == 3
    assert "short.png" in out


def test_profile_in_text_and_json(lissom: Answer) -> None:
    code, out, _ = lissom("profile", "mobilenetv1", "--json")
    found = json.loads(out)
    assert (code, found["parameters"], found["macs"]) == (0, 4_231_976, 568_740_352)
    assert sum(layer["macs"] for layer in found["layers"]) == found["macs"]
    assert "568,740,352" in lissom("profile", "mobilenetv1")[1]
    assert json.loads(lissom("profile", "runs/first", "--json")[1])["resolution"] == 32
    assert json.loads(lissom("profile", "torchvision.models:resnet18", "--json")[1])["parameters"] == 11_689_512


def test_models_filters_and_sorts(lissom: Answer) -> None:
    expected = ["mobilenetv3_small", "mobilenetv4_conv_small", "mobilenetv3_large"]
    asked = ("models", "mobilenet", "--where", "macs<3e8", "resolution=224", "--sort", "macs", "--json")
    assert [row["network"] for row in json.loads(lissom(*asked)[1])] == expected
    assert set(lissom("models", "--names")[1].split()) >= {"mobilenetv1", "mobilenetv2_cifar"}


def test_env_says_what_a_bug_report_needs(lissom: Answer) -> None:
    found = json.loads(lissom("env", "--json")[1])
    assert {"python", "platform", "packages"} <= found.keys()


def test_cache_is_measured_and_cleared(lissom: Answer, place: Path) -> None:
    assert lissom("check-data", "classify", "photos")[0] == 0
    assert lissom(*TRAIN, "--dry-run")[0] == 0
    cache, theirs = place / "cache", place / "cache" / "weights" / "theirs.pth"
    theirs.parent.mkdir()
    theirs.write_text("not lissom's")
    before = json.loads(lissom("cache", "--json")[1])
    assert before["files"] > 1
    would = json.loads(lissom("cache", "--clear", "--dry-run", "--json")[1])
    assert (would["would_delete"], would["left"]) == (
        [str(cache / "digests"), str(cache / "images")],
        [str(theirs.parent)],
    )
    assert json.loads(lissom("cache", "--json")[1]) == before
    code, out, _ = lissom("cache", "--clear")
    assert code == 0
    assert f"deleted {cache / 'images'}" in out
    assert f"kept {theirs.parent}" in out
    assert list(cache.iterdir()) == [theirs.parent]  # what lissom did not make stays
    assert json.loads(lissom("cache", "--json")[1])["files"] == 0


def test_nothing_is_written_into_a_folder_of_anothers(lissom: Answer, place: Path) -> None:
    theirs = place / "theirs" / "images" / "cat.jpg"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("a photo")
    code, _, err = lissom(*TRAIN, "--cache-dir", "theirs", "--name", "refused")
    assert (code, err.count("\n")) == (5, 1)
    assert "LISSOM_CACHE" in err
    assert lissom("cache", "--clear", "--cache-dir", "theirs")[0] == 0
    assert [path.name for path in theirs.parent.iterdir()] == ["cat.jpg"]


def test_completion_scripts_hold_verbs_and_flags(lissom: Answer) -> None:
    for shell in ("bash", "zsh", "fish"):
        out = lissom("completion", shell)[1]
        assert "check-data" in out
        assert "batch-size" in out
        (of_predict,) = re.findall(r"predict\) words=\"(.*)\"", out) or [
            " ".join(re.findall("from predict' -l (.*)", out))
        ]
        flags = {word.removeprefix("--") for word in of_predict.split()}
        assert {"top", "mc-dropout", "format", "help"} <= flags  # those of every task
