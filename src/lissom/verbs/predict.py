"""`lissom predict`: labels for image files, or a map for a cube."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lissom.device import set_threads
from lissom.runs.folder import open_run
from lissom.tasks.classify import predict as photos
from lissom.tasks.scene.predict import predict_scene


def predict(
    model: Path | str,
    inputs: Sequence[Path | str] | Path | str,
    *,
    top: int = 1,
    weights: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    device: str = "auto",
    threads: int | None = None,
) -> list[dict[str, Any]]:
    """The `top` most probable classes of each image, in the order of `inputs`; a folder stands for its images.

    inputs: one path or several.
    model: a run folder, an ONNX file that `export` wrote, or with `weights` (as in `lissom.build`) a network's name;
    then images are resized as the checkpoint says, labels are ImageNet's, or numbers for other classes, and `options`
    are those of the network, width included. Each row has `file`, `label` and `probability` of the best
    class, `top` (rows of label and probability), and `error`: None, or why this file could not be read.
    With a run on a scene, `inputs` are cubes, and each row is what `tasks.scene.predict.predict_scene` returns.
    Raises: DataError when there is no image at all, or `model` is neither.
    """
    set_threads(threads)
    inputs = [inputs] if isinstance(inputs, str | Path) else inputs
    if is_scene_run(model):
        return [predict_scene(model, cube, device=device, threads=threads) for cube in inputs]
    return photos.predict(model, inputs, top=top, weights=weights, options=options, device=device)


def is_scene_run(model: Path | str) -> bool:
    """Whether it is the folder of a run on a scene."""
    return (Path(model) / "run.json").is_file() and open_run(model).data.get("task") == "scene"
