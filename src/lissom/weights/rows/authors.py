"""Checkpoints that the papers' authors publish themselves, where the address has stayed."""

from collections.abc import Mapping
from typing import Any

from lissom.weights.checkpoint import HALF, IMAGENET, Checkpoint

APPLE = "https://docs-assets.developer.apple.com/ml-research/datasets/mobileone/"
THU = "https://github.com/THU-MIG/RepViT/releases/download/v1.0/"
GOOGLE = "https://huggingface.co/google/"
NOAH = "https://github.com/huawei-noah/CV-backbones/releases/download/ghostnet_pth/"


def _google(name: str, network: str, options: Mapping[str, Any], resolution: int) -> Checkpoint:
    """TensorFlow's weights as its authors' organisation hosts them: 1001 classes, the first one is background.

    Resizing and crop are those of the image processor (Transformers' MobileNetV1 and V2) that stands beside the files.
    """
    return Checkpoint(
        name=f"google/{name}",
        network=network,
        options=options,
        address=f"{GOOGLE}{name}/resolve/main/pytorch_model.bin",
        resolution=resolution,
        resize=resolution + 32,
        norm=HALF,
        interpolation="bilinear",
        crop_down=True,
        eps=1e-3,
        padding="same",
        classes=1001,
        label_offset=1,
    )


def _apple(size: str, top1: float) -> Checkpoint:
    """MobileOne in training, with all its branches."""
    return Checkpoint(
        name=f"apple/mobileone_{size}",
        network=f"mobileone_{size}",
        address=f"{APPLE}mobileone_{size}_unfused.pth.tar",
        resize=256,
        norm=IMAGENET,
        interpolation="bilinear",
        top1=top1,
        reporter="the authors",
        eps=1e-5,
    )


def _thu(size: str, epochs: int, top1: float) -> Checkpoint:
    """RepViT with both its heads."""
    return Checkpoint(
        name=f"thu-mig/repvit_{size}.{epochs}e",
        network=f"repvit_{size}",
        options={"distilled": True},
        address=f"{THU}repvit_{size}_distill_{epochs}e.pth",
        licence="Apache-2.0",
        resize=256,
        norm=IMAGENET,
        interpolation="bicubic",
        top1=top1,
        reporter="the authors",
        eps=1e-5,
    )


ROWS = (
    _google("mobilenet_v1_1.0_224", "mobilenetv1", {"act": "relu6"}, 224),
    _google("mobilenet_v1_0.75_192", "mobilenetv1", {"act": "relu6", "width": 0.75}, 192),
    _google("mobilenet_v2_1.0_224", "mobilenetv2", {}, 224),
    _google("mobilenet_v2_1.4_224", "mobilenetv2", {"width": 1.4}, 224),
    _google("mobilenet_v2_0.75_160", "mobilenetv2", {"width": 0.75}, 160),
    _google("mobilenet_v2_0.35_96", "mobilenetv2", {"width": 0.35}, 96),
    Checkpoint(
        name="huawei-noah/ghostnet_1x",
        network="ghostnet",
        address=NOAH + "ghostnet_1x.pth",
        licence="Apache-2.0",
        resize=256,
        norm=IMAGENET,
        interpolation="bilinear",
        top1=73.98,
        reporter="the authors",
        eps=1e-5,
    ),
    *(_apple(size, top1) for size, top1 in {"s0": 71.4, "s1": 75.9, "s2": 77.4, "s3": 78.1, "s4": 79.4}.items()),
    _thu("m0_9", 300, 78.7),
    _thu("m0_9", 450, 79.1),
    _thu("m1_0", 300, 80.0),
    _thu("m1_0", 450, 80.3),
    _thu("m1_1", 300, 80.7),
    _thu("m1_1", 450, 81.2),
    _thu("m1_5", 300, 82.3),
    _thu("m1_5", 450, 82.5),
)
