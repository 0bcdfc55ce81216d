"""`lissom train scene --from RUN`: a network that has learned one scene begins with it on another."""

from dataclasses import replace

from torch import Tensor

from lissom.errors import DataError, UsageError
from lissom.events import note
from lissom.models.window_net import WindowNet
from lissom.runs.weights import read_weights
from lissom.tasks.scene.prepare import CLASSICAL
from lissom.tasks.scene.settings import SceneTrainConfig
from lissom.training.run import InitialWeights, Run, open_run

SHOWN = 3  # tensors named in an error


def weights(config: SceneTrainConfig) -> Run | None:
    """The run that the settings begin with. Raises: DataError or UsageError when it is none of a network on a scene."""
    if config.model.weights is None or config.model.model in CLASSICAL:  # which are refused weights
        return None
    run = open_run(config.model.weights)
    if run.task.name == config.TASK and run.config.model.model in CLASSICAL:
        raise UsageError("scene-start-classical", run=run.path, network=run.config.model.model)
    if run.task.name != config.TASK or not run.best.exists():
        raise DataError("run-not-scene", run=run.path)
    return run


def as_begun(config: SceneTrainConfig, run: Run) -> SceneTrainConfig:
    """The settings with the network, the window, the reduction and the components of the run that they begin with.

    Weights mean something only to the network that they were learned in. Raises: UsageError for another window.
    """
    theirs = run.config.scene
    if config.scene.window not in (None, theirs.window):
        raise UsageError("scene-start-window", run=run.path, got=config.scene.window, expected=theirs.window)
    kept = {
        "window": theirs.window,
        "reduction": theirs.reduction,
        "components": theirs.components,
        "bands": theirs.bands,
        "whiten": theirs.whiten,
    }
    model = replace(run.config.model, weights=str(run.path.resolve()))
    return replace(config, model=model, scene=replace(config.scene, **kept))


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
