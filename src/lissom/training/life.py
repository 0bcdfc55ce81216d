"""The life of a run, written once for all tasks: prepared, begun, trained, finished; or resumed."""

import contextlib
import copy
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from lissom.config import to_dict
from lissom.device import choose_device
from lissom.engine.fit import FitResult, fit
from lissom.engine.precision import slow_precision
from lissom.engine.processes import launch, on_first, under_torchrun
from lissom.errors import Interrupted, LissomError, MachineError, UsageError
from lissom.events import Listener, Note, Stop, silent
from lissom.runs.folder import INITIAL, write_config
from lissom.runs.owner import Owner, owned
from lissom.runs.weights import save_weights
from lissom.training.changes import Change, Stored, objective
from lissom.training.data import asked_settings
from lissom.training.finish import finish
from lissom.training.prepare import Prepared, prepare
from lissom.training.registry import task_of
from lissom.training.run import Record, Run, begin, open_run, write_results
from lissom.training.task import RunTarget
from lissom.training.trained import with_best

_BUSY = threading.Lock()


def train(
    config: Any, target: RunTarget, listener: Listener, stop: Stop | None, *, changes: Sequence[Change] = ()
) -> Path:
    """A new run of these settings; its folder when it is finished.

    changes: made to its network and its objective beside the settings. Raises: all that `prepare` refuses, before that.
    """
    target = target._replace(asked=asked_settings(task_of(config), config))
    with _alone():
        made: list[Prepared] = [prepare(task_of(config), config, listener, changes=[c.to_json() for c in changes])]
        return _launch(made[0].config, target, None, made, made[0].changes, listener, stop)


def resume(run: Run, listener: Listener, stop: Stop | None) -> Path:
    """The same folder, its training continued from the newest sound checkpoint.

    Raises: DataError when the data has changed since; MachineError when another process writes it; else as `train`.
    """
    with _alone():
        return _launch(run.config, None, run.path, [], (), listener, stop)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One training at a time in a process: threads, seeds and memory settings belong to it. Raises: UsageError."""
    if not _BUSY.acquire(blocking=False):
        raise UsageError("training-under-way")
    try:
        yield
    finally:
        _BUSY.release()


def _launch(
    config: Any,
    target: RunTarget | None,
    resumed: Path | None,
    made: list[Prepared],
    changes: Sequence[Stored],
    listener: Listener,
    stop: Stop | None,
) -> Path:
    """In one process with what was prepared, which is taken out of `made`; new processes prepare for themselves, as
    data does not travel, and this one holds none meanwhile."""
    prepared = made.pop() if made else None
    if config.engine.devices > 1 and not under_torchrun():
        prepared = None
    return launch(life, config.engine, config, target, resumed, prepared, changes, listener=listener, stop=stop)


def life(
    fabric: Any,
    config: Any,
    target: RunTarget | None,
    resumed: Path | None,
    prepared: Prepared | None,
    changes: Sequence[Stored],
    *,
    listener: Listener,
    stop: Stop | None,
) -> Path:
    """What each process does: the same data and seed, its own parts of every batch; the first one writes.

    target: where a new run goes, whose network has these `changes`; resumed: the run to go on with.
    """
    task = task_of(config)
    if prepared is None:
        run = None if resumed is None else replace(open_run(resumed), config=config)
        prepared = prepare(task, config, listener if resumed else silent, run=run, changes=changes)
    if resumed is None:
        assert target
        folder = on_first(fabric, begun, target, prepared)
    else:
        folder = resumed
    with _said_how_to_go_on(folder), _owned(fabric, folder) as (require, over):
        if over:  # another process finished it between our reading and our owning it
            return folder
        if resumed is not None:
            on_first(fabric, write_config, folder, to_dict(config))  # the data may lie elsewhere now
        if prepared.model is None:
            require()
            on_first(fabric, _fit_at_once, folder, prepared, listener, stop)
        else:
            best = copy.deepcopy(prepared.model)  # gets the best weights: training may compile and wrap the other one
            results = _fitted(fabric, prepared, folder, listener, stop, resume=resumed is not None, require=require)
            require()
            on_first(fabric, _finish, folder, results, best, prepared, listener, stop)
    return folder


@contextlib.contextmanager
def _said_how_to_go_on(folder: Path) -> Iterator[None]:
    """Ctrl-C at a moment when nobody asks for it: there is a run that a resume finishes. Raises: Interrupted."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise Interrupted("stopped-at-once", run=folder) from error


@contextlib.contextmanager
def _owned(fabric: Any, folder: Path) -> Iterator[tuple[Callable[[], None], bool]]:
    """The folder is the first process's alone within the block; yields what that one asks before each write, and
    whether the run is finished already.

    An error that ends the training is written into the record; a stop is none.
    Raises: MachineError, in all processes, when another process owns it.
    """
    owners: list[Owner] = []
    with contextlib.ExitStack() as held:

        def take() -> bool:
            owners.append(held.enter_context(owned(folder)))
            if open_run(folder).status == "finished":
                return True
            write_results(folder, {"status": "training", "reason": None})
            return False

        over = on_first(fabric, take)
        try:
            yield (owners[0].require if owners else lambda: None), over
        except Interrupted:
            raise
        except LissomError as error:
            if owners and not owners[0].lost:
                with contextlib.suppress(MachineError):  # the disk may be what failed
                    write_results(
                        folder, {"status": "failed", "reason": Note(name=f"error.{error.kind}", values=error.values)}
                    )
            raise


def _fitted(
    fabric: Any,
    prepared: Prepared,
    folder: Path,
    listener: Listener,
    stop: Stop | None,
    *,
    resume: bool,
    require: Callable[[], None],
) -> dict[str, Any]:
    """Trains epoch by epoch; what the record says of it."""
    task, config = prepared.task, prepared.config
    assert prepared.model
    batches = prepared.batches_on(fabric.device)
    found: FitResult = fit(
        prepared.model,
        objective(task, config, prepared.data, prepared.changes),
        batches.train,
        batches.val,
        optim=config.optim,
        engine=config.engine,
        folder=folder,
        fabric=fabric,
        listener=listener,
        stop=stop,
        resume=resume,
        require=require,
    )
    return {
        "epochs": found.epochs,
        "best_epoch": found.best_epoch,
        "best_metric": found.best_metric,
        "train_seconds": round(sum(row["seconds"] for row in found.history), 3),  # evaluations left out
    }


def _fit_at_once(folder: Path, prepared: Prepared, listener: Listener, stop: Stop | None) -> None:
    assert prepared.task.fit_at_once, "nothing that trains"
    model, results = prepared.task.fit_at_once(folder, prepared.config, prepared.data, prepared.facts)
    write_results(folder, results)
    finish(open_run(folder), model, prepared.data, prepared.where, listener, stop)


def _finish(
    folder: Path, results: dict[str, Any], best: nn.Module, prepared: Prepared, listener: Listener, stop: Stop | None
) -> None:
    write_results(folder, results)
    run = open_run(folder)
    model = with_best(best, run, choose_device(prepared.where.device))
    finish(run, model, prepared.data, prepared.where, listener, stop)


def begun(target: RunTarget, prepared: Prepared) -> Path:
    """Makes the run folder, with everything in it that is known before training."""
    record = Record(
        status="training",
        network=prepared.config.model.label,
        parameters=prepared.cost.parameters,
        macs=prepared.cost.macs,
        data=prepared.data.used,
        weights=prepared.weights,
        changes=tuple(dict(change) for change in prepared.changes),
        asked=target.asked,
    )

    def fill(folder: Path) -> None:
        if prepared.weights and prepared.model:
            save_weights(folder / INITIAL, prepared.model.state_dict())
        batches = prepared.batches_on("cpu") if prepared.model else None
        prepared.task.begin(folder, prepared.config, prepared.data, prepared.facts, batches)

    config, facts, items = prepared.config, prepared.facts, prepared.data.items
    return begin(target, prepared.stem, config=config, facts=facts, record=record, items=items, fill=fill)


def plan(config: Any, target: RunTarget, listener: Listener) -> dict[str, Any]:
    """What `train` would do, after all that it refuses: sizes, steps, cost and folder; nothing is written or fetched.

    Where files would be fetched first, `fetch` lists them, and the rest is not known yet.
    """
    task = task_of(config)
    if files := task.fetches(config, task.weights(config)):
        listed = [{"address": file.address, "path": str(file.path), "megabytes": file.megabytes} for file in files]
        return {"network": config.model.label, "fetch": listed}
    prepared = prepare(task, config, listener)
    config = prepared.config
    told = slow_precision(choose_device(config.engine.device).type, config.engine.precision)
    return {
        "network": config.model.label,
        "data": prepared.data.used.source,
        "side": prepared.facts.side,
        "classes": len(prepared.facts.class_names),
        **prepared.data.used.sizes,
        "epochs": config.engine.epochs,
        "batch_size": config.engine.batch_size,
        "steps": prepared.batches_on("cpu").train.steps_per_epoch if prepared.model else None,
        "folder": str(Path(target.runs_dir) / (target.name or f"{prepared.stem}-...")),
        **prepared.cost._asdict(),
        "notes": [str(told)] if told else [],
    }
