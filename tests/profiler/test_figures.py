"""Exact costs of the networks, against figures made elsewhere and against torch's own counter."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from lissom.models import build, entry, names
from lissom.profiler import Profile, count
from models.zoo import NOT_DEEP

EXACT = [  # what is neither in the catalogue's published rows nor at its resolution
    ("mobilenetv3_large", {"reduced_tail": True}, 2_569_352, 182_302_720),
    ("mobilenetv3_small", {"reduced_tail": True}, 1_099_672, 43_763_584),
    ("mobilenetv3_large", {"dilated": True}, 5_483_032, 354_816_800),
    ("mobilenetv3_small", {"dilated": True}, 2_542_856, 106_509_216),
    ("mobilenetv3_large", {"width": 0.75, "scale_head": True}, 3_377_576, 140_033_816),
]
SMALL = [
    pytest.param(name, dict(entry(name).small), 64, marks=() if name in NOT_DEEP else pytest.mark.slow)
    for name in names()
]
VARIANTS = [
    *[(name, {}, 96) for name in names() if name.startswith("mobilenet")],
    *[(name, {"width": 1.3}, 75) for name in names() if name.startswith("mobilenet")],
    ("mobilenetv1", {"depthwise": False, "act": "relu6", "in_channels": 1}, 128),
    ("mobilenetv1", {"shallow": True, "num_classes": 2}, 33),
    ("mobilenetv3_large", {"last_stage": "original", "scale_head": True, "width": 0.6}, 160),
    ("mobilenetv3_large", {"reduced_tail": True, "dilated": True, "in_channels": 12}, 100),
    ("mobilenetv3_small", {"minimalistic": True, "last_stage": "original"}, 64),
    ("mobilenetv1_cifar", {"deep": True}, 32),
    ("mobilenetv2_cifar", {"projection": True, "width": 0.1}, 32),
]


def profile(name: str, side: int, **options) -> Profile:
    with torch.device("meta"):
        return count(build(name, **options), resolution=side)


@pytest.mark.parametrize(("name", "options", "parameters", "macs"), EXACT)
def test_exact_figures(name: str, options: dict, parameters: int, macs: int) -> None:
    counted = profile(name, 224, **options)
    assert (counted.parameters, counted.macs) == (parameters, macs)


@pytest.mark.parametrize(("name", "options", "side"), [*SMALL, *VARIANTS], ids=str)
def test_macs_are_half_of_torch_s_operations(name: str, options: dict, side: int) -> None:
    with torch.device("meta"):
        model = build(name, **options).eval()
    counted = count(model, resolution=side)
    image = torch.zeros(1, options.get("in_channels", 3), side, side)
    with FlopCounterMode(display=False) as operations, torch.no_grad():
        model.to_empty(device="cpu")(image)  # a tenth of what torch takes for shapes alone
    assert counted.macs == operations.get_total_flops() / 2
    assert counted.parameters == sum(p.numel() for p in model.parameters())
    assert counted.unknown == ()


def test_mobilenetv1_table_2_shares_by_kind_of_layer() -> None:
    """In percent of multiply-adds, and of weights without norms and biases."""
    counted = profile("mobilenetv1", 224)
    kinds = ("pointwise", "depthwise 3x3", "conv 3x3", "linear")
    macs = {kind: sum(layer.macs for layer in counted.layers if layer.kind == kind) for kind in kinds}
    weights = {kind: sum(layer.parameters for layer in counted.layers if layer.kind == kind) for kind in kinds}
    weights["linear"] -= 1000
    shares = {k: (round(100 * macs[k] / counted.macs, 2), round(100 * weights[k] / 4_209_088, 2)) for k in kinds}
    assert sum(weights.values()) == 4_209_088
    assert shares == {
        "pointwise": (94.86, 74.59),
        "depthwise 3x3": (3.06, 1.06),
        "conv 3x3": (1.91, 0.02),  # the paper prints 1.19: the stem's 112 x 112 x 32 x 27 are 10.84 of 568.74 million
        "linear": (0.18, 24.33),
    }
