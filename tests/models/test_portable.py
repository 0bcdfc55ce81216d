"""Every network as a graph: exported with any batch, compiled as one, and as an ONNX file; the answers stay.

A network for each way to compute by default; the others, and all at full size, with `-m slow`.
"""

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from lissom.deploy.onnx import export_onnx
from lissom.deploy.runner import Runner
from lissom.models import build, entry, names
from models.parity import randomise
from models.zoo import ROWS, drawn, images, side, slow_unless

OF_EACH_WAY = ["mobilenetv3_small", "shufflenetv1_cifar", "shufflenetv2_cifar", "ghostnetv2", "cbam_resnet18_cifar"]
IN_ONNX = ["shufflenetv1_cifar"]  # which reshapes by the batch's size; a MobileNet: tests/deploy
ONE_OF_EACH = pytest.mark.parametrize("name", slow_unless(OF_EACH_WAY, names()))


def assert_alike(got: Tensor, expected: Tensor) -> None:
    """Float noise apart, which grows with the answer's own size."""
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5 * max(1.0, expected.abs().max().item()))


def exported(model: nn.Module, resolution: int, dtype: torch.dtype = torch.float32) -> nn.Module:
    batch = torch.export.Dim("batch", min=1, max=64)
    example = torch.randn(2, 3, resolution, resolution, dtype=dtype)
    return torch.export.export(model, (example,), dynamic_shapes=({0: batch},)).module()


def as_onnx(model: nn.Module, path: Path, resolution: int) -> Runner:
    about = {"task": "classify", "facts": {}, "network": "net", "weights": "abc"}
    export_onnx(model, path, inputs={"images": (3, resolution, resolution)}, outputs=["logits"], about=about)
    return Runner(path)


def without_repeats(name: str) -> nn.Module:
    """Of blocks that are alike the first: what follows is translated as it was."""
    model, first = copy.deepcopy(drawn(name)), {}
    for block in model.blocks:
        first.setdefault(repr(block), block)
    model.blocks = nn.Sequential(*first.values())
    return model


@ONE_OF_EACH
@torch.no_grad()
def test_exports_with_a_batch_of_any_size(name: str) -> None:
    model = without_repeats(name)
    program = exported(model, side(name))
    for number in (1, 5):
        assert_alike(program(images(name, number)), model(images(name, number)))


@ONE_OF_EACH
@torch.no_grad()
def test_compiles_as_one_graph(name: str) -> None:
    model, x = without_repeats(name), images(name)
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    assert_alike(compiled(x), model(x))
    torch.compiler.reset()


@pytest.mark.parametrize("name", slow_unless(IN_ONNX, names()))
def test_answers_as_an_onnx_file_for_any_batch(name: str, tmp_path: Path) -> None:
    model = without_repeats(name)
    runner = as_onnx(model, tmp_path / "net.onnx", side(name))
    for number in (1, 3):
        x = images(name, number)
        assert_alike(torch.from_numpy(runner(x.numpy())["logits"]), model(x).detach())


@pytest.mark.slow
@pytest.mark.parametrize(("name", "options", "resolution"), ROWS, ids=str)
def test_full_matrix(name: str, options: dict, resolution: int, tmp_path: Path) -> None:
    """Each published row at its own width and resolution, in all forms.

    In double precision, where drawn weights that magnify float noise (GhostNetV2 at 1.6: 35,000 times) hide nothing;
    the ONNX file, which is float32, may be as far from that as three times torch's own float32.
    """
    torch.manual_seed(0)
    model = randomise(build(name, num_classes=entry(name).num_classes, **options))
    x = torch.randn(2, 3, resolution, resolution)
    with torch.no_grad():
        in_float = model(x)
        labels = [str(k) for k in range(in_float.shape[1])]
        given = {"resolution": resolution, "in_channels": 3, "labels": labels, "mean": (0.5,) * 3, "std": (0.5,) * 3}
        export_onnx(model, tmp_path / "net.onnx", **given)
        from_file = torch.from_numpy(Runner(tmp_path / "net.onnx")(x.numpy()))
        model, x = model.double(), x.double()
        expected = model(x)
        assert expected.isfinite().all()
        forms = {
            "one image": model(x[:1]),
            "exported": exported(model, resolution, torch.float64)(x[:1]),
            "compiled": torch.compile(model, fullgraph=True, backend="eager")(x),
            "channels-last": model.to(memory_format=torch.channels_last)(x),
        }
        torch.compiler.reset()
    for form, got in forms.items():
        assert distance(got, expected[: len(got)]) < 1e-9, form
    assert distance(from_file, expected) < max(1e-4, 3 * distance(in_float, expected))


def distance(got: Tensor, expected: Tensor) -> float:
    """Largest difference, as a share of the largest value."""
    return ((got - expected).abs().max() / expected.abs().max()).item()
