"""Every sentence exists in English and Chinese, with the same values, and every error kind has one."""

import ast
import os
import re
import shutil
import string
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lissom.errors import DataError, LissomError, near
from lissom.messages import catalogue, language, shell_word, text

SOURCES = sorted((Path(__file__).parents[1] / "src" / "lissom").rglob("*.py"))


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_both_languages_have_the_same_sentences() -> None:
    assert catalogue("en").keys() == catalogue("zh").keys()


def test_both_languages_name_the_same_values() -> None:
    pairs = ((name, catalogue("en")[name], catalogue("zh").get(name, "")) for name in catalogue("en"))
    assert [name for name, english, chinese in pairs if placeholders(english) != placeholders(chinese)] == []


def test_chinese_sentences_are_chinese() -> None:
    errors = {name: sentence for name, sentence in catalogue("zh").items() if name.startswith("error.")}
    bare = {name for name, sentence in errors.items() if not re.search(r"[一-鿿]", sentence)}
    assert bare == set()


def _raised() -> Iterator[tuple[str, str, set[str]]]:
    """Kind, where it is raised and with which values, for every error class called with a literal kind."""
    classes = {cls.__name__ for cls in [LissomError, *LissomError.__subclasses__()]}
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in classes):
                continue
            if node.args and isinstance(node.args[0], ast.Constant):
                spread = any(k.arg is None for k in node.keywords)
                values = {"**"} if spread else {str(k.arg) for k in node.keywords}
                yield str(node.args[0].value), f"{file.name}:{node.lineno}", values


def test_every_error_that_is_raised_has_its_sentence_and_values() -> None:
    sentences, seen = catalogue("en"), 0
    for kind, where, values in _raised():
        assert f"error.{kind}" in sentences, where
        assert "**" in values or placeholders(sentences[f"error.{kind}"]) <= values, where
        seen += 1
    assert seen > 300


def test_language_follows_the_variable_then_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISSOM_LANG", "zh")
    assert language() == "zh"
    monkeypatch.setenv("LISSOM_LANG", "zh_CN.UTF-8")
    assert language() == "zh"
    monkeypatch.setenv("LISSOM_LANG", "fr")
    assert language() == "en"


def test_an_error_is_one_line_that_survives_a_pickle() -> None:
    import pickle

    error = DataError("file-missing", path="a\nb")
    assert "\n" not in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.exit_code) == (DataError, str(error), 3)


def test_near_names_come_first_and_the_five_nearest_when_none_is_near() -> None:
    assert near("mobilnetv2", ["mobilenetv2", "resnet18"]) == "mobilenetv2"
    assert near("xyz", ["b", "a"]) == "a, b"
    assert near("xyz", [*"abcdefg", "xa"]).split(", ") == ["d", "e", "f", "g", "xa"]


def test_an_unknown_sentence_is_a_fault_of_ours() -> None:
    with pytest.raises(KeyError):
        text("error.no-such-kind")


@pytest.mark.parametrize(("images", "classes", "expected"), [
    (1, 2, "1 image in 2 classes: cat"), ("1", 1, "1 image in 1 class: cat"), (0, 11, "0 images in 11 classes: cat"),
])  # fmt: skip
def test_one_is_one_image(monkeypatch: pytest.MonkeyPatch, images: object, classes: int, expected: str) -> None:
    monkeypatch.setenv("LISSOM_LANG", "en")
    assert text("data.classes", images=images, classes=classes, listed="cat") == expected


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
def test_a_printed_command_can_be_pasted_into_a_shell() -> None:
    names = [
        "plain",
        "my run",
        "a;touch x",
        "$HOME`id`",
        "a'b\"c",
        "two  spaces",
        "a\nb",
        "\x1b[31m",
        "a\\b",
        "-x",
        "~",
        "*?",
    ]
    names += ["跑", os.fsdecode(b"\xe8x"), "a\\ \tb", "d\u3000e"]
    for name in names:
        sentence = str(LissomError("stopped-at-once", run=Path("runs", name)))
        command = sentence[sentence.index("lissom resume") :]
        assert command.isprintable()
        shown = subprocess.run(
            ["bash", "-c", f'lissom() {{ printf %s "$2"; }}; {command}'], capture_output=True, check=True
        )
        assert shown.stdout == os.fsencode(f"runs/{name}")
    assert shell_word(Path("runs/plain")) == "runs/plain"
