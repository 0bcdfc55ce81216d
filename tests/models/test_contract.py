"""What every network says of itself, for each name of the catalogue: who it is, where it begins and where it ends."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.utils.hooks import RemovableHandle

from lissom import models, weights
from lissom.errors import DataError
from lissom.models import Identity, build, entry, names
from lissom.models.registry import _BUILDERS
from lissom.profiler.shape_mode import shapes_alone
from lissom.runs.weights import save_weights
from models.zoo import FIRST, NOT_DEEP, slow_unless

EVERY = [*names(), *names("scene")]
EVERY_NET = pytest.mark.parametrize("name", slow_unless(NOT_DEEP, EVERY))
OF_EACH_FILE = pytest.mark.parametrize("name", [name for name in EVERY if name in FIRST or name in names("scene")])
K = 5  # classes


@cache
def net(name: str, **settings: Any) -> nn.Module:
    """Without numbers, small, with five classes unless asked for otherwise; all share one: it is not to be changed."""
    with torch.device("meta"):
        return real(name, **settings)


def real(name: str, **settings: Any) -> nn.Module:
    known = entry(name)
    torch.manual_seed(0)
    return build(name, **{"num_classes": K, "in_channels": known.in_channels, **known.small, **settings}).eval()


def shapes(model: nn.Module) -> dict[str, torch.Size]:
    return {key: tensor.shape for key, tensor in model.state_dict().items()}


def changed(one: nn.Module, other: nn.Module) -> set[str]:
    """Names of the tensors whose shapes differ; both networks have the same ones."""
    before, after = shapes(one), shapes(other)
    assert list(before) == list(after)
    return {key for key in before if before[key] != after[key]}


def an_input(name: str) -> Tensor:
    known = entry(name)
    side = models.identity(net(name)).options.get("window", known.resolution)
    return torch.empty(2, known.in_channels, side, side, device="meta")


@pytest.mark.parametrize("name", [name for name in EVERY if name in FIRST and "dropout" in entry(name).options])
def test_dropout_is_as_asked(name: str) -> None:
    kinds = nn.Dropout | nn.Dropout2d | nn.Dropout3d
    drops = {module.p for module in net(name, dropout=0.375).modules() if isinstance(module, kinds)}
    assert drops == {0.375}


@EVERY_NET
def test_identity_builds_the_same_network_again(name: str) -> None:
    model = net(name)
    who = models.identity(model)
    small = dict(entry(name).small)
    assert who == Identity(
        name=name,
        num_classes=K,
        in_channels=entry(name).in_channels,
        width=small.pop("width", 1.0),
        options={**entry(name).options, **small},
    )
    with torch.device("meta"):
        again = build(who.name, **who.settings)
    assert (again.identity, repr(again), shapes(again)) == (who, repr(model), shapes(model))


def test_options_are_kept_as_they_were_read() -> None:
    with torch.device("meta"):
        who = build("mobilenetv1", width=0.5, shallow="yes", dropout="0.25").identity
    assert who.options["shallow"] is True
    assert (who.width, who.options["dropout"], who.options["act"]) == (0.5, 0.25, "relu")


@EVERY_NET
def test_the_classifier_gives_the_logits_and_is_the_last_layer(name: str) -> None:
    model, x, given = net(name), an_input(name), []
    ends = models.ends(model)
    classifier = model.get_submodule(ends.classifier)
    assert isinstance(classifier, nn.Linear)
    assert classifier.out_features == K
    assert [key.rpartition(".")[0] for key, _ in model.named_parameters()][-1] == ends.classifier
    assert ends.classifier == ends.head or ends.classifier.startswith(f"{ends.head}.")
    with shapes_alone(), hooked(classifier.register_forward_hook(lambda _, __, out: given.append(out))):
        assert model(x) is given[0]


@EVERY_NET
def test_the_stem_is_the_convolution_that_sees_the_input(name: str) -> None:
    model, x, seen = net(name), an_input(name), []
    keys = {module: key for key, module in model.named_modules() if module._parameters and not module._modules}

    def see(module: nn.Module, args: Any) -> None:
        if module in keys:
            seen.append((keys[module], args[0].numel()))

    with shapes_alone(), hooked(register_module_forward_pre_hook(see)):
        model(x)
    key, numbers = seen[0]
    assert f"{key}.".startswith(f"{models.ends(model).stem}.")
    repeated = 2 * 7 * 7 * (3 - 1) if name == "spectralformer" else 0  # its first and last band, for groups of three
    assert numbers == x.numel() + repeated
    assert isinstance(model.get_submodule(seen[0][0]), nn.Conv2d | nn.Conv3d)


@contextmanager
def hooked(handle: RemovableHandle) -> Iterator[None]:
    try:
        yield
    finally:
        handle.remove()


@EVERY_NET
def test_other_classes_change_the_classifier_alone(name: str) -> None:
    model = net(name)
    classifier = models.ends(model).classifier
    own = {f"{classifier}.{key}" for key, _ in model.get_submodule(classifier).named_parameters()}
    assert changed(model, net(name, num_classes=K + 2)) == own


@pytest.mark.parametrize("name", slow_unless(NOT_DEEP, names()))
def test_other_channels_change_the_stem_alone(name: str) -> None:
    model = net(name)
    stem = model.get_submodule(model.ends.stem)
    convs = {f"{model.ends.stem}.{key}".rstrip("."): m for key, m in stem.named_modules() if isinstance(m, nn.Conv2d)}
    assert {conv.in_channels for conv in convs.values()} == {3}
    assert changed(model, net(name, in_channels=4)) == {f"{key}.weight" for key in convs}


@EVERY_NET
def test_what_a_network_says_of_itself_is_in_no_state(name: str) -> None:
    model = net(name)
    with torch.device("meta"):
        bare = _BUILDERS[name](**model.identity.settings)
    assert bare.identity is None
    assert shapes(bare) == shapes(model)
    assert not {"identity", "origin", "ends"} & {*model._modules, *model._buffers, *model._parameters}
    assert isinstance(model, models.Network)


@OF_EACH_FILE
def test_weights_of_another_class_count_leave_the_classifier_as_it_was_drawn(name: str, tmp_path: Path) -> None:
    source, target = real(name), real(name, num_classes=K + 2)
    with torch.no_grad():
        for tensor in source.parameters():
            tensor.add_(1)
    before = {key: tensor.clone() for key, tensor in target.state_dict().items()}
    save_weights(tmp_path / "file.safetensors", source.state_dict())
    loaded = weights.load(target, tmp_path / "file.safetensors")
    assert target.origin is loaded
    assert loaded.new_head
    assert len(loaded.notes) == 1
    head, given = changed(source, target), source.state_dict()
    for key, tensor in target.state_dict().items():
        assert torch.equal(tensor, before[key] if key in head else given[key]), key


def test_random_weights_have_no_origin_and_copies_keep_theirs(tmp_path: Path) -> None:
    model = real("mobilenetv1_cifar")
    assert model.origin is None
    save_weights(tmp_path / "file.safetensors", model.state_dict())
    loaded = weights.load(model, tmp_path / "file.safetensors")
    twin = copy.deepcopy(model)
    assert (twin.identity, twin.ends, twin.origin) == (model.identity, model.ends, loaded)


class Stranger(nn.Module):
    """Somebody's own network, with a layer that is called as one of our fields."""

    def __init__(self) -> None:
        super().__init__()
        self.identity = nn.Identity()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(4, 2)


def test_a_module_of_anybody_else_says_nothing_of_itself() -> None:
    for module in (Stranger(), nn.Linear(1, 1), nn.Sequential(nn.Conv2d(3, 4, 3), nn.Linear(4, 2))):
        assert models.identity(module) is None
        assert models.ends(module) is None
        assert not isinstance(module, models.Network)


def test_a_module_that_names_no_ends_is_loaded_whole_or_not_at_all(tmp_path: Path) -> None:
    source, target = Stranger(), Stranger()
    save_weights(tmp_path / "file.safetensors", source.state_dict())
    weights.load(target, tmp_path / "file.safetensors")
    assert torch.equal(target.fc.weight, source.fc.weight)
    assert not hasattr(target, "origin")
    target.fc = nn.Linear(4, 3)
    with pytest.raises(DataError, match=r"do not fit Stranger: fc\.weight 2x4 \(expected 3x4\)"):
        weights.load(target, tmp_path / "file.safetensors")
