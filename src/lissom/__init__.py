"""lissom: light vision networks, from the paper to the device.

    import lissom

    run = lissom.train(data="photos/", model="mobilenetv2", epochs=10)
    print(lissom.evaluate(run)["top1"])
    print(lissom.predict(run, ["cat.jpg"]))
    lissom.export(run, "cat.onnx")

Each verb is a function; torch is imported when the first of them is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lissom._version import __version__

if TYPE_CHECKING:
    from lissom.tasks.classify.data.check import check_classify
    from lissom.tasks.classify.demo import demo
    from lissom.tasks.classify.export import export
    from lissom.tasks.scene.data.check import check_scene
    from lissom.tasks.scene.demo import demo_scene
    from lissom.tasks.scene.predict import predict_scene
    from lissom.tasks.scene.train import train_scene
    from lissom.verbs.evaluate import evaluate
    from lissom.verbs.fetch import fetch
    from lissom.verbs.inspect import inspect
    from lissom.verbs.models import list_models
    from lissom.verbs.predict import predict
    from lissom.verbs.profile import profile
    from lissom.verbs.runs import compare, list_runs
    from lissom.verbs.train import resume, train
    from lissom.weights.build import build

_HOME = {
    "build": "lissom.weights.build",
    "check_classify": "lissom.tasks.classify.data.check",
    "check_scene": "lissom.tasks.scene.data.check",
    "compare": "lissom.verbs.runs",
    "demo": "lissom.tasks.classify.demo",
    "demo_scene": "lissom.tasks.scene.demo",
    "evaluate": "lissom.verbs.evaluate",
    "export": "lissom.tasks.classify.export",
    "fetch": "lissom.verbs.fetch",
    "inspect": "lissom.verbs.inspect",
    "list_models": "lissom.verbs.models",
    "list_runs": "lissom.verbs.runs",
    "predict": "lissom.verbs.predict",
    "predict_scene": "lissom.tasks.scene.predict",
    "profile": "lissom.verbs.profile",
    "resume": "lissom.verbs.train",
    "train": "lissom.verbs.train",
    "train_scene": "lissom.tasks.scene.train",
}
__all__ = [
    "__version__",
    "build",
    "check_classify",
    "check_scene",
    "compare",
    "demo",
    "demo_scene",
    "evaluate",
    "export",
    "fetch",
    "inspect",
    "list_models",
    "list_runs",
    "predict",
    "predict_scene",
    "profile",
    "resume",
    "train",
    "train_scene",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lissom' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
