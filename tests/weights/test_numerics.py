"""eps and TensorFlow's padding: set all over a network, its tensors and their names untouched."""

import pytest
import torch
from torch import nn

from lissom.models import build
from lissom.weights.numerics import Numerics, SameConv2d, apply_numerics, eps_of


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [7, 8, 9])
def test_the_map_has_ceil_size_by_stride_and_the_odd_pixel_is_at_the_end(kernel: int, stride: int, size: int) -> None:
    conv = SameConv2d(1, 1, kernel, stride, bias=False)
    nn.init.ones_(conv.weight)
    out = conv(torch.ones(1, 1, size, size))[0, 0]
    assert out.shape == (-(-size // stride),) * 2
    missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    inside = min(kernel - missing // 2, size)  # pixels of the first window that are in the image, along a side
    assert out[0, 0].item() == inside**2


def test_only_strided_kernels_change_and_state_keeps_its_names() -> None:
    model = build("mobilenetv3_small")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    apply_numerics(model, Numerics(1e-5, "same"))
    same = [m for m in model.modules() if isinstance(m, SameConv2d)]
    assert len(same) == 5  # stem, and table 2's four blocks of stride 2
    assert eps_of(model) == 1e-5
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_who_held_a_parameter_or_a_hook_of_a_convolution_still_does() -> None:
    model = build("mobilenetv3_small", width=0.5, num_classes=4)
    held = dict(model.named_parameters())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    calls: list[nn.Module] = []
    hook = model.stem.conv.register_forward_hook(lambda module, _, __: calls.append(module))
    draws = torch.get_rng_state()
    apply_numerics(model, Numerics(padding="same"))
    assert torch.equal(torch.get_rng_state(), draws)
    assert type(model.stem.conv) is SameConv2d
    assert [(name, id(p)) for name, p in model.named_parameters()] == [(name, id(p)) for name, p in held.items()]
    assert {id(p) for group in optimizer.param_groups for p in group["params"]} == {id(p) for p in model.parameters()}
    before = model.stem.conv.weight.clone()
    model(torch.randn(2, 3, 64, 64)).square().sum().backward()
    optimizer.step()
    assert not torch.equal(model.stem.conv.weight, before)
    hook.remove()
    model(torch.randn(2, 3, 64, 64))
    assert calls == [model.stem.conv]


def test_no_class_is_changed_under_a_convolution_and_one_that_stands_twice_pads_alike() -> None:
    conv = nn.Conv2d(3, 3, 3, 2, padding=1)
    model = nn.ModuleDict({"a": nn.Sequential(conv), "b": nn.Sequential(conv, conv)})
    apply_numerics(model, Numerics(padding="same"))
    assert type(conv) is nn.Conv2d
    assert {type(m) for part in model.values() for m in part} == {SameConv2d}
    assert len(list(model.parameters())) == 2
    assert list(model.state_dict()) == [f"{at}.{key}" for at in ("a.0", "b.0", "b.1") for key in ("weight", "bias")]


def test_nothing_asked_for_changes_nothing() -> None:
    model = build("mobilenetv3_small")
    apply_numerics(model, Numerics())
    assert eps_of(model) == 1e-3
    assert not any(isinstance(m, SameConv2d) for m in model.modules())
    assert eps_of(nn.Linear(1, 1)) is None


def test_an_exported_network_pads_for_the_batch_it_gets() -> None:
    model = build("mobilenetv2", width=0.25, num_classes=4).eval()
    apply_numerics(model, Numerics(1e-3, "same"))
    images = torch.randn(3, 3, 64, 64)
    exported = torch.export.export(model, (images,), dynamic_shapes=({0: torch.export.Dim("batch")},)).module()
    torch.testing.assert_close(exported(images[:2]), model(images[:2]))
