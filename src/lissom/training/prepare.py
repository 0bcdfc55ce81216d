"""All that can be refused before a run folder is made is refused here; `--dry-run` is this and no more."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import nn

from lissom.device import choose_device, set_threads
from lissom.engine.batch_size import resolve_batch_size
from lissom.engine.checkpoint import newest
from lissom.engine.idle import require_used, require_used_by
from lissom.engine.norms import require_variance, resolve_norm_warmup, statistics_note
from lissom.engine.precision import slow_precision
from lissom.engine.seeds import seed_everything
from lissom.events import Listener, note
from lissom.profiler import count
from lissom.runs.folder import INITIAL
from lissom.runs.weights import digest, load_weights
from lissom.training.changes import Stored, network
from lissom.training.data import own_data, whole_paths
from lissom.training.run import InitialWeights, Run
from lissom.training.task import Batches, Cost, Data, Task, Where


@dataclass(kw_only=True)
class Prepared:
    """A training that could begin now."""

    task: Task
    config: Any
    """With every default resolved."""
    data: Data
    facts: Any
    cost: Cost
    model: nn.Module | None
    """With the weights that it begins with; None where nothing is trained by epochs."""
    weights: InitialWeights | None
    """Where these are from."""
    changes: Sequence[Stored]
    """Of the network, beside its settings."""
    _batches: tuple[str, Batches] | None = field(default=None, init=False)

    @property
    def where(self) -> Where:
        """As this training was told, which may be another device than the run began on."""
        return Where(self.config.engine.device, self.config.engine.threads)

    @property
    def stem(self) -> str:
        """Of the run folder's name."""
        width = "" if self.config.model.width == 1 else f"-x{self.config.model.width:g}"
        return f"{self.config.model.short.replace(':', '-')}{width}-{self.data.name}"

    def batches_on(self, device: Any) -> Batches:
        """Made once for each device."""
        if self._batches is None or self._batches[0] != str(device):
            self._batches = (str(device), self.task.batches(self.config, self.data, self.facts, device))
        return self._batches[1]


def prepare(
    task: Task, config: Any, listener: Listener, *, run: Run | None = None, changes: Sequence[Stored] = ()
) -> Prepared:
    """Settings, device, data, cost, network, weights and batches, checked in this order.

    run: one to go on with: its own settings, facts and changes hold, its data must be the same, and a checkpoint holds
    its weights, or the run folder those that it began with. changes: of a new run's network.
    Raises: UsageError and DataError for what cannot be trained, MachineError for a device that is missing.
    """
    going_on = run is not None and bool(newest(run.checkpoints))
    weights = None if run else task.weights(config)
    config = config if run else whole_paths(task, task.resolve_defaults(config, weights))
    if not run:
        require_used(config.optim, config.engine)
    set_threads(config.engine.threads, processes=config.engine.devices)
    if told := slow_precision(choose_device(config.engine.device).type, config.engine.precision):
        listener(told)
    data = own_data(run, listener) if run else task.load(config, listener, None)
    config = config if run else _sized(task, task.decide(config, data), data, listener)
    facts = run.facts if run else data.facts
    changes = run.record.changes if run else tuple(changes)
    cost = _cost(task, config, facts, changes)
    prepared = Prepared(
        task=task, config=config, data=data, facts=facts, cost=cost, model=None, weights=None, changes=changes
    )
    if task.by_epochs(config):
        seed_everything(config.engine.seed)
        prepared.model = network(task, config, facts, changes)
    if not run:
        prepared.config = _norms_resolved(config, prepared.model, random=weights is None)
    if prepared.model is not None:
        if weights is not None:
            _begin(prepared, weights, listener)
        elif run and run.record.weights and not going_on:
            load_weights(prepared.model, run.path / INITIAL)
        batches = prepared.batches_on("cpu")  # its checks too come before anything is written
        if not run:
            build = partial(_on_meta, task, config, facts, changes)
            parts = config.engine.devices * config.engine.accumulate
            at_once = getattr(batches.train, "part_size", config.engine.step_size // parts)
            require_variance(config.optim, config.engine, build, task.inputs(config, facts), at_once)
            require_used_by(config.optim, config.engine, prepared.model, batches.val)
    return prepared


def _sized(task: Task, config: Any, data: Data, listener: Listener) -> Any:
    """The settings with the batch size that this much data wants, which is told, where none is given."""
    if config.engine.batch_size is not None or not task.by_epochs(config):
        return config
    engine = resolve_batch_size(config.engine, data.used.sizes.get("train"))
    listener(note("engine.batch-size", batch_size=engine.batch_size))
    return replace(config, engine=engine)


def _begin(prepared: Prepared, weights: Any, listener: Listener) -> None:
    """The network gets the weights that it begins with."""
    assert prepared.model
    assert prepared.task.start, "weights that nobody loads"
    begun = prepared.task.start(prepared.model, weights, prepared.facts, listener)
    prepared.weights = replace(begun.about, digest=digest(prepared.model.state_dict()))
    prepared.facts = replace(prepared.facts, **begun.facts)
    _tell_statistics(prepared, listener)


def _norms_resolved(config: Any, model: nn.Module | None, *, random: bool) -> Any:
    """The settings with it decided whether batch-norm statistics begin anew."""
    label = config.model.label
    return replace(config, optim=resolve_norm_warmup(config.optim, config.engine, model, random=random, label=label))


def _tell_statistics(prepared: Prepared, listener: Listener) -> None:
    """Says, here and in the record, what becomes of the batch-norm statistics that the training begins with."""
    assert prepared.model
    assert prepared.weights
    told = statistics_note(prepared.config.optim, prepared.config.engine, prepared.model)
    if told:
        listener(told)
        prepared.weights = replace(prepared.weights, notes=(*prepared.weights.notes, told))


def _on_meta(task: Task, config: Any, facts: Any, changes: Sequence[Stored]) -> nn.Module:
    with torch.device("meta"):
        return network(task, config, facts, changes)


def _cost(task: Task, config: Any, facts: Any, changes: Sequence[Stored]) -> Cost:
    """Parameters and MACs of one input as it is really used; nothing is counted of what is no network."""
    if not task.by_epochs(config):
        return Cost(None, None)
    counted = count(_on_meta(task, config, facts, changes), input_shape=task.inputs(config, facts))
    return Cost(counted.parameters, counted.macs)
