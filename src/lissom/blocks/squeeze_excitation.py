"""Squeeze-and-excitation: channels weighed by what the whole image says."""

from collections.abc import Callable

from torch import Tensor, nn


class SqueezeExcitation(nn.Module):
    """Mean over the image, two fully connected layers with biases, a gate for each channel.

    SENet (arXiv 1709.01507), section 3, equations 2 to 4, gate sigmoid; MobileNetV3 (arXiv 1905.02244), section 5.3,
    gate h-sigmoid. The layers are 1x1 convolutions, so that nothing is reshaped. `B C H W -> B C H W`
    """

    def __init__(
        self,
        channels: int,
        squeezed: int,
        *,
        act: Callable[[], nn.Module] = nn.ReLU,
        gate: Callable[[], nn.Module] = nn.Sigmoid,
    ) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.reduce = nn.Conv2d(channels, squeezed, 1)
        self.act = act()
        self.expand = nn.Conv2d(squeezed, channels, 1)
        self.gate = gate()

    def forward(self, x: Tensor) -> Tensor:
        weights = self.gate(self.expand(self.act(self.reduce(self.pool(x)))))  # B C 1 1
        return x * weights
