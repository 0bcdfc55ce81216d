"""SpectralFormer: sizes and MACs by formula, answers by a plain implementation, a scene in parts, dropout before it.

What every network for scenes must do is in `test_scene_nets.py`.
"""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from lissom.errors import UsageError
from lissom.models import build, spectralformer
from lissom.models.dense import SceneLogits
from lissom.models.window_net import WindowNet
from lissom.profiler import count


def net(*, bands: int = 9, classes: int = 4, **options: Any) -> WindowNet:
    """In double precision and eval, with the same weights at every call."""
    torch.manual_seed(0)
    model = build("spectralformer", num_classes=classes, in_channels=bands, **options)
    assert isinstance(model, WindowNet)
    torch.nn.init.normal_(model.trunk.token)
    torch.nn.init.normal_(model.trunk.position)
    return model.double().eval()


def sizes(bands: int, classes: int, *, window: int = 7, group: int = 3, fusion: bool = True) -> tuple[int, int]:
    """Parameters and MACs from section IV: 64 channels a token, five encoders of four heads, 8 hidden channels."""
    t, c, h, seen = bands + 1, 64, 8, group * window**2
    encoder = 3 * c * c + c * c + c + c * h + h + h * c + c + 4 * c
    mixes = 3 if fusion else 0
    ends = c * seen + c + t * c + c + 2 * c + c * classes + classes  # embedding, positions, token, norm, classifier
    parameters = ends + 5 * encoder + mixes * (2 * t * t + t)
    attention = 4 * t * c * c + 2 * t * t * c  # projections, then scores and sums
    return parameters, bands * c * seen + 5 * (attention + 2 * t * c * h) + mixes * 2 * t * t * c + c * classes


@pytest.mark.parametrize(("bands", "classes", "options"), [
    (200, 16, {}),
    (103, 9,  {"window": 1}),
    (144, 15, {"fusion": False}),
    (1,   2,  {"group": 7, "window": 3}),
])  # fmt: skip
def test_parameters_and_macs_by_formula(bands: int, classes: int, options: dict[str, Any]) -> None:
    with torch.device("meta"):
        model = build("spectralformer", num_classes=classes, in_channels=bands, **options)
    profile = count(model, resolution=model.window, in_channels=bands)
    assert (profile.parameters, profile.macs, profile.unknown) == (*sizes(bands, classes, **options), ())


def test_as_many_parameters_as_an_independent_implementation_prints() -> None:
    """github.com/odelolajosh/brain-vision, docs/model_summaries.md: 128 bands, 4 classes, single pixels."""
    with torch.device("meta"):
        model = build("spectralformer", num_classes=4, in_channels=128, window=1)
    layers = model.trunk
    assert sum(p.numel() for p in layers.encoders.layers[0].parameters()) == 17_800
    assert sum(p.numel() for p in layers.encoders.fusions.parameters()) == 100_233
    assert (layers.token.numel() + layers.position.numel(), layers.embed.weight.numel() + 64) == (8_320, 256)
    assert sum(p.numel() for p in model.parameters()) == 198_197


def plain(state: dict[str, Tensor], x: Tensor, *, group: int, fusion: bool) -> Tensor:
    """One window, token by token."""

    def norm(key: str, x: Tensor) -> Tensor:
        return F.layer_norm(x, x.shape[-1:], state[f"{key}.weight"], state[f"{key}.bias"])

    def linear(key: str, x: Tensor) -> Tensor:
        return x @ state[f"{key}.weight"].T + state.get(f"{key}.bias", torch.tensor(0.0))

    bands, half = len(x), group // 2
    tokens = [state["trunk.token"][0, 0]]
    for band in range(bands):  # with its neighbours, the outermost ones repeated
        seen = torch.stack([x[min(max(band + step, 0), bands - 1)] for step in range(-half, half + 1)])
        tokens.append((state["trunk.embed.weight"][:, 0] * seen).sum((1, 2, 3)) + state["trunk.embed.bias"])
    y = torch.stack(tokens) + state["trunk.position"][0]
    outputs = [y]
    for place in range(5):
        key = f"trunk.encoders.layers.{place}"
        if fusion and place >= 2:
            weight = state[f"trunk.encoders.fusions.{place - 2}.mix.weight"][..., 0]
            bias = state[f"trunk.encoders.fusions.{place - 2}.mix.bias"]
            y = weight @ torch.cat([y, outputs[place - 2]]) + bias[:, None]
        parts = linear(f"{key}.attention.1.qkv", norm(f"{key}.attention.0", y)).chunk(3, 1)
        heads = [(q @ k.T / q.shape[1] ** 0.5).softmax(1) @ v
                 for q, k, v in zip(*(part.chunk(4, 1) for part in parts), strict=True)]  # fmt: skip
        y = y + linear(f"{key}.attention.1.project", torch.cat(heads, 1))
        y = y + linear(f"{key}.each.4", F.gelu(linear(f"{key}.each.1", norm(f"{key}.each.0", y))))
        outputs.append(y)
    return linear("first", norm("trunk.norm", y[0]))


@pytest.mark.parametrize(("group", "fusion", "window"), [(3, True, 7), (5, True, 1), (1, True, 3), (9, False, 3)])
def test_answers_are_those_of_a_plain_implementation(group: int, fusion: bool, window: int) -> None:
    model = net(width=0.5, group=group, fusion=fusion, window=window)
    x = torch.randn(3, 9, window, window, dtype=torch.float64)
    state = model.state_dict()
    expected = torch.stack([plain(state, each, group=group, fusion=fusion) for each in x])
    assert expected.std() > 1e-3
    torch.testing.assert_close(model(x), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("pixels", [1, 20, 1000])
def test_a_scene_is_the_same_in_any_parts(pixels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row, two, or all at once."""
    monkeypatch.setattr(spectralformer, "PIXELS_AT_ONCE", pixels)
    model, scene = net(width=0.25, window=3), torch.randn(9, 9, 12, dtype=torch.float64)
    with torch.inference_mode():
        torch.testing.assert_close(model.trunk.forward_scene(scene), model.trunk(scene[None])[0], rtol=1e-9, atol=1e-9)


def test_dropout_before_the_last_layer_is_drawn_anew_in_each_pass() -> None:
    whole, padded = SceneLogits(net(width=0.25, window=3)), torch.randn(9, 6, 5, dtype=torch.float64)
    passes = whole.samples(padded, 3)
    assert passes.shape == (3, 4, 3, 4)
    assert not torch.allclose(passes[0], passes[1])
    assert not torch.allclose(passes[1], passes[2])
    without = SceneLogits(net(width=0.25, window=3, dropout=0.0))
    torch.testing.assert_close(without.samples(padded, 2), whole.block(padded).expand(2, -1, -1, -1))


@pytest.mark.parametrize(("width", "channels", "hidden"), [(1.0, 64, 8), (0.5, 32, 4), (0.3, 20, 2), (0.01, 4, 1)])
def test_width_keeps_the_heads_whole(width: float, channels: int, hidden: int) -> None:
    model = net(width=width)
    assert (model.first.in_features, model.trunk.encoders.layers[0].each[1].out_features) == (channels, hidden)


@pytest.mark.parametrize(("options", "kind"), [
    ({"window": 4},    "window-even"),
    ({"group": 4},     "network-option-value"),
    ({"dropout": 1.0}, "network-option-value"),
])  # fmt: skip
def test_what_cannot_be_built_is_one_line(options: dict[str, Any], kind: str) -> None:
    with pytest.raises(UsageError) as caught:
        build("spectralformer", num_classes=4, in_channels=20, **options)
    assert caught.value.kind == kind
    assert "\n" not in str(caught.value)
