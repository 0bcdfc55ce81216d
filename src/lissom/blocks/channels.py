"""How channel numbers are rounded when a network is made wider or thinner."""


def make_divisible(channels: float, divisor: int = 8) -> int:
    """The multiple of `divisor` nearest to `channels`, at least one, and never below 90 % of `channels`.

    The rule of the authors' MobileNetV2 and V3 (TensorFlow slim); halves go up. YOLO's ceil-to-8 is another one.
    """
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded if rounded >= 0.9 * channels else rounded + divisor
