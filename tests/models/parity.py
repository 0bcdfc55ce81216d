"""Two networks made the same: every number drawn, then handed over in the order of the state."""

import torch
from torch import nn


def randomise(model: nn.Module, *, seed: int = 0) -> nn.Module:
    """Weights, norms and their statistics drawn; small variances, as trained networks have, so that eps shows."""
    draw = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, generator=draw)
            if module.bias is not None:
                nn.init.normal_(module.bias, generator=draw)
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.0, generator=draw)
            nn.init.normal_(module.bias, 0, 0.3, generator=draw)
            nn.init.normal_(module.running_mean, 0, 0.3, generator=draw)
            nn.init.uniform_(module.running_var, 0.05, 3.0, generator=draw)
    return model.eval()


def hand_over(source: nn.Module, target: nn.Module) -> nn.Module:
    """`source`'s state in `target`, by position; the shapes must agree one by one."""
    theirs, ours = source.state_dict(), target.state_dict()
    assert [v.shape for v in theirs.values()] == [v.shape for v in ours.values()]
    target.load_state_dict(dict(zip(ours, theirs.values(), strict=True)))
    return target.eval()


def largest_difference(reference: nn.Module, ours: nn.Module, *, resolution: int) -> float:
    """Of the logits of two drawn images."""
    images = torch.randn(2, 3, resolution, resolution, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected, got = reference(images), ours(images)
    assert expected.isfinite().all()
    assert expected.std() > 1e-3  # an answer that depends on nothing would prove nothing
    return (expected - got).abs().max().item()


def relative_difference(reference: nn.Module, ours: nn.Module, *, resolution: int) -> float:
    """The largest difference as a share of the reference's largest logit: deep networks drawn at random give large
    ones."""
    images = torch.randn(2, 3, resolution, resolution, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        largest = reference(images).abs().max().item()
    return largest_difference(reference, ours, resolution=resolution) / largest
