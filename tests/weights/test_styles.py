"""Publishers that no installed package stands for: their networks, written plainly, against ours after loading."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from lissom import weights
from lissom.models import build
from lissom.weights.styles import LAYOUTS, STYLES
from models.parity import randomise
from weights.ported import MegviiV1, MegviiV2, PortedV1, PortedV2, tensorflow_names


class Without(nn.Module):
    """The same network without the answers for background."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.model(x)[:, 1:]


def assert_same(reference: nn.Module, ours: nn.Module, resolution: int) -> None:
    images = torch.randn(2, 3, resolution, resolution, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected, got = reference.eval()(images), ours.eval()(images)
    assert ((expected - got).abs().max() / expected.std()).item() < 1e-5


@pytest.mark.parametrize("resolution", [64, 75])
@pytest.mark.parametrize(("network", "options", "reference"), [
    ("mobilenetv1", {"act": "relu6"}, PortedV1), ("mobilenetv2", {}, PortedV2),
])  # fmt: skip
def test_the_port_of_tensorflow_s_networks(
    network: str, options: dict[str, str], reference: type[nn.Module], resolution: int, tmp_path: Path
) -> None:
    theirs, ours = randomise(reference()), build(network, **options)
    torch.save(theirs.state_dict(), tmp_path / "pytorch_model.bin")
    loaded = weights.load(ours, tmp_path / "pytorch_model.bin")
    assert loaded.style == "transformers"
    assert any("background" in str(note) for note in loaded.notes)
    assert_same(Without(theirs), ours, resolution)


def test_tensorflow_s_own_names_and_axes(tmp_path: Path) -> None:
    theirs, ours = randomise(PortedV1()), build("mobilenetv1", act="relu6")
    save_file(tensorflow_names(theirs), tmp_path / "v1.safetensors")
    loaded = weights.load(ours, tmp_path / "v1.safetensors")
    assert (loaded.style, loaded.numerics) == ("tensorflow", (1e-3, "same"))
    assert_same(Without(theirs), ours, 64)


def test_shufflenetv2_s_authors(tmp_path: Path) -> None:
    theirs, ours = randomise(MegviiV2()), build("shufflenetv2", width=0.5)
    torch.save({"state_dict": {f"module.{k}": v for k, v in theirs.state_dict().items()}}, tmp_path / "v2.pth.tar")
    loaded = weights.load(ours, tmp_path / "v2.pth.tar")
    assert loaded.style == "megvii"
    assert_same(theirs, ours, 64)


def test_shufflenetv1_s_authors_have_no_bias_in_the_classifier(tmp_path: Path) -> None:
    theirs, ours = randomise(MegviiV1()), build("shufflenetv1", groups=3)
    torch.save(theirs.state_dict(), tmp_path / "v1.pth")
    loaded = weights.load(ours, tmp_path / "v1.pth")
    assert [str(note) for note in loaded.notes] == ["The file has no head.1.bias: it is zero."]
    assert_same(theirs, ours, 64)


def test_no_two_layouts_have_the_same_marks() -> None:
    assert len({layout.marks for layout in LAYOUTS}) == len(LAYOUTS)
    authors = {"ghostnet", "megvii", "apple", "thu-mig"}
    assert set(STYLES) == {"lissom", "torchvision", "timm", "tensorflow", "transformers", *authors}
