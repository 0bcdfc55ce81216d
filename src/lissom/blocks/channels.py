"""How channel numbers are rounded when a network is made wider or thinner."""

import math


def make_divisible(channels: float, divisor: int = 8) -> int:
    """The multiple of `divisor` nearest to `channels`, at least one, and never below 90 % of `channels`.

    The rule of the authors' MobileNetV2 and V3 (TensorFlow slim); halves go up. `ceil_to` is another one.
    """
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded if rounded >= 0.9 * channels else rounded + divisor


def ceil_to(channels: float, divisor: int = 8) -> int:
    """The least multiple of `divisor` that is not below `channels`: the rule of YOLOv5's model files.

    It is not `make_divisible`: 24 x 0.35 gives 16 here and 8 there, 48 x 1.4 gives 72 and 64.
    """
    return math.ceil(channels / divisor) * divisor
