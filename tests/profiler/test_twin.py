"""The copy that is counted: the same network, no numbers, nothing of the owner's touched."""

import copy
from collections import OrderedDict
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrizations

from lissom.models import build
from lissom.profiler import count
from lissom.profiler.twin import meta_twin


def test_the_same_modules_without_numbers() -> None:
    net = build("mobilenetv3_small", width=0.25)
    twin = meta_twin(net)
    assert [(name, type(m)) for name, m in twin.named_modules()] == [(n, type(m)) for n, m in net.named_modules()]
    assert {k: v.shape for k, v in twin.state_dict().items()} == {k: v.shape for k, v in net.state_dict().items()}
    assert all(tensor.is_meta for tensor in twin.state_dict().values())
    assert not any(tensor.is_meta for tensor in net.state_dict().values())
    assert not any(module.training for module in twin.modules())
    assert all(module.training for module in net.modules())
    assert not set(map(id, net.modules())) & set(map(id, twin.modules()))
    assert [p.requires_grad for p in twin.parameters()] == [p.requires_grad for p in net.parameters()]


def test_references_between_modules_stay_inside_the_copy() -> None:
    class Linked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
            self.second.weight = self.first.weight
            self.steps = [self.first, {"then": self.second}]  # not registered
            self.call = self.first.forward  # a method that knows its module
            self.seen: OrderedDict[str, Any] = OrderedDict()
            self.sizes = (4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.seen["input"] = x
            return self.steps[1]["then"](self.call(x))

    net = Linked()
    twin = meta_twin(net)
    assert twin.steps[0] is twin.first
    assert twin.steps[1]["then"] is twin.second
    assert twin.call.__self__ is twin.first
    assert twin.second.weight is twin.first.weight
    assert count(net, input_shape=(4,)).macs == 2 * 16
    assert net.seen == {}  # the copy's own was written


def test_modules_with_their_own_way_of_being_copied() -> None:
    class Counted(nn.Linear):
        copies = 0

        def __deepcopy__(self, memo: dict) -> "Counted":
            Counted.copies += 1
            made = Counted(4, 2)
            made.load_state_dict(copy.deepcopy(self.state_dict(), memo), assign=True)
            return made

    assert count(nn.Sequential(Counted(4, 2)), input_shape=(4,)).macs == 8
    assert Counted.copies == 1


def test_weights_that_are_made_from_others() -> None:
    net = nn.Sequential(parametrizations.weight_norm(nn.Linear(4, 2)), parametrizations.spectral_norm(nn.Linear(2, 2)))
    before = {key: value.clone() for key, value in net.state_dict().items()}
    found = count(net, input_shape=(4,))
    assert found.parameters == sum(p.numel() for p in net.parameters())
    assert {4 * 2, 2 * 2} <= {layer.macs for layer in found.layers}
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
