"""`lissom convert-data`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from lissom.cli.arguments import DryRun, Json, Positional
from lissom.plain import to_json


@dataclass(frozen=True, kw_only=True)
class ConvertData:
    """The arguments of `lissom convert-data`."""

    source: Annotated[Path, Positional]
    """Pictures with boxes: a data.yaml, a COCO JSON file, or a folder of either, of VOC files or of LabelImg's."""
    to: Literal["yolo", "coco", "voc"]
    """The form to write: YOLO text with a data.yaml, COCO JSON, Pascal VOC XML."""
    output: Path
    """The folder to write; it must not exist."""
    images: Literal["copy", "link"] = "copy"
    """copy: the pictures are copied; link: they are given a second name on the same disk (hard links)."""
    cache_dir: str | None = None
    """Folder of the index of picture sizes; None: the user's cache folder."""
    dry_run: DryRun = False
    """Read everything, write nothing."""
    json: Json = False

    def run(self) -> int:
        """Prints what was written, and what of the data the form cannot say."""
        from lissom.cli.progress import screen
        from lissom.cli.show_boxes import show_converted
        from lissom.verbs.convert import convert_data

        with screen(quiet=self.json) as listener:
            report = convert_data(
                self.source,
                to=self.to,
                output=self.output,
                images=self.images,
                cache_dir=self.cache_dir,
                dry_run=self.dry_run,
                listener=listener,
            )
        if self.json:
            print(to_json(report))
        else:
            show_converted(report, written=not self.dry_run)
        return 0
