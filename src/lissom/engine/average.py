"""The weights' exponential moving average, which is evaluated and kept in place of the weights themselves."""

import copy

import torch
from torch import nn


def decay_at(decay: float, step: int) -> float:
    """`min(decay, (1 + step) / (10 + step))`: short at first, so that the random first weights are soon forgotten.

    As in TensorFlow's ExponentialMovingAverage with `num_updates`; 0.999 is reached after some 9,000 steps.
    """
    return min(decay, (1 + step) / (10 + step))


class Average:
    """A copy of a model whose parameters and float buffers (batch-norm statistics) follow it; counters are copied."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.model = copy.deepcopy(model).requires_grad_(False).eval()
        pairs = list(zip(_tensors(self.model), _tensors(model), strict=True))
        self._floats = [pair for pair in pairs if pair[0].is_floating_point()]
        self._others = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """average = decay * average + (1 - decay) * weights, after step number `step` (from 0)."""
        averages, weights = zip(*self._floats, strict=True)
        torch._foreach_lerp_(averages, weights, 1 - decay_at(self.decay, step))  # pyright: ignore[reportPrivateImportUsage]
        for average, current in self._others:
            average.copy_(current)


def _tensors(model: nn.Module) -> list[torch.Tensor]:
    return [*(p.detach() for p in model.parameters()), *model.buffers()]
