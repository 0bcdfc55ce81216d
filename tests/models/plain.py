"""Layers written a second time, plainly: functions of tensors that take their numbers in the order of the state."""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, max_pool2d


class Numbers:
    """A network's weights and statistics, handed out one after the other."""

    def __init__(self, model: nn.Module) -> None:
        self.left = [v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")]

    def take(self, number: int) -> list[Tensor]:
        taken, self.left = self.left[:number], self.left[number:]
        return taken


def conv_norm(x: Tensor, numbers: Numbers, *, stride: int = 1, groups: int = 1, relu: bool = True) -> Tensor:
    """Convolution padded to keep the map, batch norm with eps 1e-5, ReLU or none."""
    kernel, gain, shift, mean, variance = numbers.take(5)
    x = conv2d(x, kernel, stride=stride, padding=kernel.shape[-1] // 2, groups=groups)
    scale = gain / (variance + 1e-5).sqrt()
    x = x * scale[:, None, None] + (shift - mean * scale)[:, None, None]
    return x.clamp(min=0) if relu else x


def squeeze_excite(x: Tensor, numbers: Numbers) -> Tensor:
    """SENet, equations 2 to 4."""
    weights = torch.sigmoid(_two_layers(x.mean((2, 3)), numbers.take(4)))
    return x * weights[:, :, None, None]


def cbam(x: Tensor, numbers: Numbers) -> Tensor:
    """CBAM, equations 2 and 3: the same two layers read mean and maximum; a 7x7 convolution reads maximum and mean."""
    layers = numbers.take(4)
    channels = torch.sigmoid(_two_layers(x.mean((2, 3)), layers) + _two_layers(x.flatten(2).max(2).values, layers))
    x = x * channels[:, :, None, None]
    read = torch.stack([x.max(1).values, x.mean(1)], 1)
    return x * torch.sigmoid(conv_norm(read, numbers, relu=False))


def attend(kind: str, x: Tensor, numbers: Numbers) -> Tensor:
    return {"none": lambda x, _: x, "se": squeeze_excite, "cbam": cbam}[kind](x, numbers)


def classify(x: Tensor, numbers: Numbers) -> Tensor:
    """The mean over the image and a linear layer, which must be all that is left."""
    weight, bias = numbers.take(2)
    assert not numbers.left
    return x.mean((2, 3)) @ weight.T + bias


def padded_pool(x: Tensor) -> Tensor:
    """torchvision's stem: 3x3, stride 2, padding 1."""
    return max_pool2d(x, 3, 2, padding=1)


def ceil_pool(x: Tensor) -> Tensor:
    """The authors' stem: 3x3, stride 2, no padding, rounding up."""
    return max_pool2d(x, 3, 2, ceil_mode=True)


def _two_layers(x: Tensor, layers: list[Tensor]) -> Tensor:
    reduce, reduce_bias, expand, expand_bias = layers
    hidden = (x @ reduce.flatten(1).T + reduce_bias).clamp(min=0)
    return hidden @ expand.flatten(1).T + expand_bias
