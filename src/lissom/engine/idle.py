"""Settings that would have no effect are refused before anything is written, with the reason and what to do instead."""

from collections.abc import Iterator, Sized
from typing import Any

from torch import nn

from lissom.config import EngineConfig, OptimConfig
from lissom.engine.layers import layers, trunk
from lissom.errors import UsageError
from lissom.events import note

Case = tuple[bool, str, dict[str, Any]]  # whether it is so, the setting, what its sentence needs to know


def require_used(optim: OptimConfig, engine: EngineConfig) -> None:
    """Raises: UsageError for the first setting that the others leave without effect."""
    _refuse(_by_settings(optim, engine), optim, engine)


def require_used_by(optim: OptimConfig, engine: EngineConfig, model: nn.Module, val: Sized) -> None:
    """Raises: UsageError for the first setting that this network, or no validation, leaves idle."""
    _refuse(_by_network(optim, engine, model, val), optim, engine)


def _by_settings(optim: OptimConfig, engine: EngineConfig) -> Iterator[Case]:
    epochs = engine.epochs
    whole = optim.warmup_epochs >= epochs
    yield (
        optim.optimizer != "sgd" and optim.momentum != OptimConfig.momentum,
        "momentum",
        {"optimizer": optim.optimizer},
    )
    yield optim.warmup_epochs > max(epochs, OptimConfig.warmup_epochs), "warmup_epochs", {"epochs": epochs}
    yield optim.schedule == "constant" and whole, "schedule", {"warmup": optim.warmup_epochs, "epochs": epochs}
    for name in ("warmup_bias_lr", "warmup_momentum"):
        yield getattr(optim, name) is not None and not optim.warmup_epochs, f"{name}-none", {}
    yield (
        optim.optimizer != "sgd" and optim.warmup_momentum is not None,
        "warmup_momentum",
        {"optimizer": optim.optimizer},
    )
    yield optim.final_lr > 0 and optim.schedule != "cosine", "final_lr", {"schedule": optim.schedule}
    yield optim.final_lr > 0 and whole, "final_lr-warmup", {"warmup": optim.warmup_epochs, "epochs": epochs}
    yield optim.freeze and optim.head_epochs > 0, "head_epochs", {}
    yield optim.freeze and optim.layer_decay < 1, "layer_decay", {}
    yield optim.head_epochs >= epochs, "head_epochs-all", {"epochs": epochs}
    yield engine.sync_bn and engine.devices == 1, "sync_bn", {}
    yield (
        engine.patience > 0 and engine.patience > epochs - 2,
        "patience",
        {"epochs": epochs, "most": max(epochs - 2, 0)},
    )


def _by_network(optim: OptimConfig, engine: EngineConfig, model: nn.Module, val: Sized) -> Iterator[Case]:
    learning = layers(model)[-1:] if optim.freeze else [model]
    norms = any(type(m) is nn.BatchNorm2d for part in learning for m in part.modules())
    yield engine.sync_bn and not norms, "sync_bn-no-norms", {}
    yield engine.patience > 0 and len(val) == 0, "patience-nothing", {}
    for name in ("freeze", "head_epochs"):
        yield bool(getattr(optim, name)) and not trunk(model), f"{name}-no-trunk", {}


def _refuse(cases: Iterator[Case], *sections: Any) -> None:
    for is_so, key, values in cases:
        if is_so:
            name = key.partition("-")[0]
            got = next(getattr(section, name) for section in sections if hasattr(section, name))
            raise UsageError("setting-idle", name=name, got=got, reason=note(f"idle.{key}", **values))
