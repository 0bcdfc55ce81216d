"""What can go wrong, by kind: each class has an exit code, each kind a sentence in the table `error` of the messages.

`raise DataError("image-unreadable", path=path, reason=reason)`: the sentence names the value got, the value expected
and the remedy, on one line. A fault of ours is an ordinary exception and leaves with 1.
"""

import difflib
from collections.abc import Iterable
from typing import Any

from lissom.messages import text


class LissomError(Exception):
    """An error that a user can cause or meet; `kind` and `values` say which, `str()` gives the sentence."""

    exit_code = 1

    def __init__(self, kind: str, **values: Any) -> None:
        self.sentence = " ".join(text(f"error.{kind}", **values).split())
        super().__init__(self.sentence)
        self.kind = kind
        self.values = values

    def __str__(self) -> str:  # OSError would print itself as an errno
        return self.sentence

    def __reduce__(self) -> tuple[Any, ...]:  # crosses process borders: loader workers, spawned ranks
        return (_rebuild, (type(self), self.kind, self.values))


def _rebuild(cls: type[LissomError], kind: str, values: dict[str, Any]) -> LissomError:
    return cls(kind, **values)


class UsageError(LissomError, ValueError):
    """Wrong usage: an unknown name, flag, option or value, a missing extra."""

    exit_code = 2


class DataError(LissomError, ValueError):
    """Bad input: files, folders, run folders, configurations' contents."""

    exit_code = 3


class DataMissing(DataError):
    """Input that is not where it is said to be."""


class ResultError(LissomError):
    """A result that was asked for and not reached: a budget, parity, a finite loss."""

    exit_code = 4


class MachineError(LissomError, OSError):
    """The environment said no: disk, permission, network, memory."""

    exit_code = 5


class Interrupted(LissomError):
    """The user stopped the work; what was saved is safe."""

    exit_code = 130


def near(name: str, known: Iterable[str]) -> str:
    """The names most like `name`, for "did you mean": `"a, b"`, at most 3, or the 5 nearest where none is like it."""
    known = sorted(known)
    likely = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    return ", ".join(likely or sorted(difflib.get_close_matches(name, known, n=5, cutoff=0.0)))
