"""A run whose network was changed is resumed, evaluated and exported like any other."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import lissom
from lissom.config import updated_flat
from lissom.engine.objective import Losses
from lissom.errors import DataError, Interrupted
from lissom.events import EpochEnded, Stop, silent
from lissom.training import life
from lissom.training.changes import find_change
from lissom.training.registry import find_task
from lissom.training.run import Run, open_run
from lissom.training.task import RunTarget
from lissom.training.trained import trained
from photos import make_photos

NAME = f"{__name__}:Narrowed"


class Weighed:
    """An objective whose loss is `factor` times that of the one in it."""

    def __init__(self, inner: Any, factor: float) -> None:
        self.inner, self.factor, self.primary_metric = inner, factor, inner.primary_metric

    def outputs(self, model: nn.Module, batch: Any) -> Any:
        return self.inner.outputs(model, batch)

    def losses(self, outputs: Any, batch: Any) -> Losses:
        found = self.inner.losses(outputs, batch)
        return Losses({name: self.factor * term for name, term in found.terms.items()}, found.observed)

    def evaluate(self, model: nn.Module, batches: Any) -> dict[str, float]:
        return self.inner.evaluate(model, batches)


@dataclass(frozen=True)
class Narrowed:
    """A classifier of rank `rank` in the place of the one that is there."""

    rank: int

    def model(self, model: Any, facts: Any) -> Any:
        last = model.head[-1]
        thin = nn.Linear(last.in_features, self.rank, bias=False, device=last.weight.device)
        model.head[-1] = nn.Sequential(thin, nn.Linear(self.rank, last.out_features, device=last.weight.device))
        return model

    def objective(self, objective: Any) -> Any:
        return Weighed(objective, 3.0)

    def to_json(self) -> dict[str, Any]:
        return {"name": NAME, "rank": self.rank}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Narrowed":
        return cls(**values)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("changes")
    make_photos(folder / "photos", per_class=12)
    return folder


def train(place: Path, name: str, *changes: Any, listener: Any = silent, stop: Stop | None = None) -> Run:
    settings = {"model": "mobilenetv1_cifar", "width": 0.25, "epochs": 2, "batch_size": 8, "threads": 1, "lr": 1e-3}
    config = updated_flat(find_task("classify").config(), {"data": str(place / "photos"), **settings})
    return open_run(life.train(config, RunTarget(str(place / "runs"), name), listener, stop, changes=changes))


def test_a_changed_run_is_counted_trained_measured_answered_and_exported_as_it_is(place: Path) -> None:
    plain, changed = train(place, "plain"), train(place, "changed", Narrowed(2))
    assert changed.record.changes == ({"name": NAME, "rank": 2},)
    width, classes = trained(plain, "cpu").head[-1].in_features, len(plain.facts.class_names)
    thinner = (width * 2 + 2 * classes + classes) - (width * classes + classes)
    assert changed.record.parameters == plain.record.parameters + thinner
    assert changed.record.macs == plain.record.macs + thinner
    assert changed.history[0]["train_loss"] > 2 * plain.history[0]["train_loss"]  # the objective is changed too
    assert lissom.evaluate(changed)["top1"] == changed.test["top1"]
    assert lissom.profile(changed.path)["parameters"] == changed.record.parameters
    assert lissom.compare([plain, changed])["settings"]["changes"] == [[], [{"name": NAME, "rank": 2}]]
    photo = next((place / "photos").rglob("*.png"))
    exported = lissom.export(changed, place / "changed.onnx")
    assert exported["difference"] <= exported["tolerance"]
    answers = [lissom.predict(model, photo)[0]["probability"] for model in (changed, place / "changed.onnx")]
    assert answers[0] == pytest.approx(answers[1], abs=1e-5)


def test_an_interrupted_one_goes_on_with_its_changes(place: Path) -> None:
    stop = Stop()
    with pytest.raises(Interrupted):
        train(
            place, "stopped", Narrowed(2), stop=stop,
            listener=lambda event: stop.ask() if isinstance(event, EpochEnded) else None,
        )  # fmt: skip
    whole = train(place, "whole", Narrowed(2))
    resumed = lissom.resume(place / "runs" / "stopped")
    assert [row["train_loss"] for row in resumed.history] == [row["train_loss"] for row in whole.history]
    pairs = zip(trained(resumed, "cpu").parameters(), trained(whole, "cpu").parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_a_change_that_nobody_knows_is_one_line() -> None:
    assert find_change({"name": NAME, "rank": 3}) == Narrowed(3)
    with pytest.raises(DataError, match="changed by pruned-by-hand"):
        find_change({"name": "pruned-by-hand"})
    with pytest.raises(DataError, match="cannot be applied again"):
        find_change({"name": NAME, "rang": 3})
