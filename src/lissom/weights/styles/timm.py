"""timm's names."""

from collections.abc import Iterable, Mapping

from torch import Tensor

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
    options=lambda _: {"act": "relu6"},
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


def _minimalistic(names: Iterable[str]) -> bool | None:
    """The nets without gates are TensorFlow's alone; of the others there are such and such by the same names."""
    return None if any(".se." in name for name in names) else True


MOBILENETV3 = Layout(
    style="timm",
    family="mobilenetv3",
    title="timm's MobileNetV3",
    marks=("conv_stem.weight", "blocks.0.0.conv_dw.weight", "conv_head.weight", "conv_head.bias"),
    outside=STEM | {"conv_head": "head.0", "classifier": "head.3"},
    block=r"blocks\.(\d+)\.(\d+)\.",
    inside=(SEPARABLE, SEPARABLE | GATE, INVERTED, INVERTED | GATE, LAST),
    ported=_minimalistic,
)

UIB_FIRST = units({"dw_start.conv dw_start.bn": "first"})
UIB_MID = units({"dw_mid.conv dw_mid.bn": "mid"})
UIB = units({"pw_exp.conv pw_exp.bn": "expand", "pw_proj.conv pw_proj.bn": "project"})

MOBILENETV4 = Layout(
    style="timm",
    family="mobilenetv4",
    title="timm's MobileNetV4",
    marks=("conv_stem.weight", "norm_head.weight", "blocks.2.0.pw_exp.conv.weight", "blocks.4.0.conv.weight"),
    outside=STEM
    | units({r"blocks\.4\.0\.conv blocks\.4\.0\.bn1": "expansion"})
    | {"conv_head": "head.0.linear", "norm_head": "head.0.norm", "classifier": "head.2"},
    block=r"blocks\.(\d+)\.(\d+)\.",
    inside=(
        {"conv": "conv", "bn1": "norm"},
        units({"conv_exp bn1": "expand", "conv_pwl bn2": "project"}),
        UIB,
        UIB | UIB_FIRST,
        UIB | UIB_MID,
        UIB | UIB_FIRST | UIB_MID,
    ),
)

SEPARABLE_V1 = units({"conv_dw bn1": "depthwise", "conv_pw bn2": "pointwise"})
LCNET = Layout(
    style="timm",
    family="pp_lcnet",
    title="timm's PP-LCNet",
    # no MobileNetV3 has four blocks in its fifth stage
    marks=(*MOBILENETV3.marks, "blocks.4.3.conv_pw.weight", "blocks.5.0.se.conv_reduce.weight"),
    outside=STEM | {"conv_head": "head.0", "classifier": "head.3"},
    block=r"blocks\.(\d+)\.(\d+)\.",
    inside=(
        SEPARABLE_V1,
        SEPARABLE_V1 | {"se.conv_reduce": "attend_filtered.reduce", "se.conv_expand": "attend_filtered.expand"},
    ),
)

SHORTCUT = units({"downsample.0 downsample.1": "shortcut"})
BASIC = units({"conv1 bn1": "body.0", "conv2 bn2": "body.1"})
BOTTLENECK = BASIC | units({"conv3 bn3": "body.2"})


SE = {"se.fc1": "attention.reduce", "se.fc2": "attention.expand"}
SE_MODULE = {"se_module.fc1": "attention.reduce", "se_module.fc2": "attention.expand"}


SE_RESNET = Layout(
    style="timm",
    family="resnet",
    title="timm's SE-ResNet",
    marks=("conv1.weight", "layer1.0.conv1.weight", "layer1.0.se.fc1.weight", "fc.weight"),
    outside=units({"conv1 bn1": "stem"}) | {"fc": "head.1"},
    block=r"layer(\d+)\.(\d+)\.",
    inside=(BASIC | SE, BASIC | SE | SHORTCUT, BOTTLENECK | SE, BOTTLENECK | SE | SHORTCUT),
    first=1,
    options=lambda _: {"stem": "torchvision", "stride_in": "3x3"},
)


def _authors_form(tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """SE-ResNet strides in the first 1x1 convolution, SE-ResNeXt, whose 3x3 ones are grouped, in these."""
    grouped = tensors["layer1.0.conv2.weight"].shape[0] != tensors["layer1.0.conv2.weight"].shape[1]
    return {"stem": "authors", "stride_in": "3x3" if grouped else "1x1"}


LEGACY_SE_RESNET = Layout(
    style="timm",
    family="resnet",
    title="SENet's authors' SE-ResNet",
    marks=("layer0.conv1.weight", "layer1.0.conv1.weight", "layer1.0.se_module.fc1.weight", "last_linear.weight"),
    outside=units({"layer0.conv1 layer0.bn1": "stem"}) | {"last_linear": "head.1"},
    block=r"layer(\d+)\.(\d+)\.",
    # bottlenecks alone: their basic blocks have an activation before the gate, which is another function
    inside=(BOTTLENECK | SE_MODULE, BOTTLENECK | SE_MODULE | SHORTCUT),
    first=1,
    options=_authors_form,
)

LAYOUTS = (MOBILENETV1, MOBILENETV2, MOBILENETV3, MOBILENETV4, LCNET, SE_RESNET, LEGACY_SE_RESNET)
