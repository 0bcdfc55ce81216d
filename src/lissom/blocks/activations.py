"""Activations by the names that options use.

h-swish(x) = x relu6(x + 3) / 6 and h-sigmoid(x) = relu6(x + 3) / 6: MobileNetV3 (arXiv 1905.02244), section 5.2.
None works in place: that breaks hooks, feature taps and class-activation maps.
"""

from torch import nn

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "hswish": nn.Hardswish,
    "hsigmoid": nn.Hardsigmoid,
    "sigmoid": nn.Sigmoid,
}
