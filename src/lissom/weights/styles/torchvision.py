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

LAYOUTS = (MOBILENETV2, MOBILENETV3)
