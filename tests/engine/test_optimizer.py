import copy

import pytest
import torch
from torch import nn

from engine.toy import toy_net
from lissom.config import OptimConfig
from lissom.engine.optimizer import build_optimizer, parameter_groups, set_rates


def test_norms_biases_and_depthwise_kernels_are_not_decayed():
    conv, norm, depthwise, full = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Conv2d(8, 8, 3, groups=8), nn.Linear(8, 4)
    decayed, spared = parameter_groups(nn.Sequential(conv, norm, depthwise, full), 0.1)
    assert decayed["weight_decay"] == 0.1
    assert spared["weight_decay"] == 0.0
    assert {id(p) for p in decayed["params"]} == {id(conv.weight), id(full.weight)}
    expected = [conv.bias, norm.weight, norm.bias, depthwise.weight, depthwise.bias, full.bias]
    assert {id(p) for p in spared["params"]} == {id(p) for p in expected}


def test_a_grouped_convolution_that_is_not_depthwise_is_decayed():
    grouped = nn.Conv2d(8, 8, 3, groups=2, bias=False)
    assert [id(p) for p in parameter_groups(grouped, 0.1)[0]["params"]] == [id(grouped.weight)]


def test_a_convolution_of_one_channel_is_no_depthwise_one():
    conv = nn.Conv2d(1, 8, 3, bias=False)
    (group,) = parameter_groups(conv, 0.1)
    assert group["weight_decay"] == 0.1


def test_biases_may_stand_apart_those_of_norms_too():
    conv, norm = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)
    *_, biases = groups = parameter_groups(nn.Sequential(conv, norm), 0.1, biases_apart=True)
    assert [group["biases"] for group in groups] == [False, False, True]
    assert ({id(p) for p in biases["params"]}, biases["weight_decay"]) == ({id(conv.bias), id(norm.bias)}, 0.0)
    assert sum(len(group["params"]) for group in groups) == 4


def test_frozen_parameters_are_left_out():
    model = nn.Linear(2, 2)
    model.bias.requires_grad_(False)
    assert sum(len(group["params"]) for group in parameter_groups(model, 0.1)) == 1


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("sgd", lambda groups: torch.optim.SGD(groups, lr=0.01, momentum=0.9, nesterov=True, foreach=False)),
        ("adamw", lambda groups: torch.optim.AdamW(groups, lr=0.01, foreach=False)),
        ("adam", lambda groups: torch.optim.Adam(groups, lr=0.01, foreach=False)),
    ],
)
def test_each_optimizer_moves_the_weights_as_torchs_plain_loop(name, reference):
    ours, theirs = toy_net(), toy_net()
    optimizers = [build_optimizer(ours, OptimConfig(optimizer=name, lr=0.01, weight_decay=0.1))]
    optimizers.append(reference(parameter_groups(theirs, 0.1)))
    for step in range(3):
        for model, optimizer in zip((ours, theirs), optimizers, strict=True):
            for number, parameter in enumerate(model.parameters()):
                draw = torch.Generator().manual_seed(100 * step + number)
                parameter.grad = torch.randn(parameter.shape, generator=draw)
            optimizer.step()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other)


def test_sgd_without_momentum_has_no_nesterov():
    assert not build_optimizer(nn.Linear(1, 1), OptimConfig(optimizer="sgd", momentum=0.0)).param_groups[0]["nesterov"]


def test_sgd_has_the_momentum_of_the_settings():
    assert (
        build_optimizer(nn.Linear(1, 1), OptimConfig(optimizer="sgd", momentum=0.5)).param_groups[0]["momentum"] == 0.5
    )


def test_the_learning_rate_is_set_in_all_groups():
    optimizer = build_optimizer(copy.deepcopy(toy_net()), OptimConfig(optimizer="sgd"))
    set_rates(optimizer, 0.25, bias_lr=0.5, momentum=0.9)
    assert [group["lr"] for group in optimizer.param_groups] == [0.25, 0.25]
