"""The classification task: its loss, its metrics, its calibration error and its heat maps."""

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import classification_report, top_k_accuracy_score
from torch import nn

from lissom import models
from lissom.tasks.classify import train
from lissom.tasks.classify.data.batches import Batch
from lissom.tasks.classify.facts import ClassifyFacts
from lissom.tasks.classify.gradcam import grad_cam
from lissom.tasks.classify.metrics import calibration_error, classification_figures, worst
from lissom.tasks.classify.objective import Classify, predict
from lissom.tasks.classify.predictions import Predictions, top_k
from lissom.tasks.classify.settings import ClassifyTrainConfig


def batch(images: torch.Tensor, labels: list[int], targets: torch.Tensor | None = None) -> Batch:
    return Batch(images, torch.tensor(labels), targets, torch.arange(len(labels)))


def random_answers(n: int = 200, classes: int = 7, seed: int = 0) -> Predictions:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.ones(classes), n).astype(np.float32)
    return Predictions(probabilities, rng.integers(0, classes, n))


class TestLoss:
    logits = torch.tensor([[2.0, 0.0, -1.0], [0.5, 1.5, 0.0]])

    def loss(self, labels: list[int], targets: torch.Tensor | None = None, **settings: Any) -> torch.Tensor:
        objective, of = Classify(**settings), batch(self.logits, labels, targets)
        return objective.losses(objective.outputs(nn.Identity(), of), of).terms["cross_entropy"]

    def test_is_cross_entropy_over_the_batch(self) -> None:
        loss = self.loss([0, 2])
        by_hand = -(self.logits.log_softmax(1)[0, 0] + self.logits.log_softmax(1)[1, 2]) / 2
        torch.testing.assert_close(loss, by_hand)

    def test_label_smoothing_mixes_in_the_mean_over_classes(self) -> None:
        loss = self.loss([0, 2], label_smoothing=0.1)
        logs = self.logits.log_softmax(1)
        by_hand = -(0.9 * (logs[0, 0] + logs[1, 2]) + 0.1 * logs.mean(1).sum()) / 2
        torch.testing.assert_close(loss, by_hand)

    def test_blended_images_have_blended_targets(self) -> None:
        targets = torch.tensor([[0.3, 0.7, 0.0], [0.0, 0.0, 1.0]])
        loss = self.loss([1, 2], targets)
        torch.testing.assert_close(loss, -(targets * self.logits.log_softmax(1)).sum(1).mean())

    def test_class_weights_weigh_the_mean(self) -> None:
        weights = torch.tensor([1.0, 1.0, 3.0])
        loss = self.loss([0, 2], class_weights=weights)
        torch.testing.assert_close(loss, F.cross_entropy(self.logits, torch.tensor([0, 2]), weights))

    def test_class_weights_weigh_blended_targets_too(self) -> None:
        targets, weights = torch.tensor([[0.3, 0.7, 0.0], [0.0, 0.0, 1.0]]), torch.tensor([1.0, 2.0, 3.0])
        loss = self.loss([1, 2], targets, class_weights=weights)
        torch.testing.assert_close(loss, -(weights * targets * self.logits.log_softmax(1)).sum(1).mean())

    def test_blended_targets_are_smoothed_too(self) -> None:
        targets = torch.tensor([[0.3, 0.7, 0.0], [0.0, 0.0, 1.0]])
        loss = self.loss([1, 2], targets, label_smoothing=0.3)
        torch.testing.assert_close(loss, -((0.7 * targets + 0.1) * self.logits.log_softmax(1)).sum(1).mean())


class TestMetrics:
    names = tuple("abcdefg")

    def test_per_class_scores_equal_scikit_learns(self) -> None:
        answers = random_answers()
        found = classification_figures(answers, self.names)
        report = classification_report(
            answers.labels, answers.predicted, target_names=list(self.names), output_dict=True, zero_division=0
        )
        assert isinstance(report, dict)
        for row in found["per_class"]:
            theirs = report[row["class"]]
            assert (row["precision"], row["recall"], row["f1"]) == pytest.approx(
                (theirs["precision"], theirs["recall"], theirs["f1-score"])
            )
        assert found["macro_f1"] == pytest.approx(report["macro avg"]["f1-score"])
        assert found["top1"] == pytest.approx(report["accuracy"])

    def test_top5_equals_scikit_learns(self) -> None:
        answers = random_answers()
        assert top_k(answers, 5) == pytest.approx(top_k_accuracy_score(answers.labels, answers.probabilities, k=5))

    def test_no_top5_where_it_says_nothing(self) -> None:
        assert "top5" not in classification_figures(random_answers(classes=5), self.names[:5]).values

    def test_a_class_without_images_counts_for_nothing(self) -> None:
        answers = Predictions(np.eye(3, dtype=np.float32)[[0, 1, 1]], np.array([0, 1, 0]))
        found = classification_figures(answers, ("a", "b", "absent"))
        assert found["per_class"][2]["images"] == 0
        assert found["macro_f1"] == pytest.approx((2 / 3 + 2 / 3) / 2)

    def test_rows_of_the_confusion_matrix_are_the_truth(self) -> None:
        answers = Predictions(np.eye(2, dtype=np.float32)[[1, 1, 0]], np.array([0, 1, 0]))
        assert classification_figures(answers, ("a", "b"))["confusion"] == [[1, 1], [0, 1]]


class TestCalibration:
    def test_confident_and_right_is_calibrated(self) -> None:
        assert calibration_error(Predictions(np.eye(3, dtype=np.float32), np.arange(3))) == 0

    def test_is_the_gap_between_confidence_and_accuracy(self) -> None:
        probabilities = np.array([[0.9, 0.1]] * 10, np.float32)
        answers = Predictions(probabilities, np.array([0] * 6 + [1] * 4))
        assert calibration_error(answers) == pytest.approx(0.9 - 0.6, abs=1e-6)

    def test_bins_are_weighed_by_their_share(self) -> None:
        probabilities = np.array([[0.9, 0.1]] * 3 + [[0.6, 0.4]], np.float32)
        answers = Predictions(probabilities, np.array([0, 0, 0, 1]))
        assert calibration_error(answers) == pytest.approx(0.75 * 0.1 + 0.25 * 0.6, abs=1e-6)


def test_the_worst_are_wrong_with_the_most_confidence() -> None:
    probabilities = np.array([[0.6, 0.4], [0.9, 0.1], [0.2, 0.8], [0.3, 0.7]], np.float32)
    assert worst(Predictions(probabilities, np.array([1, 1, 1, 0])), 2) == [1, 3]


def test_evaluate_agrees_with_the_formulas_and_leaves_the_mode() -> None:
    logits = torch.tensor([[2.0, 0.0, -1.0], [0.5, 1.5, 0.0], [0.0, 0.0, 3.0]])
    model = nn.Sequential(nn.Dropout(0.9), nn.Identity()).train()
    found = Classify().evaluate(model, [batch(logits[:2], [0, 2]), batch(logits[2:], [2])])
    assert model.training
    assert found["top1"] == pytest.approx(2 / 3)
    assert found["loss"] == pytest.approx(float(F.cross_entropy(logits, torch.tensor([0, 2, 2]))), rel=1e-5)
    assert math.isclose(predict(model, [batch(logits, [0, 2, 2])]).probabilities.sum(), 3, rel_tol=1e-5)


class TestGradCam:
    def test_the_heat_is_where_the_class_is(self) -> None:
        """A network whose only class is brightness finds the bright quarter."""

        class Bright(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.features = nn.AvgPool2d(4)
                self.head = nn.Linear(1, 2)
                nn.init.constant_(self.head.weight, 1.0)

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return self.head(self.features(x).mean((2, 3)))

        image = torch.zeros(1, 1, 16, 16)
        image[..., :8, 8:] = 1
        heat = grad_cam(Bright(), image)[0]
        assert heat.shape == (16, 16)
        assert heat[:6, 10:].min() > 0.9
        assert heat[10:].max() < 0.1

    def test_it_is_of_the_predicted_class_or_of_the_one_asked_for(self) -> None:
        """The first class is what is dark, the second what is bright; most of the image is bright."""

        class Halves(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.features = nn.AvgPool2d(4)

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                bright, dark = self.features(torch.cat([x, 1 - x], 1)).mean((2, 3)).T
                return torch.stack([dark - bright, bright - dark], 1)

        image = torch.ones(1, 1, 16, 16)
        image[..., :4] = 0
        bright, dark = grad_cam(Halves(), image)[0], grad_cam(Halves(), image, torch.tensor([0]))[0]
        assert bright[:, 8:].min() > 0.9 > 0.1 > bright[:, :2].max()
        assert dark[:, :2].min() > 0.9 > 0.1 > dark[:, 8:].max()

    def test_a_map_of_one_cell_is_passed_over(self) -> None:
        """V3 has 1 x 1 cells at 32 pixels, where heat would be the same everywhere."""
        torch.manual_seed(0)
        heat = grad_cam(models.build("mobilenetv3_small", num_classes=4), torch.randn(4, 3, 32, 32))
        assert float(heat.flatten(1).std(1).max()) > 0.05

    @pytest.mark.parametrize("name", ["mobilenetv1_cifar", "mobilenetv2_cifar", "mobilenetv3_small"])
    def test_every_family_gives_a_map_and_is_left_as_it_was(self, name: str) -> None:
        model = models.build(name, num_classes=4, width=0.25).train()
        state = {key: value.clone() for key, value in model.state_dict().items()}
        heat = grad_cam(model, torch.randn(2, 3, 64, 64), torch.tensor([0, 3]))
        assert heat.shape == (2, 64, 64)
        assert 0 <= float(heat.min()) <= float(heat.max()) <= 1
        assert model.training
        assert not any(module._forward_hooks for module in model.modules())
        assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())


def test_the_sheet_of_samples_shows_pixels_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = torch.randint(0, 256, (4, 3, 8, 8), dtype=torch.uint8)
    facts = ClassifyFacts(
        class_names=("cat", "dog"), mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.1), resolution=8, in_channels=3
    )
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (facts.mean, facts.std))
    drawn = batch((pixels / 255 - mean) / std, [0, 1, 1, 0])
    made: Any = SimpleNamespace(train=SimpleNamespace(epoch=lambda epoch, parts: iter([[drawn]])))
    seen: list[Any] = []
    monkeypatch.setattr(train, "save_picture", lambda *picture: None)
    monkeypatch.setattr(train.sheet, "sheet", lambda shown, names: seen.extend([np.stack(shown), names]))
    data: Any = SimpleNamespace(class_names=facts.class_names)
    train.begin(tmp_path, ClassifyTrainConfig(), data, facts, made)
    assert np.array_equal(seen[0], pixels.permute(0, 2, 3, 1).numpy())
    assert seen[1] == ["cat", "dog", "dog", "cat"]
