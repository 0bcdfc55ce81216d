"""The names of ShuffleNet's authors, as their organisation publishes both networks. Their classifiers have no bias."""

from lissom.weights.layout import Layout, units

SHUFFLENETV1 = Layout(
    style="megvii",
    family="shufflenetv1",
    title="its authors' ShuffleNetV1",
    marks=("first_conv.0.weight", "features.0.branch_main_1.0.weight", "features.0.branch_main_2.0.weight"),
    outside=units({"first_conv.0 first_conv.1": "stem"}) | {"classifier.0": "head.1"},
    block=r"features\.(\d+)\.",
    inside=(
        units(
            {
                "branch_main_1.0 branch_main_1.1": "reduce",
                "branch_main_1.3 branch_main_1.4": "depthwise",
                "branch_main_2.0 branch_main_2.1": "expand",
            }
        ),
    ),
    first=1,
)

MAIN = units(
    {
        "branch_main.0 branch_main.1": "branch.0",
        "branch_main.3 branch_main.4": "branch.1",
        "branch_main.5 branch_main.6": "branch.2",
    }
)
SHUFFLENETV2 = Layout(
    style="megvii",
    family="shufflenetv2",
    title="its authors' ShuffleNetV2",
    marks=("first_conv.0.weight", "features.0.branch_main.0.weight", "features.0.branch_proj.0.weight"),
    outside=units({"first_conv.0 first_conv.1": "stem", "conv_last.0 conv_last.1": "expansion"})
    | {"classifier.0": "head.1"},
    block=r"features\.(\d+)\.",
    inside=(
        MAIN,
        MAIN | units({"branch_proj.0 branch_proj.1": "project.0", "branch_proj.2 branch_proj.3": "project.1"}),
    ),
    first=1,
    options=lambda _: {"form": "paper"},
)

LAYOUTS = (SHUFFLENETV1, SHUFFLENETV2)
