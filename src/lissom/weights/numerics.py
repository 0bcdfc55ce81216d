"""What travels with weights and is no tensor: batch norm's eps, and TensorFlow's padding."""

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class Numerics(NamedTuple):
    """How a network computes beside its weights; None and "" leave it as it was built."""

    eps: float | None = None
    padding: str = ""


PORTED = Numerics(1e-3, "same")  # of TensorFlow's networks that others have ported


class SameConv2d(nn.Conv2d):
    """A convolution whose map has `ceil(H / stride)` pixels, with the odd pixel of padding right and below.

    TensorFlow's "SAME": for 224 pixels, kernel 3 and stride 2 it pads 0 and 1, where torch's papers pad 1 and 1.
    `B in H W -> B out ceil(H / stride) ceil(W / stride)`
    """

    @classmethod
    def instead_of(cls, conv: nn.Conv2d) -> "SameConv2d":
        """A convolution with the very parameters, settings and hooks of `conv`; none is drawn, so no seed moves."""
        same = cls.__new__(cls)
        vars(same).update(vars(conv))
        return same

    def forward(self, input: Tensor) -> Tensor:
        top, bottom = self._sides(input.shape[2], 0)
        left, right = self._sides(input.shape[3], 1)
        padded = F.pad(input, (left, right, top, bottom))
        return F.conv2d(padded, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)

    def _sides(self, size: int, axis: int) -> tuple[int, int]:
        stride, reach = self.stride[axis], (self.kernel_size[axis] - 1) * self.dilation[axis] + 1
        missing = max((-(-size // stride) - 1) * stride + reach - size, 0)
        return missing // 2, missing - missing // 2


def apply_numerics(model: nn.Module, numerics: Numerics) -> None:
    """Sets eps and padding all over the model; names and shapes of its tensors stay as they are."""
    for module in model.modules():
        if isinstance(module, _BatchNorm) and numerics.eps is not None:
            module.eps = numerics.eps
    if numerics.padding == "same":
        _pad_as_tensorflow(model)


def eps_of(model: nn.Module) -> float | None:
    """Batch norm's eps; None for a model without one."""
    return next((module.eps for module in model.modules() if isinstance(module, _BatchNorm)), None)


def _pad_as_tensorflow(model: nn.Module) -> None:
    """Replaces strided convolutions under their names; where the stride is 1 both paddings are the same."""
    for path, conv in list(model.named_modules(remove_duplicate=False)):
        if type(conv) is nn.Conv2d and max(conv.stride) > 1 and max(conv.kernel_size) > 1:
            assert path, "a convolution alone stands in no module in which another could take its place"
            parent, _, name = path.rpartition(".")
            setattr(model.get_submodule(parent), name, SameConv2d.instead_of(conv))
