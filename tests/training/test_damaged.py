"""Run folders with a damaged file: whoever opens one says so in one line, and `lissom runs` goes on with the others."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from lissom.cli.main import run
from lissom.config import to_dict
from lissom.tasks.classify.settings import ClassifyTrainConfig
from lissom.training.run import open_run

FACTS = {"class_names": ["a", "b"], "mean": [0.5], "std": [0.2], "resolution": 8, "in_channels": 1}
RECORD = {
    "format": 4, "lissom": "0", "task": "classify", "status": "finished", "network": "net", "parameters": 7, "macs": 9,
    "data": {"source": "photos", "digest": "d", "sizes": {"train": 3}}, "facts": FACTS,
    "test": {"top1": 0.5, "correct": 3}, "intervals": {"top1": [0.25, 0.75]},
}  # fmt: skip
ROW = {"epoch": 1, "train_loss": 0.5, "top1": 0.5, "lr": None}


def write_run(path: Path) -> Path:
    path.mkdir(parents=True)
    (path / "run.json").write_text(json.dumps(RECORD))
    (path / "config.yaml").write_text(yaml.safe_dump(to_dict(ClassifyTrainConfig())))
    (path / "metrics.jsonl").write_text(json.dumps(ROW) + "\n")
    return path


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "runs" / "good")
    return write_run(tmp_path / "runs" / "odd")


def refused(capsys: pytest.CaptureFixture[str], words: str) -> None:
    """By every verb that opens it; the table of runs has both."""
    for argv in (["evaluate", "runs/odd"], ["resume", "runs/odd"], ["compare", "runs/odd", "runs/good"]):
        capsys.readouterr()
        assert run(argv) == 3
        out, err = capsys.readouterr()
        assert out == ""
        (line,) = err.splitlines()
        assert words in line, line
    assert run(["runs", "--json"]) == 0
    rows = {row["run"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["good"]["test"] == 50
    assert words in rows["odd"]["status"]


def record(**changes: Any) -> str:
    return json.dumps(RECORD | changes)


@pytest.mark.parametrize(("content", "words"), [
    ("[]",                                              "list, not an object"),
    ("[" * 100_000,                                     "nested too deeply"),
    ('{"format": NaN}',                                 "NaN"),
    (json.dumps(RECORD).encode("utf-16"),               "utf-8"),
    (record(status="over"),                             "status is 'over', not one of training, finished, failed"),
    (record(status=[]),                                 "status is []"),
    (record(test={"top1": "a"}),                        "test.top1 is 'a'"),
    (record(test=[1]),                                  "test is [1], not dict"),
    (record(intervals={"top1": [1]}),                   "intervals.top1 has 1 values, not 2"),
    (record(network="\ud800"),                          "halves of letters"),
    (record(best_metric=1.0).replace("1.0", "1e999"),   "best_metric is not a finite number"),
    (record(data={"source": "x", "digest": "d", "sizes": {"train": "3"}}), "data.sizes.train is '3', not int"),
    (record(facts=FACTS | {"std": [0.0]}),              "std"),
    (record(facts=FACTS | {"std": [0.2, 0.2]}),         "std 2"),
    (record(facts=FACTS | {"resolution": 10**9}),       "resolution is 1000000000"),
    (record(facts=FACTS | {"resolution": -8}),          "resolution is -8"),
    (record(facts=FACTS | {"class_names": []}),         "class_names"),
])  # fmt: skip
def test_run_json(content: str | bytes, words: str, odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (odd / "run.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(capsys, words)


@pytest.mark.parametrize(("content", "words"), [
    ("model: " + "[" * 5000 + "]" * 5000,               "config.yaml"),
    ("engine: {seed: " + "9" * 5000 + "}",              "config.yaml"),
    ("engine: {seed: " + "9" * 30 + "}",                "seed"),
    ("optim: {lr: " + "9" * 400 + "}",                  "lr"),
    ("model:\n  options: &a {b: *a}",                   "options: b"),
    ("model: {options: {1: 2}}",                        "options"),
    ('model: {model: "\\ud800"}',                       "model"),
    ("model: {depth: 3}",                               "depth"),
    ("a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
    ) + "model: {model: *j}",                           "config.yaml"),
    ("model: !!python/object/apply:os.system [ls]",     "config.yaml"),
    ("5",                                               "int, not sections"),
])  # fmt: skip
def test_config_yaml(content: str, words: str, odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (odd / "config.yaml").write_text(content)
    refused(capsys, words)


@pytest.mark.parametrize(("content", "words"), [
    ("[1]",                      "[1], not the figures of an epoch"),
    ('{"top1": "a"}',            "'top1' is 'a', not a number"),
    ('{"top1": 1e999}',          "not a number"),
    ('{"top1": NaN}',            "NaN"),
    ('{"top1": [0.5]}',          "not a number"),
    ('{"top1": 0.5, "epo',       "metrics.jsonl"),
    ("\n\n",                     "metrics.jsonl"),
    ("[" * 100_000,              "nested too deeply"),
])  # fmt: skip
def test_metrics_jsonl(content: str, words: str, odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (odd / "metrics.jsonl").write_text(content)
    refused(capsys, words)


@pytest.mark.parametrize("name", ["config.yaml", "metrics.jsonl"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_pipe_or_a_folder_in_the_place_of_a_file(
    name: str, make: Callable[[Path], None], odd: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (odd / name).unlink()
    make(odd / name)
    refused(capsys, name)


def test_a_note_that_this_version_does_not_know_is_shown_as_it_is(
    odd: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from lissom.training.run import open_run

    notes = [{"name": "no.such", "values": {"a": 1}}, {"name": "data.reason-too-large", "values": {}}]
    (odd / "run.json").write_text(record(notes=notes))
    first, second = open_run(odd).record.notes
    assert str(first) == "no.such {'a': 1}"
    assert "data.reason-too-large" in str(second)


def test_a_lock_that_cannot_be_written_is_one_line(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (odd / "run.json").write_text(record(status="training"))
    for make in (os.mkfifo, os.mkdir):
        make(odd / ".lock")
        assert run(["resume", "runs/odd", "--data", "digits"]) in (3, 5)
        assert "Traceback" not in capsys.readouterr().err
        (odd / ".lock").rmdir() if (odd / ".lock").is_dir() else (odd / ".lock").unlink()


MACHINE = {"python": "3", "platform": "p", "cpu": "c", "cores": 2, "memory_gb": 1, "packages": {"torch": None}}


@pytest.mark.parametrize(("content", "words"), [
    ("{",                                                       "env.json"),
    ("[]",                                                      "list, not an object"),
    ("{}",                                                      "python is missing"),
    (json.dumps(MACHINE | {"cores": "2"}),                      "cores is '2', not int"),
    (json.dumps(MACHINE | {"packages": [1]}),                   "packages is [1], not dict"),
    (json.dumps(MACHINE | {"packages": {"torch": 2}}),          "packages.torch is 2, not str"),
    (json.dumps(MACHINE | {"torch": {"threads": 1}}),           "torch.cuda is missing"),
    (json.dumps(MACHINE | {"git": "abc"}),                      "git is 'abc', not an object"),
    (json.dumps(MACHINE | {"memory_gb": 0.5}).replace("0.5", "1e999"), "memory_gb is not a finite number"),
])  # fmt: skip
def test_env_json(content: str, words: str, odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (odd / "env.json").write_text(content)
    refused(capsys, words)


def test_a_run_without_env_json_is_one(odd: Path) -> None:
    assert open_run(odd).environment is None
    (odd / "env.json").write_text(json.dumps(MACHINE))
    found = open_run(odd).environment
    assert found
    assert (found.cores, found.torch, found.packages) == (2, None, {"torch": None})
