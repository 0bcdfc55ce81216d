"""A run folder with types: what is written is opened again, and what does not fit is named in one line."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from lissom.config import EngineConfig, ModelConfig
from lissom.errors import DataError, UsageError
from lissom.events import note
from lissom.plain import plain
from lissom.runs.typed import typed
from lissom.tasks.classify.facts import ClassifyFacts
from lissom.tasks.classify.settings import ClassifyTrainConfig
from lissom.tasks.scene.facts import SceneFacts
from lissom.tasks.scene.settings import SceneTrainConfig
from lissom.training.registry import TASKS, find_task, first_task, task_of
from lissom.training.run import DataUsed, InitialWeights, Record, begin, open_run, write_results
from lissom.training.task import Later, RunTarget

PHOTOS = ClassifyFacts(
    class_names=("零", "one"), mean=(0.5, 0.25, 0.125), std=(1.0, 0.5, 0.25), resolution=32, in_channels=3, eps=1e-3
)
SCENE = SceneFacts(
    class_names=("a", "b"), class_ids=(1, 7), colours=((0, 1, 2), (3, 4, 5)), window=9, in_channels=2, bands=2,
    wavelengths_nm=(400.0, 433.5),
)  # fmt: skip
RECORD = Record(
    status="training", network="net x0.5", parameters=7, macs=9,
    data=DataUsed(
        source="photos", digest="abc", sizes={"train": 3, "val": 2, "test": 1},
        split=note("scene_split.random", train=3), notes=(note("scenes.check-synthetic"),),
    ),
    weights=InitialWeights(file="w", notes=(note("weights.new-head", got=1, expected=2),)),
)  # fmt: skip


def begun(folder: Path, config: Any = None, facts: Any = PHOTOS) -> Path:
    return begin(
        RunTarget(str(folder), "first"), "stem", config=config or ClassifyTrainConfig(), facts=facts, record=RECORD
    )


@pytest.mark.parametrize(("config", "facts"), [(ClassifyTrainConfig(), PHOTOS), (SceneTrainConfig(), SCENE)])
def test_what_was_begun_is_opened_with_its_types(tmp_path: Path, config: Any, facts: Any) -> None:
    run = open_run(begun(tmp_path, config, facts))
    assert (run.config, run.facts, run.record) == (config, facts, RECORD)
    assert run.task is find_task(config.TASK) is task_of(config)
    assert (run.environment.data_digest, run.environment.seed) == ("abc", config.engine.seed)
    assert (run.status, run.test, run.history) == ("training", {}, [])


def test_facts_without_what_is_optional(tmp_path: Path) -> None:
    none = dataclasses.replace(SCENE, wavelengths_nm=None)
    assert open_run(begun(tmp_path, SceneTrainConfig(), none)).facts == none


def test_results_are_added(tmp_path: Path) -> None:
    path = begun(tmp_path)
    write_results(path, {"status": "finished", "best_epoch": 3, "best_metric": 0.5, "test": {"top1": 0.25}})
    run = open_run(path)
    assert (run.status, run.record.best_epoch, run.record.best_metric) == ("finished", 3, 0.5)
    assert run.test == {"top1": 0.25}
    assert run.facts == PHOTOS


def test_every_setting_survives_the_file(tmp_path: Path) -> None:
    """No value of the defaults, so that a lost one shows."""
    engine = EngineConfig(epochs=7, batch_size=64, threads=3, precision="bf16", checkpoint_minutes=0.5)
    model = ModelConfig(model="mobilenetv2", options={"projection": True})
    config = ClassifyTrainConfig(model=model, engine=engine)
    assert open_run(begun(tmp_path, config)).config == config


@pytest.mark.parametrize(("key", "value", "words"), [
    ("task", "detection", "task is 'detection', not one of classify, scene"),
    ("facts", None, "the file is None, not an object"),
    ("facts.mean", [0.5, "x"], r"mean\[1\] is 'x', not float"),
    ("facts.resolution", "32", "resolution is '32', not int"),
    ("facts.resolution", True, "resolution is True, not int"),
    ("facts.class_names", "ab", "class_names is 'ab', not a list"),
    ("data", [], r"data is \[\], not an object"),
    ("data.digest", ..., "data.digest is missing"),
    ("test", 0.9, "test is 0.9, not dict"),
    ("status", ..., "status is missing"),
])  # fmt: skip
def test_a_record_that_does_not_fit_is_named(tmp_path: Path, key: str, value: Any, words: str) -> None:
    path = begun(tmp_path)
    record = json.loads((path / "run.json").read_text(encoding="utf-8"))
    *above, last = key.split(".")
    inner = record
    for name in above:
        inner = inner[name]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    (path / "run.json").write_text(json.dumps(record))
    with pytest.raises(DataError, match=words) as raised:
        open_run(path)
    assert "run.json" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_unknown_setting_is_named_with_near_ones(tmp_path: Path) -> None:
    path = begun(tmp_path)
    (path / "config.yaml").write_text("engine:\n  epoch: 3\n")
    with pytest.raises(DataError, match="unknown key 'epoch'; did you mean epochs"):
        open_run(path)


def test_what_a_later_version_adds_is_passed_over() -> None:
    values = plain(PHOTOS) | {"colour_space": "lab"}
    assert typed(ClassifyFacts, values, file=Path("run.json")) == PHOTOS


def test_every_task_is_what_its_name_says() -> None:
    for name in TASKS:
        task = find_task(name)
        assert (task.name, task.config.TASK) == (name, name)
    assert first_task().name == next(iter(TASKS))
    with pytest.raises(UsageError, match="did you mean classify"):
        find_task("clasify")


def test_every_function_that_a_record_names_is_there() -> None:
    for name in TASKS:
        named = {key: value for key, value in vars(find_task(name)).items() if isinstance(value, Later)}
        assert len(named) > 10
        for key, value in named.items():
            assert callable(value.function), key


def test_the_registry_and_its_records_load_no_torch() -> None:
    import subprocess
    import sys

    code = "import sys; from lissom.training.registry import TASKS, find_task\n"
    code += "from lissom.training.run import open_run\n[find_task(n) for n in TASKS]\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
