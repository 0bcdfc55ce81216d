"""The words that rows may use: what each takes, and the module that it makes. Nothing else can be named in a file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import gcd
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lissom.blocks.channels import ceil_to, make_divisible
from lissom.blocks.conv import ConvNormAct
from lissom.blocks.csp import (
    Bottleneck,
    CrossStage,
    GhostConv,
    GhostUnit,
    PyramidPooling,
    yolo_conv,
)
from lissom.blocks.depthwise_separable import DepthwiseSeparable
from lissom.blocks.inverted_residual import InvertedResidual
from lissom.blocks.split_unit import DownUnit, SplitUnit
from lissom.blocks.squeeze_excitation import SqueezeExcitation
from lissom.errors import DataError
from lissom.models.mobilenetv3 import NORM as V3_NORM

REQUIRED = object()


class Argument(NamedTuple):
    """One entry of a row's `args`."""

    name: str
    kind: str
    """Of `KINDS`."""
    default: Any = REQUIRED


KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "count": (lambda v: _is_whole(v) and 1 <= v < 100_000, "a whole number, 1 or more"),
    "stride": (lambda v: _is_whole(v) and v in (1, 2), "1 or 2"),
    "padding": (lambda v: v is None or (_is_whole(v) and 0 <= v < 1000), "a whole number, or None"),
    "switch": (lambda v: v in (0, 1), "True, False, 1 or 0"),
    "share": (lambda v: isinstance(v, int | float) and 0 < v <= 16, "a number above 0"),
    "counts": (lambda v: isinstance(v, tuple) and bool(v) and all(_is_whole(k) and k >= 1 for k in v), "whole numbers"),
    "any": (lambda v: True, "a plain value"),
}


class Site(NamedTuple):
    """Where in a network a row stands."""

    in_channels: int
    repeats: int
    """Scaled by the depth multiple."""
    notes_form: bool


@dataclass(frozen=True, kw_only=True)
class Word:
    """How a row of this name is read."""

    arguments: tuple[Argument, ...]
    make: Callable[..., nn.Module]
    """(site, the arguments by name) -> the module."""
    is_scaled: bool = False
    """Its first argument is a width, which the width multiple scales."""
    repeats_inside: bool = False
    joins: bool = False
    """It takes several inputs."""

    def values(self, args: tuple[Any, ...]) -> dict[str, Any]:
        """The arguments by name. Raises: DataError for one too many, a missing one, or one of another kind."""
        if len(args) > len(self.arguments):
            names = ", ".join(argument.name for argument in self.arguments)
            raise DataError("rows-args-many", got=len(args), expected=len(self.arguments), names=names or "-")
        values = {}
        for argument, given in zip(self.arguments, [*args, *[REQUIRED] * len(self.arguments)], strict=False):
            value = argument.default if given is REQUIRED else given
            if value is REQUIRED:
                raise DataError("rows-args-missing", name=argument.name)
            is_right, expected = KINDS[argument.kind]
            if value is not argument.default and not is_right(value):
                raise DataError("rows-args-kind", name=argument.name, got=value, expected=expected)
            values[argument.name] = value
        return values


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


class Concat(nn.Module):
    """Maps of one size beside each other: `[B C_i H W] -> B sum(C_i) H W`."""

    def __init__(self, dim: int = 1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, maps: list[Tensor]) -> Tensor:
        return torch.cat(maps, self.dim)


def _conv(site: Site, *, out: int, kernel: int, stride: int, padding: int | None, groups: int, act: int) -> nn.Module:
    made = yolo_conv(site.in_channels, out, kernel, stride=stride, groups=groups, act=nn.SiLU if act else None)
    if padding is not None:
        made.conv.padding = (padding, padding)
    return made


def _depthwise(site: Site, *, out: int, kernel: int, stride: int, act: int) -> nn.Module:
    groups = gcd(site.in_channels, out)
    return yolo_conv(site.in_channels, out, kernel, stride=stride, groups=groups, act=nn.SiLU if act else None)


def _focus(site: Site, *, out: int, kernel: int, stride: int) -> nn.Module:
    return nn.Sequential(nn.PixelUnshuffle(2), yolo_conv(4 * site.in_channels, out, kernel, stride=stride))


def _repeated(inner: Callable[[int], nn.Module], repeats: int) -> Callable[[int], nn.Module]:
    return lambda hidden: nn.Sequential(*(inner(hidden) for _ in range(repeats)))


def _c3(site: Site, *, out: int, shortcut: int, groups: int, expansion: float) -> nn.Module:
    def inner(hidden: int) -> nn.Module:
        return Bottleneck(hidden, hidden, shortcut=bool(shortcut), groups=groups, expansion=1.0)

    return CrossStage(site.in_channels, out, _repeated(inner, site.repeats), expansion=expansion)


def _c3_ghost(site: Site, *, out: int, shortcut: int, groups: int, expansion: float) -> nn.Module:
    inner = _repeated(lambda hidden: GhostUnit(hidden, hidden), site.repeats)
    return CrossStage(site.in_channels, out, inner, expansion=expansion)


def _separable(site: Site, *, out: int, kernel: int, stride: int) -> nn.Module:
    return DepthwiseSeparable(site.in_channels, out, kernel=kernel, stride=stride, act=nn.SiLU)


def _c3_separable(site: Site, *, out: int, kernel: int) -> nn.Module:
    """PP-PicoDet's neck block (arXiv 2111.00902, section 3.1): C3 of depthwise separable convolutions, no shortcut."""

    def inner(hidden: int) -> nn.Module:
        separable = DepthwiseSeparable(hidden, hidden, kernel=kernel, act=nn.SiLU)
        return nn.Sequential(yolo_conv(hidden, hidden, 1), separable)

    return CrossStage(site.in_channels, out, _repeated(inner, site.repeats))


def _bottleneck(site: Site, *, out: int, shortcut: int, groups: int, expansion: float) -> nn.Module:
    return Bottleneck(site.in_channels, out, shortcut=bool(shortcut), groups=groups, expansion=expansion)


def _spp(site: Site, *, out: int, kernels: tuple[int, ...]) -> nn.Module:
    return PyramidPooling(site.in_channels, out, kernels, chained=False)


def _sppf(site: Site, *, out: int, kernel: int) -> nn.Module:
    return PyramidPooling(site.in_channels, out, [kernel] * 3, chained=True)


def _ghost_conv(site: Site, *, out: int, kernel: int, stride: int, groups: int, act: int) -> nn.Module:
    act_of = nn.SiLU if act else None
    return GhostConv(site.in_channels, out, kernel, stride=stride, groups=groups, act=act_of)


def _ghost_unit(site: Site, *, out: int, kernel: int, stride: int) -> nn.Module:
    return GhostUnit(site.in_channels, out, kernel, stride=stride)


def _hswish(site: Site, *, out: int, stride: int) -> nn.Module:
    return ConvNormAct(site.in_channels, out, stride=stride, act=nn.Hardswish, norm=V3_NORM)


def _mobilenet(site: Site, *, out: int, hidden: int, kernel: int, stride: int, se: int, hswish: int) -> nn.Module:
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


def _shuffle(site: Site, *, out: int, stride: int) -> nn.Module:
    if stride == 2:
        return DownUnit(site.in_channels, out, projected=out // 2, shuffle=True)
    if out != site.in_channels or out % 2:
        raise DataError(
            "rows-args-kind", name="out", got=out, expected=f"{site.in_channels}, an even number, at stride 1"
        )
    return SplitUnit(out, shuffle_first=False)


def _upsample(site: Site, *, size: Any, factor: int, mode: str) -> nn.Module:
    if size is not None or mode not in ("nearest", "bilinear"):
        raise DataError("rows-args-kind", name="mode", got=mode, expected="[None, factor, nearest or bilinear]")
    return nn.Upsample(scale_factor=factor, mode=mode)


def _max_pool(site: Site, *, kernel: int, stride: int | None, padding: int) -> nn.Module:
    return nn.MaxPool2d(kernel, stride, padding)


def _without_arguments(kind: type[nn.Module]) -> Word:
    return Word(arguments=(), make=lambda site: kind())


_OUT, _KERNEL, _STRIDE = Argument("out", "count"), Argument("kernel", "count", 1), Argument("stride", "stride", 1)
_GROUPS, _ACT = Argument("groups", "count", 1), Argument("act", "switch", True)
_CSP = (_OUT, Argument("shortcut", "switch", True), _GROUPS, Argument("expansion", "share", 0.5))
_SIDE = Argument("side", "count", 2)
_PLAIN: tuple[type[nn.Module], ...] = (nn.Identity, nn.ReLU, nn.ReLU6, nn.SiLU, nn.Hardswish)

WORDS: Mapping[str, Word] = {
    "Conv": Word(
        arguments=(_OUT, _KERNEL, _STRIDE, Argument("padding", "padding", None), _GROUPS, _ACT),
        make=_conv,
        is_scaled=True,
    ),
    "DWConv": Word(arguments=(_OUT, _KERNEL, _STRIDE, _ACT), make=_depthwise, is_scaled=True),
    "Focus": Word(arguments=(_OUT, _KERNEL, _STRIDE), make=_focus, is_scaled=True),
    "Bottleneck": Word(arguments=_CSP, make=_bottleneck, is_scaled=True),
    "C3": Word(arguments=_CSP, make=_c3, is_scaled=True, repeats_inside=True),
    "C3Ghost": Word(arguments=_CSP, make=_c3_ghost, is_scaled=True, repeats_inside=True),
    "C3DW": Word(
        arguments=(_OUT, Argument("kernel", "count", 5)), make=_c3_separable, is_scaled=True, repeats_inside=True
    ),
    "DWSepConv": Word(arguments=(_OUT, _KERNEL, _STRIDE), make=_separable, is_scaled=True),
    "SPP": Word(arguments=(_OUT, Argument("kernels", "counts", (5, 9, 13))), make=_spp, is_scaled=True),
    "SPPF": Word(arguments=(_OUT, Argument("kernel", "count", 5)), make=_sppf, is_scaled=True),
    "GhostConv": Word(arguments=(_OUT, _KERNEL, _STRIDE, _GROUPS, _ACT), make=_ghost_conv, is_scaled=True),
    "GhostBottleneck": Word(
        arguments=(_OUT, Argument("kernel", "count", 3), _STRIDE), make=_ghost_unit, is_scaled=True
    ),
    "conv_bn_hswish": Word(arguments=(_OUT, Argument("stride", "stride")), make=_hswish),
    "MobileNet_Block": Word(
        arguments=(
            _OUT,
            Argument("hidden", "count"),
            Argument("kernel", "count"),
            Argument("stride", "stride"),
            Argument("se", "switch"),
            Argument("hswish", "switch"),
        ),
        make=_mobilenet,
    ),
    "ShuffleV2_Block": Word(arguments=(_OUT, Argument("stride", "stride")), make=_shuffle),
    "Concat": Word(arguments=(Argument("dim", "count", 1),), make=lambda site, dim: Concat(dim), joins=True),
    "Contract": Word(arguments=(_SIDE,), make=lambda site, side: nn.PixelUnshuffle(side)),
    "Expand": Word(arguments=(_SIDE,), make=lambda site, side: nn.PixelShuffle(side)),
    "nn.Upsample": Word(
        arguments=(Argument("size", "any", None), Argument("factor", "count", 2), Argument("mode", "any", "nearest")),
        make=_upsample,
    ),
    "nn.MaxPool2d": Word(
        arguments=(Argument("kernel", "count"), Argument("stride", "padding", None), Argument("padding", "padding", 0)),
        make=_max_pool,
    ),
    "nn.BatchNorm2d": Word(arguments=(), make=lambda site: nn.BatchNorm2d(site.in_channels)),
    **{
        f"nn.{kind.__name__}": _without_arguments(kind)
        for kind in (nn.Identity, nn.ReLU, nn.ReLU6, nn.SiLU, nn.Hardswish)
    },
}


def made(word: Word, args: tuple[Any, ...], site: Site, *, width: float, act: str) -> tuple[nn.Module, int | None]:
    """The module of a row, and the width that the file asks for, before it is scaled; None: it names none.

    Raises: DataError for wrong arguments, ValueError or RuntimeError as torch puts it for what cannot be built.
    """
    values = word.values(args)
    asked = values.get("out")
    if word.is_scaled:
        values["out"] = ceil_to(values["out"] * width)
    if word.repeats_inside or site.repeats == 1:
        module = word.make(site, **values)
    else:
        module = nn.Sequential(*(word.make(site._replace(repeats=1), **values) for _ in range(site.repeats)))
    if act != "SiLU" and word.is_scaled:
        _replace_acts(module, getattr(nn, act))
    return module, asked


def _replace_acts(module: nn.Module, act: type[nn.Module]) -> None:
    for name, child in module.named_children():
        if isinstance(child, nn.SiLU):
            setattr(module, name, act())
        else:
            _replace_acts(child, act)
