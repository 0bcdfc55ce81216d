"""The networks beside HybridSN: sizes by formula, answers by a second, plain implementation, and the contract.

One test each for what all share: any bands, window and classes; a gradient for every parameter; whole scenes.
"""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lissom.errors import UsageError
from lissom.models import build, entry, names
from lissom.models.cnn1d import sizes
from lissom.models.dense import SceneLogits
from lissom.models.registry import _BUILDERS
from lissom.models.window_net import WindowNet
from lissom.profiler import count
from lissom.verbs.models import list_models

NETS = tuple(name for name in names("scene") if name != "hybridsn")
EVERY_NET = pytest.mark.parametrize("name", NETS)


def net(name: str, *, bands: int = 20, classes: int = 4, width: float = 0.5, **options: Any) -> WindowNet:
    """The same weights at every call, norms drawn; in eval."""
    torch.manual_seed(0)
    model = build(name, num_classes=classes, in_channels=bands, width=width, **options)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm3d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.3)
            nn.init.normal_(module.running_mean, 0, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 2)
    assert isinstance(model, WindowNet)
    return model.eval()


def windows(model: WindowNet, bands: int, number: int = 3) -> Tensor:
    return torch.randn(number, bands, model.window, model.window, generator=torch.Generator().manual_seed(1))


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def test_scene_networks_are_a_family_of_their_own() -> None:
    assert {"hybridsn", "cnn1d", "cnn2d", "cnn3d", "ssrn", "spectralformer"} == set(names("scene"))
    assert not set(names("scene")) & set(names())


def test_they_are_listed_with_the_others() -> None:
    (row,) = list_models("ssrn")
    assert (row["resolution"], row["parameters"], row["year"]) == (7, 364_168, 2018)
    assert {row["network"] for row in list_models() if row["task"] == "scene"} == set(names("scene"))


# Each formula: the layers' parameters, from the paper's sizes for `b` bands and `k` classes at the paper's window.


def conv(inputs: int, outputs: int, kernel: int) -> int:
    return outputs * (inputs * kernel + 1)


def of_cnn1d(n1: int, k: int) -> int:
    """20 (k1 + 1) + (20 n3 + 1) 100 + (100 + 1) n5."""
    k1, _, n3 = sizes(n1)
    return 20 * (k1 + 1) + (20 * n3 + 1) * 100 + 101 * k


def of_cnn2d(c: int, k: int) -> int:
    return conv(c, 3 * c, 9) + conv(3 * c, 9 * c, 9) + conv(9 * c, 6 * c, 1) + conv(6 * c, k, 1)


def of_cnn3d(b: int, k: int) -> int:
    """200 bands: 200, 100, 100, 50, 50, 26."""
    halved = -(-b // 2)
    last = (-(-halved // 2)) // 2 + 1
    convs = conv(1, 20, 27) + conv(20, 20, 3) + conv(20, 35, 27) + 2 * conv(35, 35, 3) + conv(35, 35, 2)
    return convs + conv(35 * last, k, 1)


def of_ssrn(b: int, k: int) -> int:
    """Figure 3, each convolution with its norm: a weight and a bias for each map."""
    left = (b - 7) // 2 + 1
    spectral = conv(1, 24, 7) + 4 * conv(24, 24, 7) + conv(24, 128, left)
    spatial = conv(1, 24, 128 * 9) + 4 * conv(24, 24, 9)
    norms = 2 * (24 + 4 * 24 + 128 + 24 + 4 * 24)
    return spectral + spatial + norms + conv(24, k, 1)


@pytest.mark.parametrize(("name", "formula"), [
    ("cnn1d", of_cnn1d),
    ("cnn2d", of_cnn2d),
    ("cnn3d", of_cnn3d),
    ("ssrn",  of_ssrn),
])  # fmt: skip
@pytest.mark.parametrize(("bands", "classes"), [(200, 16), (103, 9), (30, 16), (15, 2)])
def test_parameters_by_formula(name: str, formula: Callable[[int, int], int], bands: int, classes: int) -> None:
    with torch.device("meta"):
        model = build(name, num_classes=classes, in_channels=bands)
    assert parameters(model) == formula(bands, classes)


@pytest.mark.parametrize(("name", "bands", "classes", "expected"), [
    ("cnn1d",  220, 8,   81_408),  # Indian Pines with its water bands, eight classes
    ("ssrn",   200, 16, 364_168),  # Indian Pines
    ("cnn2d",   30, 16, 295_036),
    ("cnn3d",  200, 16,  45_196),
])  # fmt: skip
def test_parameters_as_numbers(name: str, bands: int, classes: int, expected: int) -> None:
    with torch.device("meta"):
        assert parameters(build(name, num_classes=classes, in_channels=bands)) == expected


@pytest.mark.parametrize(("bands", "expected"), [
    (220, (24, 5, 40)),  # 197 positions
    (224, (24, 5, 41)),
    (103, (11, 3, 31)),
    (1,   (1, 1, 1)),
    (9,   (1, 1, 9)),
])  # fmt: skip
def test_sizes_of_the_1d_network(bands: int, expected: tuple[int, int, int]) -> None:
    assert sizes(bands) == expected


def rows_of(name: str) -> list[Any]:
    return [pytest.param(name, row, id=f"{name}-{row.resolution}") for row in entry(name).published]


@pytest.mark.parametrize(("name", "row"), [row for name in names("scene") for row in rows_of(name)])
def test_catalogue_s_figures_are_counted_again(name: str, row: Any) -> None:
    known = entry(name)
    with torch.device("meta"):
        model = build(name, num_classes=known.num_classes, in_channels=known.in_channels, **row.options)
    profile = count(model, resolution=row.resolution, in_channels=known.in_channels)
    assert (profile.parameters, profile.macs, profile.unknown) == (row.parameters, row.macs, ())
    assert row.resolution == model.window


@pytest.mark.parametrize("name", names("scene"))
def test_entry_is_the_builder_s(name: str) -> None:
    known = entry(name)
    build(name, num_classes=2, in_channels=30)  # imports its file
    asked = inspect.signature(_BUILDERS[name]).parameters
    assert {key: p.default for key, p in asked.items() if p.default is not p.empty} == dict(known.options)
    assert set(known.limits) | set(known.choices) == {key for key, v in known.options.items() if type(v) in (int, str)}
    assert (known.options["window"], known.published[0].options) == (known.resolution, {})
    with torch.device("meta"):
        small = build(name, num_classes=known.num_classes, in_channels=known.in_channels, **known.small)
    assert parameters(small) < 0.6 * known.published[0].parameters


# Second implementations: functional, from the state, one window at a time and as plain as the papers' sentences.


def plain_cnn1d(state: dict[str, Tensor], x: Tensor) -> Tensor:
    weight, bias = state["trunk.conv.weight"][:, 0, :, 0, 0], state["trunk.conv.bias"]
    spectrum = x[:, 0, 0]
    kernel = weight.shape[1]
    places = range(len(spectrum) - kernel + 1)
    maps = torch.stack([torch.tanh(weight @ spectrum[p : p + kernel] + bias) for p in places], 1)
    pool = sizes(len(spectrum)).pool
    pooled = torch.stack([part.amax(1) for part in maps.split(pool, 1)], 1)
    hidden = torch.tanh(state["first.weight"] @ pooled.flatten() + state["first.bias"])
    return state["rest.1.weight"] @ hidden + state["rest.1.bias"]


def plain_cnn2d(state: dict[str, Tensor], x: Tensor) -> Tensor:
    for layer in ("trunk.0", "trunk.2"):
        patches = x.unfold(1, 3, 1).unfold(2, 3, 1)  # C h w 3 3
        x = torch.einsum("chwij,ocij->ohw", patches, state[f"{layer}.weight"])
        x = (x + state[f"{layer}.bias"][:, None, None]).relu()
    hidden = (state["first.weight"] @ x.flatten() + state["first.bias"]).relu()
    return state["rest.1.weight"] @ hidden + state["rest.1.bias"]


def plain_cnn3d(state: dict[str, Tensor], x: Tensor) -> Tensor:
    x = x[None]  # 1 b h w
    for place, (depth, side, stride) in enumerate(((3, 3, 1), (3, 1, 2), (3, 3, 1), (3, 1, 2), (3, 1, 1), (2, 1, 2))):
        padded = F.pad(x, (0, 0, 0, 0, 1, 1))
        patches = padded.unfold(1, depth, stride).unfold(2, side, 1).unfold(3, side, 1)
        x = torch.einsum("cbhwdij,ocdij->obhw", patches, state[f"trunk.layers.{2 * place}.weight"])
        x = (x + state[f"trunk.layers.{2 * place}.bias"][:, None, None, None]).relu()
    return state["first.weight"] @ x.flatten() + state["first.bias"]


def plain_ssrn(state: dict[str, Tensor], x: Tensor) -> Tensor:
    """Spectra as 1-D convolutions, the plane as 2-D ones."""

    def norm(key: str, x: Tensor) -> Tensor:
        mean, var, weight, bias = (
            state[f"{key}.1.{part}"].view(-1, *[1] * (x.dim() - 1))
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / (var + 1e-3).sqrt() * weight + bias

    def spectral(key: str, x: Tensor, **how: Any) -> Tensor:  # C b n
        out = F.conv1d(x.permute(2, 0, 1), state[f"{key}.0.weight"][..., 0, 0], state[f"{key}.0.bias"], **how)
        return norm(key, out.permute(1, 2, 0))

    def spatial(key: str, x: Tensor, **how: Any) -> Tensor:  # C h w
        return norm(key, F.conv2d(x, state[f"{key}.0.weight"].flatten(1, 2), state[f"{key}.0.bias"], **how))

    bands, side, _ = x.shape
    y = spectral("trunk.spectral.0", x.view(1, bands, -1), stride=2).relu()
    for block in ("trunk.spectral.2.layers", "trunk.spectral.3.layers"):
        y = (y + spectral(f"{block}.2", spectral(f"{block}.0", y, padding=3).relu(), padding=3)).relu()
    y = spectral("trunk.spectral.4", y).relu().view(-1, side, side)
    y = spatial("trunk.spatial.0", y).relu()
    for block in ("trunk.spatial.2.layers", "trunk.spatial.3.layers"):
        y = (y + spatial(f"{block}.2", spatial(f"{block}.0", y, padding=1).relu(), padding=1)).relu()
    return state["first.weight"] @ y.mean((1, 2)) + state["first.bias"]


@pytest.mark.parametrize(("name", "plain"), [
    ("cnn1d", plain_cnn1d),
    ("cnn2d", plain_cnn2d),
    ("cnn3d", plain_cnn3d),
    ("ssrn",  plain_ssrn),
])  # fmt: skip
@pytest.mark.parametrize("larger", [0, 2])
def test_answers_are_those_of_a_plain_implementation(name: str, plain: Callable, larger: int) -> None:
    window = entry(name).resolution + (larger if name != "cnn1d" else 0)
    model = net(name, bands=23, window=window).double()
    x = windows(model, 23).double()
    expected = torch.stack([plain(model.state_dict(), each) for each in x])
    assert expected.std() > 1e-3
    torch.testing.assert_close(model(x), expected, rtol=1e-9, atol=1e-9)


@EVERY_NET
@pytest.mark.parametrize(("bands", "classes", "larger"), [(7, 2, 0), (8, 3, 4), (31, 21, 2)])
def test_any_bands_window_and_classes(name: str, bands: int, classes: int, larger: int) -> None:
    window = entry(name).resolution + (larger if name != "cnn1d" else 0)
    model = net(name, bands=bands, classes=classes, window=window)
    assert model(windows(model, bands)).shape == (3, classes)
    assert model.first.in_features == model.trunk(windows(model, bands)).flatten(1).shape[1]


@EVERY_NET
def test_every_parameter_receives_a_gradient(name: str) -> None:
    model = net(name).train()
    model(windows(model, 20, 8)).square().sum().backward()
    without = [key for key, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    # a bias in front of a norm that is training is cancelled by it: its gradient is rounding, if not 0
    cancelled = {f"{key}.0.bias" for key, m in model.named_modules() if isinstance(m, nn.Sequential)
                 and len(m) == 2 and isinstance(m[1], nn.BatchNorm3d)}  # fmt: skip
    assert set(without) <= cancelled


@EVERY_NET
def test_whole_scenes_at_once_or_the_reason_why_not(name: str) -> None:
    model = net(name)
    assert (SceneLogits(model).form, model.why_not_dense) == (
        ("windows", "padding") if name == "ssrn" else ("dense", "")
    )
    scene = torch.randn(20, 9, 12)
    half = model.window // 2
    padded = F.pad(scene, (half,) * 4)
    with torch.inference_mode():
        expected = torch.stack([
            model(torch.stack([padded[:, r : r + model.window, c : c + model.window] for c in range(12)]))
            for r in range(9)
        ])  # fmt: skip
    torch.testing.assert_close(SceneLogits(model)(scene), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "options", "kind"), [
    ("cnn1d", {"window": 3},    "network-option-value"),
    ("cnn2d", {"window": 4},    "window-even"),
    ("cnn2d", {"window": 3},    "window-too-small"),
    ("cnn3d", {"window": 3},    "window-too-small"),
    ("ssrn",  {"window": 1},    "window-too-small"),
    ("ssrn",  {"in_channels": 6}, "bands-too-few"),
])  # fmt: skip
def test_what_cannot_be_built_is_one_line(name: str, options: dict, kind: str) -> None:
    with pytest.raises(UsageError) as caught:
        build(name, **({"num_classes": 4, "in_channels": 20} | options))
    assert caught.value.kind == kind
    assert "\n" not in str(caught.value)
