"""A person's own network by the name of its callable: what it is given, and which file it is of."""

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from lissom.errors import UsageError
from lissom.models import build
from lissom.models.own import located, require_classes

SOURCE = """
from torch import nn


def net(num_classes, in_channels=3, hidden=8):
    layers = [nn.Conv2d(in_channels, hidden, 3), nn.BatchNorm2d(hidden), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(hidden, num_classes))
"""


@pytest.fixture
def named(tmp_path: Path) -> str:
    (tmp_path / "a_net_of_mine.py").write_text(SOURCE, encoding="utf-8")
    return f"{tmp_path / 'a_net_of_mine.py'}:net"


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    sys.modules.pop("a_net_of_mine", None)


def test_it_gets_classes_channels_and_options_and_leaves_the_path_as_it_was(named: str) -> None:
    before = list(sys.path)
    model = build(named, num_classes=5, in_channels=2, hidden="6")
    assert [tuple(p.shape) for p in model.parameters() if p.ndim > 1] == [(6, 2, 3, 3), (5, 6)]
    assert sys.path == before


def test_trying_it_moves_neither_its_mode_nor_its_statistics(named: str) -> None:
    model = build(named, num_classes=5).train()
    model[1].running_mean.fill_(3.0)
    require_classes(model, named, (3, 8, 8), 5)
    assert all(module.training for module in model.modules())
    assert torch.equal(model[1].running_mean, torch.full((8,), 3.0))


def test_another_file_of_the_same_name_is_not_taken_for_it(named: str, tmp_path: Path) -> None:
    assert located(named) == named
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a_net_of_mine.py").write_text(SOURCE, encoding="utf-8")
    with pytest.raises(UsageError, match="a_net_of_mine"):
        build(f"{tmp_path / 'other' / 'a_net_of_mine.py'}:net", num_classes=5)


def test_a_file_that_is_gone_is_named(named: str, tmp_path: Path) -> None:
    (tmp_path / "a_net_of_mine.py").unlink()
    with pytest.raises(UsageError, match=r"no file .*a_net_of_mine\.py"):
        build(named, num_classes=5)


def test_of_an_installed_package_the_name_stays() -> None:
    assert located("torchvision.models:resnet18") == "torchvision.models:resnet18"
    assert isinstance(build("torch.nn:Identity"), nn.Identity)
