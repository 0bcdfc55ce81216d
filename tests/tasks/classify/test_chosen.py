"""What chose the best weights of a run on photos, and that these are what is kept, named, measured and asked."""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image

import lissom
from lissom.cli.main import run as command
from lissom.errors import DataError, Interrupted
from lissom.events import EpochEnded, silent
from lissom.profiler import count
from lissom.runs.weights import digest, read_weights
from lissom.tasks.classify.objective import Classify
from lissom.tasks.classify.task import TASK
from lissom.training import finish, life
from lissom.training.listing import figures
from lissom.training.prepare import prepare
from lissom.training.run import Run, open_run
from lissom.training.start import resolve_config
from lissom.weights.numerics import SameConv2d
from photos import make_photos

QUICK: dict[str, Any] = {
    "data": "photos", "model": "mobilenetv1_cifar", "width": 0.1, "epochs": 3, "batch_size": 8, "threads": 1,
    "device": "cpu", "lr": 0.01, "val_fraction": 0.3, "test_fraction": 0.3,
}  # fmt: skip
TOLD = (0.2, 0.9, 0.1)  # the top-1 that the epochs are told to have: the second is the best, and not the last


class Chosen(NamedTuple):
    run: Run
    found: list[dict[str, float]]
    """What the epochs really reached."""
    marked: list[int | None]
    """The epoch that the curves mark."""


@pytest.fixture(scope="module", autouse=True)
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("chosen")
    make_photos(folder / "photos", per_class=14)
    for number in range(8, 14):  # classes of different sizes
        (folder / "photos" / "one" / f"{number}.png").unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LISSOM_CACHE", str(folder / "cache"))
        yield folder


@pytest.fixture(scope="module")
def chosen(place: Path) -> Chosen:
    found: list[dict[str, float]] = []
    marked: list[int | None] = []
    evaluate, curves = Classify.evaluate, finish.curves

    def told(self: Classify, *args: Any) -> dict[str, float]:
        found.append(evaluate(self, *args))
        return {**found[-1], "top1": TOLD[len(found) - 1]}

    def draw(*args: Any, best_epoch: int | None, **how: Any) -> Any:
        marked.append(best_epoch)
        return curves(*args, best_epoch=best_epoch, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Classify, "evaluate", told)
        patch.setattr(finish, "curves", draw)
        return Chosen(lissom.train("classify", **QUICK, ema=0.5, name="first"), found, marked)


def files(run: Run, part: str) -> list[Path]:
    return sorted(Path("photos", name) for name, item in run.items.items() if item.part == part)


def loss_of(run: Run, images: Sequence[Path]) -> float:
    """The mean cross-entropy of a run's answers."""
    rows = lissom.predict(run, list(images), top=3)
    of_truth = [
        next(t["probability"] for t in row["top"] if t["label"] == Path(row["file"]).parent.name) for row in rows
    ]
    return float(-np.log(of_truth).mean())


def test_the_images_held_out_choose_and_the_weights_evaluated_best_are_kept(chosen: Chosen) -> None:
    losses = [row["loss"] for row in chosen.found]
    assert [row["loss"] for row in chosen.run.history] == losses
    assert len({round(loss, 3) for loss in losses}) == 3  # no epoch can pass for another
    assert loss_of(chosen.run, files(chosen.run, "val")) == pytest.approx(losses[1], abs=1e-5)


def test_the_test_images_are_measured_with_them(chosen: Chosen) -> None:
    run = chosen.run
    rows = lissom.predict(run, files(run, "test"))
    right = sum(row["label"] == Path(row["file"]).parent.name for row in rows)
    assert (run.test["images"], run.test["correct"]) == (len(rows), right)
    with (run.path / "evaluation.csv").open(newline="") as file:
        kept = {
            Path("photos", row["file"]): (row["predicted"], float(row["probability"])) for row in csv.DictReader(file)
        }
    assert kept == {Path(row["file"]): (row["label"], pytest.approx(row["probability"], abs=1e-5)) for row in rows}
    assert len(rows) == run.record.data.sizes["test"] != run.record.data.sizes["val"]
    found = lissom.evaluate(run, write=False)
    assert (found["images"], found["correct"]) == (len(rows), right)
    assert tuple(found["top1_interval_95"]) == tuple(run.record.intervals["top1"])


def test_pixels_are_normalised_by_the_images_that_train(chosen: Chosen) -> None:
    """By their mean and standard deviation over all pixels, of values from 0 to 1."""
    pixels = np.stack([np.asarray(Image.open(file), np.float64) / 255 for file in files(chosen.run, "train")])
    assert chosen.run.facts.mean == pytest.approx((pixels.mean(),) * 3, abs=1e-4)
    assert chosen.run.facts.std == pytest.approx((pixels.std(),) * 3, abs=1e-4)


def test_golden_samples_are_of_the_images_held_out(chosen: Chosen) -> None:
    mean, std = chosen.run.facts.mean[0], chosen.run.facts.std[0]
    held_out = np.stack([np.asarray(Image.open(file), np.float64) / 255 for file in files(chosen.run, "val")])
    with np.load(chosen.run.path / "golden.npz") as golden:
        inputs = golden["inputs/images"]
    assert len(inputs) == 8
    apart = np.abs(inputs - ((held_out - mean) / std)[:, None, None]).max((2, 3, 4))  # val samples
    assert apart.min(0).max() < 1e-4


def test_record_weights_curves_and_page_name_the_same_epoch(chosen: Chosen, capsys: pytest.CaptureFixture[str]) -> None:
    run = chosen.run
    assert (run.record.best_epoch, run.record.best_metric, run.record.epochs) == (2, 0.9, 3)
    assert read_weights(run.best)[1].items() >= {"epoch": "2", "metric": "top1", "value": "0.9"}.items()
    assert read_weights(run.last)[1]["epoch"] == "3"
    assert chosen.marked == [2]
    assert "90.0 %" in (run.path / "report.html").read_text(encoding="utf-8")
    assert command(["resume", str(run.path)]) == 0
    assert "best validation at epoch 2)" in capsys.readouterr().out


def test_classes_are_weighed_by_the_images_that_train(chosen: Chosen) -> None:
    """N / (K x count), scikit-learn's "balanced"."""
    for balance in ("none", "weights", "sampler"):
        config = resolve_config("classify", {**QUICK, "balance": balance})
        objective = TASK.objective(config, TASK.load(config, silent, None))
        if balance != "weights":
            assert objective.class_weights is None
            continue
        counts = Counter(file.parent.name for file in files(chosen.run, "train"))
        total = sum(counts.values())
        expected = [total / (3 * counts[name]) for name in sorted(counts)]
        assert len(set(expected)) == 2
        assert objective.class_weights.tolist() == pytest.approx(expected)


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings that end with their last epoch: the test data is not what is looked at."""
    monkeypatch.setattr(life, "_finish", lambda *_: None)


@pytest.mark.usefixtures("unmeasured")
def test_a_resume_computes_as_the_weights_want_that_the_run_began_with() -> None:
    """eps and padding are no tensors: the run holds them, the data does not."""
    stop = lissom.Stop()
    stop.ask()
    with pytest.raises(Interrupted):
        lissom.train("classify", **{**QUICK, "epochs": 1}, name="cut", stop=stop)
    record = Path("runs/cut/run.json")
    content = json.loads(record.read_text(encoding="utf-8"))
    content["facts"] |= {"eps": 0.5, "padding": "same"}
    record.write_text(json.dumps(content), encoding="utf-8")
    run = lissom.resume("runs/cut")
    assert (run.facts.eps, run.facts.padding) == (0.5, "same")
    assert loss_of(run, files(run, "val")) == pytest.approx(run.history[0]["loss"], abs=1e-5)
    model = TASK.build(run.config, run.facts)
    assert {m.eps for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)} == {0.5}
    assert {type(m) for m in model.modules() if isinstance(m, torch.nn.Conv2d) and m.stride == (2, 2)} == {SameConv2d}


@pytest.mark.usefixtures("unmeasured")
def test_a_resume_goes_on_with_the_average(chosen: Chosen) -> None:
    """Stopped at the end of its first epoch, a run with averaged weights ends with the bits of one that was not."""
    stop = lissom.Stop()
    with pytest.raises(Interrupted):
        lissom.train(
            "classify", **QUICK, ema=0.5, name="stopped", stop=stop,
            listener=lambda e: stop.ask() if isinstance(e, EpochEnded) else None,
        )  # fmt: skip
    assert len(open_run("runs/stopped").history) == 1
    run = lissom.resume("runs/stopped")
    assert [row["loss"] for row in run.history] == [row["loss"] for row in chosen.found]
    ours, theirs = read_weights(run.last)[0], read_weights(chosen.run.last)[0]
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_the_record_s_figures_are_those_of_its_epochs(chosen: Chosen) -> None:
    run = chosen.run
    assert run.record.train_seconds == pytest.approx(sum(row["seconds"] for row in run.history), abs=1e-3)
    assert all(row["evaluation_seconds"] > 0 for row in run.history)
    of_best = run.history[run.record.best_epoch - 1]  # type: ignore[operator]
    assert of_best["top1"] == run.record.best_metric
    counted = count(TASK.build(run.config, run.facts), input_shape=(3, 32, 32))  # the photos' own resolution
    assert (run.record.parameters, run.record.macs) == (counted.parameters, counted.macs)


def seen(settings: dict[str, Any], epochs: int) -> list[list[Path]]:
    """The images of each epoch, in their order."""
    config = resolve_config("classify", settings)
    data = TASK.load(config, silent, None)
    batches = TASK.batches(TASK.decide(config, data), data, data.facts, "cpu").train
    return [
        [Path("photos", data.train.names[i]) for parts in batches.epoch(e) for part in parts for i in part.indices]
        for e in range(epochs)
    ]


def test_the_parts_share_no_image_and_train_with_their_own_alone(chosen: Chosen) -> None:
    parts = [set(files(chosen.run, part)) for part in ("train", "val", "test")]
    assert not (parts[0] & parts[1] | parts[0] & parts[2] | parts[1] & parts[2])
    first, second, *others = seen({**QUICK, "batch_size": 4}, 6)
    assert len(set(first)) == len(first)
    assert first != second
    assert {file for epoch in (first, second, *others) for file in epoch} == parts[0]


@pytest.mark.parametrize(("balance", "alike"), [("sampler", True), ("weights", False), ("none", False)])
def test_a_balanced_epoch_sees_the_classes_alike(balance: str, alike: bool) -> None:
    (epoch,) = seen({**QUICK, "balance": balance, "batch_size": 1}, 1)
    counts = Counter(file.parent.name for file in epoch)
    assert (max(counts.values()) - min(counts.values()) <= 1) == alike


def test_the_first_weights_are_those_of_the_seed() -> None:
    found = []
    for seed in (0, 1, 1):
        model = prepare(TASK, resolve_config("classify", {**QUICK, "seed": seed}), silent).model
        assert model
        found.append(digest(model.state_dict()))
    assert found[0] != found[1] == found[2]


def test_a_prediction_names_the_likeliest_classes_first(chosen: Chosen) -> None:
    for row in lissom.predict(chosen.run, files(chosen.run, "test"), top=3):
        shares = [top["probability"] for top in row["top"]]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) == pytest.approx(1, abs=1e-5)
        assert (row["label"], row["probability"]) == (row["top"][0]["label"], shares[0])


def test_runs_are_listed_by_their_best_epoch_so_far(chosen: Chosen) -> None:
    run = chosen.run
    row = figures(run)
    assert (row["val"], row["test"]) == (90.0, round(100 * run.test["top1"], 2))
    assert (row["parameters"], row["macs"]) == (run.record.parameters, run.record.macs)
    under_way = replace(run, record=replace(run.record, status="training", best_metric=None))
    assert figures(under_way)["val"] == 90.0


def test_classes_of_other_photos_are_known_by_their_names(chosen: Chosen, tmp_path: Path) -> None:
    make_photos(tmp_path / "others", per_class=3, classes=("seven", "zero"))  # of "one", "seven", "zero"
    found = lissom.evaluate(chosen.run, tmp_path / "others", write=False)
    assert {row["class"]: row["images"] for row in found["per_class"]} == {"one": 0, "seven": 3, "zero": 3}
    rows = lissom.predict(chosen.run, tmp_path / "others")
    assert found["correct"] == sum(row["label"] == Path(row["file"]).parent.name for row in rows)


def test_another_run_s_best_weights_and_norm_begin_a_training(chosen: Chosen) -> None:
    for given in (chosen.run.path, chosen.run.best):
        made = prepare(TASK, resolve_config("classify", {**QUICK, "weights": str(given), "split_seed": 1}), silent)
        best, last = (read_weights(path)[0] for path in (chosen.run.best, chosen.run.last))
        assert made.model
        assert all(torch.equal(value, best[name]) for name, value in made.model.state_dict().items())
        assert any(not torch.equal(best[name], last[name]) for name in best)
        assert (made.facts.mean, made.facts.std) == (chosen.run.facts.mean, chosen.run.facts.std)


def test_another_split_of_the_same_images_is_refused(chosen: Chosen) -> None:
    """Its sizes are the same; images that trained would be measured."""
    config = Path(chosen.run.path, "config.yaml")
    kept = config.read_text(encoding="utf-8")
    assert "split_seed: 0" in kept
    config.write_text(kept.replace("split_seed: 0", "split_seed: 1"), encoding="utf-8")
    try:
        with pytest.raises(DataError) as raised:
            lissom.evaluate(chosen.run.path, write=False)
    finally:
        config.write_text(kept, encoding="utf-8")
    assert raised.value.kind == "run-split-changed"


def test_page_and_card_say_which_accuracy_is_of_which_images(chosen: Chosen) -> None:
    run, sizes = chosen.run, chosen.run.record.data.sizes
    test = f"{100 * run.test['top1']:.1f} %"
    assert test != "90.0 %"
    card = (run.path / "model_card.md").read_text(encoding="utf-8")
    (of_test,) = [line for line in card.splitlines() if f"**{test}**" in line]
    (of_val,) = [line for line in card.splitlines() if "**90.0 %**" in line]
    assert f"{sizes['test']} test images" in of_test
    assert f"{sizes['val']} validation images" in of_val
    page = (run.path / "report.html").read_text(encoding="utf-8")
    low, high = (f"{100 * bound:.1f} %" for bound in run.record.intervals["top1"])
    result = re.search(r'<div class="result"><strong>(.*?)</strong>(.*?)</div>', page)
    assert result
    assert result[1] == test
    assert low in result[2]
    assert high in result[2]
    assert "<dt>Validation accuracy</dt><dd>90.0 %</dd>" in page
    assert f"{sizes['test']} test" in page
