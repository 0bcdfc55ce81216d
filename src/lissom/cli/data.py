"""`lissom check-data classify`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional

from lissom.config import cache_folder


@dataclass(frozen=True, kw_only=True)
class CheckData:
    """Arguments of `lissom check-data classify`."""

    path: Annotated[str, Positional]
    """A class folder, a zip or tar of one, a CIFAR archive, or `digits`."""
    picture: Path | None = None
    """Write a contact sheet there (PNG); None: none."""
    cache_dir: str | None = None
    """Folder of decoded images; None: the user's cache folder."""
    dry_run: bool = False
    """Write no picture."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Prints what the data holds and what is wrong with it; 3 if files are broken or nothing can be trained."""
        from lissom.cli.show import show_check
        from lissom.tasks.classify.data.check import check_classify
        from lissom.verbs.waiting import reading

        picture = None if self.dry_run else self.picture
        with reading(quiet=self.json) as progress:
            report = check_classify(
                self.path, cache_dir=cache_folder(self.cache_dir), picture=picture, progress=progress
            )
        if self.json:
            print(json.dumps(report, indent=2))
        else:
            show_check(report, picture)
        return 3 if report["broken"] else 0
