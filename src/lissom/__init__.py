"""lissom: light vision networks, from the paper to the device.

    import lissom

    run = lissom.train("classify", data="photos/", model="mobilenetv2", epochs=10)
    print(lissom.evaluate(run)["top1"])
    print(lissom.predict(run, ["cat.jpg"]))
    lissom.export(run, "cat.onnx")

Each verb is a function, silent unless it is given a listener; torch is imported when the first of them is used.
"""

from lissom._version import __version__

TYPE_CHECKING = False  # as in `typing`, whose import is most of the time before a command can take a Ctrl-C
if TYPE_CHECKING:
    from typing import Any

    from lissom.events import Listener, Stop
    from lissom.tasks.classify.settings import ClassifyTrainConfig
    from lissom.tasks.scene.settings import SceneTrainConfig
    from lissom.training.run import Run, open_run
    from lissom.verbs.check import check_data
    from lissom.verbs.compare import compare
    from lissom.verbs.demo import demo
    from lissom.verbs.evaluate import evaluate
    from lissom.verbs.export import export
    from lissom.verbs.fetch import fetch
    from lissom.verbs.inspect import inspect
    from lissom.verbs.models import list_models
    from lissom.verbs.predict import predict
    from lissom.verbs.profile import profile
    from lissom.verbs.resume import resume
    from lissom.verbs.runs import list_runs
    from lissom.verbs.train import plan, train, train_several
    from lissom.weights.build import build

_HOME = {
    "ClassifyTrainConfig": "lissom.tasks.classify.settings",
    "Listener": "lissom.events",
    "Run": "lissom.training.run",
    "SceneTrainConfig": "lissom.tasks.scene.settings",
    "Stop": "lissom.events",
    "build": "lissom.weights.build",
    "check_data": "lissom.verbs.check",
    "compare": "lissom.verbs.compare",
    "demo": "lissom.verbs.demo",
    "evaluate": "lissom.verbs.evaluate",
    "export": "lissom.verbs.export",
    "fetch": "lissom.verbs.fetch",
    "inspect": "lissom.verbs.inspect",
    "list_models": "lissom.verbs.models",
    "list_runs": "lissom.verbs.runs",
    "open_run": "lissom.training.run",
    "plan": "lissom.verbs.train",
    "predict": "lissom.verbs.predict",
    "profile": "lissom.verbs.profile",
    "resume": "lissom.verbs.resume",
    "train": "lissom.verbs.train",
    "train_several": "lissom.verbs.train",
}
__all__ = [
    "ClassifyTrainConfig",
    "Listener",
    "Run",
    "SceneTrainConfig",
    "Stop",
    "__version__",
    "build",
    "check_data",
    "compare",
    "demo",
    "evaluate",
    "export",
    "fetch",
    "inspect",
    "list_models",
    "list_runs",
    "open_run",
    "plan",
    "predict",
    "profile",
    "resume",
    "train",
    "train_several",
]


def __getattr__(name: str) -> "Any":
    if name not in _HOME:
        raise AttributeError(f"module 'lissom' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
