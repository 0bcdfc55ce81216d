"""config.yaml read a line at a time, against YAML itself."""

import pytest
import yaml

from lissom.config import to_dict
from lissom.runs import sections
from lissom.runs.sections import read_sections
from lissom.tasks.classify.settings import ClassifyTrainConfig
from lissom.tasks.scene.settings import SceneTrainConfig

PLAIN = "a:\n  b: 1\n"
SCALARS = (
    "1", "-1", "1.5", "1e-3", "1.0e-3", "0o17", "017", "0x1f", "1_000", "true", "yes", "off", "null", "Null", "'32'",
    "''", "2026-11-27", "digits", "/data/a-b.c", "a.b/c+d", "{}", "[]", "零", ".5", "~", "-", "--- a", "...", "-x",
    "- x", "1:30", "a: b", "a #b", "a#b", "'it''s'", '"a\\n"', "&a b", "*a", "!!str 1", "|", ">", "[1, 2]", "{a: 1}",
    "?", "=",
)  # fmt: skip


def outcome(read, words: str):
    """The value and the types in it, or the error."""
    try:
        return repr(read(words))
    except (ValueError, yaml.YAMLError) as error:
        return type(error)


@pytest.mark.parametrize("scalar", SCALARS)
def test_a_value_is_what_yaml_makes_of_it(scalar: str) -> None:
    words = f"a:\n  b: {scalar}\n"
    assert outcome(read_sections, words) == outcome(yaml.safe_load, words)


@pytest.mark.parametrize("words", [
    "", "\n", "a:\n", "a: 1\n", "a:\nb:\n  c: 1\n", "a:\n  b: 1\nc:\n", "  b: 1\n", "a:\n  b: 1\n    c\n",
    "a:\n  b: 1\n\n  c: 2\n", "a:\n  b:\n  - 1\n", "on:\n  yes: 1\n", "a:\n  b: 1\na:\n  c: 2\n", "a:\n  b: 1\n  b: 2",
    "a:\r\n  b: 1\r\n", "a:\n  b: 1", "# no\na:\n  b: 1\n", "---\na:\n  b: 1\n", "a:\n   b: 1\n", "a:\n  b: 2026-13-45",
])  # fmt: skip
def test_a_text_is_what_yaml_makes_of_it(words: str) -> None:
    assert outcome(read_sections, words) == outcome(yaml.safe_load, words)


@pytest.mark.parametrize("config", [ClassifyTrainConfig(), SceneTrainConfig()], ids=["classify", "scene"])
def test_what_a_run_writes_is_read_without_yaml(config: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for values that are no single word, as a list of bands."""
    values = to_dict(config)
    words = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    read_sections(words)  # each line once
    monkeypatch.setattr(sections.yaml, "safe_load", None)
    assert read_sections(words) == values


def test_readers_share_nothing() -> None:
    words = "a:\n  b: {}\n  c: []\n"
    read_sections(words)["a"]["b"]["x"] = 1
    assert read_sections(words) == {"a": {"b": {}, "c": []}}
