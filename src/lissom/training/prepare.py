"""All that can be refused before a run folder is made is refused here; `--dry-run` is this and no more."""

from dataclasses import dataclass, field, replace
from typing import Any

from torch import nn

from lissom.device import choose_device, set_threads
from lissom.engine.checkpoint import newest
from lissom.engine.seeds import seed_everything
from lissom.errors import DataError
from lissom.events import Listener
from lissom.training.run import InitialWeights, Run
from lissom.training.task import Batches, Cost, Data, Task


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
    _batches: tuple[str, Batches] | None = field(default=None, init=False)

    @property
    def stem(self) -> str:
        """Of the run folder's name."""
        width = "" if self.config.model.width == 1 else f"-x{self.config.model.width:g}"
        return f"{self.config.model.model}{width}-{self.data.name}"

    def batches_on(self, device: Any) -> Batches:
        """Made once for each device."""
        if self._batches is None or self._batches[0] != str(device):
            self._batches = (str(device), self.task.batches(self.config, self.data, device))
        return self._batches[1]


def prepare(task: Task, config: Any, listener: Listener, run: Run | None = None) -> Prepared:
    """Settings, device, data, cost, network, weights and batches, checked in this order.

    run: one to go on with: its own facts hold, its data must be the same, and a checkpoint holds its weights.
    Raises: UsageError and DataError for what cannot be trained, MachineError for a device that is missing.
    """
    config = config if run else task.settle(config)
    set_threads(config.engine.threads, processes=config.engine.devices)
    choose_device(config.engine.device)
    data = task.load(config, listener)
    if run and data.used.digest != run.record.data.digest:
        raise DataError("run-data-changed", run=run.path, data=data.used.source)
    facts = run.facts if run else data.facts
    cost = task.cost(config, facts)
    prepared = Prepared(task=task, config=config, data=data, facts=facts, cost=cost, model=None, weights=None)
    if task.by_epochs(config):
        seed_everything(config.engine.seed)
        prepared.model = task.build(config, facts)
        if not (run and newest(run.checkpoints)):
            _begin_with_weights(prepared, listener)
        prepared.batches_on("cpu")  # its checks too come before anything is written
    return prepared


def _begin_with_weights(prepared: Prepared, listener: Listener) -> None:
    loaded = prepared.task.start(prepared.model, prepared.config, listener)
    if loaded:
        prepared.weights = loaded.about
        prepared.facts = replace(prepared.facts, **loaded.facts)
