"""The record of photos, each of one class."""

from pathlib import Path
from typing import Any

from lissom.config import cache_folder
from lissom.events import Listener
from lissom.tasks.classify.facts import ClassifyFacts
from lissom.tasks.classify.settings import ClassifyCheckOptions, ClassifyOptions, ClassifyTrainConfig
from lissom.training.task import Later, Task

HERE = "lissom.tasks.classify"


def _check(path: str, options: ClassifyCheckOptions, *, picture: Path | None, listener: Listener) -> dict[str, Any]:
    from lissom.tasks.classify.data.check import check

    return check(path, cache_dir=cache_folder(options.cache_dir), picture=picture, listener=listener)


TASK = Task(
    name="classify",
    metric="top1",
    config=ClassifyTrainConfig,
    facts=ClassifyFacts,
    options=ClassifyOptions,
    check_options=ClassifyCheckOptions,
    weights=Later(f"{HERE}.train:weights"),
    resolve_defaults=Later(f"{HERE}.train:resolve_defaults"),
    paths=("data",),
    data_names=("digits", "cifar10", "cifar100"),
    fetches=Later(f"{HERE}.fetches:fetches"),
    content=Later(f"{HERE}.prepare:content"),
    load=Later(f"{HERE}.prepare:load_data"),
    decide=Later(f"{HERE}.prepare:decide"),
    inputs=Later(f"{HERE}.prepare:inputs"),
    build=Later(f"{HERE}.prepare:build"),
    start=Later(f"{HERE}.prepare:start"),
    objective=Later(f"{HERE}.train:objective"),
    batches=Later(f"{HERE}.train:batches"),
    begin=Later(f"{HERE}.train:begin"),
    predictor=Later(f"{HERE}.predictor:predictor"),
    measure=Later(f"{HERE}.measure:measure"),
    foreign=Later(f"{HERE}.data.foreign:foreign"),
    proof=Later(f"{HERE}.portable:proof"),
    portable=Later(f"{HERE}.portable:portable"),
    page=Later(f"{HERE}.page:photo_page"),
    card=Later(f"{HERE}.page:photo_card"),
    curves=("top1", "top5"),
    check=_check,
    compare=Later(f"{HERE}.compare:photo_verdict"),
    demo=Later(f"{HERE}.demo:demo"),
    demo_networks=Later(f"{HERE}.recipes:labels"),
    samples=Later(f"{HERE}.samples:samples"),
)
