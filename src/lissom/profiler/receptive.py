"""Which input pixels an output pixel can see, followed from operator to operator.

For each spatial side a map has a field, the input pixels that one of its pixels sees, and a jump, the input pixels
between two neighbours: a window of k pixels that moves by s makes them field + (k - 1) jump and jump x s
(Araujo, Norris, Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019, section 2).
Gates (squeeze-and-excitation) see the whole image and are not followed, as in published receptive fields.
"""

from collections.abc import Callable, Sequence
from math import ceil, prod
from operator import mul
from typing import Any, NamedTuple

from torch import Tensor


class Field(NamedTuple):
    """Of one map, by spatial side; both None where an operator mixed pixels in a way that is not followed."""

    pixels: tuple[float, ...] | None
    jump: tuple[float, ...] | None
    pooled: bool = False  # whether the map was reduced to one pixel: a gate, or what goes to the classifier

    def whole(self) -> tuple[int, ...] | None:
        """Pixels as numbers of whole pixels."""
        return tuple(map(ceil, self.pixels)) if self.pixels else None


LOST = Field(None, None)


def begin(x: Tensor) -> None:
    """Marks a network's input: each pixel sees itself. `B C sides...`; without sides the field is empty."""
    sides = max(0, x.dim() - 2)
    x.lissom_field = Field((1.0,) * sides, (1.0,) * sides)  # type: ignore[attr-defined]


def field_of(value: Any) -> Field | None:
    """The field that was marked on a tensor; None on weights and constants."""
    return getattr(value, "lissom_field", None)


def follow(rule: "Rule", args: Sequence[Any], given: Sequence[Tensor], outs: Sequence[Tensor]) -> None:
    """Marks the outputs of an operator by its rule, when its inputs, `given`, depend on the network's input."""
    inputs = [x for x in given if hasattr(x, "lissom_field")]
    if not inputs or not outs:
        return
    try:
        field = rule(args, inputs, outs[0])
    except (IndexError, TypeError, ValueError):  # sides that are not those of the image, as in a 1-d filter of channels
        field = LOST
    for out in outs:
        out.lissom_field = field  # type: ignore[attr-defined]


def rule_of(operator: Any) -> "Rule":
    """How the field goes through an operator."""
    name = operator.overloadpacket.__name__.removesuffix("_")
    return RULES.get(name, _view if operator.is_view else _merged)


Rule = Callable[[Sequence[Any], list[Tensor], Tensor], Field]


def windowed(field: Field, kernel: Sequence[float], stride: Sequence[float]) -> Field:
    """After a window of `kernel` pixels, dilation included, that moves by `stride`."""
    if field.pixels is None or field.jump is None:
        return LOST
    pixels = [f + (k - 1) * j for f, k, j in zip(field.pixels, kernel, field.jump, strict=True)]
    return Field(tuple(pixels), tuple(map(mul, field.jump, stride)), field.pooled)


def _merged(args: Sequence[Any], inputs: list[Tensor], out: Tensor) -> Field:
    """The largest of the maps as large as the output; smaller or pooled ones are gates."""
    if len(inputs) == 1:
        return _own(inputs[0])
    maps = [x for x in inputs if x.shape[2:] == out.shape[2:] and x.numel() * 2 > out.numel()]
    fields = [field_of(x) or LOST for x in maps or inputs[:1]]
    return _largest([field for field in fields if not field.pooled] or fields)


def _joined(args: Sequence[Any], inputs: list[Tensor], out: Tensor) -> Field:
    """Concatenated maps: the largest of all of them."""
    return _largest([field_of(x) or LOST for x in inputs])


def _largest(fields: list[Field]) -> Field:
    """By side; not known where one of them is not, or has other sides."""
    if len(fields) == 1:
        return fields[0]
    pixels, jumps = [f.pixels for f in fields if f.pixels is not None], [f.jump for f in fields if f.jump is not None]
    if len(pixels) < len(fields) or len(set(map(len, pixels))) > 1:
        return LOST
    sides = range(len(pixels[0]))
    pooled = all(field.pooled for field in fields)
    return Field(
        tuple(max(p[n] for p in pixels) for n in sides), tuple(max(j[n] for j in jumps) for n in sides), pooled
    )


def _convolution(args: Sequence[Any], inputs: list[Tensor], out: Tensor) -> Field:
    x, weight, _, stride, _, dilation, transposed = args[:7]
    sides = weight.dim() - 2
    steps, gaps = _sides(stride, sides), _sides(dilation, sides)
    kernel = [gap * (side - 1) + 1 for gap, side in zip(gaps, weight.shape[2:], strict=True)]
    if transposed:  # an output pixel lies under every stride-th weight of the kernel
        return windowed(_own(x), [ceil(k / s) for k, s in zip(kernel, steps, strict=True)], [1 / s for s in steps])
    return windowed(_own(x), kernel, steps)


def _pool(args: Sequence[Any], inputs: list[Tensor], out: Tensor) -> Field:
    x = args[0]
    kernel = _sides(args[1], x.dim() - 2)
    stride = _sides(args[2], x.dim() - 2) if len(args) > 2 and args[2] else kernel
    return windowed(_own(x), kernel, stride)


def _adaptive(args: Sequence[Any], inputs: list[Tensor], out: Tensor) -> Field:
    sizes = list(zip(args[0].shape[2:], out.shape[2:], strict=True))
    field = windowed(_own(args[0]), [ceil(i / o) for i, o in sizes], [i / o for i, o in sizes])
    return field._replace(pooled=field.pooled or all(o == 1 for _, o in sizes))


def _resized(taps: int) -> Rule:
    def of(args: Sequence[Any], inputs: list[Tensor], out: Tensor) -> Field:
        sizes = list(zip(args[0].shape[2:], out.shape[2:], strict=True))
        return windowed(_own(args[0]), [taps] * len(sizes), [i / o for i, o in sizes])

    return of


def _reduced(args: Sequence[Any], inputs: list[Tensor], out: Tensor) -> Field:
    """Sums, means and maxima over some of the dimensions, kept as single pixels or dropped."""
    x = args[0]
    dims = args[1] if len(args) > 1 and args[1] is not None else range(x.dim())
    gone = {dim % x.dim() for dim in (dims if isinstance(dims, list | tuple | range) else [dims])}
    kernel = [size if dim in gone else 1 for dim, size in enumerate(x.shape)][2:]
    field = windowed(_own(x), kernel, [1] * len(kernel))
    if all(dim in gone for dim in range(2, x.dim())):
        return field._replace(pooled=True)  # B C H W -> B C: what the vector sees is what its pixels saw
    return field if out.dim() == x.dim() else LOST


def _view(args: Sequence[Any], inputs: list[Tensor], out: Tensor) -> Field:
    """Channels may be regrouped; a map may become a vector; anything else that moves pixels is not followed."""
    x, field = inputs[0], _own(inputs[0])
    sides = len(field.pixels or ())
    if field.pixels is None or x.dim() < sides or prod(x.shape[-sides:] if sides else ()) == 1:
        return field
    if x.shape[-sides:] == out.shape[-sides:]:
        return field
    if out.shape[1:].numel() == x.shape[1:].numel() and out.dim() == 2:
        return windowed(field, x.shape[-sides:], [1] * sides)
    kept = [n for n in range(1, sides) if x.shape[-n:] == out.shape[-n:] and out.dim() == n + 2]
    if kept:  # B C D H W -> B CD H W
        return Field(field.pixels[-kept[-1] :], (field.jump or ())[-kept[-1] :], field.pooled)
    return LOST


def _sliced(args: Sequence[Any], inputs: list[Tensor], out: Tensor) -> Field:
    """Every `step`-th pixel of one dimension."""
    x, field = args[0], _own(args[0])
    dim, step = (args[1] if len(args) > 1 else 0), (args[4] if len(args) > 4 else 1)
    side = dim % x.dim() - 2
    if field.jump is None or side < 0 or step == 1:
        return field
    return field._replace(jump=tuple(j * step if n == side else j for n, j in enumerate(field.jump)))


def _lost(args: Sequence[Any], inputs: list[Tensor], out: Tensor) -> Field:
    return LOST


def _own(x: Tensor) -> Field:
    return field_of(x) or LOST


def _sides(value: Any, sides: int) -> list[int]:
    values = list(value) if isinstance(value, list | tuple) else [value]
    return values if len(values) == sides else values * sides


_POOLS = "avg_pool2d avg_pool3d max_pool2d_with_indices max_pool3d_with_indices"
_ADAPTIVE = "_adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_max_pool2d adaptive_max_pool3d"
_REDUCTIONS = "mean sum amax amin max min std var var_mean std_mean"
_RESHAPES = "_unsafe_view _reshape_alias reshape"
_NOT_FOLLOWED = "bmm baddbmm addbmm index gather roll grid_sampler_2d grid_sampler_3d"
RULES: dict[str, Rule] = {
    "convolution": _convolution,
    "_convolution": _convolution,
    "cat": _joined,
    "slice": _sliced,
    "upsample_nearest1d": _resized(1),
    "upsample_nearest2d": _resized(1),
    "upsample_nearest3d": _resized(1),
    "upsample_linear1d": _resized(2),
    "upsample_bilinear2d": _resized(2),
    "upsample_trilinear3d": _resized(2),
    "upsample_bicubic2d": _resized(4),
    **dict.fromkeys(_POOLS.split(), _pool),
    **dict.fromkeys(_ADAPTIVE.split(), _adaptive),
    **dict.fromkeys(_REDUCTIONS.split(), _reduced),
    **dict.fromkeys(_RESHAPES.split(), _view),
    **dict.fromkeys(_NOT_FOLLOWED.split(), _lost),
}
