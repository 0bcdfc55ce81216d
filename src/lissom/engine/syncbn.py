"""Batch-norm over all processes, on any backend: torch's own SyncBatchNorm needs CUDA."""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn


class _Sum(torch.autograd.Function):
    """Sum over all processes. Its gradient is the sum of theirs: each process's loss depends on every summand."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:  # type: ignore[override]
        total = value.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        total = gradient.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total


class SyncBatchNorm2d(nn.BatchNorm2d):
    """nn.BatchNorm2d whose statistics in training are those of all processes' images together.

    Mean first, then the mean square of the deviations: sums of squares would lose digits when the mean is large.
    B C H W -> B C H W
    """

    def forward(self, input: Tensor) -> Tensor:
        if not self.training or not dist.is_initialized():
            return super().forward(input)
        values = input.to(torch.promote_types(input.dtype, torch.float32))
        count = values.new_full((1,), values.numel() // values.shape[1])
        total = _Sum.apply(torch.cat([values.sum(dim=(0, 2, 3)), count]))
        count = total[-1].detach()
        mean = total[:-1] / count
        deviations = values - mean.view(1, -1, 1, 1)
        variance = _Sum.apply(deviations.square().sum(dim=(0, 2, 3))) / count
        self._follow(mean.detach(), variance.detach(), count)
        out = deviations * torch.rsqrt(variance + self.eps).view(1, -1, 1, 1)
        if self.affine:
            out = out * self.weight.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)
        return out.to(input.dtype)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor, count: Tensor) -> None:
        """Running statistics, the variance unbiased, as nn.BatchNorm2d has them."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked += 1
        momentum = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(variance * count / (count - 1), momentum)


def synchronised(model: nn.Module) -> nn.Module:
    """Replaces each nn.BatchNorm2d in `model`, which keeps its parameters, buffers and their names."""
    if type(model) is nn.BatchNorm2d:
        return _converted(model)
    for name, child in model.named_children():
        setattr(model, name, synchronised(child))
    return model


def _converted(norm: nn.BatchNorm2d) -> SyncBatchNorm2d:
    sync = SyncBatchNorm2d(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
    sync.weight, sync.bias = norm.weight, norm.bias  # the same tensors: an optimizer may hold them already
    sync.running_mean, sync.running_var = norm.running_mean, norm.running_var
    sync.num_batches_tracked = norm.num_batches_tracked
    return sync.train(norm.training)
