"""`lissom demo`."""

from dataclasses import dataclass, field
from pathlib import Path

from lissom.cli.arguments import Device, DryRun, Threads
from lissom.training.registry import TASKS, find_task


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Arguments of `lissom demo`."""

    task: str = field(default=next(iter(TASKS)))
    """Photos of digits, the pixels of a synthetic hyperspectral scene, or boxes on synthetic shapes: classify, scene or
    detect."""
    runs_dir: Path = Path("runs")
    """The folder of run folders; the page goes there too."""
    device: Device = "auto"
    threads: Threads = None
    dry_run: DryRun = False

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
            options = {"runs_dir": self.runs_dir, "device": self.device, "threads": self.threads}
            result = demo(self.task, **options, listener=listener)
        shown.demo(result)
        return 0
