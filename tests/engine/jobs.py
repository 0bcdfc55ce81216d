"""Functions that tests run in several processes: they are imported there by name."""

import json
import os
import time
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from engine.toy import Tempered, images_of, toy_fit, toy_net
from lissom.engine.processes import on_first
from lissom.engine.syncbn import synchronised
from lissom.errors import DataError, Interrupted
from lissom.events import Listener, Note, Stop

History = list[dict[str, Any]]


def interrupted(fabric: Fabric, folder: Path, *, listener: Listener, stop: Stop | None) -> None:
    """Trains until it is stopped, then goes on; writes down what was said and the rows, and fails in the second."""
    changes = {"engine": {"devices": 2}, "optim": {"lr": 0.05, "ema": 0.0}, "listener": listener}
    try:
        toy_fit(folder, fabric=fabric, pause=0.2, stop=stop, **changes)
    except Interrupted as error:
        history = toy_fit(folder, fabric=fabric, resume=True, **changes).history
        (folder / f"{fabric.global_rank}.json").write_text(json.dumps([str(error), history]))
    if fabric.global_rank == 1:
        raise DataError("not-a-run-folder", path="the second process")
    fabric.barrier()


def trained(fabric: Fabric, folder: Path, pause: float = 0.0, *, listener: Listener, stop: Stop | None) -> History:
    """Trains once; each process tells before it who it is, which only the first one's listener hears."""
    listener(Note(name="engine.bar-run", values={"rank": fabric.global_rank, "pid": os.getpid()}))
    changes = {"devices": fabric.world_size, "accumulate": 2 // fabric.world_size}
    return toy_fit(folder, fabric=fabric, engine=changes, listener=listener, stop=stop, pause=pause).history


def several(fabric: Fabric, folder: Path, *, listener: Listener, stop: Stop | None) -> dict[str, Any]:
    """What two processes do, in one start of them, as starting takes longer than all the rest."""
    listener(Note(name="engine.bar-run"))
    return {
        "plain": _history(fabric, folder / "plain", {"devices": 2}),
        "sync_bn": _history(fabric, folder / "sync_bn", {"devices": 2, "sync_bn": True}, dropout=0.0),
        "head_first": _history(fabric, folder / "head_first", {"devices": 2}, head_epochs=1, layer_decay=0.5),
        "tempered": _tempered(fabric, folder / "tempered"),
        "patience": _history(fabric, folder / "patience", {"devices": 2, "patience": 1, "epochs": 5}, lr=1e-9),
        "sync_gradients": sync_gradients(fabric),
        "refused": _refused(fabric),
        "threads": torch.get_num_threads(),
    }


def _history(
    fabric: Fabric, folder: Path, engine: dict[str, Any], *, dropout: float = 0.2, lr: float = 0.05, **optim: Any
) -> History:
    on_first(fabric, folder.mkdir)
    optim |= {"lr": lr, "ema": 0.0}
    return toy_fit(folder, fabric=fabric, model=toy_net(dropout=dropout), engine=engine, optim=optim).history


def _tempered(fabric: Fabric, folder: Path) -> tuple[History, list[float]]:
    """With an objective that the second process begins at another temperature: rows, and where each process ends."""
    on_first(fabric, folder.mkdir)
    objective = Tempered()
    objective.temperature.data += fabric.global_rank
    changes = {"engine": {"devices": 2}, "optim": {"ema": 0.0}, "objective": objective}
    history = toy_fit(folder, fabric=fabric, **changes).history
    return history, fabric.all_gather(objective.temperature.detach()).tolist()


def _refused(fabric: Fabric) -> str:
    """Every process raises what the first one met."""
    try:
        on_first(fabric, _raise)
    except DataError as error:
        return str(error)
    return "nothing"


def _raise() -> None:
    raise DataError("not-a-run-folder", path="there")


def norm_net() -> torch.nn.Module:
    torch.manual_seed(0)
    first = torch.nn.Conv2d(3, 4, 3, stride=2, bias=False)
    return torch.nn.Sequential(first, torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.Conv2d(4, 2, 2))


def norm_loss(net: torch.nn.Module, images: Tensor) -> Tensor:
    return (net(images + 5.0) * torch.arange(1.0, 3.0).view(1, 2, 1, 1)).square().sum()


def sync_gradients(fabric: Fabric) -> dict[str, Tensor]:
    """Gradients summed over the processes, and running statistics, of this process's half of a batch."""
    net = synchronised(norm_net())
    norm_loss(net, images_of(5, 16).images.chunk(2)[fabric.global_rank]).backward()
    for parameter in net.parameters():
        torch.distributed.all_reduce(parameter.grad)
    gradients = {name: parameter.grad for name, parameter in net.named_parameters()}
    return gradients | dict(net.named_buffers())


def sleep(fabric: Fabric, folder: Path, *, listener: Listener, stop: Stop | None) -> None:
    (folder / f"{fabric.global_rank}.pid").write_text(str(os.getpid()))
    time.sleep(120)
