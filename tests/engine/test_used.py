"""What the loop uses: the weights that it evaluates, the rates of its steps, and a trunk that rests."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.toy import ENGINE, OPTIM, VAL, Batch, ToyObjective, images_of, toy_fit, toy_net
from lissom.engine import processes
from lissom.engine.objective import Losses
from lissom.engine.training import Training
from lissom.runs.weights import load_weights

STEPS = 6  # of an epoch
PLAIN: dict[str, Any] = {"optimizer": "sgd", "lr": 0.1, "schedule": "constant", "warmup_epochs": 0.0, "ema": 0.0}


def training(*, accumulate: int = 1, **optim: Any) -> Training:
    engine = dataclasses.replace(ENGINE, epochs=3, accumulate=accumulate)
    made = Training(
        processes.make_fabric(engine), toy_net(), ToyObjective(),
        dataclasses.replace(OPTIM, **optim), engine, engine.epochs * STEPS,
    )  # fmt: skip
    made.begin()
    return made


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_what_is_kept_is_what_was_evaluated(ema: float, tmp_path: Path) -> None:
    (_, row) = toy_fit(tmp_path, engine={"epochs": 2}, optim={"ema": ema}).history
    model = toy_net(seed=99)
    load_weights(model, tmp_path / "last.safetensors")
    with torch.no_grad():
        found = ToyObjective().evaluate(model.eval(), VAL)
    assert found["val_loss"] == pytest.approx(row["val_loss"], rel=1e-6)


def test_a_resting_trunk_is_neither_moved_nor_decayed_nor_part_of_the_norm() -> None:
    """In many processes it has gradients. Nesterov's first step from rest is lr (1 + momentum) gradient."""
    made = training(**PLAIN, head_epochs=1, weight_decay=0.5, clip_norm=1.0)
    made.begin_epoch(0)
    before = [p.detach().clone() for p in made.model.parameters()]
    for parameter in made.model.parameters():
        parameter.grad = torch.ones_like(parameter)
    made.update(0)
    *trunk, weight, bias = made.model.parameters()
    assert all(torch.equal(now, then) for now, then in zip(trunk, before, strict=False))
    clipped = (weight.numel() + bias.numel()) ** -0.5
    torch.testing.assert_close(bias, before[-1] - 0.1 * 1.9 * clipped)
    torch.testing.assert_close(weight, before[-2] - 0.1 * 1.9 * (clipped + 0.5 * before[-2]))


def test_the_rate_rises_by_steps_of_the_warm_up_s_epochs_and_is_that_of_its_step() -> None:
    made = training(**PLAIN | {"warmup_epochs": 0.5})
    made.begin_epoch(0)
    rates = []
    for step in range(STEPS):
        made.update(step)
        rates.append(made.optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([0.1 / 3, 0.2 / 3, 0.1, 0.1, 0.1, 0.1])


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_biases_and_momentum_reach_theirs_in_the_warm_up(schedule: str) -> None:
    """From 0.4 down to the rate of all, from 0.5 up to 0.9, in three equal steps."""
    given = {"warmup_epochs": 0.5, "warmup_bias_lr": 0.4, "warmup_momentum": 0.5, "schedule": schedule}
    made = training(**PLAIN | given)
    made.begin_epoch(0)
    seen = []
    for step in range(STEPS):
        made.update(step)
        (weights, *_, biases) = made.optimizer.param_groups
        assert weights["lr"] == made.lr(step)
        seen.append((biases["lr"], weights["momentum"], biases["momentum"]))
    assert seen[:3] == [
        pytest.approx(row)
        for row in [(0.3, 0.9 - 0.8 / 3, 0.9 - 0.8 / 3), (0.2, 0.9 - 0.4 / 3, 0.9 - 0.4 / 3), (0.1, 0.9, 0.9)]
    ]
    assert seen[3:] == [(made.lr(step), 0.9, 0.9) for step in range(3, STEPS)]


def test_a_row_names_the_rate_of_its_last_step(tmp_path: Path) -> None:
    made = training(**PLAIN | {"schedule": "cosine"})
    history = toy_fit(tmp_path, optim={**PLAIN, "schedule": "cosine"}).history
    assert [row["lr"] for row in history] == [made.lr(step) for step in (5, 11, 17)]


def test_the_average_follows_each_step_by_that_step_s_decay() -> None:
    """min(0.9, (1 + step) / (10 + step))."""
    made = training(**PLAIN | {"ema": 0.9})
    assert made.average
    made.begin_epoch(0)
    expected = [p.detach().clone() for p in made.model.parameters()]
    for step, decay in enumerate((1 / 10, 2 / 11, 3 / 12)):
        for parameter in made.model.parameters():
            parameter.grad = torch.ones_like(parameter)
        made.update(step)
        expected = [decay * old + (1 - decay) * now for old, now in zip(expected, made.model.parameters(), strict=True)]
        for average, value in zip(made.average.model.parameters(), expected, strict=True):
            torch.testing.assert_close(average, value.detach())


class Fixed(ToyObjective):
    """Losses of 0.25 and 0.5 in every step, whatever the network says."""

    def losses(self, outputs: torch.Tensor, batch: Batch) -> Losses:
        none = 0.0 * outputs.sum()
        return Losses({"first": none + 0.25, "second": none + 0.5})


@pytest.mark.parametrize("accumulate", [1, 2])
def test_the_losses_of_a_row_are_means_over_its_steps(accumulate: int, tmp_path: Path) -> None:
    (row,) = toy_fit(tmp_path, objective=Fixed(), engine={"epochs": 1, "accumulate": accumulate}).history
    assert (row["loss_first"], row["loss_second"], row["train_loss"]) == pytest.approx((0.25, 0.5, 0.75))


def test_a_waking_trunk_s_norms_count_the_parts_of_batches_from_there_on() -> None:
    """1 / (n + 1) at part n of the second epoch: the first one, in which it rested, had two for each step."""
    made = training(**PLAIN | {"head_epochs": 1, "norm_warmup": True}, accumulate=2)
    momenta: list[float] = []
    norm = made.model.get_submodule("1")
    norm.register_forward_hook(lambda module, *_: momenta.append(module.momentum))
    made.begin_epoch(1)
    whole = images_of(0, 16)
    parts = [Batch(whole.images[start:][:8], whole.labels[start:][:8]) for start in (0, 8)]
    for step in (STEPS, STEPS + 1):
        made.gradients(parts, step)
    assert momenta == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])


def test_an_evaluation_moves_no_statistics(tmp_path: Path) -> None:
    """Those of the last weights are those of the network as it was when its last step ended."""
    model = toy_net()
    seen: list[torch.Tensor] = []
    objective = ToyObjective()
    evaluate = objective.evaluate

    def told(shown: torch.nn.Module, batches: Any) -> dict[str, float]:
        seen.append(shown.get_buffer("1.running_mean").clone())
        assert not shown.training
        return evaluate(shown, batches)

    objective.evaluate = told  # type: ignore[method-assign]
    toy_fit(tmp_path, model=model, objective=objective, engine={"epochs": 1}, optim={"ema": 0.0})
    assert torch.equal(seen[0], model.get_buffer("1.running_mean"))
