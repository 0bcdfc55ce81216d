"""Any network: several inputs, the tree of modules, sums, and strangers' networks beside torch's own counter."""

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models as torchvision_models

from lissom.models import build, entry, names
from lissom.profiler import Profile, count


class Pair(nn.Module):
    """An image and a vector that shifts its channels."""

    def __init__(self) -> None:
        super().__init__()
        self.see, self.shift = nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.Linear(5, 8, bias=False)

    def forward(self, image: torch.Tensor, vector: torch.Tensor, scale: float = 1.0) -> torch.Tensor:
        return self.see(image) + scale * self.shift(vector)[:, :, None, None]


IMAGE, VECTOR = (3, 6, 6), (5,)
CALLS = {
    "shapes": {"input_shape": [IMAGE, VECTOR]},
    "tensors": {"inputs": (torch.zeros(1, *IMAGE), torch.zeros(1, *VECTOR))},
    "with a number": {"inputs": [torch.zeros(1, *IMAGE), torch.zeros(1, *VECTOR), 2.0]},
    "by name": {"inputs": {"vector": torch.zeros(1, *VECTOR), "image": torch.zeros(1, *IMAGE)}},
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_several_inputs(call: dict) -> None:
    found = count(Pair(), **call)
    assert found.macs == 36 * 3 * 8 * 9 + 5 * 8
    assert sorted(found.input_shapes) == [(1, *IMAGE), (1, *VECTOR)]
    assert found.input_shape == found.input_shapes[0]
    assert found.receptive_field == (3, 3)


def test_a_batch_that_is_given_is_counted_whole() -> None:
    one, four = (count(nn.Conv2d(3, 8, 3), inputs=torch.zeros(n, 3, 9, 9)) for n in (1, 4))
    assert (four.macs, four.parameters) == (4 * one.macs, one.parameters)


def test_whole_numbers_as_input() -> None:
    net = nn.Sequential(nn.Embedding(100, 16), nn.Linear(16, 4))
    found = count(net, inputs=torch.zeros(1, 7, dtype=torch.int64))
    assert (found.macs, found.parameters, found.unknown) == (7 * 16 * 4, 1600 + 68, ())


@pytest.mark.parametrize("shape", [{"resolution": 6}, {"inputs": torch.zeros(1, 3, 6, 6)}])
def test_an_input_that_is_missing_is_one_line(shape: dict) -> None:
    with pytest.raises(ValueError, match=r"1x3x6x6.*vector"):
        count(Pair(), **shape)


def test_tree_of_modules() -> None:
    with torch.device("meta"):
        net = build("mobilenetv3_small")
    found = count(net, resolution=64)
    tree = {module.name: module for module in found.modules}
    assert list(tree) == [name for name, _ in net.named_modules()]
    whole = tree[""]
    assert (whole.module, whole.depth) == ("Classifier", 0)
    for name in ("parameters", "macs", "other", "activations", "memory_access", "bytes_read", "bytes_written"):
        assert getattr(whole, name) == getattr(found, name)
    children = [f"blocks.{number}" for number in range(len(net.blocks))]  # type: ignore[arg-type]
    assert sum(tree[name].macs for name in children) == tree["blocks"].macs
    assert (tree["blocks.0"].depth, tree["blocks.0"].module) == (2, "InvertedResidual")


@pytest.mark.parametrize("name", names())
def test_sums_are_those_of_the_layers(name: str) -> None:
    """Every network of the registry: nothing is lost between layers, modules and the whole, nothing is unknown."""
    with torch.device("meta"):
        found = count(build(name, **entry(name).small), resolution=entry(name).resolution)
    for figure in ("parameters", "macs", "activations", "memory_access", "bytes_read", "bytes_written"):
        assert getattr(found, figure) == sum(getattr(layer, figure) for layer in found.layers) > 0
    assert found.bytes_read + found.bytes_written >= 4 * found.memory_access  # indices of maxima have eight bytes
    assert found.unknown == ()
    assert found.receptive_field is not None
    assert found.peak_memory_bytes >= 4 * 3 * entry(name).resolution ** 2
    assert found.weight_bytes >= 4 * found.parameters


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_macs_are_half_of_torch_s_operations_at_full_size(name: str) -> None:
    with torch.device("meta"):
        model = build(name).eval()
    assert_as_torch(model, entry(name).resolution)


# fmt: off
STRANGERS: dict[str, Callable[[], nn.Module]] = {
    "transformer": lambda: torchvision_models.vit_b_32(num_classes=2),
    "windows that move": lambda: torchvision_models.swin_t(),
    "dense": lambda: torchvision_models.densenet121(),
    "3d": lambda: torchvision_models.video.r3d_18(),
    "upsampling": lambda: torchvision_models.segmentation.lraspp_mobilenet_v3_large(
        weights=None, weights_backbone=None
    ),
}
# fmt: on


@pytest.mark.slow
@pytest.mark.parametrize("made", STRANGERS.values(), ids=STRANGERS)
def test_strangers_networks(made: Callable[[], nn.Module], request: pytest.FixtureRequest) -> None:
    with torch.device("meta"):
        model = made().eval()
    assert_as_torch(model, 224, shape=(3, 4, 56, 56) if "3d" in request.node.name else None)


def assert_as_torch(model: nn.Module, side: int, shape: tuple[int, ...] | None = None) -> Profile:
    shape = shape or (3, side, side)
    with FlopCounterMode(display=False) as operations, torch.no_grad():
        model(torch.empty(1, *shape, device="meta"))
    found = count(model, input_shape=shape)
    assert found.macs == operations.get_total_flops() / 2
    assert found.parameters == sum(p.numel() for p in model.parameters())
    assert found.unknown == ()
    return found


def test_attention_with_heads_and_functional_calls() -> None:
    length, width = 6, 8

    class Attends(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(width, 2, batch_first=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            mixed, _ = self.attention(x, x, x, need_weights=False)
            return torch.einsum("bld,bmd->blm", mixed, x)

    projections, scores = 4 * length * width**2, 2 * length**2 * width
    found = count(Attends(), input_shape=(length, width))
    assert found.macs == projections + scores + length**2 * width
    assert found.unknown == ()
    assert {layer.name: layer.macs for layer in found.layers}[""] == length**2 * width
