"""`lissom train`, `lissom resume`, `lissom demo`."""

import sys
from dataclasses import dataclass, field, fields, make_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import Positional

from lissom.config import to_dict
from lissom.errors import UsageError
from lissom.messages import text
from lissom.training.registry import TASKS, find_task


@dataclass(frozen=True, kw_only=True)
class Train:
    """Where a run goes and how it is told of; the arguments of `lissom train TASK`, after the task's settings."""

    name: str | None = None
    """Name of the run folder; None: network, data and time."""
    runs_dir: Path = Path("runs")
    """The folder of run folders."""
    runs: int = 1
    """Train so often, with seeds one after the other, and state mean and standard deviation."""
    vary: tuple[str, ...] = ()
    """Train once for each value of a setting, for example `--vary lr 0.001 0.01`, and compare in one table."""
    compare_splits: bool = False
    """Short for `--vary split random disjoint`, on a scene."""
    config: Path | None = None
    """A YAML file of settings, as `--print-config` writes it; flags win over it."""
    print_config: bool = False
    """Print all settings as YAML and do nothing else."""
    dry_run: bool = False
    """Check network and data, say what would be done, write no run."""
    quiet: bool = False
    """Print nothing but errors and the run folder."""

    def settings(self) -> Any:
        """The run's settings alone."""
        kind = find_task(self.TASK).config  # type: ignore[attr-defined]
        return kind(**{f.name: getattr(self, f.name) for f in fields(kind)})

    def varied(self) -> tuple[str, list[Any]] | None:
        """The setting that is varied, and its values, read as YAML reads them. Raises: UsageError for both forms."""
        if self.compare_splits and self.vary:
            raise UsageError("vary-twice", got=" ".join(self.vary))
        if self.compare_splits:
            return "split", ["random", "disjoint"]
        import yaml

        setting, *values = self.vary or ("",)
        return (setting.replace("-", "_"), [yaml.safe_load(value) for value in values]) if setting else None

    def run(self) -> int:
        """Trains; prints what the run reached and where it stands."""
        config = self.settings()
        if self.print_config:
            import yaml

            sys.stdout.write(yaml.safe_dump(to_dict(config), sort_keys=False, allow_unicode=True))
            return 0
        from lissom.cli.progress import screen
        from lissom.cli.screens import screens
        from lissom.engine.processes import is_first
        from lissom.verbs.train import plan, train, train_several

        shown, place = screens(config.TASK), {"runs_dir": self.runs_dir, "name": self.name}
        with screen(quiet=self.quiet) as listener:
            vary = self.varied()
            if self.dry_run:
                for change in [{vary[0]: value} for value in vary[1]] if vary else [{}]:
                    shown.plan(plan(config, **place, **change, listener=listener))
                return 0
            if vary or self.runs != 1:
                found: Any = train_several(config, vary=vary, runs=self.runs, **place, listener=listener)
            else:
                found = train(config, **place, listener=listener)
        if is_first():  # under torchrun every process comes here
            _show(shown, found, quiet=self.quiet)
        return 0


def train_arguments(task: str) -> type[Train]:
    """The class of the arguments of `lissom train TASK`: the task's settings, then ours."""
    return make_dataclass("Train", [], bases=(Train, find_task(task).config), frozen=True, kw_only=True)


def _show(shown: Any, found: Any, *, quiet: bool) -> None:
    several = isinstance(found, dict)
    if quiet:
        print("\n".join(found["runs"]) if several else found.path)
    elif several:
        shown.several(found)
    else:
        shown.result(found)


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
        from lissom.cli.progress import screen
        from lissom.cli.screens import screens
        from lissom.verbs.resume import resume, resume_point

        if self.dry_run:
            print(text("cli.would-resume", run=self.run_folder, step=resume_point(self.run_folder)))
            return 0
        with screen(quiet=self.quiet) as listener:
            run = resume(self.run_folder, device=self.device, threads=self.threads, listener=listener)
        _show(screens(run.task.name), run, quiet=self.quiet)
        return 0


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Arguments of `lissom demo`."""

    task: str = field(default=next(iter(TASKS)))
    """Photos of digits, or the pixels of a synthetic hyperspectral scene: classify or scene."""
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
        from lissom.cli.progress import screen
        from lissom.cli.screens import screens

        known = find_task(self.task)
        shown = screens(known.name)
        if self.dry_run:
            shown.demo_plan(known.demo_networks(), self.runs_dir)
            return 0
        from lissom.verbs.demo import demo

        with screen() as listener:
            place = {"runs_dir": self.runs_dir, "device": self.device, "threads": self.threads}
            found = demo(self.task, **place, listener=listener)
        shown.demo(found)
        return 0
