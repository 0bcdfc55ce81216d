"""The model contract, for every network and option."""

import pytest
import torch
from torch import nn

from lissom.models import build, entry, names

CASES = [(name, {}) for name in names()] + [
    ("mobilenetv1", {"depthwise": False, "width": 0.5}),
    ("mobilenetv1", {"shallow": True, "act": "relu6"}),
    ("mobilenetv2", {"width": 0.35}),
    ("mobilenetv3_large", {"width": 0.75, "scale_head": True}),
    ("mobilenetv3_large", {"reduced_tail": True, "dilated": True}),
    ("mobilenetv3_large", {"last_stage": "original", "minimalistic": True}),
    ("mobilenetv3_small", {"last_stage": "original", "dilated": True}),
    ("mobilenetv3_small", {"dilated": True, "width": 0.5}),
    ("mobilenetv1_cifar", {"deep": True}),
    ("mobilenetv2_cifar", {"projection": True}),
]
EVERY_CASE = pytest.mark.parametrize(("name", "options"), CASES, ids=str)
EVERY_NAME = pytest.mark.parametrize("name", names())
PYRAMIDS = {  # stride, channels: the last block at each stride, before the final expansion
    "mobilenetv1": [(2, 64), (4, 128), (8, 256), (16, 512), (32, 1024)],
    "mobilenetv2": [(2, 16), (4, 24), (8, 32), (16, 96), (32, 320)],
    "mobilenetv3_large": [(2, 16), (4, 24), (8, 40), (16, 112), (32, 160)],
    "mobilenetv3_small": [(2, 16), (4, 16), (8, 24), (16, 48), (32, 96)],
    "mobilenetv1_cifar": [(1, 64), (2, 128), (4, 256), (8, 512), (16, 1024)],
    "mobilenetv2_cifar": [(1, 24), (2, 32), (4, 96), (8, 320)],
}


def small(name: str, **options) -> nn.Module:
    torch.manual_seed(0)
    return build(name, num_classes=7, **options)


@EVERY_NAME
def test_pyramid(name: str) -> None:
    with torch.device("meta"):
        assert list(build(name).pyramid) == PYRAMIDS[name]


def test_dilated_pyramid_ends_at_stride_16() -> None:
    with torch.device("meta"):
        assert build("mobilenetv3_large", dilated=True).pyramid == ((2, 16), (4, 24), (8, 40), (16, 160))
        assert build("mobilenetv3_small", dilated=True).pyramid == ((2, 16), (4, 16), (8, 24), (16, 96))


@EVERY_CASE
@pytest.mark.parametrize("side", [64, 50])
def test_maps_have_the_strides_and_channels_that_the_pyramid_promises(name: str, options: dict, side: int) -> None:
    with torch.device("meta"):
        model = build(name, **options)
        maps = model.forward_pyramid(torch.empty(2, 3, side, side))
    assert [m.shape for m in maps] == [(2, c, -(-side // s), -(-side // s)) for s, c in model.pyramid]


@EVERY_CASE
def test_logits_are_the_head_of_the_mean_of_the_features(name: str, options: dict) -> None:
    model = small(name, **options).eval()
    x = torch.randn(2, 3, 32, 32)
    features = model.forward_features(x)
    assert features.shape[2] == -(-32 // model.pyramid[-1].stride)
    last = model.expansion(model.forward_pyramid(x)[-1])
    assert torch.equal(features, last)
    torch.testing.assert_close(model(x), model.head(features.mean((2, 3))))
    assert model(x).shape == (2, 7)


@EVERY_CASE
def test_every_parameter_receives_a_gradient(name: str, options: dict) -> None:
    model = small(name, **options, width=0.25) if "width" not in options else small(name, **options)
    model(torch.randn(4, 3, 64, 64)).square().sum().backward()
    without = [key for key, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


@EVERY_NAME
def test_any_classes_channels_and_batch_of_one(name: str) -> None:
    model = build(name, num_classes=3, in_channels=5, width=0.3).eval()
    assert model(torch.randn(1, 5, 40, 40)).shape == (1, 3)


@EVERY_NAME
def test_channels_last_gives_the_same(name: str) -> None:
    model = small(name).eval()
    x = torch.randn(2, 3, 32, 32)
    expected = model(x)
    got = model.to(memory_format=torch.channels_last)(x.to(memory_format=torch.channels_last))
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


@EVERY_CASE
def test_nothing_works_in_place(name: str, options: dict) -> None:
    with torch.device("meta"):
        model = build(name, **options)
    assert not any(getattr(module, "inplace", False) for module in model.modules())


@EVERY_NAME
def test_initialisation(name: str) -> None:
    model = small(name)
    for key, parameter in model.named_parameters():
        module = model.get_submodule(key.rpartition(".")[0])
        if key.endswith("bias"):
            assert not parameter.any()
        elif isinstance(module, nn.BatchNorm2d):
            assert (parameter == 1).all()
        elif parameter.numel() > 5000:  # enough to measure: the deviation is known to 1 / sqrt(2 n)
            fan_out = module.weight.shape[0] * module.weight[0, 0].numel()
            deviation = 0.01 if isinstance(module, nn.Linear) else (2 / fan_out) ** 0.5
            assert parameter.std().item() == pytest.approx(deviation, rel=0.05)


@EVERY_NAME
def test_exports_with_a_batch_of_any_size(name: str) -> None:
    model = small(name, width=0.25).eval()
    side = entry(name).stride
    batch = torch.export.Dim("batch", min=1, max=64)
    program = torch.export.export(model, (torch.randn(2, 3, side, side),), dynamic_shapes=({0: batch},))
    x = torch.randn(5, 3, side, side)
    torch.testing.assert_close(program.module()(x), model(x))


ONE_OF_EACH_BLOCK = [("mobilenetv1", {}), ("mobilenetv2_cifar", {"projection": True}), ("mobilenetv3_small", {})]


@pytest.mark.parametrize(("name", "options"), ONE_OF_EACH_BLOCK)
def test_compiles_as_one_graph(name: str, options: dict) -> None:
    model = small(name, width=0.25, **options).eval()
    x = torch.randn(2, 3, 32, 32)
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(x), model(x))
    torch.compiler.reset()
