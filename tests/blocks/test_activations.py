"""MobileNetV3, section 5.2."""

import torch
from torch.nn.functional import relu6

from lissom.blocks.activations import ACTIVATIONS

X = torch.linspace(-8, 8, 1601, dtype=torch.float64)


def test_h_swish_is_x_relu6_of_x_plus_3_over_6() -> None:
    torch.testing.assert_close(ACTIVATIONS["hswish"]()(X), X * relu6(X + 3) / 6, rtol=0, atol=1e-12)


def test_h_sigmoid_is_relu6_of_x_plus_3_over_6() -> None:
    torch.testing.assert_close(ACTIVATIONS["hsigmoid"]()(X), relu6(X + 3) / 6, rtol=0, atol=1e-12)


def test_none_works_in_place() -> None:
    for make in ACTIVATIONS.values():
        before = X.clone()
        make()(X)
        assert torch.equal(X, before)
