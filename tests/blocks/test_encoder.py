"""The encoder of a transformer, against torch's own layers and against its formula."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lissom.blocks.encoder import Encoder, SelfAttention
from lissom.profiler import count


def attention(channels: int = 12, heads: int = 3) -> SelfAttention:
    torch.manual_seed(0)
    return SelfAttention(channels, heads).double()


def test_equals_torch_s_own_attention() -> None:
    ours, x = attention(), torch.randn(2, 5, 12, dtype=torch.float64)
    theirs = nn.MultiheadAttention(12, 3, batch_first=True, bias=True, dtype=torch.float64)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(ours.qkv.weight)
        theirs.in_proj_bias.zero_()
        theirs.out_proj.load_state_dict(ours.project.state_dict())
    torch.testing.assert_close(ours(x), theirs(x, x, x, need_weights=False)[0], rtol=1e-9, atol=1e-9)


def test_each_head_mixes_by_its_own_scores() -> None:
    """softmax(q k / sqrt(c)) v, head by head."""
    ours, x = attention(), torch.randn(5, 12, dtype=torch.float64)
    query, key, value = (x @ ours.qkv.weight.T).split(12, 1)
    heads = [slice(4 * head, 4 * head + 4) for head in range(3)]
    mixed = [(query[:, h] @ key[:, h].T / 2).softmax(1) @ value[:, h] for h in heads]
    torch.testing.assert_close(ours(x[None])[0], ours.project(torch.cat(mixed, 1)), rtol=1e-9, atol=1e-9)


def test_norms_stand_before_and_what_came_in_is_added() -> None:
    torch.manual_seed(0)
    encoder = Encoder(12, heads=3, hidden=7, dropout=0.5).double().eval()
    for norm in (encoder.attention[0], encoder.each[0]):
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    x = torch.randn(2, 5, 12, dtype=torch.float64)
    norm, attend = encoder.attention
    y = x + attend(F.layer_norm(x, (12,), norm.weight, norm.bias))
    norm, first, _, _, second, _ = encoder.each
    z = y + second(F.gelu(first(F.layer_norm(y, (12,), norm.weight, norm.bias))))
    torch.testing.assert_close(encoder(x), z, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("tokens", "channels", "heads", "hidden"), [(201, 64, 4, 8), (7, 12, 3, 5), (1, 4, 1, 1)])
def test_costs_the_formula(tokens: int, channels: int, heads: int, hidden: int) -> None:
    """4 t c² for the projections, 2 t² c for scores and sums whatever the heads, 2 t c h for the layers on each."""
    profile = count(Encoder(channels, heads=heads, hidden=hidden, dropout=0.1), input_shape=(tokens, channels))
    t, c, h = tokens, channels, hidden
    assert profile.macs == 4 * t * c * c + 2 * t * t * c + 2 * t * c * h
    assert profile.unknown == ()
    assert profile.parameters == 4 * c * c + c + 2 * c * h + h + c + 4 * c
