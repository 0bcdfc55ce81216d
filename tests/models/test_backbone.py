"""What a detector takes of every classifier: stem and blocks, their weights and maps, and nothing of the end."""

import pytest
import torch
from torch import nn

from lissom.models import names
from lissom.models.classifier import Backbone
from lissom.profiler.shape_mode import shapes_alone
from models.zoo import EVERY_NAME, OF_EACH_KIND, drawn, images, on_meta, slow_unless, small

EVERY_KIND = pytest.mark.parametrize("name", slow_unless(OF_EACH_KIND, names()))


def names_of_state(module: nn.Module) -> list[str]:
    return list(module.state_dict())


@EVERY_NAME
def test_it_holds_stem_and_blocks_under_their_names_and_no_more(name: str) -> None:
    model = on_meta(name)
    backbone = model.backbone()
    kept = [key for key in names_of_state(model) if key.startswith(("stem.", "blocks."))]
    assert names_of_state(backbone) == kept
    assert any(key.startswith("head.") for key in names_of_state(model))
    ends = {id(p) for part in (model.expansion, model.head) for p in part.parameters()}
    assert not ends & {id(p) for p in backbone.parameters()}
    assert [key for key, _ in backbone.named_children()] == ["stem", "blocks"]


@EVERY_NAME
def test_its_maps_are_those_that_its_pyramid_promises(name: str) -> None:
    backbone = on_meta(name).backbone()
    with shapes_alone():
        maps = backbone(torch.empty(2, 3, 64, 64, device="meta"))
    assert [m.shape for m in maps] == [(2, c, 64 // s, 64 // s) for s, c in backbone.pyramid]


@EVERY_KIND
@torch.no_grad()
def test_its_maps_are_the_classifiers_to_the_last_bit(name: str) -> None:
    model, x = drawn(name), images(name)
    expected = model.forward_pyramid(x)
    backbone = model.backbone()
    for found in (backbone(x), backbone.forward_pyramid(x)):
        assert len(found) == len(expected) == len(model.pyramid)
        assert all(a.equal(b) for a, b in zip(found, expected, strict=True))


@EVERY_KIND
def test_a_seed_draws_the_same_values_with_the_head_or_without(name: str) -> None:
    whole, alone = small(name).state_dict(), small(name).backbone().state_dict()
    assert all(tensor.equal(whole[key]) for key, tensor in alone.items())


@EVERY_NAME
def test_its_layers_are_the_classifiers_without_the_end(name: str) -> None:
    model = on_meta(name)
    backbone = model.backbone()
    ends = sum(any(True for _ in part.parameters()) for part in (model.expansion, model.head))
    assert [id(layer) for layer in backbone.layers()] == [id(layer) for layer in model.layers()[:-ends]]
    assert sum(p.numel() for layer in backbone.layers() for p in layer.parameters()) == sum(
        p.numel() for p in backbone.parameters()
    )


@pytest.mark.parametrize("training", [True, False])
def test_it_comes_in_the_mode_of_its_parts_and_changes_them_alone(training: bool) -> None:
    model = small("mobilenetv2").train(training)
    model.stem.eval()
    backbone = model.backbone()
    assert isinstance(backbone, Backbone)
    assert (backbone.training, backbone.stem.training, backbone.blocks.training) == (training, False, training)
    backbone.train(not training)
    assert model.head.training == training
