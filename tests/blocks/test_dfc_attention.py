"""GhostNetV2, section 4."""

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d

from lissom.blocks.dfc_attention import DFCAttention
from lissom.profiler import count
from models.parity import randomise


def drawn() -> DFCAttention:
    torch.manual_seed(0)
    block = DFCAttention(3, 4)
    randomise(block)
    return block


def test_is_the_gate_of_a_column_of_a_row_of_the_halved_map() -> None:
    block, x = drawn(), torch.randn(2, 3, 12, 14)
    mixed = block.mix_norm(block.mix(avg_pool2d(x, 2)))  # B 4 6 7
    rows = torch.zeros_like(mixed)
    for step in range(-2, 3):  # five pixels along the row, by hand
        shifted = nn.functional.pad(mixed, (2, 2))[..., 2 + step : 9 + step]
        rows += block.row.weight[:, 0, 0, step + 2].reshape(1, 4, 1, 1) * shifted
    rows, columns = block.row_norm(rows), torch.zeros_like(mixed)
    for step in range(-2, 3):
        shifted = nn.functional.pad(rows, (0, 0, 2, 2))[..., 2 + step : 8 + step, :]
        columns += block.column.weight[:, 0, step + 2, 0].reshape(1, 4, 1, 1) * shifted
    weights = block.column_norm(columns).sigmoid()
    expected = weights.repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(block(x), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(8, 8), (7, 7), (7, 4), (2, 2), (1, 1), (1, 5)])
def test_weights_stand_for_every_place(shape: tuple[int, int]) -> None:
    out = drawn()(torch.randn(2, 3, *shape))
    assert out.shape == (2, 4, *shape)
    assert ((out > 0) & (out < 1)).all()


def test_reaches_two_halved_pixels_to_either_side_and_no_further() -> None:
    block = drawn()
    x = torch.zeros(1, 3, 16, 16)
    x.requires_grad_()
    block(x)[0, :, 8, 8].sum().backward()
    assert x.grad is not None
    touched = x.grad[0].abs().sum(0) > 0
    expected = torch.zeros(16, 16, dtype=torch.bool)
    expected[4:14, 4:14] = True  # halved pixels 2 to 6 about pixel 4
    assert torch.equal(touched, expected)


def test_costs_a_quarter_of_its_layers_at_full_size() -> None:
    macs = count(DFCAttention(40, 120), input_shape=(40, 28, 28)).macs
    assert macs == 14 * 14 * (40 * 120 + 5 * 120 + 5 * 120)
