"""Every answer goes to the one stream where it belongs, with the exit code that tells what happened."""

import csv
import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.toy import toy_fit
from lissom.cli.main import run
from lissom.cli.progress import screen
from lissom.errors import DataError, Interrupted, LissomError, MachineError, ResultError, UsageError
from lissom.events import Note
from lissom.training.by_file import ByFile
from lissom.training.listing import figures, list_runs
from lissom.training.run import open_run
from photos import make_photos

TRAIN = "train classify --data photos --model mobilenetv1_cifar --width 0.1 --epochs 1 --batch-size 8 --threads 1"


@pytest.fixture(scope="module", autouse=True)
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A folder with photos and one run, runs/a; what its training printed."""
    folder = tmp_path_factory.mktemp("passed")
    make_photos(folder / "photos", per_class=8, classes=("zero", "one"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LISSOM_CACHE", str(folder / "cache"))
        patch.setenv("LISSOM_LANG", "en")
        with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
            assert run([*TRAIN.split(), "--quiet", "--name", "a"]) == 0
        yield out.getvalue(), err.getvalue()


class TestStreams:
    def said(self, capsys: pytest.CaptureFixture[str], words: str) -> tuple[str, str]:
        capsys.readouterr()
        assert run(words.split()) == 0
        return capsys.readouterr()

    def test_a_quiet_command_prints_its_folder_alone(
        self, quiet: tuple[str, str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert quiet == ("runs/a\n", "")
        assert self.said(capsys, "resume runs/a --quiet") == ("runs/a\n", "")

    def test_what_a_loud_one_tells_of_goes_to_standard_error(self, capsys: pytest.CaptureFixture[str]) -> None:
        with screen() as listener:
            listener(Note(name="weights.note", values={"file": "a.pt", "note": "averaged"}))
        assert capsys.readouterr() == ("", "a.pt: averaged\n")

    @pytest.mark.parametrize("words", [
        "evaluate runs/a --dry-run", "evaluate runs/a photos --dry-run", "compare runs/a runs/a", "runs", "models",
        "models --pretrained", "env", "export runs/a --dry-run", "resume runs/a", "resume runs/a --dry-run",
        "inspect runs/a --images 8 --dry-run", "check-data classify photos", "fetch --list", "cache",
    ])  # fmt: skip
    def test_json_is_alone_on_standard_output(self, words: str, capsys: pytest.CaptureFixture[str]) -> None:
        out, err = self.said(capsys, f"{words} --json")
        assert json.loads(out) is not None
        assert err == ""

    def test_predictions_as_json_and_csv_are_the_same_rows(self, capsys: pytest.CaptureFixture[str]) -> None:
        rows = json.loads(self.said(capsys, "predict runs/a photos/one --top 2 --format json")[0])
        read = list(csv.DictReader(io.StringIO(self.said(capsys, "predict runs/a photos/one --top 2 --format csv")[0])))
        pairs = [(row["file"], top["label"], top["probability"]) for row in rows for top in row["top"]]
        assert [(each["file"], each["label"]) for each in read] == [pair[:2] for pair in pairs]
        assert [float(each["probability"]) for each in read] == pytest.approx([p for *_, p in pairs], abs=1e-4)
        for row in rows:
            assert row["probability"] == max(top["probability"] for top in row["top"])
            assert sum(top["probability"] for top in row["top"]) == pytest.approx(1, abs=1e-5)  # of two classes

    @pytest.mark.parametrize("words", [["models"], ["models", "--names"], ["models", "--json"], ["--help"]])
    def test_a_reader_who_leaves_is_no_fault(self, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        """`lissom models | head`."""
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "w") as out:
            monkeypatch.setattr(sys, "stdout", out)
            errors = io.StringIO()
            monkeypatch.setattr(sys, "stderr", errors)
            code = run(words)
        assert (code, errors.getvalue()) == (0, "")

    @pytest.mark.parametrize(("error", "code"), [
        (UsageError("evaluate-what", model="x"), 2), (DataError("file-missing", path="x"), 3),
        (ResultError("loss-not-finite", losses="x", step=1, epoch=1, lr="1", checkpoint="-"), 4),
        (MachineError("data-no-permission", path="x"), 5), (Interrupted("predict-stopped", done=1, files=2), 130),
        (KeyboardInterrupt(), 130), (ZeroDivisionError(), 1),
    ])  # fmt: skip
    def test_each_kind_of_failure_has_its_code_and_says_so_on_standard_error(
        self, error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def fails(*_: Any, **__: Any) -> Any:
            raise error

        monkeypatch.setattr("lissom.verbs.runs.list_runs", fails)
        capsys.readouterr()
        assert run(["runs"]) == code
        out, err = capsys.readouterr()
        assert out == ""
        assert err.splitlines()[-1].startswith("lissom: ")
        assert ("Traceback" in err) == (code == 1)
        if isinstance(error, LissomError):
            assert err == f"lissom: {error}\n"


def test_a_resumed_run_has_each_row_once(tmp_path: Path) -> None:
    """Rows that are older or newer than the checkpoint are written anew, finished or not."""
    toy_fit(tmp_path, engine={"epochs": 2})
    files = {name: (tmp_path / name).read_text() for name in ("metrics.jsonl", "results.csv")}
    for name, words in files.items():
        (tmp_path / name).write_text(words + words.splitlines()[-1] + "\n")
    toy_fit(tmp_path, engine={"epochs": 2}, resume=True)
    assert {name: (tmp_path / name).read_text() for name in files} == files
    epochs = [json.loads(line)["epoch"] for line in files["metrics.jsonl"].splitlines()]
    assert epochs == [1, 2]
    assert [row["epoch"] for row in csv.DictReader(io.StringIO(files["results.csv"]))] == ["1", "2"]


def test_rows_of_files_stand_in_the_order_given() -> None:
    """Broken ones in their place."""

    def read(file: Path) -> Path:
        if file.name == "bad":
            raise DataError("file-missing", path=file)
        return file

    files = [Path(name) for name in ("c", "bad", "a")]
    work = ByFile(files, read=read, preprocess=lambda given: {"x": given}, row=lambda f, a, e: {"f": f, "a": a, "e": e})
    for part, arrays in work.parts():
        work.keep(part, [str(given) for given in arrays["x"]])
    assert [(str(row["f"]), row["a"]) for row in work.rows()] == [("c", "c"), ("bad", None), ("a", "a")]


class TestListing:
    def test_a_run_has_its_own_figures_in_percent(self) -> None:
        (row,) = list_runs("runs")
        record = json.loads(Path("runs/a/run.json").read_text())
        assert (row["run"], row["network"], row["epochs"], row["status"]) == (
            "a", record["network"], 1, "finished",
        )  # fmt: skip
        assert row["val"] == round(100 * record["best_metric"], 2)
        assert row["test"] == round(100 * record["test"]["top1"], 2)
        assert (row["parameters"], row["macs"]) == (record["parameters"], record["macs"])

    def test_each_figure_is_that_of_its_part_and_rows_go_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        run_a = open_run("runs/a")
        changed = replace(run_a.record, best_metric=0.5, test={**run_a.record.test, "top1": 0.25})
        row = figures(replace(run_a, record=changed))
        assert (row["val"], row["test"]) == (50.0, 25.0)
        rows = [{**row, "run": name, "macs": macs} for name, macs in (("x", 30), ("y", None), ("z", 4))]
        monkeypatch.setattr("lissom.training.listing.folder.list_runs", lambda _: [Path(str(n)) for n in range(3)])
        monkeypatch.setattr("lissom.training.listing._row", lambda path: rows[int(path.name)])
        assert [each["run"] for each in list_runs("runs", sort="macs")] == ["z", "x", "y"]
        assert [each["run"] for each in list_runs("runs", sort="run")] == ["x", "y", "z"]
