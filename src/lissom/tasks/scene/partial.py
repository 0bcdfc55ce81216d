"""The finished blocks of a map that is under way, as files beside it: a stop costs one block at most."""

import contextlib
import errno
import io
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lissom.atomic import sweep, write_atomic
from lissom.errors import MachineError
from lissom.models.regions import Region
from lissom.plain import to_json
from lissom.runs.arrays import read_arrays
from lissom.tasks.scene.classified import Classified

KEY = "key.json"
NEEDED = {"predicted": ("iu", 2), "confidence": ("f", 2)}


class Partial:
    """A folder of blocks that belong to one `key`: weights, cube and settings, all by their content.

    Blocks of another key are thrown away, for they would not fit together. Raises: MachineError where the folder
    cannot be made or written.
    """

    def __init__(self, folder: Path, key: Mapping[str, Any]) -> None:
        self.folder = folder
        wanted = to_json(dict(key), sort_keys=True) + "\n"
        file = folder / KEY
        if file.is_file() and file.read_text(encoding="utf-8") == wanted:
            return
        self.remove()
        try:
            folder.mkdir(exist_ok=True)  # a killed process may have left it with nothing in it
            sweep(folder)
            if any(folder.iterdir()):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        except OSError as error:
            raise MachineError("not-writable", path=folder, reason=error.strerror or error, size="0") from error
        write_atomic(file, wanted)

    def __contains__(self, block: Region) -> bool:
        return self._file(block).is_file()

    def add(self, block: Region, classified: Classified) -> None:
        """Keeps a block: on the disk when this returns, whole or not at all."""
        held = io.BytesIO()
        known = {name: values for name, values in classified._asdict().items() if values is not None}
        np.savez(held, allow_pickle=False, **known | {"predicted": classified.predicted.astype(np.int32)})
        write_atomic(self._file(block), held.getvalue())

    def __getitem__(self, block: Region) -> Classified:
        found = read_arrays(
            self._file(block), NEEDED, {"uncertainty": ("f", 2)}, error="scene-partial-damaged", folder=self.folder
        )
        return Classified(**found)

    def remove(self) -> None:
        """Deletes the folder and what is in it, if it is one of ours; the key last, by which it is known as one."""
        if not (self.folder / KEY).is_file():
            return
        for path in self.folder.iterdir():
            if path.name != KEY:
                with contextlib.suppress(OSError):
                    path.unlink()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, block: Region) -> Path:
        return self.folder / f"{block.top:07d}-{block.left:07d}.npz"
