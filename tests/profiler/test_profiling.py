"""Networks counted, told apart, and measured side by side."""

import pytest
import torch
from torch import Tensor, nn

from lissom.errors import MachineError
from lissom.models.resolve import ModelRequest, variants
from lissom.profiler import profiling as room
from lissom.profiler.explain import differences
from lissom.profiler.measured import Measuring
from lissom.profiler.profiling import profile_models
from lissom.profiler.result import ProfileResult
from profiler.made import LIMITS, tick

BRIEF = Measuring(repeats=5, warmup=1, memory=False)
SMALL = ModelRequest(model="mobilenetv3_small", resolution=64)


@pytest.fixture(scope="module")
def measured() -> list[ProfileResult]:
    last_stages = variants(SMALL, "last_stage", ["efficient", "original"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "limits", lambda device, refresh: LIMITS)
        tick(patch)
        return profile_models(last_stages, measuring=BRIEF)


class Two(nn.Module):
    """An image and a vector."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.vector = nn.Conv2d(3, 10, 1), nn.Linear(7, 10)

    def forward(self, image: Tensor, vector: Tensor) -> Tensor:
        return self.image(image).mean((2, 3)) + self.vector(vector)


def test_several_inputs_are_counted() -> None:
    (found,) = profile_models([ModelRequest(model=Two(), input_shapes=((3, 8, 8), (7,)))])
    assert found.counted.macs == 8 * 8 * 3 * 10 + 7 * 10
    assert found.counted.input_shapes == ((1, 3, 8, 8), (1, 7))
    assert (found.network, found.published, found.printed, found.measured) == ("Two", None, None, None)


def test_the_papers_figures_stand_beside_the_count() -> None:
    own, other = profile_models([ModelRequest(model="mobilenetv1"), ModelRequest(model="mobilenetv1", num_classes=10)])
    assert own.printed
    assert (own.printed.parameters, own.printed.macs) == (4.2, 569)
    assert own.printed.macs_difference == pytest.approx(568_740_352 / 569e6 - 1)
    assert own.printed.parameters_difference == pytest.approx(own.counted.parameters / 4.2e6 - 1)
    assert own.published
    assert own.published.top1 == 70.6
    assert (other.printed, other.published) == (None, None)


def test_both_last_stages_of_mobilenetv3_differ_in_cost_and_are_timed_in_turn(measured: list[ProfileResult]) -> None:
    efficient, original = measured
    assert efficient.counted.macs < original.counted.macs
    assert original.network == "mobilenetv3_small last_stage=original"
    for found in measured:
        assert found.measured
        assert found.measured.times.latency.n == 5
        assert found.measured.limits is LIMITS
        points = [layer.point for layer in found.layers if layer.ran]
        assert all(point and point.bound in ("compute", "memory") and point.fraction is not None for point in points)
        assert 0.5 < sum(point.time_share for point in points if point) <= 1
        assert found.measured.why[0].kind == "floor"
    assert all("{" not in reason.sentence() for reason in differences(measured))


def test_without_the_layers_the_whole_is_timed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "limits", lambda device, refresh: LIMITS)
    (found,) = profile_models([SMALL], measuring=Measuring(repeats=2, warmup=0, memory=False, layers=False))
    assert found.measured
    assert (found.measured.points, found.measured.why) == ({}, ())
    assert not any(layer.point for layer in found.layers)


def test_networks_at_two_resolutions_stay_apart_and_so_do_equal_ones() -> None:
    found = profile_models(variants(ModelRequest(model="mobilenetv1"), "resolution", ["128", "224"]))
    assert [one.network for one in found] == ["mobilenetv1 128px", "mobilenetv1 224px"]
    assert [one.published.top1 for one in found if one.published] == [64.4, 70.6]  # table 7
    assert [one.network for one in profile_models([SMALL, SMALL])] == [
        "mobilenetv3_small 64px",
        "mobilenetv3_small 64px (2)",
    ]


def test_a_device_that_is_missing_is_said_before_anything_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(MachineError, match="cuda"):
        profile_models([ModelRequest(model="no such network")], device="cuda")
