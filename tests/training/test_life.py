"""The life of a run is one for all tasks: prepared once, refused before anything is written, silent, stoppable."""

import re
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import lissom
from lissom import models
from lissom.errors import Interrupted, LissomError
from lissom.events import Closed, Ended, EpochEnded, Started
from lissom.tasks.classify.data import images
from lissom.tasks.classify.data.batches import TrainBatches
from lissom.tasks.scene.data.batches import TrainPixels
from lissom.weights import source
from photos import make_photos

PHOTOS: dict[str, Any] = {"model": "mobilenetv1_cifar", "width": 0.25, "epochs": 1, "batch_size": 8, "threads": 1}
SCENE: dict[str, Any] = {"model": "cnn1d", "epochs": 1, "batch_size": 256, "threads": 1}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("life")
    make_photos(folder / "photos", per_class=10)
    return folder


@pytest.fixture
def photos(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("LISSOM_CACHE", str(place / "cache"))
    return {**PHOTOS, "data": place / "photos", "runs_dir": tmp_path / "runs", "name": "run"}


def counted(monkeypatch: pytest.MonkeyPatch, calls: Counter, owner: Any, name: str) -> None:
    real = getattr(owner, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        calls[name] += 1
        return real(*args, **kwargs)

    monkeypatch.setattr(owner, name, call)


def test_data_are_opened_and_batches_made_once(photos: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    calls: Counter = Counter()
    counted(monkeypatch, calls, images, "open_source")
    counted(monkeypatch, calls, TrainBatches, "__init__")
    counted(monkeypatch, calls, models, "build")
    lissom.train("classify", **photos)
    assert calls == {"open_source": 1, "__init__": 1, "build": 2}  # for its cost, and for real


def test_weights_are_resolved_once_and_the_network_built_twice_with_them_too(
    photos: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = lissom.train("classify", **photos)
    calls: Counter = Counter()
    counted(monkeypatch, calls, source, "source")
    counted(monkeypatch, calls, models, "build")
    lissom.train("classify", **{**photos, "name": "second"}, weights=first.path, resolution=32)
    assert calls == {"source": 1, "build": 2}


def test_a_scene_is_read_and_its_batches_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lissom.tasks.scene import prepare

    calls: Counter = Counter()
    counted(monkeypatch, calls, prepare, "open_scene")
    counted(monkeypatch, calls, TrainPixels, "__init__")
    counted(monkeypatch, calls, prepare, "fit_scene")
    lissom.train("scene", **SCENE, runs_dir=tmp_path)
    assert calls == {"open_scene": 1, "__init__": 1, "fit_scene": 1}


@pytest.mark.parametrize("change", [
    {"weights": "no-such-weights"}, {"batch_size": 1000}, {"resolution": 3, "model": "mobilenetv2"},
    {"data": "nowhere"}, {"model": "mobilenetv9"}, {"options": {"depth": 3}},
])  # fmt: skip
def test_what_cannot_be_trained_is_refused_before_anything_is_written(
    photos: dict[str, Any], change: dict[str, Any]
) -> None:
    for verb in (lissom.plan, lissom.train):
        with pytest.raises(LissomError) as raised:
            verb("classify", **photos | change)
        assert raised.value.exit_code in (2, 3)
        assert not photos["runs_dir"].exists()


def test_a_plan_says_what_training_does_and_writes_nothing(photos: dict[str, Any]) -> None:
    planned = lissom.plan("classify", **photos)
    assert not photos["runs_dir"].exists()
    run = lissom.train("classify", **photos)
    record = run.record
    assert {key: planned[key] for key in ("train", "val", "test")} == record.data.sizes
    assert (planned["parameters"], planned["macs"]) == (record.parameters, record.macs)
    assert planned["steps"] * planned["epochs"] == run.history[-1]["step"]
    assert planned["folder"] == str(run.path)
    assert lissom.plan("classify", **{**photos, "name": "longer", "epochs": 9})["steps"] == planned["steps"]


def test_a_call_is_silent_and_tells_its_listener(photos: dict[str, Any], capfd: pytest.CaptureFixture[str]) -> None:
    told: list[Any] = []
    lissom.train("classify", **photos, listener=told.append)
    assert capfd.readouterr() == ("", "")
    kinds = [type(event) for event in told]
    assert kinds.index(Started) < kinds.index(EpochEnded) < kinds.index(Closed)


@pytest.mark.parametrize("task", ["classify", "scene"])
def test_a_stop_in_the_last_measurement_is_made_good_by_a_resume(
    photos: dict[str, Any], task: str, tmp_path: Path
) -> None:
    settings = photos if task == "classify" else {**SCENE, "runs_dir": tmp_path / "runs", "name": "run"}
    stop = lissom.Stop()
    with pytest.raises(Interrupted, match="lissom resume"):
        lissom.train(task, **settings, listener=lambda e: stop.ask() if isinstance(e, Ended) else None, stop=stop)
    path = tmp_path / "runs" / "run"
    assert (lissom.open_run(path).status, lissom.open_run(path).test) == ("training", {})
    resumed = lissom.resume(path)
    whole = lissom.train(task, **{**settings, "name": "whole"})
    assert resumed.status == "finished"
    assert {**resumed.test, "seconds": 0} == {**whole.test, "seconds": 0}


def test_a_run_goes_on_and_ends_on_the_device_and_threads_that_a_resume_names(
    photos: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = lissom.Stop()
    with pytest.raises(Interrupted):
        lissom.train("classify", **photos, listener=lambda e: stop.ask() if isinstance(e, Ended) else None, stop=stop)
    config = tmp_path / "runs" / "run" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("device: auto", "device: cuda"), encoding="utf-8")
    assert "device: cuda" in config.read_text(encoding="utf-8")
    monkeypatch.setattr("lissom.training.prepare.set_threads", lambda threads, *, processes: None)
    run = lissom.resume(tmp_path / "runs" / "run", device="cpu", threads=2)
    assert (run.status, run.config.engine.device, run.config.engine.threads) == ("finished", "cpu", 2)


@pytest.mark.filterwarnings("ignore:Glyph")  # a machine without Chinese fonts draws boxes in the pictures
@pytest.mark.parametrize("task", ["classify", "scene"])
def test_a_run_made_in_one_language_is_read_in_another(
    photos: dict[str, Any], task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = photos if task == "classify" else {**SCENE, "runs_dir": tmp_path / "runs", "name": "run"}
    monkeypatch.setenv("LISSOM_LANG", "zh")
    run = lissom.train(task, **settings)
    files = [run.path / name for name in ("run.json", "config.yaml", "env.json", "evaluation.json", "metrics.jsonl")]
    chinese = [file.name for file in files if re.search("[\u4e00-\u9fff]", file.read_text(encoding="utf-8"))]
    assert chinese == []
    assert re.search("[\u4e00-\u9fff]", (run.path / "report.html").read_text(encoding="utf-8"))
    told = [str(note) for note in (run.record.data.split, *run.record.notes)]
    assert len(told) > (task == "scene")  # what leaks, and how its map was made
    monkeypatch.setenv("LISSOM_LANG", "en")
    again = lissom.open_run(run.path).record
    for chinese_note, english_note in zip(told, (again.data.split, *again.notes), strict=True):
        assert re.search("[\u4e00-\u9fff]", chinese_note)
        assert not re.search("[\u4e00-\u9fff]", str(english_note))


@pytest.mark.parametrize("task", ["classify", "scene"])
def test_another_thread_stops_it_by_its_token(photos: dict[str, Any], task: str, tmp_path: Path) -> None:
    stop, caught = lissom.Stop(), []
    settings = (
        {**photos, "epochs": 50} if task == "classify" else {**SCENE, "epochs": 50, "runs_dir": tmp_path / "runs"}
    )
    settings["name"] = "run"

    def train() -> None:
        try:
            lissom.train(
                task, **settings, listener=lambda e: stop.ask() if isinstance(e, EpochEnded) else None, stop=stop
            )
        except Interrupted as error:
            caught.append(error)

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert len(caught) == 1
    stopped = lissom.open_run(tmp_path / "runs" / "run")
    assert stopped.status == "training"
    assert 1 <= len(stopped.history) < 50
