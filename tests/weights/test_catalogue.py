"""The rows of published checkpoints against what their publishers' packages say of them."""

import subprocess
import sys

import pytest
from timm.models import get_pretrained_cfg
from torchvision.models import get_model_weights

from lissom import models
from lissom.errors import UsageError
from lissom.weights.catalogue import CHECKPOINTS, best_top1, by_file, checkpoints, choose
from lissom.weights.checkpoint import HALF, IMAGENET, Checkpoint
from lissom.weights.rows import results


def of(publisher: str) -> list[Checkpoint]:
    return [row for row in CHECKPOINTS.values() if row.name.startswith(f"{publisher}/")]


@pytest.mark.parametrize("row", of("torchvision"), ids=lambda row: row.name)
def test_torchvision_s_rows_are_its_own(row: Checkpoint) -> None:
    builder, version = row.name.removeprefix("torchvision/").rsplit(".", 1)
    theirs = get_model_weights(builder)[f"IMAGENET1K_{version.upper()}"]
    transforms = theirs.transforms()
    assert row.address == theirs.url
    assert row.mebibytes == theirs.meta["_file_size"]
    assert row.top1 == theirs.meta["_metrics"]["ImageNet-1K"]["acc@1"]
    assert (row.resize, row.resolution) == (transforms.resize_size[0], transforms.crop_size[0])
    assert (list(row.norm.mean), list(row.norm.std)) == (transforms.mean, transforms.std)
    assert row.interpolation == transforms.interpolation.value
    assert row.sha256
    assert len(row.sha256) >= 8


@pytest.mark.parametrize("row", of("timm"), ids=lambda row: row.name)
def test_timm_s_rows_are_its_own(row: Checkpoint) -> None:
    theirs = get_pretrained_cfg(row.name.removeprefix("timm/"))
    assert theirs
    assert row.address == (theirs.url or f"https://huggingface.co/{theirs.hf_hub_id}/resolve/main/model.safetensors")
    assert (row.norm.mean, row.norm.std) == (tuple(theirs.mean), tuple(theirs.std))
    assert row.resolution == theirs.input_size[1]
    assert row.resize == int(theirs.input_size[1] / theirs.crop_pct)
    assert (row.interpolation, row.classes) == (theirs.interpolation, theirs.num_classes)
    assert (row.licence or "").lower() == theirs.license
    assert (row.sha256 is None) == (not theirs.url)


def test_google_s_rows_are_tensorflow_s() -> None:
    for row in of("google"):
        assert (row.classes, row.label_offset, row.padding, row.eps, row.norm) == (1001, 1, "same", 1e-3, HALF)


def test_the_authors_rows_are_of_whole_networks() -> None:
    """MobileOne's with all branches, RepViT's with both heads, for images resized to 256 pixels."""
    assert [row.file for row in of("apple")] == [f"mobileone_s{size}_unfused.pth.tar" for size in range(5)]
    assert {(row.resize, row.interpolation, row.norm) for row in of("apple")} == {(256, "bilinear", IMAGENET)}
    for row in of("thu-mig"):
        size, epochs = row.name.removeprefix("thu-mig/").split(".")
        assert (row.file, row.network) == (f"{size}_distill_{epochs}.pth", size)
        assert (row.options, row.resize, row.interpolation) == ({"distilled": True}, 256, "bicubic")


def test_the_best_known_is_of_the_network_as_it_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither of another resolution nor of another width."""
    others = {"mobilenetv4_conv_small.e3600_r256_in1k": 99.0, "mobilenetv4_conv_small_050.e3000_r224_in1k": 98.0}
    monkeypatch.setattr(results, "RESULTS", results.RESULTS | {f"timm/{name}": top1 for name, top1 in others.items()})
    best = "timm/mobilenetv4_conv_small.e2400_r224_in1k (timm's table of results)"
    assert best_top1("mobilenetv4_conv_small") == (73.8, best)
    assert best_top1("mobilenetv2") == (72.9, "timm/mobilenetv2_100.ra_in1k (timm's table of results)")
    assert best_top1("mobileone_s4") == (79.4, "apple/mobileone_s4 (the authors)")
    assert best_top1("mobilenetv1_cifar") == (None, None)


def test_every_row_has_its_own_name_file_and_network() -> None:
    rows = list(CHECKPOINTS.values())
    assert len({row.file for row in rows}) == len({row.address for row in rows}) == len(rows)
    for row in rows:
        assert by_file(row.file) is row
        assert row.top1 is None or (50 < row.top1 < 90 and row.reporter)


@pytest.mark.parametrize("network", sorted({row.network for row in CHECKPOINTS.values()}))
def test_every_row_s_options_build(network: str) -> None:
    import torch

    for row in checkpoints(network):
        with torch.device("meta"):
            models.build(network, **row.options)


def test_imagenet_is_the_best_reported_that_goes_with_the_options() -> None:
    assert choose("imagenet", "mobilenetv2", {}).name == "torchvision/mobilenet_v2.v2"
    assert choose("imagenet", "mobilenetv2", {"width": 0.5}).name == "timm/mobilenetv2_050.lamb_in1k"
    assert choose("imagenet", "mobilenetv2", {"dropout": 0.5}).name == "torchvision/mobilenet_v2.v2"
    named = choose("torchvision/mobilenet_v2.v1", "mobilenetv2", {"width": 1.0})
    assert named.norm == IMAGENET


@pytest.mark.parametrize(("weights", "network", "options", "words"), [
    ("imagenet", "mobilenetv2", {"width": 0.3}, ("width=0.3", "timm/mobilenetv2_050.lamb_in1k", "width=0.5")),
    ("timm/mobilenetv2_050.lamb_in1k", "mobilenetv2", {"width": 1.0}, ("width=1.0", "width=0.5")),
    ("torchvision/mobilenet_v2.v1", "mobilenetv3_small", {}, ("torchvision/mobilenet_v2.v1", "mobilenetv2")),
    ("imagenet", "mobilenetv1_cifar", {}, ("mobilenetv1_cifar", "--pretrained")),
    ("torchvision/mobilenet_v2.v3", "mobilenetv2", {}, ("did you mean", "torchvision/mobilenet_v2.v2")),
    ("imagenet", "mobilnetv2", {}, ("mobilnetv2", "mobilenetv2")),
])  # fmt: skip
def test_what_cannot_be_chosen_says_what_can(weights: str, network: str, options: dict, words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as error:
        choose(weights, network, options)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_the_catalogue_needs_no_torch() -> None:
    code = "import sys, lissom.weights.catalogue; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_mean_and_spread_for_other_channels() -> None:
    assert IMAGENET.over(3) is IMAGENET
    grey = IMAGENET.over(1)
    assert grey.mean == pytest.approx(((0.485 + 0.456 + 0.406) / 3,))
    assert len(IMAGENET.over(5).std) == 5
