"""The catalogue's networks as the tests build them: small, at the smallest size that makes sense."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lissom.models import build, entry, names
from models.parity import randomise

NUM_CLASSES = 7
DISTINCT = {  # beside the first network of each file: what has blocks that the first has not
    "mobilenetv2_cifar",
    "se_mobilenetv1",
    "cbam_mobilenetv1",
    "cbam_resnet50",
    "se_resnet20_cifar",
    "se_shufflenetv1",
    "mobilenetv4_conv_medium",
}

DEEP = {  # another network with more of the same blocks
    "resnet101",
    "resnet152",
    "se_resnet101",
    "se_resnet152",
    "se_resnet56_cifar",
    "cbam_resnet101",
    "resnext101_32x4d",
    "se_resnext101_32x4d",
    "mobilenetv4_conv_large",
    "mobileone_s1",
    "mobileone_s2",
    "mobileone_s3",
    "mobileone_s4",
    "repvit_m1_0",
    "repvit_m1_1",
    "repvit_m1_5",
}


def _first() -> set[str]:
    """Of each file the network that the catalogue names first."""
    return set({entry(name).module: name for name in reversed(names())}.values())


FIRST = _first()
OF_EACH_KIND = FIRST | DISTINCT & set(names())
ROWS = [(name, dict(row.options), row.resolution) for name in names() for row in entry(name).published]


def slow_unless(fast: Iterable[str], known: Iterable[str]) -> list[Any]:
    """`known` as parameters; those that are not among `fast` are marked slow."""
    quick = set(fast)
    return [pytest.param(name, marks=() if name in quick else pytest.mark.slow) for name in known]


NOT_DEEP = {*names(), *names("scene")} - DEEP
EVERY_NAME = pytest.mark.parametrize("name", slow_unless(NOT_DEEP, names()))
EVERY_KIND = pytest.mark.parametrize("name", slow_unless(OF_EACH_KIND, names()))


def small(name: str, **options: Any) -> nn.Module:
    """The network with the entry's small options, seven classes and the same weights at every call; in training."""
    torch.manual_seed(0)
    return build(name, **({"num_classes": NUM_CLASSES} | dict(entry(name).small) | options))


def drawn(name: str, **options: Any) -> nn.Module:
    """The same with norms drawn too, so that no part of it cancels; in eval. All share one: it is not to be changed."""
    return _drawn(name, tuple(options.items()))


@cache
def _drawn(name: str, options: tuple[tuple[str, Any], ...]) -> nn.Module:
    return randomise(small(name, **dict(options)))


def on_meta(name: str, **options: Any) -> nn.Module:
    """Without numbers, for `shapes_alone`; in eval. All share one: it is not to be changed."""
    return _on_meta(name, tuple(options.items()))


@cache
def _on_meta(name: str, options: tuple[tuple[str, Any], ...]) -> nn.Module:
    with torch.device("meta"):
        return build(name, **dict(options)).eval()


def side(name: str) -> int:
    """64 pixels, or 32 for the CIFAR forms."""
    return min(entry(name).resolution, 64)


def images(name: str, number: int = 2) -> Tensor:
    """Drawn: `B 3 side side`."""
    draw = torch.Generator().manual_seed(1)
    return torch.randn(number, 3, side(name), side(name), generator=draw)


def variants(name: str) -> Iterator[dict[str, Any]]:
    """Each option that is a word or a yes and no, at each of its other values, all else at its default."""
    known = entry(name)
    for option, default in known.options.items():
        if isinstance(default, bool):
            yield {option: not default}
        elif isinstance(default, str):
            yield from ({option: choice} for choice in known.choices[option] if choice != default)
