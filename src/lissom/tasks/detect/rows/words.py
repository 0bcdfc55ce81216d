"""The words that rows may use: what each takes, and what makes its module. Nothing else can be named in a file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import nn

from lissom.blocks.channels import ceil_to
from lissom.errors import DataError
from lissom.tasks.detect.rows import modules
from lissom.tasks.detect.rows.modules import Site

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
    "odd": (lambda v: _is_odd(v), "an odd number, below 100"),
    "odds": (lambda v: isinstance(v, tuple) and bool(v) and all(map(_is_odd, v)), "odd numbers, below 100"),
    "any": (lambda v: True, "a plain value"),
}


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


def _is_odd(value: Any) -> bool:
    return _is_whole(value) and value % 2 == 1 and 0 < value < 100


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
        make=modules.conv,
        is_scaled=True,
    ),
    "DWConv": Word(arguments=(_OUT, _KERNEL, _STRIDE, _ACT), make=modules.depthwise, is_scaled=True),
    "Focus": Word(arguments=(_OUT, _KERNEL, _STRIDE), make=modules.focus, is_scaled=True),
    "Bottleneck": Word(arguments=_CSP, make=modules.bottleneck, is_scaled=True),
    "C3": Word(arguments=_CSP, make=modules.c3, is_scaled=True, repeats_inside=True),
    "C3Ghost": Word(arguments=_CSP, make=modules.c3_ghost, is_scaled=True, repeats_inside=True),
    "C3DW": Word(
        arguments=(_OUT, Argument("kernel", "count", 5)),
        make=modules.c3_separable,
        is_scaled=True,
        repeats_inside=True,
    ),
    "DWSepConv": Word(arguments=(_OUT, _KERNEL, _STRIDE), make=modules.separable, is_scaled=True),
    "BottleneckCSP": Word(arguments=_CSP, make=modules.bottleneck_csp, is_scaled=True, repeats_inside=True),
    "C3TR": Word(arguments=_CSP, make=modules.c3_transformer, is_scaled=True, repeats_inside=True),
    "C3SPP": Word(arguments=(_OUT, Argument("kernels", "odds", (5, 9, 13))), make=modules.c3_spp, is_scaled=True),
    "MixConv2d": Word(
        arguments=(_OUT, Argument("kernels", "odds", (1, 3)), _STRIDE, Argument("equal", "switch", True)),
        make=modules.mixed_conv,
        is_scaled=True,
    ),
    "CrossConv": Word(
        arguments=(
            _OUT,
            Argument("kernel", "odd", 3),
            _STRIDE,
            _GROUPS,
            Argument("expansion", "share", 1.0),
            Argument("shortcut", "switch", False),
        ),
        make=modules.cross_conv,
        is_scaled=True,
    ),
    "SPP": Word(arguments=(_OUT, Argument("kernels", "counts", (5, 9, 13))), make=modules.spp, is_scaled=True),
    "SPPF": Word(arguments=(_OUT, Argument("kernel", "count", 5)), make=modules.sppf, is_scaled=True),
    "GhostConv": Word(arguments=(_OUT, _KERNEL, _STRIDE, _GROUPS, _ACT), make=modules.ghost_conv, is_scaled=True),
    "GhostBottleneck": Word(
        arguments=(_OUT, Argument("kernel", "count", 3), _STRIDE), make=modules.ghost_unit, is_scaled=True
    ),
    "conv_bn_hswish": Word(arguments=(_OUT, Argument("stride", "stride")), make=modules.hswish),
    "MobileNet_Block": Word(
        arguments=(
            _OUT,
            Argument("hidden", "count"),
            Argument("kernel", "count"),
            Argument("stride", "stride"),
            Argument("se", "switch"),
            Argument("hswish", "switch"),
        ),
        make=modules.mobilenet,
    ),
    "ShuffleV2_Block": Word(arguments=(_OUT, Argument("stride", "stride")), make=modules.shuffle),
    "Concat": Word(arguments=(Argument("dim", "count", 1),), make=lambda site, dim: modules.Concat(dim), joins=True),
    "Contract": Word(arguments=(_SIDE,), make=lambda site, side: nn.PixelUnshuffle(side)),
    "Expand": Word(arguments=(_SIDE,), make=lambda site, side: nn.PixelShuffle(side)),
    "nn.Upsample": Word(
        arguments=(Argument("size", "any", None), Argument("factor", "count", 2), Argument("mode", "any", "nearest")),
        make=modules.upsample,
    ),
    "nn.MaxPool2d": Word(
        arguments=(Argument("kernel", "count"), Argument("stride", "padding", None), Argument("padding", "padding", 0)),
        make=modules.max_pool,
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
