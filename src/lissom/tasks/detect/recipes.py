"""The demo of boxes: one light detector on synthetic shapes, from random weights, in about a minute on two cores."""

from lissom.config import EngineConfig
from lissom.tasks.detect.settings import (
    DetectAugmentConfig,
    DetectDataConfig,
    DetectModelConfig,
    DetectOptimConfig,
    DetectTrainConfig,
)

NETWORK = DetectModelConfig(model="yolo_mobilenetv3_small", width=0.5, options={"neck": "light"})


def shapes(*, device: str = "auto", threads: int | None = None) -> DetectTrainConfig:
    """Settings of the demo: `lissom demo --task detect`.

    Without mosaic, which asks for longer trainings than this, and with a short average.
    """
    return DetectTrainConfig(
        model=NETWORK,
        data=DetectDataConfig(data="synthetic", workers=0),
        augment=DetectAugmentConfig(mosaic=0.0, scale=0.3),
        optim=DetectOptimConfig(lr=0.012, ema=0.99),
        engine=EngineConfig(epochs=14, batch_size=16, device=device, threads=threads),  # type: ignore[arg-type]
    )


def labels() -> list[str]:
    """Of the networks that the demo trains."""
    return [NETWORK.label]
