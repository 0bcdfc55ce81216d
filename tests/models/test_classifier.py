"""The model contract, for every network and every option of it."""

import copy
from collections.abc import Iterable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from lissom.engine.optimizer import parameter_groups
from lissom.errors import UsageError
from lissom.models import check_resolution, entry, names
from lissom.profiler.shape_mode import shapes_alone
from lissom.runs.weights import load_weights, save_weights
from models.zoo import (
    EVERY_KIND,
    EVERY_NAME,
    FIRST,
    NOT_DEEP,
    NUM_CLASSES,
    OF_EACH_KIND,
    drawn,
    images,
    on_meta,
    side,
    small,
    variants,
)

CASES = [(name, options) for name in names() for options in ({}, *variants(name))]


def cases(plain: Iterable[str]) -> pytest.MarkDecorator:
    """`plain` networks as they are and the first of each paper with its options; the other cases are slow."""
    quick = [name in FIRST if options else name in plain for name, options in CASES]
    marked = [pytest.param(*case, marks=() if q else pytest.mark.slow) for case, q in zip(CASES, quick, strict=True)]
    return pytest.mark.parametrize(("name", "options"), marked, ids=str)


EVERY_CASE = cases(NOT_DEEP)
EVERY_CASE_OF_EACH_KIND = cases(OF_EACH_KIND)


@EVERY_CASE
def test_maps_have_the_strides_and_channels_that_the_pyramid_promises(name: str, options: dict) -> None:
    model = on_meta(name, **options)
    with shapes_alone():
        maps = model.forward_pyramid(torch.empty(2, 3, 64, 64, device="meta"))
    assert [m.shape for m in maps] == [(2, c, 64 // s, 64 // s) for s, c in model.pyramid]
    assert [s for s, _ in model.pyramid] == sorted({s for s, _ in model.pyramid})


@EVERY_NAME
def test_sides_that_no_stride_divides_are_rounded_up(name: str) -> None:
    model, odd = on_meta(name), 75  # 38, 19, 10, 5, 3
    with shapes_alone():
        maps = model.forward_pyramid(torch.empty(2, 3, odd, odd, device="meta"))
    assert [m.shape for m in maps] == [(2, c, -(-odd // s), -(-odd // s)) for s, c in model.pyramid]


@EVERY_CASE_OF_EACH_KIND
@torch.no_grad()
def test_logits_are_the_head_of_the_mean_of_the_features(name: str, options: dict) -> None:
    model, x = drawn(name, **options), images(name)
    features = model.forward_features(x)
    assert features.shape[2] == side(name) // model.pyramid[-1].stride
    assert torch.equal(features, model.expansion(model.forward_pyramid(x)[-1]))
    torch.testing.assert_close(model(x), model.head(features.mean((2, 3))))
    assert model(x).shape == (2, NUM_CLASSES)


@EVERY_CASE_OF_EACH_KIND
def test_every_parameter_receives_a_gradient(name: str, options: dict) -> None:
    """A layer that is built and never called would stay without one; a port of SE-Inception has ten of them."""
    model = leaky(small(name, **options))
    model(images(name, 4)).square().sum().backward()
    without = [key for key, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


def leaky(model: nn.Module) -> nn.Module:
    """A unit that no image of four wakes up is not a missing connection: let something pass below zero."""
    for module in list(model.modules()):
        for child, inner in module.named_children():
            if isinstance(inner, nn.ReLU | nn.ReLU6 | nn.Hardswish):
                setattr(module, child, nn.LeakyReLU(0.2))
    return model


@EVERY_KIND
@torch.no_grad()
def test_any_number_of_classes_and_channels_and_a_batch_of_one(name: str) -> None:
    model = drawn(name, num_classes=3, in_channels=5)
    x = torch.randn(2, 5, side(name), side(name))
    both = model(x)
    assert both.shape == (2, 3)
    torch.testing.assert_close(model(x[:1]), both[:1], rtol=1e-4, atol=1e-4 * both.abs().max().item())


@EVERY_NAME
def test_runs_at_its_stride_and_is_refused_below(name: str) -> None:
    model, smallest = on_meta(name), entry(name).stride
    assert model.pyramid[-1].stride == smallest
    with shapes_alone():
        assert model(torch.empty(1, 3, smallest, smallest, device="meta")).shape == (1, 1000)
    for model_or_name in (model, name):
        check_resolution(model_or_name, smallest)
        with pytest.raises(UsageError, match=f"at least its stride, {smallest}") as caught:
            check_resolution(model_or_name, smallest - 1)
        assert (caught.value.kind, "\n" in str(caught.value)) == ("resolution-too-small", False)


@EVERY_KIND
@torch.no_grad()
def test_channels_last_gives_the_same(name: str) -> None:
    """In double precision: drawn at random, deep networks magnify the rounding of single."""
    model, x = copy.deepcopy(drawn(name)).double(), images(name).double()
    expected = model(x)
    got = model.to(memory_format=torch.channels_last)(x.to(memory_format=torch.channels_last))
    torch.testing.assert_close(got, expected, rtol=1e-9, atol=1e-9 * expected.abs().max().item())


@EVERY_CASE_OF_EACH_KIND
def test_nothing_works_in_place(name: str, options: dict) -> None:
    """What any module gave is the same when the network is done: hooks and feature taps may keep it."""
    model = copy.deepcopy(drawn(name, **options))
    assert not any(getattr(module, "inplace", False) for module in model.modules())
    kept: list[tuple[str, Tensor, Tensor]] = []
    for key, module in model.named_modules():
        module.register_forward_hook(lambda _, __, out, key=key: kept.append((key, out, out.clone())))
    x = images(name)
    with torch.no_grad():
        model(x)
    assert len(kept) > 10
    assert [key for key, out, before in kept if not torch.equal(out, before)] == []
    assert torch.equal(x, images(name))


@EVERY_KIND
@torch.no_grad()
def test_state_survives_the_disk(name: str, tmp_path: Path) -> None:
    model, x = drawn(name), images(name, 1)
    save_weights(tmp_path / "net.safetensors", model.state_dict())
    fresh = small(name).eval()
    assert not torch.equal(fresh(x), model(x))
    load_weights(fresh, tmp_path / "net.safetensors")
    assert torch.equal(fresh(x), model(x))


@EVERY_NAME
def test_weight_decay_spares_depthwise_kernels_norms_and_biases(name: str) -> None:
    """MobileNetV1, section 3.1; most ports decay them."""
    model = on_meta(name)
    groups = parameter_groups(model, 0.1)
    decayed = {id(p) for group in groups if group["weight_decay"] for p in group["params"]}
    for module in model.modules():
        own = dict(module.named_parameters(recurse=False))
        depthwise = isinstance(module, nn.Conv2d) and 1 < module.groups == module.in_channels
        full = isinstance(module, nn.Linear | nn.Conv2d) and not depthwise
        assert {key for key, p in own.items() if id(p) in decayed} == ({"weight"} if full else set())


@EVERY_KIND
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
