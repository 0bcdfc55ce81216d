"""The words typed after a verb -> its argument class, filled; every kind of misfit is a UsageError of its own."""

import difflib
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from lissom.cli.fields import Argument, Arguments, arguments_of, default_of
from lissom.cli.kinds import Unfit
from lissom.config import updated
from lissom.errors import DataError, UsageError
from lissom.messages import text

Filled = TypeVar("Filled")
FEW = 5  # flags that are all named where none is like the one typed


def parse(kind: type[Filled], words: Sequence[str], *, verb: str) -> Filled:
    """The argument class filled from `words`; where it has a `config` field, that file's values lie under the flags.

    verb: as typed, for the errors. Raises: UsageError, DataError for a settings file that cannot be read.
    """
    given = Reader(arguments_of(kind), verb).read(words)
    file = given.get(("config",))
    made = None if file is None else updated(kind(), read_yaml(file), where=str(file))
    return _filled(kind, given, made, ())


def read_yaml(file: Path) -> Any:
    """The contents of a settings file, or a DataError that says why it cannot be read."""
    import yaml

    try:
        return yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("config-unreadable", path=file, reason=error) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a number of 5,000 digits
        raise DataError("config-not-yaml", path=file, reason=" ".join(str(error).split())) from None


def _filled(kind: Any, given: Mapping[tuple[str, ...], Any], made: Any, above: tuple[str, ...]) -> Any:
    """`made`, or a new one where there is none, with what was given for it and its sections."""
    changes = {path[-1]: value for path, value in given.items() if path[:-1] == above}
    for section in {path[len(above)] for path in given if path[: len(above)] == above and len(path) > len(above) + 1}:
        field = next(f for f in fields(kind) if f.name == section)
        inside = getattr(made, section) if made is not None else default_of(field)
        changes[section] = _filled(type(inside), given, inside, (*above, section))
    return kind(**changes) if made is None else replace(made, **changes)


class Reader:
    """Reads the words of one command, from left to right; the first that does not fit ends it."""

    def __init__(self, known: Arguments, verb: str) -> None:
        self._known, self._verb = known, verb
        self._values: dict[tuple[str, ...], Any] = {}
        self._off: dict[tuple[str, ...], bool] = {}
        self._loose: list[str] = []
        self._last: tuple[Argument, list[str]] | None = None  # of one value or several, given several

    def read(self, words: Sequence[str]) -> dict[tuple[str, ...], Any]:
        """Where it stands in the argument class -> the value, for all that was given. Raises: UsageError."""
        rest = deque(words)
        while rest:
            self._step(rest)
        self._fill_positionals()
        missing = [each.name for each in self._known.all if each.required and each.path not in self._values]
        if missing:
            raise self._error("argument-missing", names=" ".join(missing), got=self._named(self._loose))
        return self._values

    def first_loose(self, words: Sequence[str]) -> str | None:
        """The first word that belongs to no flag; None where there is none. Raises: UsageError for what is before."""
        rest = deque(words)
        while rest and not self._loose:
            self._step(rest)
        return self._loose[0] if self._loose else None

    def _step(self, rest: deque[str]) -> None:
        """Takes one argument off the front, with its values."""
        word = rest.popleft()
        if word == "--":
            self._loose += rest
            rest.clear()
        elif not is_flag(word):
            self._loose.append(word)
        else:
            flag, sign, value = word.partition("=")
            found = self._known.by_flag.get(flag.replace("_", "-"))
            if found is None:
                raise self._unknown(flag)
            self._take(*found, [value] if sign else None, rest)

    def _take(self, argument: Argument, off: bool, joined: list[str] | None, rest: deque[str]) -> None:
        """joined: the value after a `=`; None: the values follow."""
        if not argument.kind.is_switch:
            words = joined or self._following(argument, rest)
            self._set(argument, words)
            if argument.kind.form == "some" and len(words) > 1:
                self._last = argument, words
            return
        if self._off.setdefault(argument.path, off) != off:
            raise self._error("flags-contradict", first=argument.name, second=argument.off)
        if off and joined:
            raise self._error("value-unwanted", flag=argument.off, got=joined[0])
        if joined is None and not off and rest and rest[0] in argument.kind.switches:
            joined = [rest.popleft()]
        self._set(argument, joined or [str(not off)])

    def _following(self, argument: Argument, rest: deque[str]) -> list[str]:
        """The words up to the next flag, or one of them. Raises: UsageError where there is none."""
        words: list[str] = []
        while rest and not is_flag(rest[0]) and (argument.kind.form != "one" or not words):
            words.append(rest.popleft())
        if not words:
            raise self._error(
                "value-missing", flag=argument.name, got=self._named(list(rest)[:1]), expected=self._expected(argument)
            )
        return words

    def _fill_positionals(self) -> None:
        """Gives the loose words to the positional arguments; one that must be there and is not gets the last word of
        the flag before it, where that took several."""
        if not self._loose and self._last and any(each.required for each in self._known.positionals):
            argument, words = self._last
            self._loose.append(words.pop())
            self._set(argument, words)
        loose = list(self._loose)
        for argument in self._known.positionals:
            count = 1 if argument.kind.form == "one" else len(loose)
            if loose:
                self._set(argument, loose[:count])
                loose = loose[count:]
        if loose:
            names = " ".join(each.name for each in self._known.positionals)
            expected = text("cli.expected-places", names=names) if names else text("cli.expected-flags")
            raise self._error("argument-unexpected", got=loose[0], expected=expected)

    def _set(self, argument: Argument, words: list[str]) -> None:
        kind, word = argument.kind, " ".join(words)
        try:
            if kind.form == "pairs":
                value: Any = kind.pairs(words)
            else:
                values = []
                for word in words:
                    values.append(kind.value(word, argument.low))
                if kind.form == "some" and len(values) > 1 and None in values:
                    raise Unfit
                value = values[0] if kind.form in ("one", "some") and len(values) == 1 else tuple(values)
        except Unfit:
            expected = self._expected(argument)
            raise self._error("value-unfit", name=argument.name, got=word, expected=expected) from None
        self._values[argument.path] = value

    def _expected(self, argument: Argument) -> str:
        return argument.kind.expected(argument.low)

    def _named(self, words: Sequence[str]) -> str:
        return " ".join(words) or text("cli.nothing")

    def _unknown(self, flag: str) -> UsageError:
        typed, known = flag.strip("-"), self._known.listed
        accepted = [*self._known.by_flag] if typed.startswith("no-") else known
        near = difflib.get_close_matches(typed, [form[2:] for form in accepted], n=3)  # `--` is like every `--`
        listed = [f"--{name}" for name in near] or (known if len(known) <= FEW else [])
        if not listed:
            return self._error("flag-unlike", got=flag)
        return self._error("flag-unknown", got=flag, near=", ".join(listed))

    def _error(self, error: str, **values: Any) -> UsageError:
        return UsageError(error, verb=self._verb, **values)


def is_flag(word: str) -> bool:
    """Whether it begins with a sign and is no number."""
    if not word.startswith("-") or word == "-":
        return False
    try:
        float(word)
    except ValueError:
        return True
    return False
