"""What a network is called with: words to inputs, inputs to the arguments of a call."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lissom.errors import UsageError
from lissom.models.inputs import Input, as_call, example, parse_input


@pytest.mark.parametrize("word", ["3x", "ax4", "0x3", "", "3,4", "16:", "16:word", "=16", "a b=16", "16:int64:int64"])
def test_a_word_that_is_no_input_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="3x224x224"):
        parse_input(word)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("3x224x224", Input((3, 224, 224))),
        ("10", Input((10,))),
        ("16:int64", Input((16,), "int64")),
        ("mask=16:bool", Input((16,), "bool", "mask")),
        ("x=3X8x8", Input((3, 8, 8), "", "x")),
    ],
)
def test_words_are_read(word: str, expected: Input) -> None:
    assert parse_input(word) == expected


def test_inputs_have_the_networks_precision_or_their_own_type() -> None:
    first, second = example(nn.Linear(2, 2).half(), [(3, 8), Input((5,), "int64")])
    assert (tuple(first.shape), first.dtype, first.device.type) == ((1, 3, 8), torch.float16, "meta")
    assert (tuple(second.shape), second.dtype) == ((1, 5), torch.int64)


def test_all_inputs_have_names_or_none() -> None:
    assert list(example(nn.Identity(), [Input((2,), "", "a"), Input((2,), "", "b")])) == ["a", "b"]
    with pytest.raises(UsageError, match="a, 2"):
        example(nn.Identity(), [Input((2,), "", "a"), Input((2,))])


class Named(nn.Module):
    def forward(self, image: Tensor, mask: Any = None) -> Tensor:
        return image


class Whole(nn.Module):
    def forward(self, batch: dict) -> Tensor:
        return batch["image"]


class Anything(nn.Module):
    def forward(self, **parts: Tensor) -> Tensor:
        return parts["image"]


@pytest.mark.parametrize(("network", "whole"), [(Named(), False), (Whole(), True), (Anything(), False)])
def test_a_dictionary_is_arguments_or_where_none_is_called_so_one_argument(network: nn.Module, whole: bool) -> None:
    given = {"image": torch.zeros(1, 2)}
    args, kwargs = as_call(network, given)
    assert (args, kwargs) == (([given], {}) if whole else ([], given))
    assert network(*args, **kwargs) is given["image"]


def test_a_tensor_is_one_argument_and_a_sequence_is_several() -> None:
    x = torch.zeros(1, 2)
    assert as_call(Named(), x) == ([x], {})
    assert as_call(Named(), (x, None)) == ([x, None], {})
