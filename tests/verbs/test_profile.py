"""`lissom.profile`: plain data of any network, whatever it is asked for by."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

import lissom
from lissom.config import ModelConfig
from lissom.models.resolve import ModelRequest
from lissom.profiler import profiling as room
from lissom.profiler.measured import Measuring
from lissom.tasks.classify.settings import ClassifyTrainConfig
from lissom.training.request import profile_all
from profiler.made import LIMITS
from training.test_run import begun


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return begun(tmp_path, ClassifyTrainConfig(model=ModelConfig(model="mobilenetv1_cifar", width=0.25)))


def test_plain_data_is_what_the_result_writes() -> None:
    found = lissom.profile("mobilenetv1", width=0.5, options={"shallow": "true"}, resolution=64)
    assert (
        found
        == profile_all([ModelRequest(model="mobilenetv1", width=0.5, options={"shallow": True}, resolution=64)])[
            0
        ].to_dict()
    )
    assert found["network"] == "mobilenetv1 x0.5 shallow=True"
    assert json.loads(json.dumps(found)) == found


def test_a_fused_network_is_counted_beside_the_plain_one() -> None:
    plain, fused = (lissom.profile("mobilenetv2_cifar", width=0.25, fused=fused) for fused in (False, True))
    assert fused["unfused"] == [plain["parameters"], plain["macs"]]
    assert fused["parameters"] < plain["parameters"]


def test_inputs_of_any_shape() -> None:
    found = lissom.profile(nn.Linear(7, 10), input_shapes=[(7,)])
    assert (found["macs"], found["input_shapes"]) == (70, [[1, 7]])


def test_a_network_that_is_handed_over() -> None:
    with torch.device("meta"):
        found = lissom.profile(lissom.build("mobilenetv2", in_channels=5), resolution=32)
    assert (found["network"], found["in_channels"]) == ("mobilenetv2", 5)


def test_a_run_is_profiled_by_its_folder_or_opened(run: Path) -> None:
    found = lissom.profile(run)
    assert (found["network"], found["resolution"]) == ("mobilenetv1_cifar x0.25", 32)
    assert lissom.profile(lissom.open_run(run)) == found  # type: ignore[arg-type]


def test_runs_and_names_stand_side_by_side(run: Path) -> None:
    found = profile_all([ModelRequest(model=str(run)), ModelRequest(model="mobilenetv1_cifar")])
    assert [one.network for one in found] == ["mobilenetv1_cifar x0.25", "mobilenetv1_cifar"]


def test_it_is_measured_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "limits", lambda device, refresh: LIMITS)
    brief = Measuring(repeats=2, warmup=0, memory=False)
    found = lissom.profile(nn.Conv2d(3, 8, 3), resolution=16, measuring=brief)["measured"]
    assert (found["latency"]["n"], found["machine"]["device"]) == (2, "cpu")
