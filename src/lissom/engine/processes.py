"""One process or several: who is who, and how they start, fail and end together."""

import logging

from lightning_fabric import Fabric

from lissom.config import EngineConfig
from lissom.device import choose_device

PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed"}
logging.getLogger("lightning.fabric").setLevel(logging.WARNING)


def make_fabric(engine: EngineConfig) -> Fabric:
    """The Fabric of a single process."""
    device = choose_device(engine.device)
    return Fabric(accelerator=device.type, devices=1, precision=PRECISIONS[engine.precision])  # type: ignore[arg-type]
