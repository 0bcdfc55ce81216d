"""The record of scenes, whose pixels are classified. What is heavy is imported when it is called."""

from pathlib import Path
from typing import Any

from lissom.events import Listener, Stop
from lissom.tasks.scene.facts import SceneFacts
from lissom.tasks.scene.settings import SceneCheckOptions, SceneOptions, SceneTrainConfig
from lissom.training.run import Run
from lissom.training.task import Place, Task


def _plan(config: SceneTrainConfig, place: Place, listener: Listener) -> dict[str, Any]:
    from lissom.tasks.scene.train import plan

    return plan(config, place, listener)


def _train(config: SceneTrainConfig, place: Place, listener: Listener, stop: Stop | None) -> Path:
    from lissom.tasks.scene.train import train

    return train(config, place, listener, stop)


def _resume(run: Run, listener: Listener, stop: Stop | None) -> Path:
    from lissom.tasks.scene.train import resume

    return resume(run, listener, stop)


def _evaluate(run: Run, data: str | None, **how: Any) -> dict[str, Any]:
    from lissom.tasks.scene.evaluate import evaluate

    return evaluate(run, data, **how)


def _predict(run: Any, cubes: Any, options: SceneOptions, **how: Any) -> list[dict[str, Any]]:
    from lissom.tasks.scene.predict import predict

    return predict(run, cubes, options, **how)


def _check(path: Any, options: SceneCheckOptions, *, picture: Path | None, listener: Listener) -> dict[str, Any]:
    from lissom.tasks.scene.data.check import check

    return check(path, picture=picture, listener=listener, **vars(options))


def _compare(a: Run, b: Run) -> str:
    from lissom.tasks.scene.compare import scene_verdict

    return scene_verdict(a, b)


def _demo(**how: Any) -> dict[str, Any]:
    from lissom.tasks.scene.demo import demo

    return demo(**how)


def _demo_networks() -> list[str]:
    from lissom.tasks.scene.recipes import networks

    return list(networks())


def _repeat(config: SceneTrainConfig, *how: Any, runs: int) -> dict[str, Any]:
    from lissom.tasks.scene.repeat import repeat

    return repeat(config, *how, runs=runs)


def _compare_splits(config: SceneTrainConfig, *how: Any, runs: int) -> dict[str, Any]:
    from lissom.tasks.scene.repeat import compare_splits

    return compare_splits(config, *how, runs=runs)


TASK = Task(
    name="scene",
    metric="oa",
    config=SceneTrainConfig,
    facts=SceneFacts,
    options=SceneOptions,
    check_options=SceneCheckOptions,
    plan=_plan,
    train=_train,
    resume=_resume,
    evaluate=_evaluate,
    predict=_predict,
    check=_check,
    compare=_compare,
    demo=_demo,
    demo_networks=_demo_networks,
    repeat={"seeds": _repeat, "splits": _compare_splits},
)
