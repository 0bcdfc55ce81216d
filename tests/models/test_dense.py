"""A scene at once gives the logits and the gradients of its windows one by one."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lissom.models import dense, window_net
from lissom.models import hybridsn as hybridsn_file
from lissom.models.dense import SceneLogits
from lissom.models.hybridsn import hybridsn
from lissom.models.window_net import WindowNet, choose, windows_at

BANDS, CLASSES = 14, 5
FORMS = [("none", False, "dense"), ("none", True, "dense"), ("se", False, "gathered"), ("cbam", True, "gathered")]


def network(attention: str = "none", *, batch_norm: bool = False, window: int = 15, dropout: float = 0.4) -> WindowNet:
    torch.manual_seed(0)
    model = hybridsn(
        num_classes=CLASSES,
        in_channels=BANDS,
        width=1.0,
        window=window,
        batch_norm=batch_norm,
        attention=attention,
        dropout=dropout,
    )
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d):
            nn.init.normal_(module.running_mean, 0, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return model


def by_windows(model: WindowNet, scene: Tensor) -> Tensor:
    """The plain way: every window cut out of the padded scene, a batch at a time."""
    _, height, width = scene.shape
    padded = F.pad(scene, (model.window // 2,) * 4)
    rows = []
    for row in range(height):
        cut = [padded[:, row : row + model.window, column : column + model.window] for column in range(width)]
        rows.append(model(torch.stack(cut)))
    return torch.stack(rows)


def relative(got: Tensor, expected: Tensor) -> float:
    return ((got - expected).abs().max() / expected.abs().max()).item()


@pytest.mark.parametrize(("attention", "batch_norm", "form"), FORMS)
@pytest.mark.parametrize("size", [(15, 15), (7, 40), (33, 3)])
def test_every_pixel_of_a_scene(attention: str, batch_norm: bool, form: str, size: tuple[int, int]) -> None:
    model = network(attention, batch_norm=batch_norm).eval()
    scene = torch.randn(BANDS, *size)
    whole = SceneLogits(model)
    assert whole.form == form
    with torch.inference_mode():
        expected = by_windows(model, scene)
    assert relative(whole(scene), expected) < 1e-5


@pytest.mark.parametrize("window", [9, 13, 15, 25])
def test_every_window(window: int) -> None:
    model = network(window=window).eval()
    scene = torch.randn(BANDS, 12, 20)
    with torch.inference_mode():
        expected = by_windows(model, scene)
    assert relative(SceneLogits(model)(scene), expected) < 1e-5


def test_blocks_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network().eval()
    scene = torch.randn(BANDS, 40, 37)
    whole = SceneLogits(model)(scene)
    monkeypatch.setattr(dense, "BLOCK", 16)
    assert relative(SceneLogits(model)(scene), whole) < 1e-5


def test_the_rows_of_a_map_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network(batch_norm=True).eval()
    scene = torch.randn(BANDS, 40, 37)
    whole = SceneLogits(model)(scene)
    monkeypatch.setattr(hybridsn_file, "STRIP", 9)
    assert relative(SceneLogits(model)(scene), whole) < 1e-5


def test_predicting_twice_gives_the_same_bits() -> None:
    model = network().eval()
    scene = torch.randn(BANDS, 20, 20)
    assert torch.equal(SceneLogits(model)(scene), SceneLogits(model)(scene))


def test_with_dropout_left_on_two_predictions_differ() -> None:
    model = network().train()
    scene, coords = torch.randn(BANDS, 9, 9), torch.tensor([[4, 4], [1, 7]])
    assert not torch.equal(model(scene, coords), model(scene, coords))


def gradients(model: WindowNet, logits: Tensor, labels: Tensor) -> tuple[float, list[Tensor]]:
    model.zero_grad()
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    return loss.item(), [p.grad.clone() for p in model.parameters()]  # type: ignore[union-attr]


@pytest.mark.parametrize("attention", ["none", "se"])
@pytest.mark.parametrize("apart", [False, True])
def test_loss_and_gradients_are_those_of_the_windows(attention: str, apart: bool) -> None:
    model = network(attention, dropout=0.0).train().double()
    height, width = (60, 70) if apart else (25, 30)
    scene = torch.randn(BANDS, height, width, dtype=torch.float64)
    rows = (
        torch.cat([torch.randint(0, 12, (40,)), torch.randint(45, 60, (40,))])
        if apart
        else torch.randint(0, height, (60,))
    )
    coords = torch.stack([rows, torch.randint(0, width, (len(rows),))], 1)
    labels = torch.randint(0, CLASSES, (len(rows),))
    chosen = choose(model, coords, height, width)
    assert (chosen.form, len(chosen.regions) > 1) == ("shared", apart)
    loss, shared = gradients(model, model(scene, coords), labels)
    expected_loss, expected = gradients(model, model(windows_at(scene, coords, model.window)), labels)
    assert loss == pytest.approx(expected_loss, rel=1e-9)
    for got, want in zip(shared, expected, strict=True):
        assert ((got - want).norm() / want.norm()).item() < 1e-9


def test_pixels_share_the_trunk_only_where_that_saves_work() -> None:
    model = network().train()
    assert choose(model, torch.tensor([[0, 0], [0, 1]]), 60, 70).form == "shared"
    assert choose(model, torch.tensor([[0, 0], [14, 14]]), 60, 70).form == "windows"  # around both: more than the two
    assert choose(model, torch.tensor([[0, 0], [59, 69]]), 60, 70).form == "windows"  # far apart: just the two


def test_statistics_of_batch_norm_need_the_windows_while_training() -> None:
    model = network(batch_norm=True)
    assert model.train().why_not_shared() == "norm"
    assert model.eval().why_not_shared() == ""


def test_more_than_memory_should_hold_is_seen_by_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    model, coords = network().train(), torch.randint(0, 60, (500, 2))
    assert choose(model, coords, 60, 60).form == "shared"
    monkeypatch.setattr(window_net, "POSITIONS_AT_ONCE", 1000)
    assert choose(model, coords, 60, 60).form == "windows"
