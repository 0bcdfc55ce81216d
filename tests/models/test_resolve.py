"""A network by its name, by a callable or handed over: built or imported, with its inputs and what was published."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from lissom.errors import DataError, UsageError
from lissom.models import build
from lissom.models.resolve import ModelRequest, ResolvedModel, channels_of, resolve_model, variants

SMALL = ModelRequest(model="mobilenetv3_small", resolution=64)


def resolved(model: Any, **how: Any) -> ResolvedModel:
    return resolve_model(ModelRequest(model=model, **how))


def shapes(model: ResolvedModel) -> list[tuple[int, ...]]:
    return [tuple(x.shape) for x in model.inputs]


def test_to_count_nothing_is_allocated_and_to_measure_it_is() -> None:
    assert next(resolve_model(SMALL).module.parameters()).device == torch.device("meta")
    assert next(resolve_model(SMALL, device="cpu").module.parameters()).device == torch.device("cpu")


def test_a_name_comes_with_its_authors_sizes_unless_others_are_asked_for() -> None:
    own = resolved("mobilenetv1")
    assert (own.label, own.resolution, own.in_channels, shapes(own)) == ("mobilenetv1", 224, 3, [(1, 3, 224, 224)])
    other = resolved("mobilenetv1", resolution=64, in_channels=5, width=0.5, options={"depthwise": "false"})
    assert (other.label, shapes(other)) == ("mobilenetv1 x0.5 depthwise=False", [(1, 5, 64, 64)])
    assert shapes(resolved("mobilenetv1", input_shapes=((3, 7, 9),))) == [(1, 3, 7, 9)]


def test_a_network_that_is_handed_over_is_known_by_its_name_and_a_stranger_s_by_its_class() -> None:
    with torch.device("meta"):
        found = resolved(build("mobilenetv2", in_channels=5), resolution=32)
    assert (found.label, found.name, found.in_channels) == ("mobilenetv2", None, 5)
    assert resolved(nn.Sequential(nn.Conv2d(2, 1, 1))).label == "Sequential"
    assert shapes(resolved(nn.Sequential(nn.Conv2d(2, 1, 1)))) == [(1, 2, 224, 224)]


def test_a_callable_is_imported_from_the_working_folder_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_net.py").write_text("from torch import nn\n\ndef make():\n    return nn.Conv1d(7, 2, 3)\n")
    monkeypatch.chdir(tmp_path)
    found = resolved("my_net:make")
    assert (found.label, found.in_channels) == ("my_net:make", 7)


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        ("no_such_package:make", UsageError),
        ("torch.nn:NoSuchLayer", UsageError),
        ("torch.nn:Conv2d", UsageError),  # wants arguments
        ("builtins:dict", DataError),  # gives no module
        ("mobilenet2", UsageError),
    ],
)
def test_what_gives_no_network_is_refused(spec: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=spec):
        resolved(spec)


@pytest.mark.parametrize(
    ("how", "top1"),
    [
        ({}, 70.6),
        ({"width": 0.5}, 63.7),  # table 6
        ({"resolution": 160}, 67.2),  # table 7
        ({"options": {"depthwise": "false"}}, 71.7),  # table 4
        ({"options": {"depthwise": "true"}}, 70.6),
    ],
)
def test_options_typed_as_words_or_as_defaults_find_the_published_row(how: dict[str, Any], top1: float) -> None:
    published = resolved("mobilenetv1", **how).published()
    assert published
    assert published.top1 == top1


@pytest.mark.parametrize("how", [{"width": 0.37}, {"num_classes": 7}, {"in_channels": 4}, {"resolution": 65}])
def test_for_other_sizes_nothing_was_published(how: dict[str, Any]) -> None:
    assert resolved("mobilenetv1", **how).published() is None


def test_options_widths_and_resolutions_vary() -> None:
    assert variants(SMALL, "last_stage", ["efficient", "original"]) == [
        replace(SMALL, options={"last_stage": "efficient"}),
        replace(SMALL, options={"last_stage": "original"}),
    ]
    assert [one.width for one in variants(SMALL, "width", ["0.5", "1"])] == [0.5, 1.0]
    assert [one.resolution for one in variants(SMALL, "resolution", ["128", "224"])] == [128, 224]


@pytest.mark.parametrize(("name", "values"), [("lst_stage", ["efficient"]), ("width", ["wide"])])
def test_what_cannot_be_varied_is_refused(name: str, values: list[str]) -> None:
    with pytest.raises(UsageError, match="last_stage" if name == "lst_stage" else "wide"):
        variants(SMALL, name, values)


def test_channels_are_those_that_a_network_says_or_a_guess() -> None:
    assert channels_of(build("mobilenetv1_cifar", in_channels=9)) == 9
    assert channels_of(nn.Sequential(nn.ReLU(), nn.Conv3d(5, 1, 1), nn.Conv2d(6, 1, 1))) == 5
    assert channels_of(nn.Linear(4, 4)) == 3
