"""A training that begins with weights keeps their batch-norm statistics unless told otherwise, and says so."""

from pathlib import Path
from typing import Any

import pytest
import torch

import lissom
from lissom.cli.main import run as command
from lissom.errors import Interrupted, UsageError
from lissom.events import Note, StepEnded, Stop
from lissom.runs.weights import read_weights, save_weights
from lissom.training.run import Run, open_run
from photos import make_photos

FAR, DECAY = 50.0, 0.9  # a mean that no photo has; the norms' momentum is 0.1
NET: dict[str, Any] = {"model": "mobilenetv1_cifar", "width": 0.25}
STEPS = 2  # in an epoch: 21 of 30 photos train, 8 at once
GO_ON, ANEW, REST = (f"engine.statistics-{what}" for what in ("go-on", "anew", "rest"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos, and weights whose running means are all far from theirs."""
    folder = tmp_path_factory.mktemp("norms")
    make_photos(folder / "photos", per_class=10)
    torch.manual_seed(0)
    state = lissom.build(NET["model"], width=NET["width"], num_classes=3, in_channels=3).state_dict()
    for name, tensor in state.items():
        if name.endswith("running_mean"):
            tensor.fill_(FAR)
    save_weights(folder / "begun.safetensors", state)
    return folder


@pytest.fixture
def train(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("LISSOM_CACHE", str(place / "cache"))
    monkeypatch.chdir(place)

    def run(*, stop_at: int | None = None, **settings: Any) -> tuple[Run, list[str]]:
        stop, told = Stop(), []

        def listener(event: Any) -> None:
            if isinstance(event, Note):
                told.append(event.name)
            if isinstance(event, StepEnded) and event.step == stop_at:
                stop.ask()

        defaults = {**NET, "data": "photos", "weights": "begun.safetensors", "epochs": 1, "batch_size": 8, "lr": 1e-6}
        given = {**defaults, "threads": 1, "name": "run", "runs_dir": tmp_path, **settings}
        given = {name: value for name, value in given.items() if value is not ...}
        try:
            return lissom.train("classify", **given, listener=listener, stop=stop), told
        except Interrupted:
            return open_run(tmp_path / "run"), told

    return run


def means(run: Run) -> torch.Tensor:
    """All running means of the last epoch, in one row."""
    return torch.cat([value for name, value in read_weights(run.last)[0].items() if name.endswith("running_mean")])


def notes(run: Run) -> list[str]:
    return [told.name for told in run.record.weights.notes] if run.record.weights else []


def test_statistics_of_the_weights_go_on_and_it_is_said(train: Any) -> None:
    run, told = train()
    left = FAR * DECAY**STEPS  # running = (1 - m) running + m batch
    assert means(run).sub(left).abs().max() < 5  # of what the batches themselves brought
    assert GO_ON in told
    assert GO_ON in notes(run)
    assert run.config.optim.norm_warmup is False
    assert "updated from" in str(run.record.weights.notes[-1])


def test_a_warmup_forgets_them_and_it_is_said(train: Any) -> None:
    run, told = train(norm_warmup=True)
    assert means(run).abs().max() < 5
    assert ANEW in told
    assert (notes(run)[-1], run.config.optim.norm_warmup) == (ANEW, True)


def test_a_frozen_trunk_keeps_them_as_they_are(train: Any) -> None:
    run, told = train(freeze=True)
    assert (means(run) == FAR).all()
    assert REST in told
    assert (notes(run)[-1], run.config.optim.norm_warmup) == (REST, False)


def test_random_weights_warm_up_and_nothing_is_said(train: Any) -> None:
    run, told = train(weights=None)
    assert run.config.optim.norm_warmup is True
    assert not {GO_ON, ANEW, REST} & {*told}


@pytest.mark.parametrize("norm_warmup", [None, True])
def test_a_resumed_training_does_what_it_began_with(norm_warmup: bool | None, train: Any) -> None:
    whole, _ = train(norm_warmup=norm_warmup, name="whole")
    broken, _ = train(norm_warmup=norm_warmup, stop_at=1)
    assert broken.status != "finished"
    assert broken.config.optim.norm_warmup is (norm_warmup is True)
    resumed = lissom.resume(broken)
    assert torch.equal(means(resumed), means(whole))
    assert notes(resumed) == notes(whole)


@pytest.mark.parametrize(("settings", "said"), [
    ({"freeze": True},                "--freeze: the batch-norm statistics of a frozen backbone are not updated"),
    ({"compile": True},               "--compile"),
])  # fmt: skip
def test_a_warmup_that_could_not_act_is_refused(settings: dict, said: str, train: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        train(norm_warmup=True, **settings)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(("model", "said", "given"), [
    ("cnn1d", "no effect on cnn1d", {"epochs": 1}),
    ("knn", "knn is fitted in one go", {}),
])  # fmt: skip
def test_a_warmup_without_batch_norm_is_refused(model: str, said: str, given: dict, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        lissom.train("scene", model=model, norm_warmup=True, runs_dir=tmp_path)
    assert not [*tmp_path.iterdir()]
    resolved = lissom.train("scene", model=model, **given, runs_dir=tmp_path, threads=1)  # left open, it is decided
    assert resolved.config.optim.norm_warmup is False


def test_the_command_line_says_it_too(train: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = "train classify --data photos --model mobilenetv1_cifar --width 0.25 --weights begun.safetensors --epochs 1"
    assert command([*words.split(), "--batch-size", "8", "--norm-warmup", "--runs-dir", str(tmp_path)]) == 0
    assert "Batch-norm statistics are re-estimated" in capsys.readouterr().err
