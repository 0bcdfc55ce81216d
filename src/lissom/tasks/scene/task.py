"""The record of scenes, whose pixels are classified."""

from pathlib import Path
from typing import Any

from lissom.events import Listener
from lissom.tasks.scene.facts import SceneFacts
from lissom.tasks.scene.settings import READING, SceneCheckOptions, SceneOptions, SceneTrainConfig
from lissom.training.task import Later, Task

HERE = "lissom.tasks.scene"


def _check(path: Any, options: SceneCheckOptions, *, picture: Path | None, listener: Listener) -> dict[str, Any]:
    from lissom.tasks.scene.data.check import check

    return check(path, picture=picture, listener=listener, **vars(options))


TASK = Task(
    name="scene",
    metric="oa",
    config=SceneTrainConfig,
    facts=SceneFacts,
    options=SceneOptions,
    check_options=SceneCheckOptions,
    weights=Later(f"{HERE}.transfer:weights"),
    resolve_defaults=Later(f"{HERE}.train:resolve_defaults"),
    paths=("cube", "ground_truth", "train_map", "test_map", "test_cube", "test_ground_truth"),
    reading=READING,
    data_names=("synthetic",),
    fetches=Later(f"{HERE}.fetches:fetches"),
    content=Later(f"{HERE}.prepare:content"),
    load=Later(f"{HERE}.prepare:load"),
    inputs=Later(f"{HERE}.prepare:inputs"),
    by_epochs=Later(f"{HERE}.prepare:by_epochs"),
    build=Later(f"{HERE}.prepare:build"),
    start=Later(f"{HERE}.train:start"),
    objective=Later(f"{HERE}.train:objective"),
    batches=Later(f"{HERE}.train:batches"),
    begin=Later(f"{HERE}.train:begin"),
    fit_at_once=Later(f"{HERE}.train_classical:fit_spectra"),
    predictor=Later(f"{HERE}.predictor:predictor"),
    measure=Later(f"{HERE}.measure:measure"),
    foreign=Later(f"{HERE}.foreign:foreign"),
    page=Later(f"{HERE}.page:scene_page"),
    card=Later(f"{HERE}.page:scene_card"),
    curves=("oa", "aa"),
    check=_check,
    compared=("aa", "kappa"),
    compare=Later(f"{HERE}.compare:scene_verdict"),
    demo=Later(f"{HERE}.demo:demo"),
    demo_networks=Later(f"{HERE}.recipes:labels"),
    varied=Later(f"{HERE}.repeat:varied"),
    again=Later(f"{HERE}.repeat:again"),
    summary=Later(f"{HERE}.repeat:summary"),
    table=Later(f"{HERE}.repeat:table"),
)
