"""What one step of a training draws, drops, clips and moves."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from engine.toy import ENGINE, OPTIM, ToyObjective, ToyTrain, images_of, toy_fit, toy_net
from lissom.engine import processes
from lissom.engine.training import Training


class Dropping(nn.Module):
    """Keeps the dropout of every forward pass in train mode."""

    def __init__(self) -> None:
        super().__init__()
        self.net, self.seen = toy_net(), []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if self.training:
            self.seen.append(F.dropout(torch.ones(64), 0.5))
        return self.net(images)


def test_each_step_and_part_draws_its_own_dropout_the_same_for_whoever_asks(tmp_path: Path) -> None:
    model, engine = Dropping(), {"epochs": 2, "accumulate": 2}
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    toy_fit(tmp_path / "a", model=model, train=ToyTrain(replace(ENGINE, accumulate=2), steps=3), engine=engine)
    assert len(torch.stack(model.seen).unique(dim=0)) == len(model.seen) == 12
    again = Dropping()
    torch.manual_seed(99)
    toy_fit(tmp_path / "b", model=again, train=ToyTrain(replace(ENGINE, accumulate=2), steps=3), engine=engine)
    assert torch.stack(again.seen).equal(torch.stack(model.seen))


def training(*, accumulate: int = 1, **optim: object) -> Training:
    engine = replace(ENGINE, accumulate=accumulate)
    wanted = replace(OPTIM, **{"momentum": 0.0, "weight_decay": 0.0, "ema": 0.0, "warmup_epochs": 0.0, **optim})
    made = Training(processes.make_fabric(engine), toy_net(dropout=0.0), ToyObjective(), wanted, engine, steps=6)
    made.begin()
    return made


def test_the_clipped_norm_is_that_of_what_learns() -> None:
    """In many processes a resting trunk has gradients too: they leave before the norm is taken."""
    made = training(lr=1.0, clip_norm=0.01, schedule="constant", head_epochs=1)
    made.begin_epoch(0)
    made.gradients([images_of(0, 16)], 0)
    before = [p.detach().clone() for p in made.model.parameters()]
    for trunk in list(made.model.parameters())[:-2]:
        trunk.grad = torch.full_like(trunk, 100.0)
    made.update(0)
    moved = torch.stack([(p.detach() - b).norm() for p, b in zip(made.model.parameters(), before, strict=True)])
    assert moved[:-2].eq(0).all()
    assert float(moved.norm()) == pytest.approx(0.01, rel=1e-3)


def test_a_step_goes_along_the_mean_of_its_parts_at_its_own_rate() -> None:
    """lr of step 2 of 6, cosine: 0.5 (1 + cos(2 pi / 6)) = 0.75 of the highest."""
    made = training(accumulate=2, lr=0.04, clip_norm=0.0, schedule="cosine")
    made.begin_epoch(0)
    parts = [images_of(0, 8), images_of(1, 8)]
    reference, gradients = toy_net(dropout=0.0), []
    for part in parts:
        reference.zero_grad()
        torch.stack(list(ToyObjective().losses(reference(part.images), part).terms.values())).sum().backward()
        gradients.append([p.grad.clone() for p in reference.parameters() if p.grad is not None])
    made.gradients(parts, 2)
    made.update(2)
    for start, after, a, b in zip(toy_net(dropout=0.0).parameters(), made.model.parameters(), *gradients, strict=True):
        torch.testing.assert_close(after, start - 0.75 * 0.04 * (a + b) / 2, atol=1e-6, rtol=1e-4)
