"""torchvision's names."""

from lissom.weights.layout import Layout, units

MOBILENETV2 = Layout(
    style="torchvision",
    family="mobilenetv2",
    title="torchvision's MobileNetV2",
    marks=("features.0.0.weight", "features.1.conv.0.0.weight", "features.18.0.weight", "classifier.1.weight"),
    outside=units({"features.0.0 features.0.1": "stem", "features.18.0 features.18.1": "expansion"})
    | {"classifier.1": "head.1"},
    block=r"features\.(\d+)\.conv\.",
    inside=(
        units({"0.0 0.1": "depthwise", "1 2": "project"}),
        units({"0.0 0.1": "expand", "1.0 1.1": "depthwise", "2 3": "project"}),
    ),
)

MOBILENETV3 = Layout(
    style="torchvision",
    family="mobilenetv3",
    title="torchvision's MobileNetV3",
    marks=("features.0.0.weight", "features.1.block.0.0.weight", "classifier.0.weight", "classifier.3.weight"),
    outside=units({r"features\.0\.0 features\.0\.1": "stem", r"features\.\d+\.0 features\.\d+\.1": "expansion"})
    | {"classifier.0": "head.0", "classifier.3": "head.3"},
    block=r"features\.(\d+)\.block\.",
    inside=(
        units({"0.0 0.1": "depthwise", "1.0 1.1": "project"}),
        units({"0.0 0.1": "depthwise", "1.fc1": "gate.reduce", "1.fc2": "gate.expand", "2.0 2.1": "project"}),
        units({"0.0 0.1": "expand", "1.0 1.1": "depthwise", "2.0 2.1": "project"}),
        units(
            {
                "0.0 0.1": "expand",
                "1.0 1.1": "depthwise",
                "2.fc1": "gate.reduce",
                "2.fc2": "gate.expand",
                "3.0 3.1": "project",
            }
        ),
    ),
    eps=1e-3,
)

SHORTCUT = units({"downsample.0 downsample.1": "shortcut"})
BASIC = units({"conv1 bn1": "body.0", "conv2 bn2": "body.1"})
BOTTLENECK = BASIC | units({"conv3 bn3": "body.2"})

RESNET = Layout(  # timm's plain ResNets have the same names
    style="torchvision",
    family="resnet",
    title="torchvision's ResNet",
    marks=("conv1.weight", "layer1.0.conv1.weight", "fc.weight"),
    outside=units({"conv1 bn1": "stem"}) | {"fc": "head.1"},
    block=r"layer(\d+)\.(\d+)\.",
    inside=(BASIC, BASIC | SHORTCUT, BOTTLENECK, BOTTLENECK | SHORTCUT),
    first=1,
    options=lambda _: {"stem": "torchvision", "stride_in": "3x3"},
)

BRANCH = units(
    {"branch2.0 branch2.1": "branch.0", "branch2.3 branch2.4": "branch.1", "branch2.5 branch2.6": "branch.2"}
)
SHUFFLENETV2 = Layout(
    style="torchvision",
    family="shufflenetv2",
    title="torchvision's ShuffleNetV2",
    marks=("conv1.0.weight", "stage2.0.branch1.0.weight", "conv5.0.weight", "fc.weight"),
    outside=units({"conv1.0 conv1.1": "stem", "conv5.0 conv5.1": "expansion"}) | {"fc": "head.1"},
    block=r"stage(\d+)\.(\d+)\.",
    inside=(BRANCH, BRANCH | units({"branch1.0 branch1.1": "project.0", "branch1.2 branch1.3": "project.1"})),
    first=1,
    options=lambda _: {"form": "torchvision"},
)

LAYOUTS = (MOBILENETV2, MOBILENETV3, RESNET, SHUFFLENETV2)
