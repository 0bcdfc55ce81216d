"""CIFAR-10 at 32x32 in few epochs: ours, and the recipe of the course notes that it is measured against."""

from lissom.config import AugmentConfig, DataConfig, EngineConfig, ModelConfig, OptimConfig, TrainConfig


def ours(model: str, *, data: str = "cifar10", epochs: int = 5, seed: int = 0) -> TrainConfig:
    """One-cycle AdamW with label smoothing, and no decay on norms, biases and depthwise kernels.

    Against one-cycle SGD at 0.2 it led by 3.4 points after five epochs on 10,000 images (one seed). Compared with the
    course notes' recipe in benchmarks/cifar_recipe.py.
    """
    return TrainConfig(
        model=ModelConfig(model=model),
        data=DataConfig(data=data, resolution=32),
        augment=AugmentConfig(crop=4, flip=True),
        optim=OptimConfig(
            optimizer="adamw",
            lr=4e-3,
            weight_decay=0.05,
            schedule="onecycle",
            warmup_epochs=0.25 * epochs,
            label_smoothing=0.1,
        ),
        engine=EngineConfig(epochs=epochs, batch_size=128, seed=seed),
    )


def course_notes(model: str, *, data: str = "cifar10", epochs: int = 5, seed: int = 0) -> TrainConfig:
    """Adam at 1e-3 without a schedule, batch 128, crop and flip, float32: what the widely used notes train with."""
    return TrainConfig(
        model=ModelConfig(model=model),
        data=DataConfig(data=data, resolution=32),
        augment=AugmentConfig(crop=4, flip=True),
        optim=OptimConfig(optimizer="adam", lr=1e-3, weight_decay=0.0, schedule="constant", warmup_epochs=0.0),
        engine=EngineConfig(epochs=epochs, batch_size=128, seed=seed),
    )
