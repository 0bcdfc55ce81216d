"""The record of scenes, whose pixels are classified. What is heavy is imported when it is called."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lissom.events import Listener
from lissom.tasks.scene.facts import SceneFacts
from lissom.tasks.scene.settings import SceneCheckOptions, SceneOptions, SceneTrainConfig
from lissom.training.run import Run
from lissom.training.task import Batches, Begun, Cost, Task


def _settle(config: SceneTrainConfig) -> SceneTrainConfig:
    from lissom.tasks.scene.train import settle

    return settle(config)


def _load(config: SceneTrainConfig, listener: Listener) -> Any:
    from lissom.tasks.scene.prepare import load

    return load(config, listener)


def _cost(config: SceneTrainConfig, facts: SceneFacts) -> Cost:
    from lissom.tasks.scene.prepare import cost

    return cost(config, facts)


def _by_epochs(config: SceneTrainConfig) -> bool:
    from lissom.tasks.scene.prepare import CLASSICAL

    return config.model.model not in CLASSICAL


def _build(config: SceneTrainConfig, facts: SceneFacts) -> Any:
    from lissom.tasks.scene.prepare import build

    return build(config, facts)


def _start(model: Any, config: SceneTrainConfig, listener: Listener) -> Begun | None:
    from lissom.tasks.scene.train import start

    return start(model, config, listener)


def _objective(config: SceneTrainConfig, data: Any) -> Any:
    from lissom.tasks.scene.objective import ClassifyScene

    return ClassifyScene()


def _batches(config: SceneTrainConfig, data: Any, device: Any) -> Batches:
    from lissom.tasks.scene.train import batches

    return batches(config, data, device)


def _begin(folder: Path, config: SceneTrainConfig, data: Any, batches: Batches | None) -> None:
    from lissom.tasks.scene.train import begin

    begin(folder, config, data, batches)


def _finish(run: Run, data: Any, listener: Listener) -> None:
    from lissom.tasks.scene.finish import finish

    finish(run, data, listener)


def _fit_at_once(folder: Path, config: SceneTrainConfig, data: Any) -> dict[str, Any]:
    from lissom.tasks.scene.train_classical import keep_spectra

    return keep_spectra(folder, config, data)


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


def _again(config: SceneTrainConfig, k: int) -> SceneTrainConfig:
    from lissom.tasks.scene.repeat import again

    return again(config, k)


def _summary(trained: Sequence[Run]) -> dict[str, Any]:
    from lissom.tasks.scene.repeat import summary

    return summary(trained)


def _table(methods: Mapping[str, Sequence[Run]]) -> Any:
    from lissom.tasks.scene.repeat import table

    return table(methods)


TASK = Task(
    name="scene",
    metric="oa",
    config=SceneTrainConfig,
    facts=SceneFacts,
    options=SceneOptions,
    check_options=SceneCheckOptions,
    settle=_settle,
    load=_load,
    cost=_cost,
    by_epochs=_by_epochs,
    build=_build,
    start=_start,
    objective=_objective,
    batches=_batches,
    begin=_begin,
    finish=_finish,
    fit_at_once=_fit_at_once,
    evaluate=_evaluate,
    predict=_predict,
    check=_check,
    compare=_compare,
    demo=_demo,
    demo_networks=_demo_networks,
    again=_again,
    summary=_summary,
    table=_table,
)
