"""A reason why latency does not follow MACs: a kind with its figures, in words when somebody reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lissom.messages import SENTENCES, catalogue, language


@dataclass(frozen=True, kw_only=True)
class Reason:
    """What `explain` finds."""

    kind: str
    """The message `why.KIND` says it."""
    values: Mapping[str, Any]
    """The figures of that message."""
    written: str | None = field(default=None, compare=False)
    """The sentence in the file that it was read from, in whatever language."""

    def sentence(self, lang: str | None = None) -> str:
        """In a language, `en` or `zh`; None: the reader's."""
        words = catalogue(lang or language())
        values = {key: _words(key, value, words) for key, value in self.values.items()}
        return SENTENCES.format(words[f"why.{self.kind}"], **values)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON, with the sentence: the one that was read, or that in the reader's language."""
        return {"kind": self.kind, **self.values, "sentence": self.written or self.sentence()}


def reason(kind: str, **values: Any) -> Reason:
    """A reason from its figures."""
    return Reason(kind=kind, values=values)


def from_dict(values: Mapping[str, Any]) -> Reason:
    """What `to_dict` gave."""
    figures = {key: value for key, value in values.items() if key not in ("kind", "sentence")}
    return Reason(kind=values["kind"], values=figures, written=values.get("sentence"))


def _words(key: str, value: Any, words: Mapping[str, str]) -> str:
    if key == "family":
        return words[f"family.{value}"]
    if key == "parts":
        return words["why.comma"].join(
            f"{words[f'family.{name}']} {100 * share:.0f} %" for name, share in value.items()
        )
    if key == "speed":
        return f"{value / 1e9:.3g}"
    if key.endswith("share"):
        return f"{100 * value:.0f} %" if value >= 0.01 else f"{100 * value:.1g} %"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
