"""Functions that tests run in several processes: they are imported there by name."""

import os
import time
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric

from engine.toy import toy_fit, toy_net
from lissom.errors import DataError


def train(fabric: Fabric, folder: Path, changes: dict[str, Any]) -> list[dict[str, Any]]:
    return toy_fit(folder, fabric=fabric, model=toy_net(dropout=changes.pop("dropout", 0.2)), **changes).history


def fail_in_second(fabric: Fabric) -> None:
    if fabric.global_rank == 1:
        raise DataError("not-a-run-folder", path="there")
    fabric.barrier()


def fault_in_second(fabric: Fabric) -> None:
    if fabric.global_rank == 1:
        raise ZeroDivisionError("a fault of ours")
    fabric.barrier()


def die_in_second(fabric: Fabric) -> None:
    if fabric.global_rank == 1:
        os._exit(9)
    fabric.barrier()


def sleep(fabric: Fabric, folder: Path) -> None:
    (folder / f"{fabric.global_rank}.pid").write_text(str(os.getpid()))
    time.sleep(60)
