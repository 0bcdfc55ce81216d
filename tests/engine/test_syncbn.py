"""One process's part; what two of them compute is in test_processes.py."""

import copy

import pytest
import torch
from torch import nn

from engine.toy import images_of, toy_net
from lissom.engine.syncbn import SyncBatchNorm2d, synchronised


@pytest.fixture
def alone(monkeypatch):
    """A process group of one: sums are what they were."""
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "all_reduce", lambda tensor: None)


def test_every_norm_is_replaced_and_names_and_tensors_stay():
    model = toy_net()
    before = dict(model.named_parameters()) | dict(model.named_buffers())
    after = synchronised(model)
    assert [type(m) for m in after if isinstance(m, nn.BatchNorm2d)] == [SyncBatchNorm2d, SyncBatchNorm2d]
    now = dict(after.named_parameters()) | dict(after.named_buffers())
    assert {name: id(tensor) for name, tensor in now.items()} == {name: id(tensor) for name, tensor in before.items()}


def test_in_eval_mode_it_is_torchs():
    norm = nn.BatchNorm2d(3).eval()
    images = images_of(1, 4).images
    assert torch.equal(synchronised(copy.deepcopy(norm))(images), norm(images))


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("options", [{}, {"momentum": None}, {"affine": False}, {"eps": 1e-3, "momentum": 0.01}])
def test_in_training_it_computes_what_torchs_does(options):
    norm = nn.BatchNorm2d(3, **options)
    ours = synchronised(copy.deepcopy(norm))
    for seed in range(3):
        images = images_of(seed, 4).images * 3 + 100
        torch.testing.assert_close(ours(images), norm(images), rtol=1e-4, atol=1e-4)
    for mine, other in zip(ours.buffers(), norm.buffers(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("alone")
def test_its_gradient_is_torchs():
    norm = synchronised(nn.BatchNorm2d(2)).double()
    images = torch.randn(3, 2, 2, 2, dtype=torch.double, requires_grad=True)
    weights = torch.randn(3, 2, 2, 2, dtype=torch.double)
    (norm(images) * weights).sum().backward()
    reference = images.detach().clone().requires_grad_()
    (nn.BatchNorm2d(2).double()(reference) * weights).sum().backward()
    torch.testing.assert_close(images.grad, reference.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("alone")
def test_bfloat16_goes_in_and_comes_out():
    assert synchronised(nn.BatchNorm2d(3))(images_of(1, 4).images.bfloat16()).dtype == torch.bfloat16
