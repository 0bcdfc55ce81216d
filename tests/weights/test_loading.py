"""Checkpoints of others in our networks: the same answers, not only the same shapes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor, nn

from lissom import weights
from lissom.errors import DataError, UsageError
from lissom.models import build
from lissom.runs.weights import save_weights
from lissom.weights.catalogue import CHECKPOINTS
from models.parity import largest_difference, randomise

TIMM, TV = timm.create_model, {"form": "torchvision"}


def saved(model: nn.Module, folder: Path, name: str = "file.pth") -> Path:
    torch.save(model.state_dict(), folder / name)
    return folder / name


def difference(reference: nn.Module, ours: nn.Module, resolution: int) -> float:
    """The largest of the logits, as a share of their spread: a linear layer adds up in another order than a 1x1."""
    images = torch.randn(2, 3, resolution, resolution, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        spread = reference(images).std().item()
    return largest_difference(reference, ours.eval(), resolution=resolution) / spread


@pytest.mark.parametrize(("theirs", "name", "options", "style"), [
    (lambda: torchvision.models.mobilenet_v2(width_mult=0.35), "mobilenetv2", {"width": 0.35}, "torchvision"),
    (lambda: torchvision.models.mobilenet_v3_small(), "mobilenetv3_small", {}, "torchvision"),
    (lambda: torchvision.models.mobilenet_v3_large(), "mobilenetv3_large", {}, "torchvision"),
    (lambda: TIMM("mobilenetv1_100"), "mobilenetv1", {"act": "relu6"}, "timm"),
    (lambda: TIMM("mobilenetv2_050"), "mobilenetv2", {"width": 0.5}, "timm"),
    (lambda: TIMM("mobilenetv3_small_075"), "mobilenetv3_small", {"width": 0.75}, "timm"),
    (lambda: TIMM("mobilenetv3_large_100"), "mobilenetv3_large", {}, "timm"),
    (lambda: torchvision.models.shufflenet_v2_x0_5(), "shufflenetv2", {"width": 0.5, **TV}, "torchvision"),
    (lambda: torchvision.models.shufflenet_v2_x1_0(), "shufflenetv2", TV, "torchvision"),
    (lambda: torchvision.models.resnet18(), "resnet18", {}, "torchvision"),
    (lambda: torchvision.models.resnet50(), "resnet50", {}, "torchvision"),
    (lambda: torchvision.models.resnext50_32x4d(), "resnext50_32x4d", {}, "torchvision"),
    (lambda: TIMM("seresnet50"), "se_resnet50", {}, "timm"),
    (lambda: TIMM("legacy_seresnet50"), "se_resnet50", {"stem": "authors", "stride_in": "1x1"}, "timm"),
    (lambda: TIMM("legacy_seresnext50_32x4d"), "se_resnext50_32x4d", {"stem": "authors"}, "timm"),
    (lambda: TIMM("ghostnet_100"), "ghostnet", {}, "ghostnet"),
    (lambda: TIMM("ghostnetv2_100"), "ghostnetv2", {}, "ghostnet"),
    (lambda: TIMM("mobilenetv3_small_050"), "mobilenetv3_small", {"width": 0.5, "scale_stem": False}, "timm"),
    (lambda: TIMM("mobilenetv4_conv_small_050"), "mobilenetv4_conv_small", {"width": 0.5}, "timm"),
    (lambda: TIMM("mobilenetv4_conv_medium"), "mobilenetv4_conv_medium", {}, "timm"),
    (lambda: TIMM("lcnet_050"), "pp_lcnet", {"width": 0.5}, "timm"),
    (lambda: TIMM("mobileone_s0"), "mobileone_s0", {}, "timm"),
    (lambda: TIMM("repvit_m0_9"), "repvit_m0_9", {"distilled": True}, "timm"),
    (lambda: TIMM("repvit_m0_9", distillation=False), "repvit_m0_9", {}, "timm"),
])  # fmt: skip
def test_answers_are_those_of_the_reference(
    theirs: Callable[[], nn.Module], name: str, options: dict[str, Any], style: str, tmp_path: Path
) -> None:
    reference = randomise(theirs())
    ours = build(name, **options)
    loaded = weights.load(ours, saved(reference, tmp_path))
    assert loaded.style == style
    assert difference(reference, ours, 64) < 1e-5
    assert not loaded.new_head


@pytest.mark.parametrize(("theirs", "name", "options"), [
    ("tf_mobilenetv3_small_minimal_100", "mobilenetv3_small", {"minimalistic": True}),
    ("tf_mobilenetv3_small_075", "mobilenetv3_small", {"width": 0.75}),
    ("tf_mobilenetv3_large_075", "mobilenetv3_large", {"width": 0.75}),
])  # fmt: skip
@pytest.mark.parametrize("resolution", [64, 75])
def test_tensorflow_s_padding_and_eps_travel_with_the_weights(
    theirs: str, name: str, options: dict[str, Any], resolution: int, tmp_path: Path
) -> None:
    reference = randomise(TIMM(theirs))
    ours = build(name, **options)
    row = CHECKPOINTS[f"timm/{theirs}.in1k"]
    loaded = weights.load(ours, saved(reference, tmp_path), checkpoint=row)
    assert (loaded.numerics.eps, loaded.numerics.padding) == (1e-3, "same")
    assert difference(reference, ours, resolution) < 1e-5
    assert any("TensorFlow" in str(note) for note in loaded.notes)


def test_the_row_is_found_by_the_file_s_name(tmp_path: Path) -> None:
    reference = randomise(TIMM("tf_mobilenetv3_small_minimal_100"))
    file = saved(reference, tmp_path, "tf_mobilenetv3_small_minimal_100-922a7843.pth")
    loaded = weights.load(build("mobilenetv3_small", minimalistic=True), file)
    assert loaded.checkpoint
    assert loaded.checkpoint.name == "timm/tf_mobilenetv3_small_minimal_100.in1k"
    assert loaded.norm == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert loaded.numerics.padding == "same"


def test_another_eps_is_set_and_announced(tmp_path: Path) -> None:
    loaded = weights.load(build("mobilenetv3_small"), saved(TIMM("mobilenetv3_small_100"), tmp_path))
    assert loaded.numerics.eps == 1e-5  # ours is built with torchvision's 1e-3
    assert any("1e-05" in str(note) for note in loaded.notes)


def test_a_basic_block_with_another_order_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"SENet's authors' SE-ResNet.*se_resnet18: "):
        weights.load(build("se_resnet18", stem="authors"), saved(TIMM("legacy_seresnet18"), tmp_path))


@pytest.mark.parametrize(("theirs", "name", "option", "built", "expected"), [
    (lambda: TIMM("legacy_seresnet50"), "se_resnet50", "stem", "torchvision", "authors"),
    (lambda: TIMM("seresnet50"), "se_resnet50", "stride_in", "1x1", "3x3"),
    (lambda: torchvision.models.shufflenet_v2_x0_5(), "shufflenetv2", "form", "paper", "torchvision"),
    (lambda: TIMM("mobilenetv1_100"), "mobilenetv1", "act", "relu", "relu6"),
])  # fmt: skip
def test_an_option_that_must_match_is_named(
    theirs: Callable[[], nn.Module], name: str, option: str, built: str, expected: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=f"require {option}={expected}; the network was built with {option}={built}"):
        weights.load(build(name, width=0.5, **{option: built}), saved(theirs(), tmp_path))


# wrappers and formats


@pytest.fixture(scope="module")
def small() -> dict[str, Tensor]:
    return randomise(torchvision.models.mobilenet_v2(width_mult=0.35)).state_dict()


def loads(file: Path) -> weights.Loaded:
    return weights.load(build("mobilenetv2", width=0.35), file)


@pytest.mark.parametrize("wrap", [
    lambda state: {"state_dict": state, "epoch": 3},
    lambda state: {"model": {f"module.{k}": v for k, v in state.items()}},
    lambda state: {"state_dict": {f"_orig_mod.{k}": v for k, v in state.items()}, "optimizer": {}},
], ids=["state_dict", "parallel", "compiled"])  # fmt: skip
def test_wrappers_are_taken_off(wrap: Callable[..., Any], small: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(wrap(small), tmp_path / "wrapped.pth")
    assert loads(tmp_path / "wrapped.pth").notes == ()


def test_averaged_weights_come_before_those_that_they_average(small: dict[str, Tensor], tmp_path: Path) -> None:
    last = {name: value + 1 for name, value in small.items()}
    torch.save({"state_dict": last, "state_dict_ema": small}, tmp_path / "ema.pth")
    model = build("mobilenetv2", width=0.35)
    loaded = weights.load(model, tmp_path / "ema.pth")
    assert torch.equal(model.state_dict()["stem.conv.weight"], small["features.0.0.weight"])
    assert any("state_dict_ema" in str(note) for note in loaded.notes)


def test_safetensors_by_content(small: dict[str, Tensor], tmp_path: Path) -> None:
    save_file(small, tmp_path / "weights.bin")
    assert loads(tmp_path / "weights.bin").style == "torchvision"


def test_our_own_files(tmp_path: Path) -> None:
    source, target = build("mobilenetv1_cifar", width=0.25), build("mobilenetv1_cifar", width=0.25)
    save_weights(tmp_path / "best.safetensors", source.state_dict())
    loaded = weights.load(target, tmp_path / "best.safetensors")
    assert (loaded.style, loaded.notes) == ("lissom", ())
    assert all(torch.equal(a, b) for a, b in zip(source.state_dict().values(), target.state_dict().values()))  # noqa: B905


def test_counters_that_old_files_lack_are_zero(small: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save({k: v for k, v in small.items() if "num_batches" not in k}, tmp_path / "old.pth")
    assert loads(tmp_path / "old.pth").notes == ()


# ends: classes and channels


def test_a_new_head_is_announced_and_the_trunk_is_the_file_s(small: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(small, tmp_path / "file.pth")
    model = build("mobilenetv2", width=0.35, num_classes=7)
    before = model.head[1].weight.clone()
    loaded = weights.load(model, tmp_path / "file.pth")
    assert loaded.new_head
    assert [str(note) for note in loaded.notes] == [
        "The classifier is new: the weights have 1000 classes, the network 7."
    ]
    assert torch.equal(model.head[1].weight, before)
    assert torch.equal(model.expansion.conv.weight, small["features.18.0.weight"])


def test_grey_images_get_the_sum_over_colours(small: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(small, tmp_path / "file.pth")
    colour, grey = build("mobilenetv2", width=0.35), build("mobilenetv2", width=0.35, in_channels=1)
    weights.load(colour, tmp_path / "file.pth")
    loaded = weights.load(grey, tmp_path / "file.pth")
    assert "sum over red, green and blue" in str(loaded.notes[0])
    image = torch.randn(1, 1, 64, 64)
    expected = colour.eval()(image.expand(1, 3, 64, 64))
    torch.testing.assert_close(grey.eval()(image), expected, rtol=1e-4, atol=1e-4)


def test_more_channels_repeat_the_colours_and_keep_the_sum(small: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(small, tmp_path / "file.pth")
    model = build("mobilenetv2", width=0.35, in_channels=6)
    assert "scaled by 3/6" in str(weights.load(model, tmp_path / "file.pth").notes[0])
    kernel = small["features.0.0.weight"]
    torch.testing.assert_close(model.stem.conv.weight, torch.cat([kernel, kernel], 1) / 2)


def test_1001_classes_lose_their_background(small: dict[str, Tensor], tmp_path: Path) -> None:
    state = dict(small)
    for name in ("classifier.1.weight", "classifier.1.bias"):
        state[name] = torch.cat([torch.full_like(small[name][:1], 9.0), small[name]])
    torch.save(state, tmp_path / "tf.pth")
    model = build("mobilenetv2", width=0.35)
    loaded = weights.load(model, tmp_path / "tf.pth")
    assert "1001" in str(loaded.notes[0])
    assert not loaded.new_head
    assert torch.equal(model.head[1].bias, small["classifier.1.bias"])


# what does not fit


def test_another_width_is_named_tensor_by_tensor_and_changes_nothing(small: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(small, tmp_path / "file.pth")
    model = build("mobilenetv2", width=0.5)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(DataError, match=r"features\.2\.conv\.2\.weight 8x48x1x1 \(expected 16x48x1x1\)") as error:
        weights.load(model, tmp_path / "file.pth")
    wrong = {m.name: (m.got, m.expected) for m in error.value.values["tensors"]}
    assert wrong["features.2.conv.2.weight"] == ((8, 48, 1, 1), (16, 48, 1, 1))
    assert all(got is not None and expected is not None and got != expected for got, expected in wrong.values())
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_a_checkpoint_of_another_network_names_both(tmp_path: Path) -> None:
    file = saved(torchvision.models.mobilenet_v3_small(), tmp_path)
    with pytest.raises(DataError, match=r"torchvision's MobileNetV3 \(mobilenetv3_small\).*mobilenetv2"):
        weights.load(build("mobilenetv2"), file)


def test_a_missing_and_an_unknown_tensor_are_both_named(small: dict[str, Tensor], tmp_path: Path) -> None:
    state = {name: tensor for name, tensor in small.items() if name != "features.3.conv.2.weight"}
    torch.save(state | {"extra.weight": torch.zeros(2)}, tmp_path / "file.pth")
    with pytest.raises(DataError) as error:
        loads(tmp_path / "file.pth")
    wrong = {m.name: (m.got, m.expected) for m in error.value.values["tensors"]}
    assert wrong["extra.weight"] == ((2,), None)
    assert wrong["blocks.2.project.conv.weight"] == (None, (8, 48, 1, 1))


def test_names_of_nobody_are_refused(tmp_path: Path) -> None:
    torch.save({"a.weight": torch.zeros(1)}, tmp_path / "file.pth")
    with pytest.raises(DataError, match=r"a\.weight"):
        loads(tmp_path / "file.pth")


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    import os

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (os.system, (f"touch {tmp_path}/ran",))

    torch.save({"state_dict": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(DataError, match="execute code"):
        loads(tmp_path / "evil.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04 cut short"])
def test_a_damaged_file_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file.pth").write_bytes(content)
    with pytest.raises(DataError, match=r"file\.pth") as error:
        loads(tmp_path / "file.pth")
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.pth"):
        loads(tmp_path / "nowhere.pth")


def test_an_unknown_style_names_near_ones(small: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(small, tmp_path / "file.pth")
    with pytest.raises(UsageError, match="torchvision"):
        weights.load(build("mobilenetv2", width=0.35), tmp_path / "file.pth", style="torchvison")


def test_a_list_instead_of_weights(tmp_path: Path) -> None:
    torch.save([1, 2, 3], tmp_path / "file.pth")
    with pytest.raises(DataError, match="list"):
        loads(tmp_path / "file.pth")
