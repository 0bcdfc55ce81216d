"""Batch norm's running statistics in a young run."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


class YoungStatistics:
    """Makes running means and variances the plain average of all batches so far, until their own momentum is slower.

    They start at 0 and 1, and MobileNetV3's momentum of 0.01 (its paper's 0.99) leaves a tenth of that in them after
    230 batches: short runs then evaluate at chance although the network has learned. With momentum 1 / (n + 1) at batch
    n the start leaves no trace; from batch 1 / momentum on everything is as the paper has it.
    """

    def __init__(self, model: nn.Module) -> None:
        norms = [m for m in model.modules() if isinstance(m, _BatchNorm) and m.track_running_stats and m.momentum]
        self._norms = [(norm, float(norm.momentum or 0)) for norm in norms]

    @contextmanager
    def at(self, batch: int) -> Iterator[None]:
        """For the forward pass of batch number `batch` of the run, counted from 0."""
        for norm, momentum in self._norms:
            norm.momentum = max(momentum, 1 / (batch + 1))
        try:
            yield
        finally:
            for norm, momentum in self._norms:
                norm.momentum = momentum
