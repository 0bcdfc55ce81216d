"""`--help` of every verb: examples first, every flag with its default, in either language."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from lissom.cli.commands import COMMANDS, OF_MODELS, arguments
from lissom.cli.fields import arguments_of
from lissom.cli.help import field_docs, help_key, help_text
from lissom.cli.main import run
from lissom.cli.wrap import _columns
from lissom.messages import translated_help
from lissom.tasks.classify.settings import ClassifyTrainConfig
from lissom.tasks.scene.settings import SceneModelConfig
from lissom.training.registry import TASKS


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISSOM_LANG", "en")
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_it_lists_every_argument(command: str, flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command.split(), flag]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: lissom {command} ")
    assert out.index("examples:") < out.index("\noptions:")
    known = arguments_of(arguments(command))
    for form in [*known.listed, "--help"]:
        assert re.search(rf"^  (.*, )?{form}\b", out, flags=re.MULTILINE), form
    for argument in known.positionals:
        assert re.search(rf"^  \[?{argument.name}\b", out, flags=re.MULTILINE), argument.name
    assert max(map(len, out.partition("\noptions:")[2].splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_headings_are_in_the_readers_language(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LISSOM_LANG", "zh")
    assert run([*command.split(), "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"用法：lissom {command} ")
    assert out.index("示例：") < out.index("\n选项：")


KINDS = [arguments(command, task) for command in COMMANDS for task in (TASKS if command in OF_MODELS else [""])]


def help_keys() -> set[str]:
    """Of every argument and section that a help shows."""
    every = [argument for kind in KINDS for argument in arguments_of(kind).all]
    return {help_key(each) for each in every} | {f"{each.owner.__name__}.about" for each in every if each.path[:-1]}


def test_every_argument_and_section_has_its_chinese_and_no_other_has() -> None:
    assert translated_help("zh").keys() == help_keys()


def test_the_help_of_arguments_is_chinese_and_no_line_is_too_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LISSOM_LANG", "zh")
    assert run(["train", "scene", "--help"]) == 0
    lines = capsys.readouterr().out.partition("\n选项：")[2].splitlines()
    assert "  --momentum FLOAT      SGD 的动量。 （默认：0.9）" in lines
    assert any(line.startswith("engine 的选项： 训练多久") for line in lines)
    assert max(_columns(line) for line in lines) <= 80
    assert not [line for line in lines if line.lstrip().startswith(tuple("，。；：、）"))]


def test_a_class_of_somebody_else_keeps_its_english(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass
    class DataConfig:
        data: str = ""
        """Pictures."""

    monkeypatch.setenv("LISSOM_LANG", "zh")
    assert "Pictures." in help_text(DataConfig, verb="mine", summary="S", examples="E")


def test_training_shows_groups_defaults_units_and_both_forms(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "scene", "--help"]) == 0
    flat = " ".join(capsys.readouterr().out.split())
    for words in (
        "model options: Which network. --model STR",
        "engine options: How long, on what, and in which precision. --epochs INT",
        "(default: 100)",  # of the task, not of the class
        "--window INT Side of the square window around each pixel, in pixels, odd;",
        "--whiten, --no-whiten Scale each principal component",
        "--standardise, --no-standardise",
        "--options NAME STR ... Options of that network",
        "--reduction {auto,pca,none,bands}",
        "--from The same as --weights.",
    ):
        assert words in flat, words


def test_it_is_printed_whatever_else_was_typed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "--ouput", "x", "--help"]) == 0
    assert "RUN_FOLDER" in capsys.readouterr().out


def test_behind_two_dashes_it_is_a_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", "--", "--help"]) == 3
    assert "--help" in capsys.readouterr().err


def test_docs_of_a_field_come_from_the_nearest_class() -> None:
    docs = field_docs(SceneModelConfig)
    assert docs["model"].startswith("A network for scenes")
    assert docs["width"].startswith("Width multiplier")
    assert "or a file of weights for" in docs["weights"]  # two lines, joined


def test_a_class_without_source_has_help_without_docs() -> None:
    made: dict = {"__name__": "nowhere"}
    exec("from dataclasses import dataclass\n@dataclass\nclass Bare:\n    size: int = 3\n    'Its size.'", made)
    shown = help_text(made["Bare"], verb="bare", summary="S", examples="E")
    assert "--size INT" in shown
    assert "(default: 3)" in shown


def test_a_field_without_a_string_has_none() -> None:
    @dataclass
    class Half:
        a: int = 1
        """Of a."""
        b: int = 2

    assert field_docs(Half) == {"a": "Of a."}
    assert field_docs(ClassifyTrainConfig) == {}
