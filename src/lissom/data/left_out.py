"""What of a folder or archive is not used, and why."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from lissom.data import heic
from lissom.data.files import is_image_name
from lissom.events import Note, note

Reason = Literal[
    "stray", "unused", "unlisted", "link", "heic", "format", "other", "device", "thumbnail", "companion", "system",
    "empty",
]  # fmt: skip
"""An image outside the class folders or the splits, or one that a list does not name; a link that leads out of its
archive; an image that cannot be decoded here or by nobody; a file that is no image; what is no file, as a pipe; what a
NAS, macOS or another system adds; a folder without images."""
REASONS: tuple[Reason, ...] = Reason.__args__  # type: ignore[attr-defined]
HARMLESS = frozenset({"thumbnail", "companion", "system"})

THUMBNAILS = frozenset({"@eadir", ".@__thumb", ".thumbnails"})  # of Synology, QNAP, desktops
SYSTEM = frozenset(
    {
        "thumbs.db", "ehthumbs.db", "desktop.ini", "lost+found", "$recycle.bin", "system volume information",
        "#recycle", "@recycle", "#snapshot",
    }
)  # fmt: skip
FOREIGN = frozenset(
    {
        ".avif", ".jxl", ".jp2", ".j2k", ".jpx", ".svg", ".psd", ".xcf", ".ai", ".eps", ".ico", ".tga", ".exr", ".hdr",
        ".dcm", ".nii", ".raw", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw",
    }
)  # fmt: skip


class LeftOut(NamedTuple):
    """A file or folder that is not used."""

    name: str
    reason: Reason


def of_system(part: str) -> Reason | None:
    """Why a file or folder of that name is never data; None where it may be."""
    known = part.casefold()
    if known in THUMBNAILS:
        return "thumbnail"
    if part.startswith("._") or known == "__macosx":
        return "companion"
    return "system" if part.startswith(".") or known in SYSTEM else None


def by_system(name: str) -> LeftOut | None:
    """The file as left out where it, or a folder that it stands in, is a system's own."""
    return next((LeftOut(name, reason) for part in name.split("/") if (reason := of_system(part))), None)


def no_images(names: Iterable[str]) -> list[LeftOut]:
    """Those that are no images that can be decoded here."""
    return [LeftOut(name, _no_image(name)) for name in names if not is_image_name(name)]


def _no_image(name: str) -> Reason:
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in heic.SUFFIXES:
        return "heic"
    return "format" if suffix in FOREIGN else "other"


def summary(left: Iterable[LeftOut]) -> dict[Reason, Note]:
    """For each reason that there is, the number of files and one of them as a sentence."""
    found: dict[Reason, list[str]] = {}
    for name, reason in sorted(left):
        found.setdefault(reason, []).append(name)
    return {
        reason: note(f"left.{reason}", count=len(names), example=names[0])
        for reason in REASONS
        if (names := found.get(reason))
    }


def first(left: Iterable[LeftOut]) -> Note | str:
    """The sentence on what matters most of it; "" where nothing is left out."""
    return next(iter(summary(left).values()), "")
