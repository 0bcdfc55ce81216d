"""From the annotation of a field to what may be typed for it, and from the words typed to the value."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from lissom.messages import text

PLAIN = {str: "STR", int: "INT", float: "FLOAT", bool: "BOOL", Path: "PATH"}
SWITCH = {"True": True, "False": False}


class Unfit(Exception):
    """A word that is none of what is expected."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What an argument holds."""

    item: type = str
    """Of one value: one of `PLAIN`."""
    choices: tuple[Any, ...] = ()
    """The only values, where there are such."""
    optional: bool = False
    """Whether the word `None` stands for None."""
    form: Literal["one", "some", "list", "pairs"] = "one"
    """One value; one, or several as a tuple; as many as are given, as a tuple; or names and values in turn, as a
    dictionary."""

    @property
    def is_switch(self) -> bool:
        """A flag that needs no value."""
        return self.item is bool and self.form == "one"

    @property
    def switches(self) -> tuple[str, ...]:
        """Words that may stand behind such a flag."""
        return (*SWITCH, "None") if self.optional else tuple(SWITCH)

    @property
    def metavar(self) -> str:
        """What stands for the value in the help."""
        one = "{" + ",".join(map(str, self.choices)) + "}" if self.choices else PLAIN[self.item]
        return {"one": one, "some": f"{one} ...", "list": f"{one} ...", "pairs": f"NAME {one} ..."}[self.form]

    def value(self, word: str, low: float | None = None) -> Any:
        """The value that a word stands for. Raises: Unfit."""
        if self.optional and word == "None":
            return None
        known = {str(choice): choice for choice in self.choices} or (SWITCH if self.item is bool else {})
        if known:
            if word not in known:
                raise Unfit
            return known[word]
        try:
            value = self.item(word)
        except ValueError:
            raise Unfit from None
        if low is not None and not value >= low:
            raise Unfit
        return value

    def pairs(self, words: Sequence[str]) -> dict[str, Any]:
        """`width 0.5 deep true` as a dictionary. Raises: Unfit for a name without a value."""
        if len(words) % 2:
            raise Unfit
        return {name: self.value(word) for name, word in zip(words[::2], words[1::2], strict=True)}

    def expected(self, low: float | None = None) -> str:
        """What is expected of a word, for an error's sentence."""
        if self.form == "pairs":
            return text("cli.expected-pairs")
        if self.choices:
            said = text("cli.expected-one-of", known=", ".join(map(str, self.choices)))
        else:
            said = text(f"cli.expected-{self.item.__name__.lower()}")
        if low is not None:
            said = text("cli.expected-at-least", what=said, low=f"{low:g}")
        return text("cli.expected-or-none", what=said) if self.optional else said


def kind_of(hint: Any) -> Kind:
    """Raises: TypeError for an annotation that no word typed can fill."""
    origin, inside = get_origin(hint), get_args(hint)
    if hint in PLAIN:
        return Kind(item=hint)
    if origin is Annotated:
        return kind_of(inside[0])
    if origin is Literal:
        return Kind(choices=inside)
    if origin is tuple and inside[1:] == (...,):
        return _several(inside[0], "list")
    if origin is dict and inside[0] is str:
        return _several(inside[1], "pairs")
    if origin in (Union, UnionType):
        return _either(inside)
    raise TypeError(f"no argument can be {hint}")


def _several(item: Any, form: Any) -> Kind:
    one = kind_of(item)
    assert one.form == "one"
    return Kind(item=one.item, choices=one.choices, form=form)


def _either(members: tuple[Any, ...]) -> Kind:
    """`X | None`; plain types, of which text takes every word; or `X | tuple[X, ...]`."""
    real = [member for member in members if member is not NoneType]
    if tuple[str, ...] in real:
        return Kind(optional=NoneType in members, form="some")
    one = kind_of(str if str in real else real[0])
    assert len(real) == 1 or str in real
    return Kind(item=one.item, choices=one.choices, optional=NoneType in members, form=one.form)
