"""Suppression inside an exported file: the same boxes as without it, in torch, in ONNX and in prediction."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import lissom
from lissom.boxes.suppress import Detections, Rule, suppress
from lissom.cli.main import run
from lissom.deploy.onnx import export_onnx
from lissom.deploy.runner import Runner
from lissom.errors import DataError, UsageError
from lissom.plain import plain
from lissom.tasks.detect.data.synthetic import write_synthetic
from lissom.tasks.detect.facts import DetectFacts
from lissom.tasks.detect.inside import CLASSES, COUNT
from lissom.tasks.detect.portable import MOST_PIXELS, MOST_SCORE
from lissom.tasks.detect.predictor import BOXES, INPUT, SCORES, predictor
from lissom.tasks.detect.settings import DetectExportOptions, DetectOptions
from lissom.tasks.detect.suppressed import TRANSLATIONS, Suppressed, agree
from lissom.tasks.detect.task import TASK
from lissom.training.opened import Opened
from lissom.training.run import Run
from lissom.training.task import Where

FACTS = DetectFacts(class_names=("cat", "dog", "owl"), resolution=64, strides=(32,), anchors=(((10.0, 10.0),),))
RULES = [Rule(0.4, 0.45, 20), Rule(0.0, 0.3, 7, agnostic=True)]


class Handed(nn.Module):
    """Gives as boxes and scores what it is handed: of each pixel left, top, width, height and the classes."""

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        flat = images.flatten(2).transpose(1, 2)
        return torch.cat([flat[..., :2], flat[..., :2] + flat[..., 2:4]], -1), flat[..., 4:]


def drawn(batch: int, high: int, wide: int) -> np.ndarray:
    """B 7 H W: boxes that overlap, scores in steps, so that some are equal."""
    rng = np.random.default_rng(batch)
    corners, sides = rng.uniform(0, 60, (batch, 2, high, wide)), rng.uniform(10, 40, (batch, 2, high, wide))
    return np.concatenate([corners, sides, rng.integers(0, 20, (batch, 3, high, wide)) / 20], 1).astype(np.float32)


def written(path: Path, rule: Rule, **options: Any) -> Runner:
    given = {"nms": True, "confidence": rule.confidence, "iou": rule.iou, "max_boxes": rule.most, **options}
    about = {"task": "detect", "facts": plain(FACTS), "network": "handed", "weights": "", "options": given}
    export_onnx(
        Suppressed(Handed(), rule),  # type: ignore[arg-type]
        path,
        inputs={INPUT: (7, 4, 4)},
        outputs=(BOXES, SCORES, CLASSES, COUNT),
        about=about,
        steps={2: 1, 3: 1},
        translations=TRANSLATIONS,
    )
    return Runner(path)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Rule], Runner]:
    folder, known = tmp_path_factory.mktemp("nms"), {}

    def file(rule: Rule) -> Runner:
        if rule not in known:
            known[rule] = written(folder / f"{len(known)}.onnx", rule, agnostic=rule.agnostic)
        return known[rule]

    return file


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("shape", [(3, 5, 6), (1, 1, 2)])
def test_a_file_keeps_the_boxes_that_prediction_keeps(made: Any, rule: Rule, shape: tuple[int, int, int]) -> None:
    """Fewer boxes than the file may give, too; what stands behind the count is 0."""
    images = drawn(*shape)
    out = made(rule)({INPUT: images})
    assert out[BOXES].shape == (shape[0], rule.most, 4)
    boxes, scores = (each.numpy() for each in Handed()(torch.from_numpy(images)))
    for row in range(shape[0]):
        want = suppress(boxes[row], scores[row], rule)
        count = int(out[COUNT][row])
        assert count == len(want.scores)
        assert out[SCORES][row, :count].tolist() == want.scores.tolist()
        assert out[CLASSES][row, :count].tolist() == want.classes.tolist()
        assert np.array_equal(out[BOXES][row, :count], want.boxes)
        assert not out[BOXES][row, count:].any()
        assert not out[SCORES][row, count:].any()


def test_the_network_in_torch_gives_what_its_file_gives(made: Any) -> None:
    images = drawn(2, 6, 6)
    for rule in RULES:
        boxes, scores, classes, count = Suppressed(Handed(), rule)(torch.from_numpy(images))  # type: ignore[arg-type]
        want = {BOXES: boxes.numpy(), SCORES: scores.numpy(), CLASSES: classes.numpy(), COUNT: count.numpy()}
        found = agree(made(rule)({INPUT: images}), want, rule, pixels=MOST_PIXELS, score=MOST_SCORE)
        assert (found.reached, found.argmax_agree, found.n) == (True, 2, 2)


class TestAgreement:
    RULE = Rule(0.25, 0.5, 3)
    WANT = Detections(
        np.array([[0, 0, 10, 10], [20, 20, 40, 40]], np.float32), np.array([0.9, 0.6], np.float32), np.array([0, 1])
    )

    def arrays(self, *rows: tuple) -> dict[str, np.ndarray]:
        """Of one image: left, top, right, bottom, score, class."""
        table = np.array(rows, np.float64).reshape(-1, 6)
        full = np.zeros((1, 3, 6))
        full[0, : len(table)] = table
        return {BOXES: full[..., :4], SCORES: full[..., 4], CLASSES: full[..., 5], COUNT: np.array([len(table)])}

    def difference(self, *rows: tuple) -> float:
        want = self.arrays((0, 0, 10, 10, 0.9, 0), (20, 20, 40, 40, 0.6, 1))
        return agree(self.arrays(*rows), want, self.RULE, pixels=0.5, score=1e-4).largest_difference

    @pytest.mark.parametrize(("rows", "expected"), [
        ([(0, 0, 10, 10, 0.9, 0), (20, 20, 40, 40, 0.6, 1)],                            0),
        ([(20, 20, 40, 40, 0.6, 1), (0, 0, 10, 10, 0.9, 0)],                            0),       # the order of equals
        ([(0, 0, 10, 10.25, 0.9, 0), (20, 20, 40, 40, 0.6, 1)],                         5e-5),    # half of what may be
        ([(0, 0, 10, 10, 0.9002, 0), (20, 20, 40, 40, 0.6, 1)],                         2e-4),
        ([(0, 0, 10, 10, 0.9, 0)],                                                      0.6),     # its score
        ([(0, 0, 10, 10, 0.9, 0), (20, 20, 40, 40, 0.6, 0)],                            0.6),     # of another class
        ([(0, 0, 10, 10, 0.9, 0), (20, 20, 40, 40, 0.6, 1), (50, 50, 60, 60, 0.2500001, 1)], 0),  # just above the limit
        ([(0, 0, 10, 10, 0.9, 0), (20, 20, 40, 40, 0.6, 1), (50, 50, 60, 60, 0.26, 1)], 0.26),
        ([(0, 0, 10, 10, 0.9, 0), (20, 20, 40, 40, 0.6, 1), (20, 20, 40, 30, 0.5, 1)],  0),       # overlap 0.5
        ([(0, 0, 10, 10, 0.9, 0), (20, 20, 40, 40, 0.6, 1), (20, 20, 40, 31, 0.5, 1)],  0.1),     # overlap 0.55
    ])  # fmt: skip
    def test_how_far_two_sets_lie_apart(self, rows: list[tuple], expected: float) -> None:
        assert self.difference(*rows) == pytest.approx(expected, abs=1e-9)


def test_a_prediction_with_such_a_file_obeys_or_refuses(made: Any) -> None:
    rule = RULES[0]
    file, images = made(rule), drawn(2, 5, 6)
    opened = Opened(task=TASK, facts=FACTS, file=file)

    def found(**options: Any) -> list[Detections]:
        chosen = predictor(opened, DetectOptions(**options), Where())
        return chosen.decode(chosen.outputs({INPUT: images}))

    plainly = found()
    assert min(float(each.scores.min()) for each in plainly) > 0.4
    assert all(len(each.scores) for each in plainly)
    assert min(float(each.scores.min()) for each in found(confidence=0.8)) > 0.8
    assert {int(kind) for each in found(only=("owl",)) for kind in each.classes} == {2}
    assert [len(each.scores) for each in found(max_boxes=2)] == [2, 2]
    for name, value in {"confidence": 0.1, "iou": 0.6, "max_boxes": 500, "agnostic": True}.items():
        with pytest.raises(UsageError, match=f"--{name.replace('_', '-')} is {value}, but the file"):
            found(**{name: value})
    with pytest.raises(UsageError, match="average precision needs nearly all"):
        TASK.measure(predictor(opened, DetectOptions(), Where()), None, "test", folder=None, batch_size=None,
                     listener=print, stop=None)  # fmt: skip


def test_a_file_that_says_what_it_does_not_do_is_refused(made: Any) -> None:
    strange = copy.copy(made(RULES[0]))
    strange.options = {"nms": True, "confidence": "high"}
    with pytest.raises(DataError, match="confidence"):
        predictor(Opened(task=TASK, facts=FACTS, file=strange), DetectOptions(), Where())


@pytest.mark.parametrize("given", [{"confidence": 0.3}, {"iou": 0.3}, {"max_boxes": 3}, {"agnostic": True}])
def test_an_option_of_suppression_is_refused_without_it(given: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="--nms too"):
        DetectExportOptions(**given)
    assert DetectExportOptions(nms=True, **given).rule != DetectExportOptions(nms=True).rule


def test_its_defaults_are_those_of_prediction() -> None:
    usual = DetectOptions()
    assert DetectExportOptions(nms=True).rule == Rule(usual.confidence, usual.iou, usual.max_boxes)


ROWS = """
nc: 2
depth_multiple: 1.0
width_multiple: 1.0
anchors: 3
backbone:
  - [-1, 1, Conv, [8, 3, 2]]
  - [-1, 1, Conv, [8, 3, 2]]
  - [-1, 1, Conv, [8, 3, 2]]
head:
  - [[2], 1, Detect, [nc, anchors]]
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of the smallest detector, barely trained."""
    place = tmp_path_factory.mktemp("tiny")
    write_synthetic(place / "data", train=10, val=3, test=3, side=64, classes=2)
    (place / "tiny.yaml").write_text(ROWS)
    given = {"model": str(place / "tiny.yaml"), "data": str(place / "data"), "cache_dir": str(place / "cache")}
    given |= {"epochs": 1, "batch_size": 5, "threads": 1, "device": "cpu", "workers": 0}
    return lissom.train("detect", runs_dir=place / "runs", name="tiny", **given)


def test_a_run_is_exported_with_it_and_its_file_gives_the_run_s_boxes(
    tiny: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    images, rule = tiny.config.data.data + "/images/test", {"confidence": 0.0001, "max_boxes": 5}
    assert run(["export", str(tiny.path), "--nms", "--confidence", "0.0001", "--max-boxes", "5", "--json"]) == 0
    exported = json.loads(capsys.readouterr().out)
    assert exported["difference"] <= exported["tolerance"] == 1e-4
    assert Runner(exported["file"]).options == {
        "nms": True, "confidence": 0.0001, "iou": None, "max_boxes": 5, "agnostic": False,
    }  # fmt: skip
    got, wanted = (lissom.predict(path, images, **rule) for path in (exported["file"], tiny.path))
    for ours, theirs in zip(got, wanted, strict=True):
        assert theirs["boxes"]
        assert [box["label"] for box in ours["boxes"]] == [box["label"] for box in theirs["boxes"]]
        for a, b in zip(ours["boxes"], theirs["boxes"], strict=True):
            assert [a["score"], *a["box"]] == pytest.approx([b["score"], *b["box"]], abs=0.02)
    assert run(["evaluate", str(tiny.path), "--file", exported["file"], "--dry-run"]) == 2
    assert "exported with --nms" in capsys.readouterr().err


def test_an_option_that_the_task_has_not_is_named(tiny: Run) -> None:
    with pytest.raises(UsageError, match="unknown key 'quantise'; did you mean agnostic"):
        lissom.export(tiny.path, options={"quantise": True})
