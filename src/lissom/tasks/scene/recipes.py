"""The demo on a scene: HybridSN, a network of spectra alone and support vectors, each at two splits; under a minute."""

from dataclasses import replace

from lissom.config import EngineConfig, OptimConfig
from lissom.tasks.scene.settings import SceneConfig, SceneModelConfig, SceneTrainConfig

SPLITS = ("random", "disjoint")


def networks(*, device: str = "auto", threads: int | None = None) -> dict[str, SceneTrainConfig]:
    """Settings by name, for the synthetic scene of 96 x 96 pixels that is made anew each time.

    HybridSN in a window of 11 pixels: the paper's 25 takes minutes.
    """
    optim = OptimConfig(optimizer="adam", lr=2e-3, weight_decay=0.0, schedule="constant", warmup_epochs=0.0)
    engine = EngineConfig(batch_size=64, channels_last=False, device=device, threads=threads)  # type: ignore[arg-type]
    scene, bands = SceneConfig(cube="synthetic", components=15), SceneConfig(cube="synthetic")
    fitted = replace(SceneTrainConfig().engine, threads=threads)  # at once, on the CPU
    return {
        "hybridsn": SceneTrainConfig(
            model=SceneModelConfig(model="hybridsn"),
            scene=replace(scene, window=11),
            optim=optim,
            engine=replace(engine, epochs=8),
        ),
        "cnn1d": SceneTrainConfig(
            model=SceneModelConfig(model="cnn1d"), scene=bands, optim=optim, engine=replace(engine, epochs=20)
        ),
        "svm": SceneTrainConfig(model=SceneModelConfig(model="svm"), scene=bands, engine=fitted),
    }


def labels() -> list[str]:
    """Of the networks that the demo trains."""
    return list(networks())
