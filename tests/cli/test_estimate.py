import pytest

from lissom.cli.estimate import Estimate, clock_text


class FakeClock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return FakeClock()


def steps(estimate, clock, number, seconds):
    for _ in range(number):
        clock.now += seconds
        estimate.step_ended()


def test_nothing_is_known_before_the_first_step(clock):
    estimate = Estimate(epochs=3, steps_per_epoch=10, clock=clock)
    assert estimate.epoch_left() is None
    assert estimate.run_left() is None


def test_steps_left_times_seconds_per_step(clock):
    estimate = Estimate(epochs=3, steps_per_epoch=10, clock=clock)
    steps(estimate, clock, 4, 2.0)
    assert estimate.epoch_left() == pytest.approx(6 * 2.0)
    assert estimate.run_left() == pytest.approx(26 * 2.0)


def test_evaluations_count_once_one_was_seen(clock):
    estimate = Estimate(epochs=3, steps_per_epoch=10, clock=clock)
    steps(estimate, clock, 10, 2.0)
    clock.now += 7.0
    estimate.epoch_ended()
    assert estimate.run_left() == pytest.approx(2 * (10 * 2.0 + 7.0))


def test_a_slow_first_step_is_forgotten_at_the_second(clock):
    estimate = Estimate(epochs=1, steps_per_epoch=10, clock=clock)
    steps(estimate, clock, 1, 60.0)
    steps(estimate, clock, 3, 1.0)
    assert estimate.run_left() == pytest.approx(6.0)


def test_a_resumed_run_begins_where_it_is(clock):
    estimate = Estimate(epochs=3, steps_per_epoch=10, epoch=1, step=5, clock=clock)
    steps(estimate, clock, 2, 1.0)
    assert estimate.epoch_left() == pytest.approx(3.0)
    assert estimate.run_left() == pytest.approx(13.0)


def test_a_machine_that_slows_down_shows(clock):
    estimate = Estimate(epochs=1, steps_per_epoch=1000, clock=clock)
    steps(estimate, clock, 100, 1.0)
    steps(estimate, clock, 60, 3.0)
    assert estimate.run_left() == pytest.approx(840 * 3.0, rel=0.05)


def test_the_end_is_0(clock):
    estimate = Estimate(epochs=1, steps_per_epoch=2, clock=clock)
    steps(estimate, clock, 2, 1.0)
    estimate.epoch_ended()
    assert estimate.run_left() == 0


@pytest.mark.parametrize(("seconds", "text"), [(None, "-:--"), (5, "0:05"), (65.4, "1:05"), (3723, "1:02:03")])
def test_seconds_as_a_clock_shows_them(seconds, text):
    assert clock_text(seconds) == text
