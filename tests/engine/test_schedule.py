import math

import pytest
import torch

from lissom.engine.schedule import END, START, factor, warmed


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_the_warm_up_rises_linearly_to_the_highest_rate(schedule):
    rates = [factor(schedule, step, steps=20, warmup_steps=4) for step in range(4)]
    assert rates == [1 / 4, 2 / 4, 3 / 4, 4 / 4]


def test_cosine_falls_by_its_formula_and_would_reach_0_after_the_last_step():
    rates = [factor("cosine", step, steps=20, warmup_steps=4) for step in range(4, 20)]
    assert rates == [pytest.approx((1 + math.cos(math.pi * k / 16)) / 2) for k in range(16)]
    assert rates[0] == 1.0
    assert 0 < rates[-1] < 0.01


def test_cosine_may_end_at_a_share_of_the_highest_rate():
    rates = [factor("cosine", step, steps=20, warmup_steps=4, floor=0.1) for step in range(4, 20)]
    assert rates == [pytest.approx(0.1 + 0.9 * (1 + math.cos(math.pi * k / 16)) / 2) for k in range(16)]


def test_how_much_of_the_warm_up_is_done():
    assert [warmed(step, 4) for step in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]
    assert warmed(0, 0) == 1


def test_constant_stays():
    assert {factor("constant", step, steps=20, warmup_steps=0) for step in range(20)} == {1.0}


@pytest.mark.parametrize(("steps", "warmup_steps"), [(100, 30), (50, 10), (7, 2)])
def test_onecycle_is_torchs(steps, warmup_steps):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=1.0,
        total_steps=steps,
        pct_start=warmup_steps / steps,
        anneal_strategy="linear",
        div_factor=1 / START,
        final_div_factor=START / END,
        cycle_momentum=False,
    )
    for step in range(steps):
        assert factor("onecycle", step, steps=steps, warmup_steps=warmup_steps) == pytest.approx(
            theirs.get_last_lr()[0]
        )
        optimizer.step()
        if step < steps - 1:
            theirs.step()


@pytest.mark.parametrize("schedule", ["cosine", "onecycle", "constant"])
@pytest.mark.parametrize("warmup_steps", [0, 1, 5, 9])
def test_a_run_of_any_length_has_rates_within_0_and_1(schedule, warmup_steps):
    for steps in (1, 2, 5, 6):
        rates = [factor(schedule, step, steps=steps, warmup_steps=warmup_steps) for step in range(steps)]
        assert all(0 < rate <= 1 for rate in rates)


def test_a_step_outside_the_run_is_a_fault():
    with pytest.raises(AssertionError):
        factor("cosine", 5, steps=5, warmup_steps=0)
