"""An exported file answers as its model does, without torch, and says so only after it was compared."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from lissom import models
from lissom.deploy.onnx import export_onnx
from lissom.deploy.parity import closely, parity, require_parity
from lissom.deploy.runner import Runner
from lissom.deploy.targets import runner, writer
from lissom.errors import DataError, MachineError, ResultError, UsageError
from models.zoo import slow_unless


def randomised(name: str, **options: object) -> nn.Module:
    """A network with batch-norm statistics of its own, so that nothing cancels."""
    torch.manual_seed(0)
    model = models.build(name, num_classes=5, width=0.25, **options)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 2.0)  # type: ignore[arg-type]
    return model.eval()


def tiny() -> nn.Module:
    """What an export takes a fraction of a second for."""
    torch.manual_seed(0)
    conv, norm, pool = nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.AdaptiveAvgPool2d(1)
    nn.init.uniform_(norm.running_mean, -0.2, 0.2)
    nn.init.uniform_(norm.running_var, 0.5, 2.0)
    return nn.Sequential(conv, norm, nn.ReLU(), pool, nn.Flatten(), nn.Linear(8, 5)).eval()


ABOUT = {"task": "classify", "facts": {"class_names": list("abcde")}, "network": "net x0.25", "weights": "abc"}


def export(model: nn.Module, path: Path, resolution: int = 32) -> Path:
    inputs = {"images": (3, resolution, resolution)}
    return export_onnx(model, path, inputs=inputs, outputs=["logits"], about=ABOUT)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Module, Path]:
    model = tiny()
    return model, export(model, tmp_path_factory.mktemp("onnx") / "net.onnx")


@pytest.mark.parametrize(
    "name", slow_unless(["mobilenetv3_small"], ["mobilenetv1", "mobilenetv2_cifar", "mobilenetv3_small"])
)
def test_networks_answer_alike_for_any_batch(name: str, tmp_path: Path) -> None:
    model = randomised(name)
    path = export(model, tmp_path / "net.onnx")
    for count in (1, 3):
        images = torch.randn(count, 3, 32, 32)
        found = parity(model, path, {"images": images.numpy()})
        assert found.reached, found
        with torch.inference_mode():  # untrained logits are small: hold the difference to their size
            assert found.largest_difference <= 1e-3 * model(images).abs().max()
        assert (found.n, found.argmax_agree) == (count, count)


def test_the_file_is_valid_single_and_carries_what_it_needs(exported: tuple[nn.Module, Path]) -> None:
    _, path = exported
    onnx.checker.check_model(str(path))
    assert [file.name for file in path.parent.iterdir()] == ["net.onnx"]
    runner = Runner(path)
    assert {name: getattr(runner, name) for name in ABOUT} == ABOUT
    assert [(port.name, port.shape[1:]) for port in runner.inputs] == [("images", (3, 32, 32))]
    assert runner.outputs == ("logits",)


def test_exporting_is_silent_and_leaves_the_model_as_it_was(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    model = tiny().train()
    state = {key: value.clone() for key, value in model.state_dict().items()}
    export(model, tmp_path / "net.onnx")
    assert capfd.readouterr() == ("", "")
    assert model.training
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MachineError) as raised:
        export(tiny(), tmp_path / "file" / "net.onnx")
    assert "\n" not in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_runner_needs_no_torch(exported: tuple[nn.Module, Path]) -> None:
    model, path = exported
    code = (
        "import sys, numpy as np\n"
        "from lissom.deploy.runner import Runner\n"
        "runner = Runner(sys.argv[1])\n"
        "print(runner(np.full((2, 3, 32, 32), 0.5, np.float32))['logits'][1].tolist())\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, env=os.environ, check=True
    )
    with torch.inference_mode():
        expected = model(torch.full((1, 3, 32, 32), 0.5))[0]
    torch.testing.assert_close(torch.tensor(eval(done.stdout)), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("shape", [(1, 3, 16, 16), (1, 1, 32, 32), (3, 32, 32)])
def test_a_wrong_shape_names_both(exported: tuple[nn.Module, Path], shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError) as raised:
        Runner(exported[1])(np.zeros(shape, np.float32))
    assert str(shape[-1]) in str(raised.value)
    assert "32" in str(raised.value)
    with pytest.raises(DataError, match="images"):
        Runner(exported[1])({"pictures": np.zeros((1, 3, 32, 32), np.float32)})


def test_files_that_are_none_of_ours_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(DataError, match=r"text\.onnx"):
        Runner(tmp_path / "text.onnx")
    with pytest.raises(DataError, match=r"nowhere\.onnx"):
        Runner(tmp_path / "nowhere.onnx")
    x = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "foreign", [x], [
        onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    ])  # fmt: skip
    foreign = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(foreign, tmp_path / "foreign.onnx")
    with pytest.raises(DataError, match=r"foreign\.onnx"):
        Runner(tmp_path / "foreign.onnx")


def test_the_ending_says_the_kind_of_file_and_an_unknown_one_is_refused(exported: tuple[nn.Module, Path]) -> None:
    assert writer(Path("net.onnx")) is export_onnx
    assert isinstance(runner(exported[1]), Runner)
    with pytest.raises(UsageError, match=r"net\.tflite.*\.onnx"):
        writer(Path("net.tflite"))


class TestParity:
    def test_a_changed_weight_is_found(self, exported: tuple[nn.Module, Path], tmp_path: Path) -> None:
        model, path = exported
        other = tiny()
        with torch.no_grad():
            next(p for p in other.parameters() if p.ndim == 2)[0] += 0.1
        images = {"images": torch.randn(4, 3, 32, 32).numpy()}
        assert parity(model, path, images).reached
        found = parity(other, path, images)
        assert not found.reached
        assert found.largest_difference > found.tolerance
        with pytest.raises(ResultError, match=r"net\.onnx"):
            require_parity(other, path, images)

    def test_what_is_no_number_never_agrees(self, exported: tuple[nn.Module, Path]) -> None:
        model, path = exported
        assert not parity(model, path, {"images": np.full((2, 3, 32, 32), np.nan, np.float32)}).reached

    def test_large_logits_may_differ_in_proportion(self, tmp_path: Path) -> None:
        model, images = tiny(), torch.randn(2, 3, 32, 32)
        with torch.no_grad():
            next(p for p in model.parameters() if p.ndim == 2).mul_(1e4 / model(images).abs().max())
            largest = float(model(images).abs().max())
        found = parity(model, export(model, tmp_path / "net.onnx"), {"images": images.numpy()})
        assert found.tolerance == pytest.approx(1e-4 * largest, rel=1e-3)
        assert largest > 1000
        assert found.reached

    def test_a_file_with_two_inputs_and_two_outputs_is_compared_in_all_of_them(self, tmp_path: Path) -> None:
        class Pair(nn.Module):
            def forward(self, left: torch.Tensor, right: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
                return left + right, left * right

        path, shape = tmp_path / "pair.onnx", (3,)
        export_onnx(Pair(), path, inputs={"left": shape, "right": shape}, outputs=["sum", "product"], about=ABOUT)
        arrays = {name: np.float32([[1, 2, 3], [4, 5, 6]]) for name in ("left", "right")}
        assert Runner(path)(arrays)["product"].tolist() == [[1, 4, 9], [16, 25, 36]]
        assert parity(Pair(), path, arrays).batch_sizes == (2, 1)

        class Other(Pair):
            def forward(self, left: torch.Tensor, right: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
                return left + right, left * right + 1

        assert not parity(Other(), path, arrays).reached
        nan = lambda got, want: closely({"sum": want["sum"], "product": got["product"] * np.nan}, want)  # noqa: E731
        assert not parity(Pair(), path, arrays, agree=nan).reached

    def test_a_batch_of_one_is_proven_too(self, exported: tuple[nn.Module, Path]) -> None:
        class WrongAlone(Runner):
            def __call__(self, arrays: Any) -> dict[str, np.ndarray]:
                found = super().__call__(arrays)
                return {name: array + (len(array) == 1) for name, array in found.items()}

        model, path = exported
        images = {"images": torch.randn(4, 3, 32, 32).numpy()}
        assert parity(model, Runner(path), images).reached
        assert not parity(model, WrongAlone(path), images).reached
