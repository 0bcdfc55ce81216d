"""Every message, in English and Chinese, one TOML file per room of the house."""

import locale
import os
import shlex
import string
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "zh")


def language() -> str:
    """The reader's language: `LISSOM_LANG` if it is set, else the locale's; English for all that is not Chinese."""
    wanted = os.environ.get("LISSOM_LANG") or locale.getlocale()[0] or os.environ.get("LANG", "")
    return "zh" if wanted.lower().startswith(("zh", "chinese")) else "en"


@cache
def catalogue(lang: str) -> dict[str, str]:
    """All sentences of one language, as `{"table.key": sentence with {named} values}`."""
    sentences: dict[str, str] = {}
    for file in sorted(files(__name__).joinpath(lang).iterdir(), key=lambda f: f.name):
        for name, sentence in _flat(file.read_text(encoding="utf-8")).items():
            if name in sentences:
                raise KeyError(f"message {name} stands twice, the second time in {lang}/{file.name}")
            sentences[name] = sentence
    return sentences


@cache
def translated_help(lang: str) -> dict[str, str]:
    """Help of arguments, by `Class.field`; of English none, as it stands in the source."""
    return {} if lang == "en" else _flat(files(__name__).joinpath("help", f"{lang}.toml").read_text(encoding="utf-8"))


def _flat(toml: str) -> dict[str, str]:
    return {f"{table}.{key}": words for table, entries in tomllib.loads(toml).items() for key, words in entries.items()}


def metric_name(key: str) -> str:
    """A metric as people call it; one without a name is its key."""
    return text(f"metric.{key}") if f"metric.{key}" in catalogue("en") else key


def metric_short(key: str) -> str:
    """The same in a column's heading: OA for overall accuracy."""
    return text(f"metric_short.{key}") if f"metric_short.{key}" in catalogue("en") else key


def source_words(source: str | None) -> str | None:
    """Where a figure is printed, as the catalogue says it ("1801.04381, table 4"), in the reader's language."""
    for key, english in catalogue("en").items():
        if source and key.startswith("source."):
            source = source.replace(english, text(key))
    return source


def text(name: str, /, **values: Any) -> str:
    """The sentence called `table.key` in the reader's language, its values filled in; `{run!q}` as a shell's word,
    `{count:image|images}` by number."""
    return SENTENCES.format(catalogue(language())[name], **values)


class _Sentences(string.Formatter):
    """`{count} {count:image|images}`: the word for one, or the word for any other number; `{path!q}`: for a shell."""

    def format_field(self, value: Any, format_spec: str) -> str:
        one, bar, many = format_spec.partition("|")
        if not bar:
            return super().format_field(value, format_spec)
        return one if str(value) == "1" else many

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        return shell_word(value) if conversion == "q" else super().convert_field(value, conversion)  # type: ignore[arg-type]


SENTENCES = _Sentences()
"""Fills the values of a sentence."""


def shell_word(value: Any) -> str:
    """A path or name as a shell (bash, zsh) reads it, on one line; what cannot be seen, or would be lost where spaces
    are joined, stands as its bytes."""
    word = str(value)
    if word.isprintable() and "  " not in word:
        return shlex.quote(word)
    shown = (f"\\{c}" if c in "\\'" else c if c.isprintable() and c != " " else _as_bytes(c) for c in word)
    return f"$'{''.join(shown)}'"


def _as_bytes(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
