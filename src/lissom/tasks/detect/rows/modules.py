"""The modules of rows, each made of the arguments of its word, by name, and of where the row stands."""

from collections.abc import Callable
from functools import partial
from math import gcd
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lissom.blocks.channels import make_divisible
from lissom.blocks.conv import ConvNormAct
from lissom.blocks.cross_conv import CrossConv
from lissom.blocks.csp import (
    Bottleneck,
    CrossStage,
    GhostConv,
    GhostUnit,
    PyramidPooling,
    SplitStage,
    yolo_conv,
)
from lissom.blocks.depthwise_separable import DepthwiseSeparable
from lissom.blocks.inverted_residual import InvertedResidual
from lissom.blocks.map_encoder import MapEncoder
from lissom.blocks.mixed_conv import MixedConv
from lissom.blocks.split_unit import DownUnit, SplitUnit
from lissom.blocks.squeeze_excitation import SqueezeExcitation
from lissom.errors import DataError
from lissom.models.mobilenetv3 import NORM as V3_NORM

HEADS = 4  # of C3TR's attention


class Site(NamedTuple):
    """Where in a network a row stands."""

    in_channels: int
    repeats: int
    """Scaled by the depth multiple."""
    notes_form: bool


class Concat(nn.Module):
    """Maps of one size beside each other: `[B C_i H W] -> B sum(C_i) H W`."""

    def __init__(self, dim: int = 1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, maps: list[Tensor]) -> Tensor:
        return torch.cat(maps, self.dim)


def conv(site: Site, *, out: int, kernel: int, stride: int, padding: int | None, groups: int, act: int) -> nn.Module:
    made = yolo_conv(site.in_channels, out, kernel, stride=stride, groups=groups, act=nn.SiLU if act else None)
    if padding is not None:
        made.conv.padding = (padding, padding)
    return made


def depthwise(site: Site, *, out: int, kernel: int, stride: int, act: int) -> nn.Module:
    groups = gcd(site.in_channels, out)
    return yolo_conv(site.in_channels, out, kernel, stride=stride, groups=groups, act=nn.SiLU if act else None)


def focus(site: Site, *, out: int, kernel: int, stride: int) -> nn.Module:
    return nn.Sequential(nn.PixelUnshuffle(2), yolo_conv(4 * site.in_channels, out, kernel, stride=stride))


def repeated(inner: Callable[[int], nn.Module], repeats: int) -> Callable[[int], nn.Module]:
    return lambda hidden: nn.Sequential(*(inner(hidden) for _ in range(repeats)))


def bottlenecks(site: Site, shortcut: int, groups: int) -> Callable[[int], nn.Module]:
    def inner(hidden: int) -> nn.Module:
        return Bottleneck(hidden, hidden, shortcut=bool(shortcut), groups=groups, expansion=1.0)

    return repeated(inner, site.repeats)


def c3(site: Site, *, out: int, shortcut: int, groups: int, expansion: float) -> nn.Module:
    return CrossStage(site.in_channels, out, bottlenecks(site, shortcut, groups), expansion=expansion)


def c3_ghost(site: Site, *, out: int, shortcut: int, groups: int, expansion: float) -> nn.Module:
    inner = repeated(lambda hidden: GhostUnit(hidden, hidden), site.repeats)
    return CrossStage(site.in_channels, out, inner, expansion=expansion)


def separable(site: Site, *, out: int, kernel: int, stride: int) -> nn.Module:
    return DepthwiseSeparable(site.in_channels, out, kernel=kernel, stride=stride, act=nn.SiLU)


def c3_separable(site: Site, *, out: int, kernel: int) -> nn.Module:
    """PP-PicoDet's neck block (arXiv 2111.00902, section 3.1): C3 of depthwise separable convolutions, no shortcut."""

    def inner(hidden: int) -> nn.Module:
        separable = DepthwiseSeparable(hidden, hidden, kernel=kernel, act=nn.SiLU)
        return nn.Sequential(yolo_conv(hidden, hidden, 1), separable)

    return CrossStage(site.in_channels, out, repeated(inner, site.repeats))


def c3_spp(site: Site, *, out: int, kernels: tuple[int, ...]) -> nn.Module:
    def inner(hidden: int) -> nn.Module:
        return PyramidPooling(hidden, hidden, kernels, chained=False)

    return CrossStage(site.in_channels, out, inner)


def c3_transformer(site: Site, *, out: int, shortcut: int, groups: int, expansion: float) -> nn.Module:
    """The last arguments are there for the form's sake: nothing in it is skipped or grouped."""
    if int(expansion * out) % HEADS:
        raise DataError("rows-args-kind", name="out", got=out, expected=f"{HEADS} heads in {int(expansion * out)}")
    inner = partial(MapEncoder, heads=HEADS, layers=site.repeats)
    return CrossStage(site.in_channels, out, inner, expansion=expansion)


def bottleneck_csp(site: Site, *, out: int, shortcut: int, groups: int, expansion: float) -> nn.Module:
    return SplitStage(site.in_channels, out, bottlenecks(site, shortcut, groups), expansion=expansion)


def mixed_conv(site: Site, *, out: int, kernels: tuple[int, ...], stride: int, equal: int) -> nn.Module:
    if not equal or len(kernels) > out:
        name, got = ("kernels", kernels) if equal else ("equal", equal)
        raise DataError("rows-args-kind", name=name, got=got, expected=f"True, and at most {out} kernels")
    return MixedConv(site.in_channels, out, kernels, stride=stride)


def cross_conv(
    site: Site, *, out: int, kernel: int, stride: int, groups: int, expansion: float, shortcut: int
) -> nn.Module:
    size: dict[str, Any] = {"stride": stride, "groups": groups, "expansion": expansion, "shortcut": bool(shortcut)}
    return CrossConv(site.in_channels, out, kernel, **size)


def bottleneck(site: Site, *, out: int, shortcut: int, groups: int, expansion: float) -> nn.Module:
    return Bottleneck(site.in_channels, out, shortcut=bool(shortcut), groups=groups, expansion=expansion)


def spp(site: Site, *, out: int, kernels: tuple[int, ...]) -> nn.Module:
    return PyramidPooling(site.in_channels, out, kernels, chained=False)


def sppf(site: Site, *, out: int, kernel: int) -> nn.Module:
    return PyramidPooling(site.in_channels, out, [kernel] * 3, chained=True)


def ghost_conv(site: Site, *, out: int, kernel: int, stride: int, groups: int, act: int) -> nn.Module:
    act_of = nn.SiLU if act else None
    return GhostConv(site.in_channels, out, kernel, stride=stride, groups=groups, act=act_of)


def ghost_unit(site: Site, *, out: int, kernel: int, stride: int) -> nn.Module:
    return GhostUnit(site.in_channels, out, kernel, stride=stride)


def hswish(site: Site, *, out: int, stride: int) -> nn.Module:
    return ConvNormAct(site.in_channels, out, stride=stride, act=nn.Hardswish, norm=V3_NORM)


def mobilenet(site: Site, *, out: int, hidden: int, kernel: int, stride: int, se: int, hswish: int) -> nn.Module:
    """MobileNetV3's block (arXiv 1905.02244, section 5). In the form of the notes the gate comes before the
    activation where the block widens, and its squeezed width is a quarter, not rounded."""
    act = nn.Hardswish if hswish else nn.ReLU
    squeezed = hidden // 4 if site.notes_form else make_divisible(hidden / 4)
    gate = partial(SqueezeExcitation, hidden, squeezed, gate=nn.Hardsigmoid)
    conv = partial(ConvNormAct, norm=V3_NORM, act=act)
    early = se and site.notes_form and hidden != site.in_channels
    block = InvertedResidual(
        site.in_channels,
        hidden,
        out,
        kernel=kernel,
        stride=stride,
        conv=conv,
        gate=gate() if se and not early else None,
    )
    if early:
        block.depthwise.act = nn.Sequential(gate(), act())
    return block


def shuffle(site: Site, *, out: int, stride: int) -> nn.Module:
    if stride == 2:
        return DownUnit(site.in_channels, out, projected=out // 2, shuffle=True)
    if out != site.in_channels or out % 2:
        raise DataError(
            "rows-args-kind", name="out", got=out, expected=f"{site.in_channels}, an even number, at stride 1"
        )
    return SplitUnit(out, shuffle_first=False)


def upsample(site: Site, *, size: Any, factor: int, mode: str) -> nn.Module:
    if size is not None or mode not in ("nearest", "bilinear"):
        raise DataError("rows-args-kind", name="mode", got=mode, expected="[None, factor, nearest or bilinear]")
    return nn.Upsample(scale_factor=factor, mode=mode)


def max_pool(site: Site, *, kernel: int, stride: int | None, padding: int) -> nn.Module:
    return nn.MaxPool2d(kernel, stride, padding)
