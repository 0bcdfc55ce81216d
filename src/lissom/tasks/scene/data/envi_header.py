"""The text of an ENVI header as a dictionary: `keyword = value`, `keyword = {a list, over lines}`, `; a comment`.

Parsed here because the parser of the field's library reads in the machine's own encoding, so that a Chinese or German
header opens on one machine and not on the next; on plain text both agree, which a test holds.
"""

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path

from lissom.errors import DataError
from lissom.messages import text

ENCODINGS = ("utf-8-sig", "gb2312", "latin-1")  # a German ü with its neighbour is a letter of GBK, not of GB 2312
WHOLE = ("description", "coordinate system string")  # their commas separate nothing

Header = dict[str, str | list[str]]


def read_header(path: Path) -> Header:
    """Keywords in lower case, their values as text or lists of text. Raises: DataError for what is no header."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError("scene-unreadable", path=path, reason=error.strerror or str(error)) from error
    if not content.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"ENVI"):
        raise DataError("scene-unreadable", path=path, reason=text("scenes.reason-no-envi"))
    fields: Header = {}
    for key, value in _entries(_decoded(content).splitlines()[1:], path):
        whole = key in WHOLE and value.startswith("{")
        fields[key] = value[1 : value.rindex("}")].strip() if whole else listed(value)
    return fields


def listed(value: str) -> str | list[str]:
    """The words of a list in braces; what has none as it is."""
    if not value.startswith("{"):
        return value
    words = [word.strip() for word in value[1 : value.rfind("}")].strip().split(",")]
    return words[:-1] if words[1:] and not words[-1] else words


def _decoded(content: bytes) -> str:
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError("latin-1 decodes every byte")


def _entries(lines: list[str], path: Path) -> Iterator[tuple[str, str]]:
    """Keyword and value, lists joined over their lines. Raises: DataError for a list that does not end."""
    waiting = _joined(line for line in lines if not line.lstrip().startswith(";"))
    for line in waiting:
        key, equals, value = line.partition("=")
        if not equals:
            continue
        key, value = " ".join(key.lower().split()), value.strip()
        while value.startswith("{") and "}" not in value:
            more = next(waiting, None)
            if more is None:
                raise DataError("scene-unreadable", path=path, reason=text("scenes.reason-envi-brace", field=key))
            value += " " + more.strip()
        yield key, value


def _joined(lines: Iterable[str]) -> Iterator[str]:
    """The lines, an opening brace moved up to the keyword that it belongs to."""
    held = ""
    for line in lines:
        if held and line.lstrip().startswith("{"):
            held += line
            continue
        if held:
            yield held
        held = line if line.rstrip().endswith("=") else ""
        if not held:
            yield line
    if held:
        yield held
