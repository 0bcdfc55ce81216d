"""Frozen trunks, head first, layers that learn slower: what moves, what stays, and that a resumed run is the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from engine.test_fit import last
from engine.toy import CLASSES, ENGINE, ToyTrain, toy_fit, toy_net
from lissom.config import OptimConfig
from lissom.engine.layers import depths, layers, trunk
from lissom.engine.optimizer import build_optimizer, parameter_groups, set_rates
from lissom.errors import Interrupted, UsageError
from lissom.models import Ends, build, entry, names
from lissom.runs.weights import read_weights
from models.zoo import NOT_DEEP, slow_unless


def states(folder: Path) -> dict[str, torch.Tensor]:
    return read_weights(folder / "last.safetensors")[0]


class Stopping(ToyTrain):
    """Fails as a killed process would, before step number `at` of the run."""

    def __init__(self, *args, at: int) -> None:
        super().__init__(*args)
        self.at = at

    def epoch(self, epoch: int, *, start_step: int = 0, parts: range) -> Iterator[list]:
        for step, batches in enumerate(super().epoch(epoch, start_step=start_step, parts=parts), start_step):
            if epoch * self.steps_per_epoch + step == self.at:
                raise KeyboardInterrupt
            yield batches


@pytest.mark.parametrize("name", ["mobilenetv2", "mobilenetv3_small", "resnet18_cifar", "shufflenetv2", "ghostnet"])
def test_layers_run_from_stem_to_head(name: str) -> None:
    with torch.device("meta"):
        model = build(name)
    row = layers(model)
    assert row[0] is model.stem
    assert row[-1] is model.head
    assert sum(p.numel() for layer in row for p in layer.parameters()) == sum(p.numel() for p in model.parameters())
    assert depths(model)[id(model.stem.conv.weight)] == len(row) - 1


@pytest.mark.parametrize("name", slow_unless(NOT_DEEP, [*names(), *names("scene")]))
def test_the_part_that_a_network_names_as_its_head_is_its_last_layer(name: str) -> None:
    with torch.device("meta"):
        model = build(name, **{"num_classes": 4, "in_channels": entry(name).in_channels, **entry(name).small})
    head = model.get_submodule(model.ends.head)
    row = layers(model)
    assert row[-1] is head
    assert not any(module is head for part in trunk(model) for module in part.modules())
    assert [id(p) for layer in row for p in layer.parameters()] == [id(p) for p in model.parameters()]


def by_structure(model: nn.Module) -> list[nn.Module]:
    """Children, and children of children that are sequences, but for the head, that hold parameters."""
    parts = []
    for name, child in model.named_children():
        parts += [*child] if isinstance(child, nn.Sequential) and name != model.ends.head else [child]
    return [part for part in parts if list(part.parameters())]


@pytest.mark.parametrize("name", slow_unless(NOT_DEEP, [*names(), *names("scene")]))
def test_each_network_cuts_itself_where_the_rule_for_other_modules_does(name: str) -> None:
    with torch.device("meta"):
        default = build(name, in_channels=entry(name).in_channels)
        small = build(name, **{"num_classes": 4, "in_channels": entry(name).in_channels, **entry(name).small})
    for model in (default, small):
        expected = [id(layer) for layer in by_structure(model)]
        assert len(expected) > 1
        assert [id(layer) for layer in model.layers()] == expected
        assert [id(layer) for layer in layers(model)] == expected


class Named(nn.Module):
    """It says which its layers are, other than by its structure."""

    def __init__(self) -> None:
        super().__init__()
        self.top, self.body = nn.Linear(2, 2), nn.Linear(2, 2)

    def layers(self) -> list[nn.Module]:
        return [self.body, self.top]


def test_a_network_that_names_its_layers_is_asked() -> None:
    model = Named()
    assert layers(model) == [model.body, model.top]
    assert depths(model)[id(model.body.weight)] == 1


def test_a_child_that_is_called_layers_names_none() -> None:
    model = nn.Module()
    model.layers, model.head = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), nn.Linear(2, 2)
    assert layers(model) == [*model.layers, model.head]


class Renamed(nn.Module):
    """A network whose head, two layers, has another name."""

    def __init__(self, ends: Ends | None) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, 2))
        self.top = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
        if ends:
            self.ends = ends


def test_what_a_network_names_goes_before_the_rule() -> None:
    said, silent = Renamed(Ends("body.0", "top", "top.1")), Renamed(None)
    assert layers(said) == [said.body[0], said.top]
    assert layers(silent) == [silent.body[0], silent.top[0], silent.top[1]]


def test_a_module_without_children_is_one_layer() -> None:
    model = nn.Linear(2, 2)
    assert (layers(model), trunk(model)) == ([model], [])


def test_each_layer_learns_at_a_share_of_the_next_one_s_rate() -> None:
    model = toy_net()  # convolution, norm, depthwise convolution, norm, linear
    optimizer = build_optimizer(model, OptimConfig(layer_decay=0.5))
    set_rates(optimizer, 0.16, bias_lr=0.32, momentum=0.9)
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    found = [rates[id(layer.weight)] for layer in layers(model)]
    assert found == pytest.approx([0.01, 0.02, 0.04, 0.08, 0.16])
    assert len(rates) == len(list(model.parameters()))


def test_layer_decay_keeps_what_weight_decay_spares() -> None:
    model = toy_net()
    decayed = [p for g in parameter_groups(model, 0.1, 0.5, by_layer=True) if g["weight_decay"] for p in g["params"]]
    assert {id(p) for p in decayed} == {id(model[0].weight), id(model[9].weight)}


def test_a_frozen_trunk_keeps_weights_and_statistics_and_the_head_learns(tmp_path: Path) -> None:
    begun = {name: tensor.clone() for name, tensor in toy_net().state_dict().items()}
    toy_fit(tmp_path, optim={"freeze": True, "ema": 0.0, "weight_decay": 0.5})
    moved = {name for name, tensor in states(tmp_path).items() if not torch.equal(tensor, begun[name])}
    assert moved == {"9.weight", "9.bias"}


def test_head_first_then_all(tmp_path: Path) -> None:
    begun = {name: tensor.clone() for name, tensor in toy_net().state_dict().items()}
    (tmp_path / "head").mkdir()
    (tmp_path / "all").mkdir()
    toy_fit(tmp_path / "head", engine={"epochs": 2}, optim={"head_epochs": 2, "ema": 0.0})
    assert torch.equal(states(tmp_path / "head")["0.weight"], begun["0.weight"])
    assert torch.equal(states(tmp_path / "head")["1.running_mean"], begun["1.running_mean"])
    toy_fit(tmp_path / "all", engine={"epochs": 3}, optim={"head_epochs": 2, "ema": 0.0})
    assert not torch.equal(states(tmp_path / "all")["0.weight"], begun["0.weight"])
    assert not torch.equal(states(tmp_path / "all")["1.running_mean"], begun["1.running_mean"])


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("at", [3, 6, 9, 14])  # in the head's epoch, at its end, and after it; six steps an epoch
def test_a_resumed_fine_tuning_is_the_same_to_the_last_bit(at: int, optimizer: str, tmp_path: Path) -> None:
    tuned = {"optimizer": optimizer, "head_epochs": 1, "layer_decay": 0.75, "lr": 0.01, "final_lr": 0.1}
    tuned |= {"warmup_epochs": 1.5, "warmup_bias_lr": 0.05} | ({"warmup_momentum": 0.5} if optimizer == "sgd" else {})
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    broken.mkdir()
    toy_fit(whole, optim=dict(tuned))
    with pytest.raises(Interrupted):
        toy_fit(broken, optim=dict(tuned), train=Stopping(ENGINE, at=at), engine={"checkpoint_minutes": 0.0})
    toy_fit(broken, optim=dict(tuned), resume=True)
    assert last(broken) == last(whole)


@pytest.mark.parametrize("setting", [
    {"layer_decay": 1.5}, {"layer_decay": -0.1}, {"head_epochs": -1},
    {"warmup_bias_lr": -0.1}, {"warmup_momentum": 1.0}, {"final_lr": 1.5},
])  # fmt: skip
def test_settings_out_of_range(setting: dict) -> None:
    with pytest.raises(UsageError, match=next(iter(setting))):
        OptimConfig(**setting)


def test_the_toy_has_a_head_for_its_classes() -> None:
    assert layers(toy_net())[-1].out_features == CLASSES
