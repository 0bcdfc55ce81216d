"""`lissom train classify`, `lissom resume`, `lissom demo`."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional

from lissom.config import TrainConfig, to_dict
from lissom.messages import text


@dataclass(frozen=True, kw_only=True)
class Train(TrainConfig):
    """Arguments of `lissom train classify`: all settings of a run, and where it goes."""

    name: str | None = None
    """Name of the run folder; None: network, data and time."""
    runs_dir: Path = Path("runs")
    """The folder of run folders."""
    config: Path | None = None
    """A YAML file of settings, as `--print-config` writes it; flags win over it."""
    print_config: bool = False
    """Print all settings as YAML and do nothing else."""
    dry_run: bool = False
    """Check network and data, say what would be done, write no run."""
    quiet: bool = False
    """Print nothing but errors and the run folder."""

    def settings(self) -> TrainConfig:
        """The run's settings alone."""
        return TrainConfig(**{f.name: getattr(self, f.name) for f in fields(TrainConfig)})

    def run(self) -> int:
        """Trains; prints what the run reached and where it stands."""
        config = self.settings()
        if self.print_config:
            import yaml

            sys.stdout.write(yaml.safe_dump(to_dict(config), sort_keys=False, allow_unicode=True))
            return 0
        from lissom.cli.show import show_plan, show_result
        from lissom.engine.processes import is_first
        from lissom.verbs.train import plan, train

        if self.dry_run:
            show_plan(plan(config, runs_dir=self.runs_dir, name=self.name))
            return 0
        run = train(config, runs_dir=self.runs_dir, name=self.name, quiet=self.quiet)
        if is_first():  # under torchrun every process comes here
            show_result(run, quiet=self.quiet)
        return 0


@dataclass(frozen=True, kw_only=True)
class Resume:
    """Arguments of `lissom resume`."""

    run_folder: Annotated[Path, Positional]
    """The interrupted run."""
    device: Literal["auto", "cpu", "cuda", "mps"] | None = None
    """Where to compute; None: as the run began."""
    threads: int | None = None
    """CPU threads; None: as the run began. Other threads than before change the last bits."""
    dry_run: bool = False
    """Only say from where it would go on."""
    quiet: bool = False
    """Print nothing but errors and the run folder."""

    def run(self) -> int:
        """Goes on from the newest sound checkpoint."""
        from lissom.cli.show import show_result
        from lissom.cli.show_scene import show_scene_result
        from lissom.verbs.train import resume, resume_point

        if self.dry_run:
            print(text("cli.would-resume", run=self.run_folder, step=resume_point(self.run_folder)))
            return 0
        run = resume(self.run_folder, device=self.device, threads=self.threads, quiet=self.quiet)
        show = show_scene_result if run.data.get("task") == "scene" else show_result
        show(run, quiet=self.quiet)
        return 0


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Arguments of `lissom demo`."""

    task: Literal["classify", "scene"] = "classify"
    """Photos of digits, or the pixels of a synthetic hyperspectral scene."""
    runs_dir: Path = Path("runs")
    """The folder of run folders; the page goes there too."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute."""
    threads: int | None = None
    """CPU threads; None: all cores."""
    dry_run: bool = False
    """Only say what would be done."""

    def run(self) -> int:
        """Trains, compares, exports, checks, reports."""
        tell = partial(print, file=sys.stderr, flush=True)
        if self.task == "scene":
            return self._scene(tell)
        from lissom.cli.show import show_demo
        from lissom.tasks.classify.recipes import NETWORKS

        if self.dry_run:
            print(text("cli.demo-plan", networks=", ".join(n.label for n in NETWORKS), folder=self.runs_dir))
            return 0
        from lissom.tasks.classify.demo import demo

        show_demo(demo(runs_dir=self.runs_dir, device=self.device, threads=self.threads, tell=tell))
        return 0

    def _scene(self, tell: Callable[[str], None]) -> int:
        from lissom.cli.show_map import show_scene_demo
        from lissom.tasks.scene.recipes import networks

        tell(text("scene_demo.synthetic"))
        if self.dry_run:
            print(text("scene_demo.plan", networks=", ".join(networks()), folder=self.runs_dir))
            return 0
        from lissom.tasks.scene.demo import demo_scene

        show_scene_demo(demo_scene(runs_dir=self.runs_dir, device=self.device, threads=self.threads, tell=tell))
        return 0
