"""Files that labels name, wherever they lie now: below another folder, on another machine, in another spelling."""

import os
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path, PurePosixPath

from lissom.bounds import read_regular
from lissom.data.files import is_image_name
from lissom.data.folders import FolderFiles
from lissom.errors import DataError, MachineError

PARTS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}


class Shelf:
    """Folders listed once each, in which files are found by their names."""

    def __init__(self) -> None:
        self._folders: dict[str, dict[str, str]] = {}
        self._skip = 0  # how many folders of the last path were not there: the next one lacks as many

    def file(self, path: str) -> Path | None:
        """The file at `path`; a name in other letters, large or small or accented otherwise, is the same."""
        folder, name = os.path.split(os.path.normpath(path))
        names = self.names(folder)
        found = names.get(name) or names.get(_plain(name))
        return Path(folder, found) if found else None

    def below(self, base: Path, given: str, *, images: bool = False) -> tuple[Path | None, bool]:
        """The file that `given` names, read from `base`; where it is not there, the same without its first folders:
        labels move to other machines. Whether that was needed. images: the name may lack its extension.
        """
        given = given.strip().replace("\\", "/")
        parts = [part for part in PurePosixPath(given).parts if part not in ("/", ".", "..")]
        for skip in [-1, self._skip, *range(len(parts))]:
            path = os.path.join(base, given) if skip < 0 else os.path.join(base, *parts[skip:])
            if skip < len(parts) and (found := self._image(path) if images else self.file(path)):
                self._skip = max(skip, 0)
                return found, skip >= 0 and os.path.normpath(path) != os.path.normpath(os.path.join(base, given))
        return None, False

    def anywhere(self, root: Path, given: str) -> Path | None:
        """The only image of that name below a folder."""
        found = self._by_name(root).get(_plain(given.replace("\\", "/").rsplit("/", 1)[-1]), [])
        return found[0] if len(found) == 1 else None

    @cache  # noqa: B019 - as below
    def _by_name(self, root: Path) -> dict[str, list[Path]]:
        names: dict[str, list[Path]] = {}
        for path in images_below(root):
            names.setdefault(_plain(path.name), []).append(path)
        return names

    def _image(self, path: str) -> Path | None:
        if found := self.file(path):
            return found
        folder, name = os.path.split(os.path.normpath(path))
        stem = self._stems(folder).get(_plain(name))
        return Path(folder, stem) if stem else None

    def names(self, folder: str) -> dict[str, str]:
        """The files of a folder, by their names and by these in plain letters; nothing where there is none."""
        if folder not in self._folders:
            self._folders[folder] = _listed(folder)
        return self._folders[folder]

    @cache  # noqa: B019 - a shelf lives as long as one reading
    def _stems(self, folder: str) -> dict[str, str]:
        return {_plain(os.path.splitext(name)[0]): name for name in self.names(folder).values() if is_image_name(name)}


def _listed(folder: str) -> dict[str, str]:
    try:
        with os.scandir(folder or ".") as entries:
            names = sorted(entry.name for entry in entries if entry.is_file())
    except PermissionError as error:
        raise MachineError("data-no-permission", path=folder) from error
    except OSError:
        return {}
    return {_plain(name): name for name in names} | {name: name for name in names}


def _plain(name: str) -> str:
    return name if name.isascii() and name.islower() else unicodedata.normalize("NFC", name).casefold()


def images_below(folder: Path) -> list[Path]:
    """All images of a folder at any depth, sorted by name; what systems put there is none.

    Raises: DataError for a loop of symbolic links, MachineError for a folder that may not be read.
    """
    files = FolderFiles(folder)
    return [files.file(name) for name in files.names if is_image_name(name)]


def part_of(names: Iterable[str]) -> str:
    """The part that one of these words says, `train2017` and `instances_val` too; "" where none does."""
    for name in names:
        for word in name.lower().replace("-", "_").replace(".", "_").split("_"):
            if part := PARTS.get(word.rstrip("0123456789")):
                return part
    return ""


def read_words(path: Path) -> str:
    """A text file: UTF-8, UTF-16 where it begins so, else GB 18030. Raises: DataError that names it."""
    try:
        data = read_regular(path)
        return _decoded(data)
    except PermissionError as error:
        raise MachineError("data-no-permission", path=path) from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("boxes-not-text", path=path, reason=error) from None


def _decoded(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")  # of a Chinese Windows


def read_names(path: Path) -> list[str]:
    """Class names, one in each line that is not empty."""
    return [line.strip() for line in read_words(path).splitlines() if line.strip()]
