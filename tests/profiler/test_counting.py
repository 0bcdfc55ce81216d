"""The count by layer, and that nothing of the counted network changes."""

import json

import pytest
import torch
from torch import nn

from lissom.errors import UsageError
from lissom.messages import text
from lissom.models import build
from lissom.profiler import Profile, count


def test_layers_in_order_with_names_kinds_shapes() -> None:
    net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(128, 5))
    rows = table(count(net, resolution=4))
    image, maps = (1, 3, 4, 4), (1, 8, 4, 4)
    assert rows == [
        ("0", "conv 3x3", image, maps, 3 * 8 * 9 + 8, 16 * 3 * 8 * 9),
        ("1", "norm", maps, maps, 16, 0),
        ("2", "activation", maps, maps, 0, 0),  # and no row for Flatten: it computes nothing
        ("4", "linear", (1, 128), (1, 5), 128 * 5 + 5, 128 * 5),
    ]


def table(profile: Profile) -> list[tuple]:
    return [(r.name, r.kind, r.input_shape, r.output_shape, r.parameters, r.macs) for r in profile.layers]


def test_functions_belong_to_the_module_that_calls_them() -> None:
    with torch.device("meta"):
        kinds = {layer.name: layer.kind for layer in count(build("mobilenetv2"), resolution=64).layers}
    assert kinds["blocks.2"] == "elementwise"  # the shortcut's addition
    assert "blocks.1" not in kinds  # no shortcut there
    assert kinds["pool"] == "pool"


def test_json_keys() -> None:
    values = json.loads(json.dumps(count(nn.Linear(4, 2), input_shape=(4,)).to_dict()))
    sums = {
        "parameters": 10,
        "trainable": 10,
        "macs": 8,
        "other": {"bias": 2},
        "activations": 2,
        "memory_access": 4 + 2 + 10,
        "bytes_read": 4 * (4 + 10),
        "bytes_written": 4 * 2,
    }
    layer = {"name": "", "module": "Linear", "depth": 0}
    shapes = {"input_shape": [1, 4], "output_shape": [1, 2], "receptive_field": None}
    assert values == sums | {
        "peak_memory_bytes": 4 * (4 + 2),
        "weight_bytes": 4 * 10,
        "receptive_field": None,
        "input_shape": [1, 4],
        "input_shapes": [[1, 4]],
        "convention": text("profiler.convention"),
        "layers": [layer | sums | shapes | {"kind": "linear", "calls": 1, "intensity": 8 / (4 * 16)}],
        "modules": [layer | sums],
        "unknown": [],
        "ruled": [],
    }


def test_the_network_is_left_as_it_was() -> None:
    torch.manual_seed(0)
    net = build("mobilenetv3_small", width=0.25)
    calls: list[object] = []
    net.stem.register_forward_hook(lambda *_: calls.append("after"))
    state = {key: value.clone() for key, value in net.state_dict().items()}
    random = torch.get_rng_state()
    count(net, resolution=64)
    assert net.training
    assert all(torch.equal(value, state[key]) for key, value in net.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)
    assert calls == []
    net.eval()(torch.randn(1, 3, 32, 32))
    assert calls == ["after"]  # its own hooks stay, and none of ours


def test_weights_are_not_copied() -> None:
    class Huge(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(1, 1)
            self.fc.weight = nn.Parameter(torch.zeros(1, 1).expand(60_000, 60_000))  # 14 GB if it were made
            self.fc.bias = None

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(x)

    assert count(Huge(), input_shape=(60_000,)).macs == 3_600_000_000


def test_a_module_that_runs_twice_costs_twice_and_weighs_once() -> None:
    shared = nn.Linear(4, 4)
    counted = count(nn.Sequential(shared, nn.ReLU(), shared), input_shape=(4,))
    assert (counted.parameters, counted.macs) == (20, 2 * 16)
    assert [layer.name for layer in counted.layers] == ["0", "1"]


def test_a_shared_tensor_belongs_to_the_first() -> None:
    first, second = nn.Linear(4, 4), nn.Linear(4, 4)
    second.weight = first.weight
    counted = count(nn.Sequential(first, second), input_shape=(4,))
    assert [layer.parameters for layer in counted.layers] == [20, 4]
    assert counted.parameters == 24


def test_frozen_parameters_count_and_trainable_ones_stand_beside_them() -> None:
    net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2)).requires_grad_(False)
    net[1].requires_grad_(True)
    counted = count(net, input_shape=(4,))
    assert (counted.parameters, counted.trainable) == (20 + 10, 10)
    assert [(layer.parameters, layer.trainable) for layer in counted.layers] == [(20, 0), (10, 10)]
    assert [(module.parameters, module.trainable) for module in counted.modules] == [(30, 10), (20, 0), (10, 10)]


def test_parameters_that_take_no_part_are_shown() -> None:
    net = nn.Linear(4, 2)
    net.forgotten = nn.Linear(3, 3)
    counted = count(net, input_shape=(4,))
    assert counted.parameters == 10 + 12
    assert table(counted)[-1] == ("forgotten", "not run", (), (), 12, 0)


def test_parameters_of_a_module_itself() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(4))
            self.offset = torch.zeros(4)  # a plain tensor, in no state

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * self.scale + self.offset

    assert table(count(Scaled(), input_shape=(4,))) == [("", "elementwise", (1, 4), (1, 4), 4, 0)]


def test_channels_are_those_that_a_network_says_or_those_of_the_first_convolution() -> None:
    with torch.device("meta"):
        net, of_a_scene = build("mobilenetv2", in_channels=7), build("cnn3d", in_channels=20)
    assert count(net, resolution=32).input_shape == (1, 7, 32, 32)
    assert count(of_a_scene, resolution=5).input_shape == (1, 20, 5, 5)  # its first convolution has one
    assert count(nn.Sequential(nn.Conv2d(2, 1, 1)), resolution=32).input_shape == (1, 2, 32, 32)
    assert count(nn.Flatten(), resolution=32).input_shape == (1, 3, 32, 32)
    assert count(nn.Flatten(), resolution=32, in_channels=2).input_shape == (1, 2, 32, 32)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_any_precision(dtype: torch.dtype) -> None:
    assert count(nn.Linear(4, 2).to(dtype), input_shape=(4,)).macs == 8


def test_a_compiled_network_is_the_one_inside() -> None:
    net = torch.compile(nn.Linear(4, 2), backend="eager")
    assert count(net, input_shape=(4,)).macs == 8  # type: ignore[arg-type]


def test_named_inputs_and_nested_outputs() -> None:
    class Inner(nn.Module):
        def forward(self, *, image: torch.Tensor) -> dict[str, list[torch.Tensor]]:
            return {"maps": [image * 2]}

    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Inner()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.inner(image=x)["maps"][0]

    assert table(count(Outer(), input_shape=(4,))) == [("inner", "elementwise", (1, 4), (1, 4), 0, 0)]


@pytest.mark.parametrize(
    ("net", "shape"),
    [
        (nn.Conv2d(3, 8, 7), {"resolution": 5}),
        (nn.Linear(4, 2), {"resolution": 8}),
    ],
    ids=["too small", "wrong width"],
)
def test_a_network_that_does_not_run_is_one_line(net: nn.Module, shape: dict) -> None:
    with pytest.raises(UsageError) as caught:
        count(net, **shape)
    assert caught.value.kind == "profile-run-failed"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [{}, {"resolution": 0}, {"resolution": 32, "in_channels": 0}])
def test_input_that_is_none(shape: dict) -> None:
    with pytest.raises(UsageError) as caught:
        count(nn.Flatten(), **shape)
    assert caught.value.kind == "profile-input"
