"""The demo: four light networks on scikit-learn's digits at 32x32, about a minute on two cores."""

from dataclasses import dataclass, field
from typing import Any

from lissom.config import AugmentConfig, DataConfig, EngineConfig, ModelConfig, OptimConfig, TrainConfig


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One of the networks that the demo compares."""

    model: str
    width: float
    epochs: int
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """`mobilenetv2_cifar x0.25`."""
        return f"{self.model} x{self.width:g}"


NETWORKS = (
    Candidate(model="mobilenetv1_cifar", width=0.25, epochs=8),
    Candidate(model="mobilenetv1_cifar", width=0.5, epochs=6),
    Candidate(model="mobilenetv2_cifar", width=0.25, epochs=6),
    Candidate(model="mobilenetv3_small", width=0.5, epochs=10),
)


def digits(candidate: Candidate, *, device: str = "auto", threads: int | None = None) -> TrainConfig:
    """Settings for one network of the demo.

    Mirrored digits are other digits, so nothing is flipped; a crop of two pixels is all the augmentation.
    """
    return TrainConfig(
        model=ModelConfig(model=candidate.model, width=candidate.width, options=candidate.options),
        data=DataConfig(data="digits", resolution=32),
        augment=AugmentConfig(crop=2, flip=False),
        optim=OptimConfig(optimizer="adamw", lr=6e-3, weight_decay=0.02, schedule="onecycle", warmup_epochs=2),
        engine=EngineConfig(epochs=candidate.epochs, batch_size=32, device=device, threads=threads),  # type: ignore[arg-type]
    )
