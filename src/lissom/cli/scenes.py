"""`lissom train scene`."""

import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, ClassVar

import tyro

from lissom.config import SceneTrainConfig, to_dict
from lissom.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class TrainScene(SceneTrainConfig):
    """Arguments of `lissom train scene`: all settings of a run, and where it goes."""

    ALIASES: ClassVar[dict[str, str]] = {"--data": "--cube"}  # what the other task calls it

    name: str | None = None
    """Name of the run folder; None: network, scene and time."""
    runs_dir: Path = Path("runs")
    """The folder of run folders."""
    from_run: Annotated[Path | None, tyro.conf.arg(name="from")] = None
    """Begin with the weights of a run on another scene; what does not fit is made anew and announced."""
    runs: int = 1
    """Train so often, with seeds one after the other for split and weights, and state mean and standard deviation."""
    compare_splits: bool = False
    """Train twice, at a random and at a disjoint split, and show both figures."""
    download: bool = False
    """Fetch the files of a known scene where they are missing."""
    config: Path | None = None
    """A YAML file of settings, as `--print-config` writes it; flags win over it."""
    print_config: bool = False
    """Print all settings as YAML and do nothing else."""
    dry_run: bool = False
    """Check network and scene, say what would be done, write no run."""
    quiet: bool = False
    """Print nothing but errors and the run folder."""

    def settings(self) -> SceneTrainConfig:
        """The run's settings alone."""
        return SceneTrainConfig(**{f.name: getattr(self, f.name) for f in fields(SceneTrainConfig)})

    def run(self) -> int:
        """Trains; prints what the run reached and where it stands."""
        config = self.settings()
        if self.print_config:
            import yaml

            sys.stdout.write(yaml.safe_dump(to_dict(config), sort_keys=False, allow_unicode=True))
            return 0
        from lissom.cli.show_scene import show_scene_plan, show_scene_result, show_scene_runs
        from lissom.engine.processes import is_first
        from lissom.tasks.scene.repeat import compare_splits, repeat
        from lissom.tasks.scene.train import plan_scene, train_scene

        if self.runs < 1:
            raise UsageError("setting-out-of-range", name="runs", got=self.runs, expected=">= 1")
        place = {"runs_dir": self.runs_dir, "name": self.name}
        if self.dry_run:
            show_scene_plan(plan_scene(config, **place))
            return 0
        common = {**place, "quiet": self.quiet, "download": self.download, "start": self.from_run}
        if self.runs > 1 or self.compare_splits:
            several = compare_splits if self.compare_splits else repeat
            found = several(config, runs=self.runs, **common)
            if is_first():
                show_scene_runs(found, quiet=self.quiet)
            return 0
        run = train_scene(config, **common)
        if is_first():
            show_scene_result(run, quiet=self.quiet)
        return 0
