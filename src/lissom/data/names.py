"""Names of files as text: one spelling of each, whichever system wrote it.

Zip files of Windows hold names in the system's own encoding, those of macOS UTF-8 without saying so, and a folder may
hold any bytes. Letters with accents come in one piece (NFC) or in two (NFD): both are one name.
"""

import struct
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from zipfile import ZipInfo

from lissom.events import Note, note

UTF_8, GBK = "utf-8", "gbk"
SAYS_UTF_8 = 0x800  # the flag of a zip's member
WINDOWS = (0, 10, 11, 14)  # `create_system`: FAT, NTFS, VFAT
UNICODE_PATH = 0x7075  # Info-ZIP's extra field


def spellings(names: Collection[bytes], *, other: str, windows: bool = False) -> tuple[dict[bytes, str], str]:
    """The names as text, NFC, and the encoding that most of them were read in: UTF-8, else GBK, else `other`.

    All names are read alike where that is possible: 0xC3A8 alone is a letter of UTF-8 and a word of GBK. `other` knows
    every byte. `windows`: written there, where GBK comes first.
    """
    strange = [name for name in names if not name.isascii()]
    order = (GBK, UTF_8) if windows else (UTF_8, GBK)
    whole = b"/".join(strange)
    common = next((encoding for encoding in order if _fits(whole, encoding)), None)
    of_name = {name: common or next((e for e in order if _fits(name, e)), other) for name in strange}
    texts = {name: unicodedata.normalize("NFC", name.decode(of_name.get(name, UTF_8))) for name in names}
    used = list(of_name.values())
    return texts, next((encoding for encoding in used if encoding != UTF_8), UTF_8)


def _fits(names: bytes, encoding: str) -> bool:
    """Whether the bytes are text in that encoding; in GBK, whether most of it is in everyday characters."""
    try:
        text = names.decode(encoding)
    except UnicodeDecodeError:
        return False
    strange = [letter for letter in text if not letter.isascii()]
    return encoding != GBK or 2 * sum(map(_is_everyday, strange)) >= len(strange)


def _is_everyday(letter: str) -> bool:
    try:
        return len(letter.encode("gb2312")) == 2
    except UnicodeEncodeError:
        return False


def speller(names: Iterable[str], *, other: str = "latin-1") -> tuple[Callable[[str], str], str]:
    """What gives any of these paths, as the system gives them with "/", as text; and the encoding that was needed."""
    raw = {part: _bytes(part) for name in names if not name.isascii() for part in name.split("/")}
    texts, encoding = spellings(set(raw.values()), other=other)

    def spell(name: str) -> str:
        return name if name.isascii() else "/".join(texts[raw[part]] for part in name.split("/"))

    return spell, encoding


def zip_names(infos: Sequence[ZipInfo]) -> tuple[list[str], str]:
    """The names of a zip's members, with "/", and the encoding of those that do not say theirs."""
    stated = [info.orig_filename if info.flag_bits & SAYS_UTF_8 else _unicode_path(info.extra) for info in infos]
    silent = [info for info, name in zip(infos, stated, strict=True) if not name]
    raw = {info.orig_filename: info.orig_filename.encode("cp437") for info in silent}
    windows = any(info.create_system in WINDOWS for info in silent)
    texts, encoding = spellings(set(raw.values()), other="cp437", windows=windows)
    names = [name or texts[raw[info.orig_filename]] for info, name in zip(infos, stated, strict=True)]
    return [unicodedata.normalize("NFC", name).partition("\0")[0].replace("\\", "/") for name in names], encoding


def _unicode_path(extra: bytes) -> str:
    """What the field 0x7075 says: a name in UTF-8 beside the one in the system's encoding."""
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        if kind == UNICODE_PATH and size > 5:
            return extra[9 : 4 + size].decode(UTF_8, "replace")
        extra = extra[4 + size :]
    return ""


def _bytes(name: str) -> bytes:
    try:
        return name.encode(UTF_8, "surrogateescape")
    except UnicodeEncodeError:  # half a letter of Windows
        return name.encode(UTF_8, "backslashreplace")


def unique(names: Mapping[str, str]) -> dict[str, str]:
    """Text -> path for the paths and their texts; one that two paths share is numbered; who is spelt so keeps it."""
    result: dict[str, str] = {}
    for name in sorted(names, key=lambda name: (names[name] != name, name)):
        result[apart(names[name], result)] = name
    return result


def apart(name: str, taken: Collection[str]) -> str:
    """The name, numbered where another file has it."""
    if name not in taken:
        return name
    path, number, free = PurePosixPath(name), 2, name
    while free in taken:
        free, number = str(path.with_name(f"{path.stem}~{number}{path.suffix}")), number + 1
    return free


def readable(name: str) -> str:
    """A name or path as text that can be printed and written."""
    return name if name.isascii() else speller([name])[0](name)


def printable(name: str) -> str:
    """The name itself where it can be printed and written, else as `readable`."""
    return name if is_writable(name) else readable(name)


def is_writable(name: str) -> bool:
    """Whether the name is text that a file can hold."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def told(path: Path, encoding: str, texts: Iterable[str]) -> tuple[Note, ...]:
    """Says that names were read in an encoding that nothing in the files states."""
    if encoding == UTF_8:
        return ()
    example = next((text for text in sorted(texts) if not text.isascii()), "")
    return (note("left.encoding", path=printable(str(path)), encoding=encoding, example=example),)
