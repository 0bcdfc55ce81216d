"""Pickles of dictionaries, lists, numbers, texts and arrays of numbers, read without calling anything of theirs.

A pickle is a program. Of its operations those are known here that build plain values; the names of NumPy that it may
call stand for classes of this file: NumPy's own make arrays of pointers of any bytes, from where it is a step to code.
"""

import io
import pickle
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lissom.errors import DataError

OPERATIONS = (
    pickle.PROTO, pickle.FRAME, pickle.STOP, pickle.MARK, pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE,
    pickle.INT, pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG, pickle.LONG1,
    pickle.STRING, pickle.BINSTRING, pickle.SHORT_BINSTRING, pickle.BINBYTES, pickle.SHORT_BINBYTES,
    pickle.UNICODE, pickle.BINUNICODE, pickle.SHORT_BINUNICODE,
    pickle.EMPTY_TUPLE, pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3,
    pickle.EMPTY_LIST, pickle.LIST, pickle.APPEND, pickle.APPENDS,
    pickle.EMPTY_DICT, pickle.DICT, pickle.SETITEM, pickle.SETITEMS,
    pickle.PUT, pickle.BINPUT, pickle.LONG_BINPUT, pickle.GET, pickle.BINGET, pickle.LONG_BINGET, pickle.MEMOIZE,
    pickle.GLOBAL, pickle.STACK_GLOBAL, pickle.REDUCE,
)  # fmt: skip


def read_pickle(data: bytes) -> dict[str, Any]:
    """The dictionary in `data`, arrays of other things than numbers as None, texts of Python 2 as latin-1.

    Raises: ValueError for what is none or is damaged, DataError for one that would call something.
    """
    try:
        table = _Reader(io.BytesIO(data), encoding="latin1").load()
    except DataError:
        raise
    except Exception as error:  # damaged bytes raise nearly every kind
        raise ValueError(type(error).__name__) from error
    if not isinstance(table, dict) or not all(isinstance(key, str | bytes) for key in table):
        raise ValueError("no dictionary of names")
    return {_text(key): value.values if isinstance(value, PickledArray) else value for key, value in table.items()}


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts or bytes as texts; none where it is anything else."""
    good = isinstance(value, list) and all(isinstance(each, str | bytes) for each in value)
    return tuple(_text(each) for each in value) if good else ()


def _text(value: str | bytes) -> str:
    return value.decode("latin1") if isinstance(value, bytes) else value


class PickledType:
    """A type of numbers in the place of `numpy.dtype`; of anything else, objects above all, it holds none."""

    def __init__(self, code: Any, *flags: Any) -> None:
        word = code.decode("latin1") if isinstance(code, bytes) else code
        known = isinstance(word, str) and re.fullmatch(r"[<>|=]?(b1|[iu][1248]|f[248]|c(8|16))", word)
        self.kind: np.dtype | None = np.dtype(word) if known else None

    def __setstate__(self, state: Any) -> None:
        """state: version, byte order, and what numbers do not have."""
        if self.kind is not None and state[1] in ("<", ">"):
            self.kind = self.kind.newbyteorder(state[1])


class PickledArray:
    """An array in the place of NumPy's, which is pickled as a call of `_reconstruct` and then its content."""

    def __init__(self, *empty: Any) -> None:
        self.values: NDArray[Any] | None = None
        """None: not of numbers."""

    def __setstate__(self, state: Any) -> None:
        """state: version, shape, type, whether columns come first, content. Raises: ValueError where they misfit."""
        _, shape, kind, is_fortran, content = state
        if isinstance(kind, PickledType) and kind.kind is not None:
            found = np.frombuffer(_bytes(content), kind.kind)
            self.values = found.reshape(shape, order="F" if is_fortran else "C")


def pickled_scalar(kind: Any, content: Any = None) -> Any:
    """One number in the place of NumPy's `scalar`; None for what is none."""
    if not isinstance(kind, PickledType) or kind.kind is None:
        return None
    return np.frombuffer(_bytes(content), kind.kind)[0].item()


def _bytes(content: Any) -> bytes:
    return content.encode("latin1") if isinstance(content, str) else content


class _Latin:
    """Python 3's way to write bytes in a pickle that Python 2 reads."""

    def __new__(cls, words: str, coding: str) -> Any:
        return words.encode("latin1")


MEANING: dict[tuple[str, str], Any] = {
    **{(f"numpy.{core}.multiarray", "_reconstruct"): PickledArray for core in ("core", "_core")},
    ("numpy", "ndarray"): None,
    ("numpy", "dtype"): PickledType,
    ("_codecs", "encode"): _Latin,
}


class _Reader(pickle._Unpickler):  # that of Python, whose operations can be chosen
    """Knows no operation but `OPERATIONS` and its own `BUILD`, and no name but those of `MEANING`."""

    stack: list[Any]

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in MEANING:
            raise DataError("cifar-unsafe-pickle", name=f"{module}.{name}")
        return MEANING[module, name]

    def build(self: Any) -> None:
        state, made = self.stack.pop(), self.stack[-1]
        if not isinstance(made, PickledArray | PickledType):
            raise ValueError("not an array")
        made.__setstate__(state)

    dispatch: Any = {code[0]: pickle._Unpickler.dispatch[code[0]] for code in OPERATIONS} | {pickle.BUILD[0]: build}
