"""Words -> an argument class: what is read, in which forms; and one line for each kind of misfit."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import pytest

from lissom.cli.arguments import AtLeast, Count, Device, Positional
from lissom.cli.commands import arguments
from lissom.cli.main import run
from lissom.cli.parse import is_flag, parse
from lissom.config import require
from lissom.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Paint:
    """How it is painted."""

    colour: Literal["red", "green"] = "red"
    layers: Count = 2
    glossy: bool = True
    mirror: bool | None = None
    weight: float = 1.0

    def __post_init__(self) -> None:
        require(self.weight > 0, "weight", self.weight, "> 0")


@dataclass(frozen=True, kw_only=True)
class Draw:
    """A class with every kind of argument."""

    ALIASES: ClassVar[dict[str, str]] = {"paint": "colour"}

    file: Annotated[Path, Positional]
    others: Annotated[tuple[Path, ...], Positional] = ()
    sizes: tuple[int, ...] = ()
    shares: Annotated[tuple[float, ...], AtLeast(0)] = ()
    extras: dict[str, str | int | float | bool] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    device: Device | None = None
    no_data: float | None = None
    title: str | None = None
    dry_run: bool = False
    paint: Paint = field(default_factory=lambda: Paint(layers=5))


def read(*words: str) -> Draw:
    return parse(Draw, ["a.txt", *words], verb="draw")


def test_nothing_given_is_the_defaults() -> None:
    assert read() == Draw(file=Path("a.txt"))
    assert read().paint.layers == 5  # the section's own default, not its class's


@pytest.mark.parametrize(("words", "name", "value"), [
    (["--title", "x"],                      "title",   "x"),
    (["--title=x=y"],                       "title",   "x=y"),
    (["--title="],                          "title",   ""),
    (["--title", "None"],                   "title",   None),
    (["--title", "-"],                      "title",   "-"),
    (["--title", "a", "--title", "b"],      "title",   "b"),
    (["--sizes", "1", "2"],                 "sizes",   (1, 2)),
    (["--sizes=7"],                         "sizes",   (7,)),
    (["--shares", "0.5", "1e-3"],           "shares",  (0.5, 0.001)),
    (["--extras", "width", "0.5", "deep", "true"], "extras", {"width": "0.5", "deep": "true"}),
    (["--counts", "a", "3"],                "counts",  {"a": 3}),
    (["--device", "cpu"],                   "device",  "cpu"),
    (["--no-data", "-1e-3"],                "no_data", -0.001),
    (["--no_data", "-1"],                   "no_data", -1.0),
    (["--dry-run"],                         "dry_run", True),
    (["--no-dry-run"],                      "dry_run", False),
    (["--dry-run=False"],                   "dry_run", False),
    (["--dry-run", "b.txt"],                "others",  (Path("b.txt"),)),
    (["b.txt", "--dry-run", "c.txt"],       "others",  (Path("b.txt"), Path("c.txt"))),
    (["--sizes", "1", "--", "--b"],         "others",  (Path("--b"),)),
])  # fmt: skip
def test_a_value_in_its_forms(words: list[str], name: str, value: object) -> None:
    assert getattr(read(*words), name) == value


@pytest.mark.parametrize(("words", "name", "value"), [
    (["--colour", "green"],   "colour", "green"),
    (["--paint", "green"],    "colour", "green"),
    (["--layers", "3"],       "layers", 3),
    (["--no-glossy"],         "glossy", False),
    (["--glossy", "False"],   "glossy", False),
    (["--mirror"],            "mirror", True),
    (["--no-mirror"],         "mirror", False),
    (["--mirror", "True"],    "mirror", True),
    (["--mirror=None"],       "mirror", None),
])  # fmt: skip
def test_a_value_of_a_section(words: list[str], name: str, value: object) -> None:
    assert getattr(read(*words).paint, name) == value
    assert read(*words).paint.layers == (3 if name == "layers" else 5)  # the rest stays as it was


def test_checks_of_the_class_itself_are_heard() -> None:
    with pytest.raises(UsageError, match="weight") as refused:
        read("--weight", "-1")
    assert refused.value.kind == "setting-out-of-range"


@pytest.mark.parametrize(("words", "kind", "values"), [
    ([],                                 "argument-missing",    {"names": "FILE", "got": "nothing"}),
    (["a", "--sizes", "1", "x", "2"],    "value-unfit",         {"name": "--sizes", "got": "x"}),
    (["a", "--sizes", "1.5"],            "value-unfit",         {"got": "1.5"}),
    (["a", "--shares", "0.1", "-2"],     "value-unfit",         {"got": "-2", "expected": "a number, 0 or more"}),
    (["a", "--shares", "nan"],           "value-unfit",         {"got": "nan"}),
    (["a", "--layers", "0"],             "value-unfit",         {"got": "0", "expected": "a whole number, 1 or more"}),
    (["a", "--layers", "None"],          "value-unfit",         {"got": "None"}),
    (["a", "--colour", "blue"],          "value-unfit",         {"got": "blue", "expected": "one of red, green"}),
    (["a", "--device", "gpu"],           "value-unfit",         {"expected": "one of auto, cpu, cuda, mps, or None"}),
    (["a", "--mirror=yes"],              "value-unfit",         {"got": "yes", "expected": "True or False, or None"}),
    (["a", "--extras", "width"],         "value-unfit",         {"got": "width"}),
    (["a", "--counts", "a", "b"],        "value-unfit",         {"got": "a b"}),
    (["a", "--title"],                   "value-missing",       {"got": "nothing", "expected": "text, or None"}),
    (["a", "--sizes", "--dry-run"],      "value-missing",       {"flag": "--sizes", "got": "--dry-run"}),
    (["a", "--no-dry-run=1"],            "value-unwanted",      {"flag": "--no-dry-run", "got": "1"}),
    (["a", "--mirror", "--no-mirror"],   "flags-contradict",    {"first": "--mirror", "second": "--no-mirror"}),
    (["a", "--no-mirror", "--mirror"],   "flags-contradict",    {"first": "--mirror", "second": "--no-mirror"}),
    (["a", "--colur", "red"],            "flag-unknown",        {"got": "--colur", "near": "--colour"}),
    (["a", "-title", "red"],             "flag-unknown",        {"got": "-title", "near": "--title"}),
    (["a", "--no-miror=1"],              "flag-unknown",        {"got": "--no-miror", "near": "--no-mirror, --mirror"}),
    (["a", "--title", "x", "--zzz"],     "flag-unlike",         {"got": "--zzz"}),
])  # fmt: skip
def test_each_kind_of_misfit(
    words: list[str], kind: str, values: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LISSOM_LANG", "en")
    with pytest.raises(UsageError) as refused:
        parse(Draw, words, verb="draw")
    assert refused.value.kind == kind
    found = refused.value.values
    assert found["verb"] == "draw"
    assert {name: found[name] for name in values} == values


def test_many_flags_are_not_all_named_where_none_is_like_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "classify", "--zzz", "1"]) == 2
    assert capsys.readouterr().err.count("--") == 2  # the flag and `--help`


def test_words_beyond_the_last_place() -> None:
    @dataclass(frozen=True, kw_only=True)
    class One:
        file: Annotated[Path, Positional]

    with pytest.raises(UsageError) as refused:
        parse(One, ["a", "b"], verb="one")
    assert (refused.value.kind, refused.value.values["got"]) == ("argument-unexpected", "b")


@pytest.mark.parametrize(("word", "expected"), [
    ("--lr", True), ("-x", True), ("-", False), ("-1", False), ("-.5", False), ("-1e-3", False), ("-inf", False),
])  # fmt: skip
def test_negative_numbers_are_no_flags(word: str, expected: bool) -> None:
    assert is_flag(word) is expected


TRAIN = ("train", "classify")
WRONG = [
    (("export",), ("RUN_FOLDER", "nothing"), ("RUN_FOLDER", "空")),
    (("completion",), ("SHELL", "nothing"), ("SHELL", "空")),
    ((*TRAIN, "--epoch", "3"), ("--epoch", "did you mean --epochs"), ("--epoch", "--epochs")),
    (("runs", "--jso"), ("--jso", "did you mean --json"), ("--jso", "--json")),
    ((*TRAIN, "--lr", "fast"), ("--lr", "'fast'", "a number"), ("--lr", "“fast”", "数字")),
    (("demo", "--threads", "two"), ("--threads", "'two'", "a whole number"), ("“two”", "整数")),
    ((*TRAIN, "--optimizer", "adm"), ("--optimizer", "'adm'", "adamw, sgd, adam"), ("“adm”", "adamw")),
    (("completion", "bsh"), ("SHELL", "'bsh'", "bash, zsh, fish"), ("“bsh”", "bash")),
    ((*TRAIN, "--lr"), ("--lr", "nothing", "a number"), ("--lr", "空", "数字")),
    (("runs", "--sort", "--json"), ("--sort", "got --json", "text"), ("--json", "文本")),
    ((*TRAIN, "stray"), ("'stray'", "only flags"), ("“stray”", "选项")),
    (("export", "a", "b"), ("'b'", "no more than RUN_FOLDER"), ("“b”", "至多 RUN_FOLDER")),
    ((*TRAIN, "--options", "deep"), ("--options", "'deep'", "value"), ("“deep”", "成对")),
    ((*TRAIN, "--flip", "--no-flip"), ("--flip", "--no-flip", "one of"), ("--flip", "--no-flip")),
    (("runs", "--json", "--no-json"), ("--json", "--no-json", "one of"), ("--no-json",)),
    ((*TRAIN, "--compare-splits", "--vary", "lr", "1"), ("--compare-splits", "--vary lr 1"), ("--vary",)),
    ((*TRAIN, "--runs", "0"), ("--runs", "'0'", "1 or more"), ("“0”", "不小于 1")),
    ((*TRAIN, "--threads", "0"), ("threads", "0", ">= 1"), ("threads", "0", ">= 1")),
    (("demo", "--threads", "0"), ("--threads", "'0'", "1 or more"), ("“0”", "不小于 1")),
    (("resume", "r", "--threads", "0"), ("--threads", "'0'", "1 or more"), ("“0”", "不小于 1")),
    (("evaluate", "r", "--threads", "-2"), ("--threads", "'-2'", "1 or more"), ("“-2”", "不小于 1")),
    (("evaluate", "r", "--batch-size", "0"), ("--batch-size", "'0'", "1 or more"), ("“0”", "不小于 1")),
    (("inspect", "r", "--images", "0"), ("--images", "'0'", "1 or more"), ("“0”", "不小于 1")),
    (("predict", "x.onnx", "a", "--threads", "0"), ("--threads", "'0'", "1 or more"), ("“0”", "不小于 1")),
]  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("argv", "english", "chinese"), WRONG, ids=[" ".join(argv) for argv, *_ in WRONG])
def test_one_line_in_the_readers_language(
    argv: tuple[str, ...],
    english: tuple[str, ...],
    chinese: tuple[str, ...],
    lang: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LISSOM_LANG", lang)
    assert run(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("lissom: ")
    assert err.count("\n") == 1
    assert all(word in err for word in (english if lang == "en" else chinese)), err
    assert not list(tmp_path.iterdir())


class TestSettingsFile:
    def test_flags_win_over_it_also_those_that_turn_off(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        Path("s.yaml").write_text(
            "optim: {freeze: true, lr: 0.5}\nmodel: {options: {deep: true}}\naugment: {flip: true}"
        )

        kind = arguments("train classify")
        plain = parse(kind, ["--config", "s.yaml"], verb="train classify")
        assert (plain.optim.freeze, plain.optim.lr, plain.augment.flip) == (True, 0.5, True)
        assert plain.model.options == {"deep": True}
        flags = ["--no-freeze", "--no-flip", "--options", "wide", "1", "--config=s.yaml"]
        given = parse(kind, flags, verb="train classify")
        assert (given.optim.freeze, given.optim.lr, given.augment.flip) == (False, 0.5, False)
        assert given.model.options == {"wide": "1"}


@dataclass(frozen=True, kw_only=True)
class Move:
    """One value or several, before a positional argument."""

    run_folder: Annotated[Path, Positional]
    cube: str | tuple[str, ...] | None = None
    seed: int = 0


def test_one_word_is_a_value_and_several_are_a_tuple() -> None:
    assert parse(Move, ["r", "--cube", "a"], verb="move").cube == "a"
    assert parse(Move, ["r", "--cube", "a", "b", "--seed", "1"], verb="move").cube == ("a", "b")
    assert parse(Move, ["r", "--cube", "None"], verb="move").cube is None
    with pytest.raises(UsageError, match="None"):
        parse(Move, ["r", "--cube", "a", "None"], verb="move")


def test_the_last_of_several_words_is_the_positional_argument_that_must_be_there() -> None:
    for words, cube in ((["--cube", "a", "r"], "a"), (["--cube", "a", "b", "r"], ("a", "b"))):
        found = parse(Move, words, verb="move")
        assert (found.cube, found.run_folder) == (cube, Path("r"))
    with pytest.raises(UsageError, match="RUN_FOLDER"):
        parse(Move, ["--cube", "r"], verb="move")
