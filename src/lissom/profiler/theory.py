"""What the papers say that layers cost, as formulas; the tests hold each against the count of a real layer.

Everywhere: square kernels of side `kernel`, maps of `side x side` pixels at the layer's output, MACs and weights
without biases, norms and activations. No torch here.
"""

from typing import NamedTuple


class Cost(NamedTuple):
    """MACs of one image, and weights."""

    macs: int
    parameters: int


def standard(kernel: int, channels: int, out: int, side: int) -> Cost:
    """A convolution: `K K M N F F`. MobileNets, arXiv 1704.04861, section 3.1, equation 2."""
    return grouped(kernel, channels, out, side, groups=1)


def depthwise(kernel: int, channels: int, side: int) -> Cost:
    """One filter for each channel: `K K M F F`. arXiv 1704.04861, section 3.1, equation 4."""
    return grouped(kernel, channels, channels, side, groups=channels)


def pointwise(channels: int, out: int, side: int) -> Cost:
    """A 1x1 convolution: `M N F F`. arXiv 1704.04861, section 3.1, second term of equation 5."""
    return grouped(1, channels, out, side, groups=1)


def separable(kernel: int, channels: int, out: int, side: int) -> Cost:
    """Depthwise, then pointwise: `K K M F F + M N F F`. arXiv 1704.04861, section 3.1, equation 5."""
    return _sum(depthwise(kernel, channels, side), pointwise(channels, out, side))


def grouped(kernel: int, channels: int, out: int, side: int, *, groups: int) -> Cost:
    """Every output channel sees the channels of its group: `K K (M / g) N F F`. arXiv 1707.01083, section 3.1."""
    parameters = kernel**2 * (channels // groups) * out
    return Cost(parameters * side**2, parameters)


def ghost(kernel: int, channels: int, out: int, side: int, *, ratio: int = 2, cheap: int = 3) -> Cost:
    """A convolution to `out / s` channels, then `s - 1` cheap filters of side `d` for each of them.

    `F F (N / s) (K K M + (s - 1) d d)`: GhostNet, arXiv 1911.11907, section 3.2, the denominator of equation 4.
    """
    intrinsic = out // ratio
    copies = depthwise(cheap, (ratio - 1) * intrinsic, side)
    return _sum(standard(kernel, channels, intrinsic, side), copies)


def separable_share(kernel: int, out: int) -> float:
    """What a separable convolution costs of a full one: `1 / N + 1 / K²`. arXiv 1704.04861, section 3.1."""
    return 1 / out + 1 / kernel**2


def ghost_speed_up(kernel: int, channels: int, *, ratio: int = 2, cheap: int = 3) -> float:
    """How many times cheaper a ghost module is, about `s`: arXiv 1911.11907, section 3.2, equation 4 unrounded."""
    work = kernel**2 * channels
    return ratio * work / (work + (ratio - 1) * cheap**2)


def multiplied(kernel: int, channels: int, out: int, side: int, *, width: float = 1.0, resolution: float = 1.0) -> Cost:
    """A separable layer with width multiplier α and resolution multiplier ρ: `K K αM ρF ρF + αM αN ρF ρF`.

    arXiv 1704.04861, sections 3.3 and 3.4, equations 6 and 7. Channels and sides are whole numbers: both are rounded.
    """
    return separable(kernel, round(width * channels), round(width * out), round(resolution * side))


class Unit(NamedTuple):
    """A residual unit with `channels` in and out and a bottleneck: arXiv 1707.01083, section 3.2."""

    channels: int  # c
    bottleneck: int  # m
    side: int  # h = w


def resnet_unit(unit: Unit) -> Cost:
    """1x1, 3x3, 1x1: `h w (2 c m + 9 m²)`. arXiv 1707.01083, section 3.2."""
    return resnext_unit(unit, groups=1)


def resnext_unit(unit: Unit, *, groups: int) -> Cost:
    """The 3x3 in groups: `h w (2 c m + 9 m² / g)`. arXiv 1707.01083, section 3.2."""
    c, m, side = unit
    parameters = 2 * c * m + 9 * m**2 // groups
    return Cost(parameters * side**2, parameters)


def shuffle_unit(unit: Unit, *, groups: int) -> Cost:
    """Both 1x1 in groups, the 3x3 depthwise: `h w (2 c m / g + 9 m)`. arXiv 1707.01083, section 3.2."""
    c, m, side = unit
    parameters = 2 * c * m // groups + 9 * m
    return Cost(parameters * side**2, parameters)


def pointwise_memory_access(channels: int, out: int, side: int, *, groups: int = 1) -> int:
    """Elements that a 1x1 convolution reads and writes: `h w (c1 + c2) + c1 c2 / g`.

    ShuffleNetV2, arXiv 1807.11164, section 2, guidelines 1 and 2.
    """
    return side**2 * (channels + out) + channels * out // groups


def least_memory_access(macs: int, side: int, *, groups: int = 1) -> float:
    """No 1x1 convolution of so many MACs, B, moves less: `2 √(h w B g) + B / (h w)`.

    Reached when both numbers of channels are equal. arXiv 1807.11164, section 2, guideline 1, equation 1; with groups,
    the same by guideline 2, `c1 c2 = B g / (h w)`.
    """
    pixels = side**2
    return 2 * (pixels * macs * groups) ** 0.5 + macs / pixels


def squeeze_excitation(channels: int, reduction: int, *, side: int) -> tuple[Cost, int]:
    """Two fully connected layers, `2 C² / r` weights, and `H W C` multiplications by the gate, which are no MACs.

    Squeeze-and-Excitation Networks, arXiv 1709.01507, section 4, equation 5.
    """
    weights = 2 * channels * (channels // reduction)
    return Cost(weights, weights), side**2 * channels


def _sum(*parts: Cost) -> Cost:
    return Cost(sum(part.macs for part in parts), sum(part.parameters for part in parts))
