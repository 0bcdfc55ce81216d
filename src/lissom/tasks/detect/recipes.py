"""The demo of boxes: one light detector on synthetic shapes, from random weights, in under two minutes on two cores."""

from lissom.config import EngineConfig
from lissom.tasks.detect.settings import (
    DetectAugmentConfig,
    DetectDataConfig,
    DetectModelConfig,
    DetectOptimConfig,
    DetectTrainConfig,
)

NETWORK = DetectModelConfig(model="light_shufflenetv2", width=0.5, options={"neck_channels": 64})


def shapes(*, device: str = "auto", threads: int | None = None) -> DetectTrainConfig:
    """Settings of the demo: `lissom demo --task detect`.

    Without mosaic, which asks for longer trainings than this, and with a short average and a high rate. Colours are
    left alone, as the shapes have any.
    """
    return DetectTrainConfig(
        model=NETWORK,
        data=DetectDataConfig(data="synthetic", workers=0),
        augment=DetectAugmentConfig(mosaic=0.0, scale=0.2, translate=0.05, hsv_h=0.0, hsv_s=0.0, hsv_v=0.2),
        optim=DetectOptimConfig(lr=0.08, ema=0.96),
        engine=EngineConfig(epochs=12, batch_size=16, device=device, threads=threads),  # type: ignore[arg-type]
    )


def labels() -> list[str]:
    """Of the networks that the demo trains."""
    return [NETWORK.label]
