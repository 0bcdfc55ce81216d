"""The names of GhostNet's authors, which timm took over."""

from itertools import product

from lissom.weights.layout import Layout, units

GHOSTS = units(
    {
        "ghost1.primary_conv.0 ghost1.primary_conv.1": "widen.primary",
        "ghost1.cheap_operation.0 ghost1.cheap_operation.1": "widen.cheap",
        "ghost2.primary_conv.0 ghost2.primary_conv.1": "narrow.primary",
        "ghost2.cheap_operation.0 ghost2.cheap_operation.1": "narrow.cheap",
    }
)
STRIDE = units({"conv_dw bn_dw": "depthwise"})
GATE = {"se.conv_reduce": "gate.reduce", "se.conv_expand": "gate.expand"}
SHORTCUT = units({"shortcut.0 shortcut.1": "shortcut.0", "shortcut.2 shortcut.3": "shortcut.1"})
ATTEND = {  # V2: attention along rows, then along columns
    "ghost1.short_conv.0": "attend.mix",
    "ghost1.short_conv.1": "attend.mix_norm",
    "ghost1.short_conv.2": "attend.row",
    "ghost1.short_conv.3": "attend.row_norm",
    "ghost1.short_conv.4": "attend.column",
    "ghost1.short_conv.5": "attend.column_norm",
}
LAST = units({"conv bn1": "/expansion"})
OUTSIDE = units({"conv_stem bn1": "stem"}) | {"conv_head": "head.0", "classifier": "head.3"}


def _kinds(*parts: dict[str, str]) -> tuple[dict[str, str], ...]:
    """Two ghost modules, with any of `parts`; and the last convolution, which they count as a block."""
    kinds = []
    for present in product((False, True), repeat=len(parts)):
        table = dict(GHOSTS)
        for part, is_there in zip(parts, present, strict=True):
            table |= part if is_there else {}
        kinds.append(table)
    return (*kinds, LAST)


GHOSTNET = Layout(
    style="ghostnet",
    family="ghostnet",
    title="its authors' GhostNet",
    marks=("conv_stem.weight", "blocks.0.0.ghost1.primary_conv.0.weight", "conv_head.weight", "conv_head.bias"),
    outside=OUTSIDE,
    block=r"blocks\.(\d+)\.(\d+)\.",
    inside=_kinds(STRIDE, GATE, SHORTCUT),
)
GHOSTNETV2 = Layout(
    style="ghostnet",
    family="ghostnetv2",
    title="its authors' GhostNetV2",
    marks=(*GHOSTNET.marks, "blocks.2.0.ghost1.short_conv.0.weight"),
    outside=OUTSIDE,
    block=GHOSTNET.block,
    inside=_kinds(STRIDE, GATE, SHORTCUT, ATTEND),
)

LAYOUTS = (GHOSTNET, GHOSTNETV2)
