"""RepViT: timm's, at every size, with one head or two, and fused."""

import pytest
import timm
import torch
from torch import nn

from lissom.models import build, fuse
from models.parity import hand_over, randomise, relative_difference
from models.zoo import slow_unless

SIZES = pytest.mark.parametrize("size", slow_unless(("m0_9", "m1_1"), ("m0_9", "m1_0", "m1_1", "m1_5")))


@SIZES
def test_equals_timm(size: str) -> None:
    theirs = randomise(timm.create_model(f"repvit_{size}"))
    ours = hand_over(theirs, build(f"repvit_{size}", distilled=True))
    assert relative_difference(theirs, ours, resolution=64) < 1e-5


def test_equals_timm_with_one_head() -> None:
    theirs = randomise(timm.create_model("repvit_m0_9", distillation=False))
    ours = hand_over(theirs, build("repvit_m0_9"))
    assert relative_difference(theirs, ours, resolution=64) < 1e-5


def test_pyramid() -> None:
    with torch.device("meta"):
        assert list(build("repvit_m0_9").pyramid) == [(2, 24), (4, 48), (8, 96), (16, 192), (32, 384)]
        assert list(build("repvit_m0_9_cifar").pyramid) == [(1, 48), (2, 96), (4, 192), (8, 384)]


def test_two_heads_fuse_to_one_linear_layer() -> None:
    heads = randomise(build("repvit_m0_9", distilled=True, width=0.25, num_classes=7)).head
    fused, x = fuse(heads), torch.randn(2, 96)
    with torch.no_grad():
        torch.testing.assert_close(fused(x), heads(x))
    assert [(m.in_features, m.out_features) for m in fused.modules() if isinstance(m, nn.Linear)] == [(96, 7)]
