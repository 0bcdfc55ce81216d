"""timm's names."""

from lissom.weights.layout import Layout, units

STEM = units({"conv_stem bn1": "stem"})
SEPARABLE = units({"conv_dw bn1": "depthwise", "conv_pw bn2": "project"})
INVERTED = units({"conv_pw bn1": "expand", "conv_dw bn2": "depthwise", "conv_pwl bn3": "project"})
GATE = {"se.conv_reduce": "gate.reduce", "se.conv_expand": "gate.expand"}
LAST = units({"conv bn1": "/expansion"})  # the last 1x1 convolution, which they count as a block

MOBILENETV1 = Layout(
    style="timm",
    family="mobilenetv1",
    title="timm's MobileNetV1",
    marks=("conv_stem.weight", "blocks.0.0.conv_dw.weight"),
    outside=STEM | {"classifier": "head.1"},
    block=r"blocks\.(\d+)\.(\d+)\.",
    inside=(units({"conv_dw bn1": "depthwise", "conv_pw bn2": "pointwise"}),),
)

MOBILENETV2 = Layout(
    style="timm",
    family="mobilenetv2",
    title="timm's MobileNetV2",
    marks=("conv_stem.weight", "blocks.0.0.conv_dw.weight", "conv_head.weight", "bn2.weight"),
    outside=STEM | units({"conv_head bn2": "expansion"}) | {"classifier": "head.1"},
    block=r"blocks\.(\d+)\.(\d+)\.",
    inside=(SEPARABLE, INVERTED),
)

MOBILENETV3 = Layout(
    style="timm",
    family="mobilenetv3",
    title="timm's MobileNetV3",
    marks=("conv_stem.weight", "blocks.0.0.conv_dw.weight", "conv_head.weight", "conv_head.bias"),
    outside=STEM | {"conv_head": "head.0", "classifier": "head.3"},
    block=r"blocks\.(\d+)\.(\d+)\.",
    inside=(SEPARABLE, SEPARABLE | GATE, INVERTED, INVERTED | GATE, LAST),
)

LAYOUTS = (MOBILENETV1, MOBILENETV2, MOBILENETV3)
