"""MobileOne's and RepViT's files under their authors' names, with other classes and other channels."""

import re
from pathlib import Path

import pytest
import timm
import torch
from torch import Tensor, nn

from lissom import weights
from lissom.errors import DataError
from lissom.models import build
from models.parity import randomise, relative_difference

OUTSIDE = {
    "stem.conv1": "features.0.0",
    "stem.conv2": "features.0.2",
    "head.head_dist": "classifier.classifier_dist",
    "head.head": "classifier.classifier",
}


def apple_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """timm's MobileOne as its authors name it: stages from 1, `rbr_*` branches."""
    renamed = {
        "conv_kxk": "rbr_conv", "conv_scale": "rbr_scale", "identity": "rbr_skip", "head.fc": "linear",
        "attn.fc1": "se.reduce", "attn.fc2": "se.expand",
    }  # fmt: skip
    found = {}
    for name, tensor in state.items():
        for theirs, authors in renamed.items():
            name = name.replace(theirs, authors)
        name = re.sub(r"^stages\.(\d)", lambda stage: f"stage{int(stage[1]) + 1}", name)
        found[re.sub(r"^stem", "stage0", name)] = tensor
    return found


def thu_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """timm's RepViT as its authors name it: one list of blocks, sequences inside."""
    places = [re.match(r"stages\.\d+\.(downsample\.pre_block|downsample|blocks\.\d+)", name) for name in state]
    blocks = list(dict.fromkeys(place.group() for place in places if place))
    inside = {
        "spatial_downsample": "token_mixer.0", "channel_downsample": "token_mixer.2", "ffn.conv1": "channel_mixer.m.0",
        "ffn.conv2": "channel_mixer.m.2", "se.": "token_mixer.1.", "channel_mixer.conv1": "channel_mixer.m.0",
        "channel_mixer.conv2": "channel_mixer.m.2", "token_mixer.": "token_mixer.0.",
    }  # fmt: skip
    found = {}
    for (name, tensor), place in zip(state.items(), places, strict=True):
        if place:
            rest = name[place.end() + 1 :]
            theirs = next(theirs for theirs in inside if rest.startswith(theirs))
            name = f"features.{blocks.index(place.group()) + 1}.{inside[theirs]}{rest[len(theirs) :]}"
        name = name.replace("stem.conv1", "features.0.0").replace("stem.conv2", "features.0.2")
        name = name.replace("head.head_dist", "classifier.classifier_dist").replace(
            "head.head", "classifier.classifier"
        )
        found[name] = tensor
    return found


@pytest.mark.parametrize(("theirs", "ours", "options", "rename", "style"), [
    ("mobileone_s0", "mobileone_s0", {}, apple_names, "apple"),
    pytest.param("mobileone_s4", "mobileone_s4", {}, apple_names, "apple", marks=pytest.mark.slow),
    ("repvit_m0_9", "repvit_m0_9", {"distilled": True}, thu_names, "thu-mig"),
])  # fmt: skip
def test_the_authors_names(theirs: str, ours: str, options: dict, rename: object, style: str, tmp_path: Path) -> None:
    reference, model = randomise(timm.create_model(theirs)), build(ours, **options)
    state = dict(sorted(rename(reference.state_dict()).items()))  # as a file that sorts them
    torch.save({"state_dict": state}, tmp_path / "file.pth.tar")
    assert weights.load(model, tmp_path / "file.pth.tar").style == style
    assert relative_difference(reference, model.eval(), resolution=64) < 1e-5


def test_other_classes_make_both_heads_new_and_keep_the_norms_before_them(tmp_path: Path) -> None:
    reference = randomise(timm.create_model("repvit_m0_9"))
    torch.save(reference.state_dict(), tmp_path / "file.pth")
    model = build("repvit_m0_9", distilled=True, num_classes=7)
    first = model.head[1].own.linear.weight.clone()
    loaded = weights.load(model, tmp_path / "file.pth")
    assert loaded.new_head
    assert torch.equal(model.head[1].own.linear.weight, first)
    assert torch.equal(model.head[1].distilled.norm.weight, reference.head.head_dist.bn.weight)


def test_grey_images_are_seen_through_all_kernels_of_the_stem(tmp_path: Path) -> None:
    reference = randomise(timm.create_model("mobileone_s0"))
    torch.save(reference.state_dict(), tmp_path / "file.pth")
    model = build("mobileone_s0", in_channels=1)
    weights.load(model, tmp_path / "file.pth")
    grey = torch.randn(2, 1, 32, 32)
    with torch.no_grad():
        expected, found = reference.stem(grey.expand(-1, 3, -1, -1)), model.eval().stem(grey)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_one_head_and_two_do_not_fit_each_other(tmp_path: Path) -> None:
    torch.save(timm.create_model("repvit_m0_9").state_dict(), tmp_path / "file.pth")
    with pytest.raises(DataError, match="distilled=True"):
        weights.load(build("repvit_m0_9"), tmp_path / "file.pth")


def test_a_fused_network_takes_no_weights_of_branches(tmp_path: Path) -> None:
    from lissom.models import fuse

    reference = nn.Module.state_dict(timm.create_model("mobileone_s0"))
    torch.save(reference, tmp_path / "file.pth")
    with pytest.raises(DataError):
        weights.load(fuse(build("mobileone_s0")), tmp_path / "file.pth")
