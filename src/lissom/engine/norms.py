"""Batch norm's running statistics at the start of a training: as they are, or as the plain average of its batches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from lissom.config import EngineConfig, OptimConfig
from lissom.errors import UsageError
from lissom.events import Note, note


class BatchNormWarmup:
    """Makes running means and variances the plain average of all batches so far, until their own momentum is slower.

    They start at 0 and 1, and MobileNetV3's momentum of 0.01 (its paper's 0.99) leaves a tenth of that in them after
    230 batches: short runs then evaluate at chance although the network has learned. With momentum 1 / (n + 1) at batch
    n the start leaves no trace; from batch 1 / momentum on everything is as the paper has it. Statistics that were
    learned before leave no trace either: `resolve_norm_warmup` keeps them.
    """

    def __init__(self, model: nn.Module, *, late: nn.Module | None = None, first: int = 0) -> None:
        """late: a part of the model whose norms rest before batch number `first`."""
        resting = {id(module) for module in late.modules()} if late else set()
        norms = [m for m in _norms(model) if m.track_running_stats and m.momentum]
        self._norms = [(norm, float(norm.momentum or 0), first if id(norm) in resting else 0) for norm in norms]

    @contextmanager
    def at(self, batch: int) -> Iterator[None]:
        """For the forward pass of batch number `batch` of the run, counted from 0."""
        for norm, momentum, first in self._norms:
            norm.momentum = max(momentum, 1 / (max(batch - first, 0) + 1))
        try:
            yield
        finally:
            for norm, momentum, _ in self._norms:
                norm.momentum = momentum


def resolve_norm_warmup(
    optim: OptimConfig, engine: EngineConfig, model: nn.Module | None, *, random: bool, label: str
) -> OptimConfig:
    """`optim` with `norm_warmup` decided: where the weights are random and there are statistics that move.

    model: None where nothing is trained by epochs. random: no weights to begin with. label: the network's name.
    Raises: UsageError for a warm-up that is asked for and could not act.
    """
    against = _against(optim, engine, model)
    if optim.norm_warmup and against:
        raise UsageError(f"norm-warmup-{against}", network=label)
    if optim.norm_warmup is not None:
        return optim
    return replace(optim, norm_warmup=random and against is None)


def _against(optim: OptimConfig, engine: EngineConfig, model: nn.Module | None) -> str | None:
    """What leaves a warm-up without effect."""
    if model is None or not _norms(model):
        return "without-norms"
    if engine.compile:
        return "with-compile"
    return "with-freeze" if optim.freeze else None


def statistics_note(optim: OptimConfig, engine: EngineConfig, model: nn.Module) -> Note | None:
    """What happens to the statistics of the weights that a training begins with; None: the network has none."""
    if not _norms(model):
        return None
    anew = optim.norm_warmup is not False and not engine.compile
    return note(f"engine.statistics-{'rest' if optim.freeze else 'anew' if anew else 'go-on'}")


def require_variance(
    optim: OptimConfig,
    engine: EngineConfig,
    build: Callable[[], nn.Module],
    shapes: tuple[tuple[int, ...], ...],
    at_once: int,
) -> None:
    """UsageError where a part of a batch is one image of which a batch norm sees one value per channel.

    build: makes the network on meta. shapes: of its inputs, without the batch. at_once: images of a part, which are
    fewer than the batch size says where there are few.
    """
    shared = engine.sync_bn and engine.devices > 1
    if at_once > 1 or optim.freeze or shared:
        return
    model, seen = build(), list[str]()
    for name, module in model.named_modules():
        if isinstance(module, _BatchNorm):
            module.register_forward_pre_hook(
                lambda _, args, name=name: seen.extend([name] * (args[0][:, 0].numel() == 1))
            )
    with torch.no_grad():
        model.eval()(*(torch.empty(1, *shape, device="meta") for shape in shapes))
    if seen:
        parts = engine.devices * engine.accumulate
        kind = "batch-norm-one-sample" if engine.step_size > parts else "batch-norm-one-value"
        raise UsageError(kind, got=engine.step_size, layer=seen[0], parts=parts, fitting=2 * parts)


def _norms(model: nn.Module) -> list[_BatchNorm]:
    return [module for module in model.modules() if isinstance(module, _BatchNorm)]
