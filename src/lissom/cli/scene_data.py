"""`lissom check-data scene`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional


@dataclass(frozen=True, kw_only=True)
class CheckScene:
    """Arguments of `lissom check-data scene`."""

    cube: Annotated[str, Positional]
    """A cube's file (.mat, .npy, .npz, ENVI header, GeoTIFF), a known scene's name, or `synthetic`."""
    ground_truth: str | None = None
    """File of the label map; None: the cube's own, where its name brings one."""
    variable: str | None = None
    """Name of the cube inside its file; None: found by its shape."""
    ground_truth_variable: str | None = None
    """Name of the label map inside its file; None: found by its shape."""
    unlabelled: int = 0
    """Class id of the pixels without a label."""
    no_data: float | None = None
    """Value of pixels without a measurement; None: what the file's header says."""
    picture: Path | None = None
    """Write false colour and label map there (PNG); None: nowhere."""
    dry_run: bool = False
    """Write no picture."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Prints what the scene holds and what is wrong with it; 3 if nothing can be read."""
        from lissom.cli.show_map import show_scene_check
        from lissom.tasks.scene.data.check import check_scene
        from lissom.verbs.waiting import reading

        picture = None if self.dry_run else self.picture
        with reading(quiet=self.json) as progress:
            report = check_scene(
                self.cube,
                self.ground_truth,
                variable=self.variable,
                ground_truth_variable=self.ground_truth_variable,
                unlabelled=self.unlabelled,
                no_data=self.no_data,
                picture=picture,
                progress=progress,
            )
        if self.json:
            print(json.dumps(report, indent=2, ensure_ascii=False))
        else:
            show_scene_check(report, picture)
        return 0
