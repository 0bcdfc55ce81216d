"""The training loop. It knows no task, and any moment of it can be repeated from the last checkpoint, bit for bit."""

import contextlib
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn

from lissom import events
from lissom.config import EngineConfig, OptimConfig
from lissom.engine import processes
from lissom.engine.checkpoint import checkpoints, load_checkpoint, newest_sound, save_checkpoint
from lissom.engine.exchange import Exchange
from lissom.engine.interrupt import EvaluationStopped, StopRequest
from lissom.engine.memory import is_out_of_memory, keep_memory, largest_that_fits, memory_explained, too_many
from lissom.engine.objective import Batch, Losses, MayStop, Objective, TrainBatches
from lissom.engine.records import epoch_row, write_rows, write_weights
from lissom.engine.state import TrainingState
from lissom.engine.training import Training
from lissom.errors import DataError, Interrupted, ResultError

GPU_CHECK_STEPS = 16  # reading a loss waits for the GPU, so there it is read this seldom


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """How a training run ended."""

    best_metric: float | None
    """The objective's primary metric of the best weights; None where nothing chose them."""
    best_epoch: int
    """From 1."""
    epochs: int
    """Epochs trained."""
    history: list[dict[str, Any]]
    """One row for each epoch."""
    stopped: str
    """"done", or "early" when patience ran out."""


def fit(
    model: nn.Module,
    objective: Objective,
    train: TrainBatches,
    val: Iterable[Any],
    *,
    optim: OptimConfig,
    engine: EngineConfig,
    folder: Path,
    fabric: Fabric | None = None,
    listener: events.Listener | None = None,
    stop: events.Stop | None = None,
    resume: bool = False,
    require: Callable[[], None] = lambda: None,
) -> FitResult:
    """Trains `model` and leaves rows, best and last weights and checkpoints in `folder`.

    With `resume` it goes on from the newest sound checkpoint there, if any. `val` chooses the best weights; it is
    iterated once for each epoch, by the first process alone. Each process calls this with its own `fabric`
    (see `processes.launch`); without one, there is one process. `stop` ends it after the step under way, and an
    evaluation after its batch; without a token Ctrl-C does, where this is the main thread.

    Raises: Interrupted after a stop, when all is saved; ResultError when a loss, weight or metric is not finite; what
    the objective gives as its reason to stop; MachineError when memory or the disk is full; DataError when no
    checkpoint is sound or the newest does not fit. `require` is called before each write to the folder, and what it
    raises ends the training.
    """
    fabric = fabric or processes.make_fabric(engine)
    loop = _Loop(fabric, model, objective, train, val, optim, engine, Path(folder), listener, stop, require)
    with memory_explained(engine), loop.stop, _closing(loop):
        loop.begin(resume=resume)
        while not loop.state.stopped:
            loop.train_epoch()
            loop.end_epoch()
        return loop.end()


@contextlib.contextmanager
def _closing(loop: "_Loop") -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as error:
        raise Interrupted("stopped-at-once", run=loop.folder) from error
    finally:
        loop.tell(events.Closed())


class _Loop:
    """What the loop's stages share."""

    def __init__(
        self,
        fabric: Fabric,
        model: nn.Module,
        objective: Objective,
        train: TrainBatches,
        val: Iterable[Any],
        optim: OptimConfig,
        engine: EngineConfig,
        folder: Path,
        listener: events.Listener | None,
        stop: events.Stop | None,
        require: Callable[[], None],
    ) -> None:
        if fabric.device.type == "cpu":
            keep_memory()
        self.fabric, self.objective, self.train, self.val = fabric, objective, train, val
        self.engine, self.folder, self.require = engine, folder, require
        self.tell = listener if listener and fabric.is_global_zero else events.silent
        self.stop = StopRequest(lambda: self.tell(events.Stopping()), stop)
        self.training = Training(fabric, model, objective, optim, engine, engine.epochs * train.steps_per_epoch)
        self.exchange = Exchange(fabric, self.training.model, self.training.learned)
        self.state = TrainingState()
        self.saved_at = time.monotonic()

    @property
    def step(self) -> int:
        """Finished steps of the whole run."""
        return self.state.epoch * self.train.steps_per_epoch + self.state.step

    def begin(self, *, resume: bool) -> None:
        checkpoint = self._resume() if resume else None
        self.training.begin()
        if self.fabric.is_global_zero and self.state.history:
            self.require()
            write_rows(self.folder, self.state.history)  # the checkpoint may be older than the rows, or newer
        self.tell(
            events.Started(
                folder=self.folder,
                epochs=self.engine.epochs,
                steps_per_epoch=self.train.steps_per_epoch,
                epoch=self.state.epoch,
                step=self.state.step,
                checkpoint=checkpoint,
                metric=self.objective.primary_metric,
            )
        )

    def _resume(self) -> Path | None:
        path = None
        if self.fabric.is_global_zero:
            damaged = lambda path: self.tell(events.CheckpointDamaged(path=path))  # noqa: E731
            path = newest_sound(self.folder / "checkpoints", on_damaged=damaged)
        path = self.fabric.broadcast(path)
        if path:
            self._load(path)
        return path

    def _load(self, path: Path) -> None:
        content = load_checkpoint(path)
        if content.get("run") != self._run():
            raise DataError("checkpoint-other-run", path=path, got=content.get("run"), expected=self._run())
        try:
            self.training.load(content)
            self.state = TrainingState.from_dict(content["state"], self.fabric.device)
        except (RuntimeError, LookupError, ValueError, TypeError, AttributeError) as error:
            raise DataError("checkpoint-does-not-fit", path=path, reason=" ".join(str(error).split())[:200]) from error

    def _run(self) -> dict[str, int]:
        """What must be the same for a checkpoint to be continued exactly."""
        parts = self.fabric.world_size * self.engine.accumulate
        return {"steps_per_epoch": self.train.steps_per_epoch, "parts": parts, "seed": self.engine.seed}

    def train_epoch(self) -> None:
        state, began = self.state, time.monotonic() - self.state.seconds
        self.training.begin_epoch(state.epoch)
        if state.step == self.train.steps_per_epoch:  # stopped within the evaluation
            return
        for batches in self.train.epoch(state.epoch, start_step=state.step, parts=self.training.parts):
            losses, samples = self._gradients(batches), sum(len(batch) for batch in batches)
            losses, samples, wishes = self.exchange(losses, samples, [self.stop.asked, self._save_is_due()])
            state.add(losses, samples)
            state.step += 1
            if self._may_wait():
                self._require_finite()
            self.training.update(self.step - 1)
            state.seconds = time.monotonic() - began
            self.tell(events.StepEnded(epoch=state.epoch + 1, step=state.step))
            if wishes.is_cpu or self._may_wait():
                self._obey(*wishes.tolist())
        assert state.step == self.train.steps_per_epoch, f"{state.step} steps came of {self.train.steps_per_epoch}"

    def _gradients(self, batches: Sequence[Batch]) -> Losses:
        try:
            return self.training.gradients(batches, self.step)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error) or (self.engine.sync_bn and self.fabric.world_size > 1):
                raise  # with synchronised norms, trying fewer images would wait for the other processes
        # out here, as the error's frames hold on to the memory
        fitting = largest_that_fits(self.training.attempt, batches[0])
        raise too_many(self.engine, fitting)

    def _may_wait(self) -> bool:
        """Whether values may be read from the device in this step."""
        return self.fabric.device.type == "cpu" or self.state.step % GPU_CHECK_STEPS == 0

    def _save_is_due(self) -> bool:
        minutes = (time.monotonic() - self.saved_at) / 60
        return self.fabric.is_global_zero and minutes >= self.engine.checkpoint_minutes

    def _obey(self, stop: float, save: float) -> None:
        if stop:
            self._stop()
        elif save:
            self._save()

    def _stop(self) -> None:
        self.stop.tell_once()
        path = self._save()
        raise Interrupted("stopped", run=self.folder, epoch=self.state.epoch + 1, step=self.state.step, path=path)

    def _save(self) -> Path | None:
        """Saves the training state, by the first process while the others wait."""
        self._require_finite(weights=True)
        path = None
        if self.fabric.is_global_zero:
            self.require()
            content = self.training.state() | {"state": self.state.to_dict(), "run": self._run()}
            path = save_checkpoint(self.folder / "checkpoints", self.step, content)
            self.tell(events.Saved(path=path))
        self.fabric.barrier()
        self.saved_at = time.monotonic()
        return path

    def _require_finite(self, *, weights: bool = False) -> None:
        """ResultError when a loss of this epoch, or a weight, is not finite: nothing of the kind is ever saved."""
        bad = [name for name, value in self.state.loss_sums.items() if not torch.isfinite(value)]
        if not bad and (not weights or self.training.is_finite()):
            return
        if bad:
            raise ResultError("loss-not-finite", losses=", ".join(bad), **self._where())
        raise ResultError("weights-not-finite", **self._where())

    def _where(self) -> dict[str, Any]:
        """What the sentences on values that are not finite say of the moment."""
        saved = checkpoints(self.folder / "checkpoints")
        rate = f"{self.training.lr(max(0, self.step - 1)):.4g}"
        known = {"step": self.step, "epoch": self.state.epoch + 1, "lr": rate}
        return known | {"checkpoint": saved[0] if saved else "-"}

    def end_epoch(self) -> None:
        began = time.monotonic()
        self._require_finite(weights=True)
        metrics = self._evaluate()
        if metrics is None:
            self._stop()
            return
        self._require_finite_metrics(metrics)
        row = epoch_row(self.state, self.training, self.step, self.train.steps_per_epoch)
        row |= {"evaluation_seconds": time.monotonic() - began, **metrics}
        processes.on_first(self.fabric, self._require_reason_to_go_on, row)
        metric = self.objective.primary_metric
        best = self.state.end_epoch(row, metrics.get(metric), self.engine.epochs, self.engine.patience)
        if self.fabric.is_global_zero:
            self.require()
            write_weights(self.folder, self.training, self.state, metric, best=best)
        self._save()
        if self.fabric.is_global_zero:
            self.require()
            write_rows(self.folder, self.state.history)
        self.tell(events.EpochEnded(row=row, best=best))

    def _require_finite_metrics(self, metrics: dict[str, float]) -> None:
        """ResultError that names those which are not: a network whose outputs are not finite selects no epoch."""
        bad = ", ".join(f"{name} = {value}" for name, value in metrics.items() if not math.isfinite(value))
        if bad:
            raise ResultError("metric-not-finite", metrics=bad, **self._where())

    def _require_reason_to_go_on(self, row: dict[str, Any]) -> None:
        why = self.objective.why_stop(row) if isinstance(self.objective, MayStop) else None
        if why:
            raise why

    def _evaluate(self) -> dict[str, float] | None:
        """Metrics from the first process, the same in all; None when a stop was asked for meanwhile."""
        metrics = None
        if self.fabric.is_global_zero:
            self.training.model.eval()
            self.training.learned.eval()
            with torch.no_grad(), contextlib.suppress(EvaluationStopped):
                metrics = self.objective.evaluate(self.training.shown, self.stop.watch(self.val))
        return self.fabric.broadcast(metrics)

    def end(self) -> FitResult:
        state = self.state
        result = {"best_epoch": state.best_epoch, "best_metric": state.best_metric, "stopped": state.stopped}
        self.tell(events.Ended(**result))
        return FitResult(epochs=state.epoch, history=state.history, **result)
