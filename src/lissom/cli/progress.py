"""The screen of a command: bars on a terminal, one line for each epoch everywhere; it shows what verbs tell."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich import progress as bars
from rich.console import Console

from lissom.cli.estimate import Estimate, clock_text
from lissom.cli.show import Screen
from lissom.cli.stopping import silence
from lissom.events import (
    Advanced,
    CheckpointDamaged,
    Closed,
    Ended,
    EpochEnded,
    Event,
    Listener,
    Note,
    Started,
    StepEnded,
    Stopping,
    silent,
)
from lissom.messages import metric_short, text


@contextmanager
def screen(*, quiet: bool = False) -> Iterator[Listener]:
    """The listener of one command, which leaves the terminal in order however it ends; quiet: one that says nothing."""
    if quiet:
        yield silent
        return
    shown = Progress()
    try:
        yield shown
    finally:
        shown.close()


class Progress:
    """Writes to standard error, so that a program can read standard output."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Screen(stderr=True, highlight=False, emoji=False)
        self._started: Started | None = None
        self._estimate = Estimate(epochs=0, steps_per_epoch=0)
        self._bars: _Bars | None = None
        self._work: _Work | None = None
        self._handlers: dict[type, Callable[[Any], None]] = {
            Advanced: self._on_advanced,
            Note: lambda event: self._line(event.name, **event.values),
            Started: self._on_started,
            CheckpointDamaged: lambda event: self._line("engine.checkpoint-damaged", path=event.path),
            StepEnded: self._on_step,
            EpochEnded: self._on_epoch,
            Stopping: lambda event: self._line("engine.stopping"),
            Ended: self._on_ended,
            Closed: lambda event: self.close(),
        }

    def __call__(self, event: Event) -> None:
        with self._only_told():
            if not isinstance(event, Advanced):
                self._end_work()
            if type(event) in self._handlers:
                self._handlers[type(event)](event)

    def close(self) -> None:
        """Takes the bars away."""
        with self._only_told():
            self._end_work()
            if self._bars:
                self._bars.close()
                self._bars = None

    @contextmanager
    def _only_told(self) -> Iterator[None]:
        """A log on a full disk, or a reader who left, ends no work: nothing more is said."""
        try:
            yield
        except OSError:
            silence(self._console.file)

    def _line(self, name: str, **values: object) -> None:
        self._console.print(text(name, **values), markup=False, highlight=False, soft_wrap=True)

    def _on_advanced(self, event: Advanced) -> None:
        if not self._console.is_terminal or self._bars:  # a training's bars stay alone
            return
        if self._work and self._work.what != event.what:
            self._end_work()
        self._work = self._work or _Work(self._console, event.what)
        self._work.show(event)
        if event.done == event.total:
            self._end_work()

    def _end_work(self) -> None:
        if self._work:
            self._work.close()
            self._work = None

    def _on_started(self, event: Started) -> None:
        self._started = event
        if event.checkpoint:
            self._line("engine.resumed", path=event.checkpoint, epoch=event.epoch + 1, step=event.step)
        done: dict[str, Any] = {"epoch": event.epoch, "step": event.step}
        self._estimate = Estimate(epochs=event.epochs, steps_per_epoch=event.steps_per_epoch, **done)
        if self._console.is_terminal:
            self._bars = _Bars(self._console, event)

    def _on_step(self, event: StepEnded) -> None:
        self._estimate.step_ended()
        if self._bars:
            self._bars.show(event.epoch - 1, event.step, self._estimate)

    def _on_epoch(self, event: EpochEnded) -> None:
        self._estimate.epoch_ended()
        assert self._started
        row, metric = event.row, self._started.metric
        self._line(
            "engine.epoch-best" if event.best else "engine.epoch",
            epoch=f"{row['epoch']:{len(str(self._started.epochs))}}/{self._started.epochs}",
            loss=f"{row['train_loss']:.4f}",
            metric=metric_short(metric),
            value=f"{row[metric]:.4f}" if metric in row else "–",
            seconds=f"{row['seconds']:.1f}",
            speed=f"{row['images_per_second']:.0f}",
            left=clock_text(self._estimate.run_left()),
        )
        if self._bars:
            self._bars.show(row["epoch"], 0, self._estimate)

    def _on_ended(self, event: Ended) -> None:
        if event.stopped == "early":
            self._line("engine.early", epoch=event.best_epoch)


class _Bars:
    """This epoch's steps and the whole run's, each with the time left."""

    def __init__(self, console: Console, started: Started) -> None:
        columns = [
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.TextColumn("{task.fields[left]}", justify="right"),
        ]
        self._progress = bars.Progress(*columns, console=console, transient=True, refresh_per_second=4)
        self._started = started
        self._epoch = self._add(started.steps_per_epoch)
        self._run = self._add(started.steps_per_epoch * started.epochs)
        self._progress.start()

    def _add(self, total: int) -> bars.TaskID:
        return self._progress.add_task("", total=total, left=clock_text(None))

    def show(self, epoch: int, step: int, estimate: Estimate) -> None:
        """After `epoch` finished epochs and `step` finished steps of the next."""
        epochs, steps = self._started.epochs, self._started.steps_per_epoch
        names = {"epoch": min(epoch + 1, epochs), "epochs": epochs, "step": step, "steps": steps}
        now, whole = text("engine.bar-epoch", **names), text("engine.bar-run")
        left = clock_text(estimate.epoch_left()), clock_text(estimate.run_left())
        self._progress.update(self._epoch, completed=step, description=now, left=left[0])
        self._progress.update(self._run, completed=epoch * steps + step, description=whole, left=left[1])

    def close(self) -> None:
        self._progress.stop()


class _Work:
    """One bar for what comes before or after training."""

    def __init__(self, console: Console, what: str) -> None:
        columns = [
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.TextColumn("{task.percentage:3.0f} %"),
            bars.TimeRemainingColumn(),
        ]
        self.what = what
        self._progress = bars.Progress(*columns, console=console, transient=True)
        self._bar = self._progress.add_task(text(f"progress.{what}"), total=None)
        self._progress.start()

    def show(self, event: Advanced) -> None:
        self._progress.update(self._bar, completed=event.done, total=event.total or None)

    def close(self) -> None:
        self._progress.stop()
