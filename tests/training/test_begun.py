"""A training that begins with weights, killed before its first checkpoint, goes on with those that it announced."""

from pathlib import Path
from typing import Any

import pytest

import lissom
from lissom.events import Started
from lissom.runs.weights import digest, read_weights
from lissom.training.run import open_run
from photos import make_photos

SMALL: dict[str, dict[str, Any]] = {
    "classify": {"model": "mobilenetv2_cifar", "width": 0.25, "batch_size": 8},
    "scene": {"model": "cnn1d", "train_fraction": 0.02},
}


class Killed(Exception):
    """What nobody catches."""


def killed(event: object) -> None:
    if isinstance(event, Started):
        raise Killed


@pytest.mark.parametrize("task", SMALL)
def test_its_weights_stand_in_the_run_folder(task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISSOM_CACHE", str(tmp_path / "cache"))
    how = {**SMALL[task], "threads": 1, "epochs": 1, "runs_dir": tmp_path}
    if task == "classify":
        how["data"] = make_photos(tmp_path / "photos", per_class=8)
    first = lissom.train(task, **how, name="first")
    whole = lissom.train(task, **how, weights=first.path, name="whole", seed=1)
    assert whole.record.weights
    assert not (whole.path / "initial.safetensors").exists()  # it is finished
    with pytest.raises(Killed):
        lissom.train(task, **how, weights=first.path, name="killed", seed=1, listener=killed)
    run = open_run(tmp_path / "killed")
    assert not any(run.checkpoints.iterdir())
    assert run.record.weights
    assert run.record.weights.digest == whole.record.weights.digest
    first.best.unlink()  # what lies there now no longer matters
    found = lissom.resume(run)
    assert digest(read_weights(found.last)[0]) == digest(read_weights(whole.last)[0])
    assert found.test["correct"] == whole.test["correct"]
