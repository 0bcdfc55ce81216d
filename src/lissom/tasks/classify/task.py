"""The record of photos, each of one class. What is heavy is imported when it is called."""

from pathlib import Path
from typing import Any

from lissom.config import cache_folder
from lissom.events import Listener
from lissom.messages import text
from lissom.tasks.classify.facts import ClassifyFacts
from lissom.tasks.classify.settings import ClassifyCheckOptions, ClassifyOptions, ClassifyTrainConfig
from lissom.training.compare import by_intervals
from lissom.training.run import Run
from lissom.training.task import Batches, Begun, Cost, Task


def _settle(config: ClassifyTrainConfig) -> ClassifyTrainConfig:
    from lissom.tasks.classify.train import settle

    return settle(config)


def _load(config: ClassifyTrainConfig, listener: Listener) -> Any:
    from lissom.tasks.classify.prepare import load_data

    return load_data(config, listener)


def _cost(config: ClassifyTrainConfig, facts: ClassifyFacts) -> Cost:
    from lissom.tasks.classify.prepare import cost

    return cost(config, facts)


def _build(config: ClassifyTrainConfig, facts: ClassifyFacts) -> Any:
    from lissom.tasks.classify.prepare import build

    return build(config, facts)


def _start(model: Any, config: ClassifyTrainConfig, listener: Listener) -> Begun | None:
    from lissom.tasks.classify.prepare import start

    return start(model, config, listener)


def _objective(config: ClassifyTrainConfig, data: Any) -> Any:
    from lissom.tasks.classify.train import objective

    return objective(config, data)


def _batches(config: ClassifyTrainConfig, data: Any, device: Any) -> Batches:
    from lissom.tasks.classify.train import batches

    return batches(config, data, device)


def _begin(folder: Path, config: ClassifyTrainConfig, data: Any, batches: Batches) -> None:
    from lissom.tasks.classify.train import begin

    begin(folder, config, data, batches)


def _finish(run: Run, data: Any, listener: Listener) -> None:
    from lissom.tasks.classify.finish import finish

    finish(run, data, listener)


def _evaluate(run: Run, data: str | None, **how: Any) -> dict[str, Any]:
    from lissom.tasks.classify.evaluate import evaluate

    return evaluate(run, data, **how)


def _predict(
    model: Any, inputs: Any, options: ClassifyOptions, *, device: str, threads: int | None, **how: Any
) -> list[dict[str, Any]]:
    from lissom.tasks.classify.predict import predict

    return predict(model, inputs, options, device=device, **how)  # the threads are set; no command is printed with them


def _check(path: str, options: ClassifyCheckOptions, *, picture: Path | None, listener: Listener) -> dict[str, Any]:
    from lissom.tasks.classify.data.check import check

    return check(path, cache_dir=cache_folder(options.cache_dir), picture=picture, listener=listener)


def _compare(a: Run, b: Run) -> str:
    """The test images are the same only where they were drawn by the same seed."""
    if a.config.data.split_seed != b.config.data.split_seed:
        return text("verbs.compare-other-data", a=a.name, b=b.name)
    return by_intervals(a, b)


def _demo(**how: Any) -> dict[str, Any]:
    from lissom.tasks.classify.demo import demo

    return demo(**how)


def _demo_networks() -> list[str]:
    from lissom.tasks.classify.recipes import NETWORKS

    return [network.label for network in NETWORKS]


def _samples(run: Run, data: str | None, **how: Any) -> Any:
    from lissom.tasks.classify.samples import samples

    return samples(run, data, **how)


def _export(run: Run, path: Path, listener: Listener) -> dict[str, Any]:
    from lissom.tasks.classify.export import export

    return export(run, path, listener)


TASK = Task(
    name="classify",
    metric="top1",
    config=ClassifyTrainConfig,
    facts=ClassifyFacts,
    options=ClassifyOptions,
    check_options=ClassifyCheckOptions,
    settle=_settle,
    load=_load,
    cost=_cost,
    by_epochs=lambda config: True,
    build=_build,
    start=_start,
    objective=_objective,
    batches=_batches,
    begin=_begin,
    finish=_finish,
    evaluate=_evaluate,
    predict=_predict,
    check=_check,
    compare=_compare,
    demo=_demo,
    demo_networks=_demo_networks,
    export=_export,
    samples=_samples,
)
