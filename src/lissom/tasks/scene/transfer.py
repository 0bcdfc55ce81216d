"""`lissom train scene --from RUN`: a network that has learned one scene begins with it on another; or with a file."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from lissom.errors import DataError, UsageError
from lissom.events import note
from lissom.models.window_net import WindowNet
from lissom.runs.folder import is_run
from lissom.runs.weights import read_weights
from lissom.tasks.scene.settings import SceneTrainConfig
from lissom.tasks.scene.unused import CLASSICAL
from lissom.training.run import InitialWeights, Run, open_run
from lissom.weights.loading import load
from lissom.weights.source import Source, source

SHOWN = 3  # tensors named in an error
NETWORK = ("model", "width", "options")
PREPROCESSING = ("window", "reduction", "components", "bands", "whiten", "standardise", "smooth")


def weights(config: SceneTrainConfig) -> Run | Source | None:
    """The run, or the file, that the settings begin with.

    Raises: DataError or UsageError when it is none, or the run of no network on a scene.
    """
    model = config.model
    if model.weights is None or model.model in CLASSICAL:  # which are refused weights
        return None
    path = Path(model.weights)
    if not (is_run(path) or path.is_dir()):
        return source(model.weights, model.model, {"width": model.width, **model.options})
    run = open_run(path)
    if run.task.name == config.TASK and run.config.model.model in CLASSICAL:
        raise UsageError("scene-start-classical", run=run.path, network=run.config.model.model)
    if run.task.name != config.TASK or not run.best.exists():
        raise DataError("run-not-scene", run=run.path)
    return run


def as_begun(config: SceneTrainConfig, begun: Run | Source) -> SceneTrainConfig:
    """The settings with the network and the preprocessing of the run that they begin with; of a file their own.

    Weights mean something only to the network, and behind the preprocessing, that they were learned with.
    Raises: UsageError for a setting that was given and is another than the run's.
    """
    if isinstance(begun, Source):
        return replace(config, model=replace(config.model, weights=str(begun.file.resolve())))
    model = replace(config.model, **_taken(config, begun, "model", NETWORK), weights=str(begun.path.resolve()))
    return replace(config, model=model, scene=replace(config.scene, **_taken(config, begun, "scene", PREPROCESSING)))


def _taken(config: SceneTrainConfig, run: Run, section: str, names: tuple[str, ...]) -> Mapping[str, Any]:
    """Settings of a section as the run has them."""
    given, default, theirs = (getattr(each, section) for each in (config, SceneTrainConfig(), run.config))
    for name in names:
        got, expected = getattr(given, name), getattr(theirs, name)
        if got not in (getattr(default, name), expected):
            raise UsageError("scene-start-differs", run=run.path, name=name, got=got, expected=expected)
    return {name: getattr(theirs, name) for name in names}


def load_initial_weights(model: WindowNet, begun: Run | Source) -> InitialWeights:
    """Loads the weights, but for the last layer where it has other classes; says where from.

    Raises: DataError, with the tensors, where anything else does not fit.
    """
    if isinstance(begun, Run):
        return adopt(model, begun)
    found = load(model, begun.file)
    return InitialWeights(file=str(found.file), notes=found.notes, style=found.style)


def adopt(model: WindowNet, run: Run) -> InitialWeights:
    """Loads the run's best weights, but for the last layer where it has other classes; says where from.

    Raises: DataError, with the tensors, where anything else does not fit: the number of bands without a reduction.
    """
    weights, _ = read_weights(run.best)
    own = model.state_dict()
    other = [name for name in own if name not in weights or weights[name].shape != own[name].shape]
    last = model.ends.classifier
    elsewhere = [name for name in other if not name.startswith(f"{last}.")]
    if elsewhere:
        shapes = [f"{name} {_shape(weights.get(name))} (expected {_shape(own[name])})" for name in elsewhere[:SHOWN]]
        raise DataError("scene-weights-do-not-fit", run=run.path, count=len(elsewhere), tensors=", ".join(shapes))
    model.load_state_dict(own | {name: value for name, value in weights.items() if name not in other})
    key = "begun-new-head" if other else "begun"
    told = note(
        f"scene_runs.{key}", run=run.name, kept=len(own) - len(other), layer=last,
        before=len(run.facts.class_names), now=own[f"{last}.weight"].shape[0],
    )  # fmt: skip
    return InitialWeights(file=str(run.best), notes=(told,))


def _shape(tensor: Tensor | None) -> str:
    return "-" if tensor is None else "x".join(map(str, tensor.shape))
