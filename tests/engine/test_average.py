import pytest
import torch

from engine.toy import toy_net
from lissom.engine.average import Average, decay_at


def test_the_decay_warms_up_by_its_formula():
    assert [decay_at(0.9, step) for step in range(3)] == [1 / 10, 2 / 11, 3 / 12]
    assert decay_at(0.9, 1000) == 0.9


def test_the_average_follows_parameters_and_float_buffers_by_the_formula():
    model = toy_net()
    average = Average(model, decay=0.5)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    expected = before
    for step in range(4):
        with torch.no_grad():
            for number, value in enumerate(model.state_dict().values()):
                value += step + number if value.is_floating_point() else 1
        d = decay_at(0.5, step)
        now = model.state_dict()
        expected = {n: d * e + (1 - d) * now[n] if e.is_floating_point() else now[n] for n, e in expected.items()}
        average.update(step)
    for name, value in average.model.state_dict().items():
        torch.testing.assert_close(value, expected[name])


def test_counters_are_copied():
    model = toy_net()
    average = Average(model, decay=0.5)
    model(torch.zeros(2, 3, 8, 8))
    average.update(0)
    assert average.model.state_dict()["1.num_batches_tracked"] == 1


def test_the_average_is_a_model_of_its_own_in_eval_mode():
    model = toy_net()
    average = Average(model, decay=0.5)
    assert not average.model.training
    assert not any(p.requires_grad for p in average.model.parameters())
    with torch.no_grad():
        next(model.parameters()).add_(1)
    first = next(average.model.parameters())
    assert (first != next(model.parameters())).all()


@pytest.mark.parametrize("decay", [0.9, 0.9999])
def test_a_model_that_stands_still_is_its_own_average(decay):
    model = toy_net()
    average = Average(model, decay)
    average.update(0)
    for mine, other in zip(average.model.parameters(), model.parameters(), strict=True):
        assert torch.equal(mine, other)
