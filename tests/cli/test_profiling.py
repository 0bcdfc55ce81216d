"""`lissom profile` as a person types it: what it prints in each form, what it writes, what it refuses."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lissom.cli.main import run
from lissom.profiler import profiling as room
from lissom.profiler.explain import differences
from lissom.profiler.limits import Limits
from lissom.profiler.saved import as_json
from profiler.made import layer, result

LIMITS = Limits(macs_per_second=5e10, bandwidths=((10**6, 5e10), (10**9, 1e10)), operator_us=1, convolution_us=3)
SMALL = ("profile", "mobilenetv3_small", "--resolution", "64")
MEASURE = ("--measure", "--repeats", "5", "--warmup", "1")

Answer = Callable[..., tuple[int, str, str]]


@pytest.fixture
def lissom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Answer:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(room, "limits", lambda device, refresh: LIMITS)

    def answer(*words: str) -> tuple[int, str, str]:
        code = run(words)
        out, err = capsys.readouterr()
        return code, out, err

    return answer


def test_text_states_sums_memory_the_paper_and_the_convention(lissom: Answer) -> None:
    code, out, _ = lissom("profile", "mobilenetv1")
    assert code == 0
    flat = " ".join(out.split())
    for words in (
        "568,740,352 MACs",
        "prints 569 million",
        "peak of feature maps",
        "receptive field",
        "no biases, norms",
    ):
        assert words in flat
    assert "FLOPs" not in flat


@pytest.mark.parametrize("form", ["csv", "markdown", "json"])
def test_every_form_has_every_layer(lissom: Answer, form: str) -> None:
    _, out, _ = lissom(*SMALL, "--format", form)
    names = {
        "csv": lambda: [row["name"] for row in csv.DictReader(io.StringIO(out))],
        "markdown": lambda: [line.split(" | ")[0].strip("| ") for line in out.splitlines()[2:]],
        "json": lambda: [layer["name"] for layer in json.loads(out)["layers"]],
    }[form]()
    assert names[:2] == ["stem.conv", "stem.norm"]
    assert len(names) > 100


def test_columns_are_chosen_and_an_unknown_one_names_near_ones(lissom: Answer) -> None:
    _, out, _ = lissom(*SMALL, "--columns", "name", "memory_access", "receptive_field", "--format", "csv")
    assert out.splitlines()[:2] == [
        "name,memory_access,receptive_field",
        f"stem.conv,{3 * 64 * 64 + 432 + 16 * 32 * 32},3x3",
    ]
    code, _, err = lissom(*SMALL, "--columns", "memory_acess")
    assert code == 2
    assert "memory_access" in err
    code, _, err = lissom(*SMALL, "--columns", "latency_ms")  # nothing was measured
    assert code == 2


def test_rows_are_modules_or_families_on_request(lissom: Answer) -> None:
    modules = lissom(*SMALL, "--rows", "modules", "--format", "markdown")[1]
    assert "InvertedResidual" in modules
    families = lissom(*SMALL, "--rows", "families", "--format", "markdown")[1]
    assert families.splitlines()[2].startswith("| pointwise convolutions | ")


def test_measured_it_says_times_machine_limits_and_why(lissom: Answer) -> None:
    code, out, _ = lissom(*SMALL, *MEASURE)
    flat = " ".join(out.split())
    assert code == 0
    for words in (
        "median",
        "CPU time",
        "OMP_WAIT_POLICY",
        "100 GFLOP/s",
        "50 GMAC/s",
        "peak resident memory",
        "Why latency",
    ):
        assert words in flat


def test_side_by_side_written_and_compared_again(lissom: Answer, tmp_path: Path) -> None:
    words = ("--vary", "last_stage", "efficient", "original", *MEASURE, "--no-memory", "--output", "both.json")
    code, out, _ = lissom(*SMALL, *words)
    assert code == 0
    assert "last_stage=original" in out
    assert lissom("profile", "--compare", "both.json")[0] == 0
    there = json.loads((tmp_path / "both.json").read_text())
    assert [one["measured"]["resident_bytes"] for one in there] == [None, None]
    there[0]["measured"]["machine"]["cpu"] = "Z80"
    (tmp_path / "there.json").write_text(json.dumps(there[0]))
    code, _, err = lissom("profile", "--compare", "both.json", "there.json")
    assert code == 3
    assert "Z80" in err
    assert err.count("\n") == 1
    assert lissom("profile", "--compare", "both.json", "there.json", "--columns", "network", "macs")[0] == 0


def test_latencies_that_are_not_as_the_macs_are_explained(lissom: Answer, tmp_path: Path) -> None:
    light = result("light", [layer("a", "pointwise", macs=10**6)], {"a": 9.0})
    heavy = result("heavy", [layer("a", "pointwise", macs=10**8)], {"a": 10.0})
    (tmp_path / "both.json").write_text(as_json([light, heavy]))
    (pair,) = differences([light, heavy])
    flat = " ".join(lissom("profile", "--compare", "both.json")[1].split())
    assert f"- {pair.sentence()}" in flat
    assert "measured on Z80" in flat


def test_tables_pictures_and_a_page_are_written(lissom: Answer, tmp_path: Path) -> None:
    words = ("--output", "t.csv", "--picture", "p.svg", "--draw", "roofline", "--page", "p.html")
    assert lissom(*SMALL, *MEASURE, "--no-memory", *words)[0] == 0
    assert (tmp_path / "t.csv").read_text().startswith("name,kind,")
    assert (tmp_path / "p.svg").read_text().startswith("<?xml")
    assert (tmp_path / "p.html").read_text().startswith("<!doctype html>")
    assert lissom("profile", "mobilenetv1", "mobilenetv2", "--picture", "n.png")[0] == 0
    assert (tmp_path / "n.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (("profile",), 2, "lissom models"),
        ((*SMALL, "--compare", "a.json"), 2, "--compare"),
        ((*SMALL, "--output", "t.txt"), 2, ".csv"),
        ((*SMALL, "--picture", "none/p.png"), 2, "none"),
        ((*SMALL, "--draw", "roofline", "--picture", "p.png"), 2, "--measure"),
        ((*SMALL, "--vary", "last_stage"), 2, "last_stage"),
        ((*SMALL, "--measure", "--threads", "0"), 2, "threads"),
        ((*SMALL, "--input-shape", "3xx"), 2, "3xx"),
        (("profile", "torchvision.models:resnet18", "--draw", "networks", "--picture", "p.png"), 4, "published"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_on_one_line(lissom: Answer, words: tuple[str, ...], code: int, named: str) -> None:
    left, _, err = lissom(*words)
    assert (left, err.count("\n")) == (code, 1)
    assert named in err


def test_it_says_which_files_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / name for name in ("a.json", "a.svg", "a.html")]
    words = ["--output", str(files[0]), "--picture", str(files[1]), "--page", str(files[2])]
    assert run(["profile", "mobilenetv2_cifar", "--json", *words]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)
    assert err.splitlines() == [f"wrote {file}" for file in files]
    assert all(file.stat().st_size > 0 for file in files)
