"""`lissom train`."""

import sys
from dataclasses import dataclass, fields, make_dataclass
from pathlib import Path
from typing import Any, ClassVar

from lissom.cli.arguments import Count, Quiet
from lissom.config import to_dict
from lissom.errors import UsageError
from lissom.training.registry import find_task


@dataclass(frozen=True, kw_only=True)
class Train:
    """Where a run goes and how it is told of; the arguments of `lissom train TASK`, after the task's settings."""

    TASK: ClassVar[str]

    name: str | None = None
    """Name of the run folder; None: network, data and time."""
    runs_dir: Path = Path("runs")
    """The folder of run folders."""
    runs: Count = 1
    """Number of trainings, with consecutive seeds; mean and standard deviation are reported."""
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
    quiet: Quiet = False

    def settings(self) -> Any:
        """The run's settings alone."""
        kind = find_task(self.TASK).config
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
        from lissom.verbs.train import plan_several, train, train_several

        shown, target = screens(config.TASK), {"runs_dir": self.runs_dir, "name": self.name}
        with screen(quiet=self.quiet) as listener:
            vary = self.varied()
            if self.dry_run:
                for planned in plan_several(config, vary=vary, runs=self.runs, **target, listener=listener):
                    _show_plan(shown, planned)
                return 0
            if vary or self.runs != 1:
                result: Any = train_several(config, vary=vary, runs=self.runs, **target, listener=listener)
            else:
                result = train(config, **target, listener=listener)
        if is_first():  # under torchrun every process comes here
            _show(shown, result, quiet=self.quiet)
        return 0


def train_arguments(task: str) -> type[Train]:
    """The class of the arguments of `lissom train TASK`: the task's settings, then ours."""
    return make_dataclass("Train", [], bases=(Train, find_task(task).config), frozen=True, kw_only=True)


def _show_plan(shown: Any, planned: dict[str, Any]) -> None:
    """What would be trained, or which files would be fetched before more can be said."""
    if "fetch" not in planned:
        shown.plan(planned)
        return
    from lissom.messages import text

    for file in planned["fetch"]:
        size = "" if file["megabytes"] is None else f" ({file['megabytes']:g} MB)"
        print(text("cli.would-fetch", address=file["address"], path=file["path"], size=size))
    print(text("cli.plan-after-fetch", network=planned["network"]))


def _show(shown: Any, result: Any, *, quiet: bool) -> None:
    several = isinstance(result, dict)
    if quiet:
        print("\n".join(result["runs"]) if several else result.path)
    elif several:
        shown.several(result)
    else:
        shown.result(result)
