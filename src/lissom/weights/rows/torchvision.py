"""torchvision's checkpoints: files, sizes, resizing and accuracies as its own tables of weights state them.

`resize` is the shorter side before the centre crop of 224 pixels; top-1 is torchvision's own, on ImageNet, one crop.
"""

from collections.abc import Mapping
from typing import Any

from lissom.weights.checkpoint import IMAGENET, Checkpoint

TV = {"form": "torchvision"}
FOLDER = "https://download.pytorch.org/models/"


def _row(
    name: str, network: str, options: Mapping[str, Any], file: str, mebibytes: float, resize: int, top1: float
) -> Checkpoint:
    return Checkpoint(
        name=f"torchvision/{name}",
        network=network,
        options=options,
        address=FOLDER + file,
        mebibytes=mebibytes,
        licence="BSD-3-Clause",
        resize=resize,
        norm=IMAGENET,
        interpolation="bilinear",
        top1=top1,
        reporter="torchvision",
        eps=1e-3 if network.startswith("mobilenetv3") else 1e-5,
    )


# fmt: off
ROWS = (
    # torchvision's name, ours, options, file, MiB, resize, top-1
    _row("mobilenet_v2.v1", "mobilenetv2", {}, "mobilenet_v2-b0353104.pth", 13.555, 256, 71.878),
    _row("mobilenet_v2.v2", "mobilenetv2", {}, "mobilenet_v2-7ebf99e0.pth", 13.598, 232, 72.154),
    _row("mobilenet_v3_large.v1", "mobilenetv3_large", {}, "mobilenet_v3_large-8738ca79.pth", 21.114, 256, 74.042),
    _row("mobilenet_v3_large.v2", "mobilenetv3_large", {}, "mobilenet_v3_large-5c1a4163.pth", 21.107, 232, 75.274),
    _row("mobilenet_v3_small.v1", "mobilenetv3_small", {}, "mobilenet_v3_small-047dcff4.pth", 9.829, 256, 67.668),
    _row("shufflenet_v2_x0_5.v1", "shufflenetv2", TV | {"width": 0.5},
         "shufflenetv2_x0.5-f707e7126e.pth", 5.282, 256, 60.552),
    _row("shufflenet_v2_x1_0.v1", "shufflenetv2", TV, "shufflenetv2_x1-5666bf0f80.pth", 8.791, 256, 69.362),
    _row("shufflenet_v2_x1_5.v1", "shufflenetv2", TV | {"width": 1.5},
         "shufflenetv2_x1_5-3c479a10.pth", 13.557, 232, 72.996),
    _row("shufflenet_v2_x2_0.v1", "shufflenetv2", TV | {"width": 2.0},
         "shufflenetv2_x2_0-8be3c8ee.pth", 28.433, 232, 76.23),
    _row("resnet18.v1", "resnet18", {}, "resnet18-f37072fd.pth", 44.661, 256, 69.758),
    _row("resnet34.v1", "resnet34", {}, "resnet34-b627a593.pth", 83.275, 256, 73.314),
    _row("resnet50.v1", "resnet50", {}, "resnet50-0676ba61.pth", 97.781, 256, 76.13),
    _row("resnet50.v2", "resnet50", {}, "resnet50-11ad3fa6.pth", 97.79, 232, 80.858),
    _row("resnet101.v1", "resnet101", {}, "resnet101-63fe2227.pth", 170.511, 256, 77.374),
    _row("resnet101.v2", "resnet101", {}, "resnet101-cd907fc2.pth", 170.53, 232, 81.886),
    _row("resnet152.v1", "resnet152", {}, "resnet152-394f9c45.pth", 230.434, 256, 78.312),
    _row("resnet152.v2", "resnet152", {}, "resnet152-f82ba261.pth", 230.474, 232, 82.284),
    _row("resnext50_32x4d.v1", "resnext50_32x4d", {}, "resnext50_32x4d-7cdf4587.pth", 95.789, 256, 77.618),
    _row("resnext50_32x4d.v2", "resnext50_32x4d", {}, "resnext50_32x4d-1a0047aa.pth", 95.833, 232, 81.198),
)
# fmt: on
