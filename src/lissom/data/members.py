"""The members of an archive, gathered into files and folders; links to other members are followed."""

import posixpath
from pathlib import Path
from typing import Any

from lissom.data.left_out import LeftOut, by_system
from lissom.data.names import apart
from lissom.errors import DataError

LONGEST_CHAIN = 40  # links that lead to links, as Linux has it


class Members:
    """Files of an archive by their names, each with where it is; of two of one name the last one counts, as in tar."""

    def __init__(self, archive: Path) -> None:
        self.files: dict[str, Any] = {}
        self.folders: set[str] = set()
        self.left_out: list[LeftOut] = []
        self._archive = archive
        self._links: dict[str, str] = {}
        self._raw: dict[str, str] = {}

    def add(self, name: str, where: Any, *, raw: str, is_folder: bool) -> None:
        """A file, which `where` finds, or a folder; `raw` is its name in the archive.

        Raises: DataError for a name that leads out of the archive.
        """
        name = self._safe(name)
        if left := by_system(name):
            self.left_out += [left] * (not is_folder)
            return
        self._stand(name)
        if is_folder:
            self.folders |= {name} - {"."}
            return
        if self._raw.setdefault(name, raw) != raw:  # another spelling of the same letters
            name = apart(name, self.files)
        self._links.pop(name, None)
        self.files[name] = where

    def add_link(self, name: str, target: str, *, from_root: bool = False) -> None:
        """A link, whose target is told from its own folder or from the root of the archive."""
        name = self._safe(name)
        if left := by_system(name):
            self.left_out.append(left)
            return
        self.files.pop(name, None)
        path = target if from_root else posixpath.join(posixpath.dirname(name), target)
        self._links[name] = posixpath.normpath(path)

    def follow_links(self) -> None:
        """Gives each link the file, or the files of the folder, that it leads to; any other link is left out."""
        targets = {name: self._target(name) for name in self._links}
        for name in [name for name, target in targets.items() if target in self.files]:
            self._alias(name, targets.pop(name))
        real = list(self.files)
        for name, target in targets.items():
            below = f"{target}/"
            found = [file for file in real if file.startswith(below)] if target in self.folders else []
            if not found or name.startswith(below):
                self.left_out.append(LeftOut(name, "link"))
                continue
            for file in found:
                self._alias(name + file[len(target) :], file)

    def _alias(self, name: str, file: str) -> None:
        self._stand(name)
        self.files[name] = self.files[file]

    def _target(self, name: str) -> str:
        """Where a link leads, through other links, those of folders above included."""
        path = self._links[name]
        for _ in range(LONGEST_CHAIN):
            link = next((above for above in (path, *_above(path)) if above in self._links), None)
            if link is None:
                return path
            path = posixpath.normpath(self._links[link] + path[len(link) :])
        return ""

    def _stand(self, name: str) -> None:
        self.folders.update(_above(name))

    def _safe(self, name: str) -> str:
        """The member's name with "/" and without "./"; one that leads out of the archive is an error."""
        path = name.replace("\\", "/")
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if path.startswith("/") or ".." in parts or (parts and parts[0].endswith(":")):
            raise DataError("archive-unsafe-name", path=self._archive, name=ascii(name)[1:-1])
        return "/".join(parts) or "."


def _above(name: str) -> list[str]:
    """The folders that a file stands in."""
    ends = [number for number, letter in enumerate(name) if letter == "/"]
    return [name[:end] for end in reversed(ends)]
