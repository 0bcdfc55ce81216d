"""Names that a terminal, a spreadsheet, a page or a folder could take for more than names, through every verb.

The classes come from a list; output goes to a stream of an encoding that lacks most letters, or is read back.
"""

import csv
import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from PIL import Image
from sklearn.datasets import load_digits

from lissom.cli.main import run
from lissom.cli.show import console
from lissom.report.tables import column, read_csv

CLASSES = (
    "x/y",
    "=1+1",
    "<script>alert(1)</script>",
    "@x",
    "+1",
    "-1",
    "[/b] :cat:",
    "\x1b[31mred\u202e\u009b1m",
    "猫",
)
TRAIN = ("train", "classify", "--data", "list.csv", "--model", "mobilenetv1_cifar", "--width", "0.1", "--epochs", "1",
         "--threads", "1", "--device", "cpu", "--cutout", "2")  # fmt: skip
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


@pytest.fixture(scope="module", autouse=True)
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("names")
    (folder / "im").mkdir()
    digits = load_digits()
    with (folder / "list.csv").open("w", newline="", encoding="utf-8") as file:
        listed = csv.writer(file)
        for number, name in enumerate(CLASSES):
            for index, scan in enumerate(digits.images[digits.target == number][:8]):
                path = f"im/={number}\x1b[32m[b]{index}.png"
                Image.fromarray((scan * 15).astype("uint8")).resize((16, 16)).save(folder / path)
                listed.writerow([path, name])
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LISSOM_CACHE", str(folder / "cache"))
        patch.setenv("LISSOM_LANG", "en")
        yield folder


def verb(*argv: str, encoding: str = "utf-8") -> tuple[int, str, str]:
    """One command with standard output and error in a file of this encoding: its code, and what it wrote."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding, errors="strict", newline="") for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", streams[0])
        patch.setattr(sys, "stderr", streams[1])
        code = run(argv)
        for stream in streams:
            stream.flush()
    out, err = (stream.buffer.getvalue().decode(encoding) for stream in streams)  # type: ignore[attr-defined]
    assert "Traceback" not in err, err
    assert not RAW.search(out + err)
    return code, out, err


@pytest.fixture(scope="module")
def first() -> tuple[int, str, str]:
    return verb(*TRAIN, "--name", "猫", encoding="cp1252")


def test_a_run_is_made_whose_output_says_the_names_in_what_the_encoding_has(first: tuple[int, str, str]) -> None:
    code, out, err = first
    assert code == 0
    listed = err.splitlines()[0]
    for name in ("x/y", "=1+1", "<script>alert(1)</script>", "[/b] :cat:", r"\x1b[31mred\u202e\u009b1m", r"\u732b"):
        assert f"{name} 8" in listed
    assert r"lissom evaluate 'runs/\u732b'" in out


def test_the_batch_size_is_chosen_said_and_kept(first: tuple[int, str, str]) -> None:
    """54 of the 72 images train."""
    kept = yaml.safe_load(Path("runs/猫/config.yaml").read_text("utf-8"))["engine"]["batch_size"]
    steps = json.loads(Path("runs/猫/metrics.jsonl").read_text("utf-8").splitlines()[0])["step"]
    train = json.loads(Path("runs/猫/run.json").read_text("utf-8"))["data"]["sizes"]["train"]
    assert (kept, steps) == (8, train // 8)
    assert "Batch size 8, chosen" in first[2]
    assert "(batch size 8)" in verb(*TRAIN, "--dry-run")[1]
    _, planned, said = verb(*TRAIN, "--dry-run", "--batch-size", "12")
    assert "(batch size 12)" in planned
    assert "chosen" not in said


def test_no_cell_is_a_formula_and_every_name_is_read_back(first: tuple[int, str, str]) -> None:
    seen = set()
    files = list(Path("runs/猫").glob("*.csv"))
    assert {file.stem for file in files} == {"evaluation", "per_class", "results", "confusion"}
    for file in files:
        for row in csv.reader(io.StringIO(file.read_text("utf-8"))):
            for cell in row:
                assert cell[:1] not in ("=", "+", "-", "@") or re.fullmatch(r"[+-]\d+(\.\d*)?(e-?\d+)?", cell), cell
    for name, key in (("evaluation", "true"), ("per_class", "class")):
        with Path(f"runs/猫/{name}.csv").open(newline="", encoding="utf-8") as lines:
            rows = read_csv(lines)
        assert {row[key] for row in rows} == set(CLASSES)
        seen |= {row.get("file") for row in rows}
    assert all(Path(file).exists() for file in seen if file)


def test_a_page_and_pictures_show_names_as_text(first: tuple[int, str, str]) -> None:
    page = Path("runs/猫/report.html").read_text("utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not RAW.search(page)
    assert not RAW.search(Path("runs/猫/model_card.md").read_text("utf-8"))
    for picture in Path("runs/猫").glob("*.svg"):
        ElementTree.parse(picture)  # control characters are no XML
    assert {path.name for path in Path().iterdir()} == {"im", "list.csv", "runs", "cache"}
    assert [path.name for path in Path("runs").iterdir()] == ["猫"]


def test_lines_of_a_pipe_end_where_their_text_ends(capsys: pytest.CaptureFixture[str]) -> None:
    columns = [column("name"), column("paper")]
    console().table([{"name": "a", "paper": "a long title"}, {"name": "b", "paper": "short"}], columns)
    lines = capsys.readouterr().out.splitlines()
    assert any(line.endswith("short") for line in lines)
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "ascii", "utf-8"])
def test_every_verb_writes_in_every_encoding(first: tuple[int, str, str], encoding: str) -> None:
    says = (r"\u732b", r"\x1b[31mred\u202e\u009b1m") if encoding != "utf-8" else ("猫", r"\x1b[31mred\u202e\u009b1m")
    for argv in (("check-data", "classify", "list.csv"), ("evaluate", "runs/猫")):
        code, out, err = verb(*argv, encoding=encoding)
        assert code == 0, err
        assert all(name in out for name in says), out
        assert all(line == line.rstrip() for line in out.splitlines())
    for form in ("csv", "table", "json"):
        code, out, err = verb("predict", "runs/猫", "im", "--format", form, encoding=encoding)
        assert code == 0, err
        assert ("im/=0\\u001b[32m[b]0.png" if form == "json" else r"im/=0\x1b[32m[b]0.png") in out
    assert says[0] in verb("runs", encoding=encoding)[1]
    assert verb("compare", "runs/猫", "runs/猫", encoding=encoding)[0] == 0
    code, _, err = verb("predict", "runs/猫", "\x1b]0;title\x07.png", encoding=encoding)
    assert (code, r"\x1b]0;title\x07.png" in err) == (3, True)


def test_a_run_of_before_is_compared_by_what_it_kept(first: tuple[int, str, str]) -> None:
    """It called the answers for each image `predictions.csv`, without apostrophes."""
    run_folder = Path("runs/猫")
    with (run_folder / "evaluation.csv").open(newline="", encoding="utf-8") as file:
        rows = read_csv(file)
    kept = (run_folder / "evaluation.csv").rename("kept.csv")
    with (run_folder / "predictions.csv").open("w", newline="", encoding="utf-8") as file:
        older = csv.DictWriter(file, rows[0].keys())
        older.writeheader()
        older.writerows(rows)
    try:
        from lissom.tasks.classify.compare import kept_predictions
        from lissom.training.run import open_run

        found = kept_predictions(open_run(run_folder))
        assert found.truth == sorted((row["file"], row["true"]) for row in rows)
        assert verb("compare", "runs/猫", "runs/猫")[0] == 0
    finally:
        (run_folder / "predictions.csv").unlink()
        kept.rename(run_folder / "evaluation.csv")


def test_resuming_keeps_the_batch_size_that_was_chosen(first: tuple[int, str, str]) -> None:
    before = Path("runs/猫/config.yaml").read_text("utf-8")
    assert verb("resume", "runs/猫")[0] == 0
    assert Path("runs/猫/config.yaml").read_text("utf-8") == before
