"""One process or several: who is who, and how they start, stop and fail together.

Three ways in, one function: in this process when there is one device; in the processes that torchrun started; else in
new ones. Those are plain subprocesses and no forks (a fork after torch has used its threads may hang, and is not to be
had on Windows), and they import the caller's function by name, so that a script needs no `if __name__ == "__main__"`.
"""

import gc
import inspect
import logging
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning_fabric.strategies.ddp import DDPStrategy
from torch.nn.parallel import DistributedDataParallel

from lissom.config import EngineConfig
from lissom.device import choose_device, set_threads
from lissom.engine import spawn
from lissom.errors import LissomError, UsageError
from lissom.events import Listener, Stop, silent

PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed"}
PATIENCE = timedelta(days=1)  # the others wait while the first evaluates; a process that died is noticed anyway

Value = TypeVar("Value")


def launch(
    fn: Callable[..., Value],
    engine: EngineConfig,
    *args: Any,
    listener: Listener | None = None,
    stop: Stop | None = None,
) -> Value:
    """Calls `fn(fabric, *args, listener=..., stop=...)` in as many processes as `engine.devices` says.

    Returns what the first process returns. `fn` is given a listener in each process, a silent one in all but the first,
    and a token where this is given one.

    For new processes `fn` must be importable by its name and `args` must be picklable; `listener` and `stop` need not
    be, as they stay here: events come up a pipe and are told in this thread, and a stop goes down. Without a token the
    signals of the main thread are forwarded. The processes end with this one, and when one fails, or the listener, the
    others are ended and its error is raised here, once.

    Raises: what `fn` raises; UsageError when torchrun started another number of processes.
    """
    if engine.devices == 1 or under_torchrun():
        return run_here(fn, engine, *args, listener=listener, stop=stop)
    return spawn.run(fn, engine, *args, listener=listener or silent, stop=stop)


def run_here(
    fn: Callable[..., Value],
    engine: EngineConfig,
    *args: Any,
    listener: Listener | None = None,
    stop: Stop | None = None,
) -> Value:
    """Calls `fn` as one of the processes, with its share of the threads."""
    set_threads(engine.threads, processes=int(os.environ.get("LOCAL_WORLD_SIZE", 1)) if under_torchrun() else 1)
    fabric = make_fabric(engine)
    value = fn(fabric, *args, listener=listener if listener and is_first() else silent, stop=stop)
    if fabric.world_size > 1:  # after an error the process ends anyway, and this might wait for one that is gone
        fabric.barrier()
        torch.distributed.destroy_process_group()
        del fabric
        gc.collect()  # what still holds gloo's threads must go before the interpreter does, or the process may abort
    return value


def under_torchrun() -> bool:
    """Whether this process is one of several already (torchrun, or one that `launch` started)."""
    return all(name in os.environ for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"))


def is_first() -> bool:
    """Whether this process is the one that writes and prints."""
    return not under_torchrun() or os.environ["RANK"] == "0"


def on_first(fabric: Fabric, fn: Callable[..., Value], *args: Any) -> Value:
    """What `fn(*args)` returns or raises in the first process, in all of them: making the run folder, for one."""
    outcome: Any = None
    if fabric.is_global_zero:
        try:
            outcome = (True, fn(*args))
        except LissomError as error:
            outcome = (False, error)
    worked, what = fabric.broadcast(outcome)
    if worked:
        return what
    raise what


def make_fabric(engine: EngineConfig) -> Fabric:
    """This process's Fabric, connected with the others where there are any.

    Raises: UsageError when `engine.devices` is not the number of processes, MachineError when the device is missing.
    """
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # "Initializing distributed ...", from each
    device, world_size = choose_device(engine.device), int(os.environ["WORLD_SIZE"]) if under_torchrun() else 1
    if engine.devices != world_size:
        raise UsageError("processes-differ", got=engine.devices, started=world_size)
    local = int(os.environ.get("LOCAL_WORLD_SIZE", world_size)) if world_size > 1 else 1
    fabric = Fabric(
        accelerator=device.type,
        devices=local,
        num_nodes=world_size // local,
        strategy=_data_parallel() if world_size > 1 else "auto",
        precision=PRECISIONS[engine.precision],  # type: ignore[arg-type]
    )
    fabric.launch()
    return fabric


def _data_parallel() -> DDPStrategy:
    """DDP without its broadcast of the first process's buffers at each forward pass: `Exchange` averages them."""
    known = inspect.signature(DistributedDataParallel).parameters
    name = "forward_sync_buffers" if "forward_sync_buffers" in known else "broadcast_buffers"  # renamed in torch 2.15
    options: dict[str, Any] = {name: False}
    return DDPStrategy(cluster_environment=TorchElasticEnvironment(), timeout=PATIENCE, **options)
