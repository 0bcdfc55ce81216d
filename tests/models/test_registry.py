"""Names, options and ranges; every error is one line with its class."""

import subprocess
import sys
from importlib import import_module

import pytest
import torch

from lissom.errors import UsageError
from lissom.models import build, check_resolution, entry, names
from lissom.models.registry import builder


def built(name: str, **options) -> torch.nn.Module:
    with torch.device("meta"):
        return build(name, **options)


def sentence(kind: str, caught: pytest.ExceptionInfo[UsageError]) -> str:
    error = caught.value
    assert error.kind == kind
    assert error.exit_code == 2
    text = str(error)
    assert "\n" not in text
    return text


def test_names() -> None:
    assert {"mobilenetv1", "mobilenetv2", "mobilenetv3_large", "mobilenetv3_small"} < set(names())
    assert {"mobilenetv1_cifar", "mobilenetv2_cifar"} < set(names())


def test_names_and_entries_need_no_torch() -> None:
    code = (
        "import sys, lissom.models as m; [m.entry(n) for n in m.names()]; m.check_resolution('mobilenetv2', 224); "
        "import lissom.blocks, lissom.profiler; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_unknown_network_suggests_near_ones() -> None:
    with pytest.raises(UsageError) as caught:
        build("mobilenet_v3_smal")
    assert "mobilenet_v3_smal" in sentence("network-unknown", caught)
    assert "mobilenetv3_small" in str(caught.value)


@pytest.mark.parametrize("name", ["MobileNetV3-Large", "mobilenet_v3_large", "mobilenetv3large", "MobileNetV3 Large"])
def test_a_name_in_another_spelling_is_understood(name: str) -> None:
    assert built(name).identity.name == "mobilenetv3_large"
    assert entry(name).title == "MobileNetV3-Large"


@pytest.mark.parametrize("name", ["mobilenetv3", "mobilenet_v3", "MobileNetV3"])
def test_a_family_s_name_tells_its_members(name: str) -> None:
    with pytest.raises(UsageError, match="mobilenetv3_large, mobilenetv3_small") as caught:
        build(name)
    assert "mobilenetv2" not in sentence("network-unknown", caught)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("width", 0.0),
        ("width", -1.0),
        ("width", float("nan")),
        ("width", float("inf")),
        ("width", 17.0),
        ("width", True),
        ("width", "wide"),
        ("num_classes", 0),
        ("num_classes", 2.5),
        ("num_classes", 1_000_001),
        ("in_channels", 0),
        ("in_channels", -3),
        ("in_channels", "3"),
    ],
)
def test_numbers_out_of_range(setting: str, value: object) -> None:
    with pytest.raises(UsageError) as caught:
        build("mobilenetv2", **{setting: value})
    assert repr(value) in sentence("network-out-of-range", caught)
    assert setting in str(caught.value)


def test_unknown_option_suggests_near_ones() -> None:
    with pytest.raises(UsageError) as caught:
        build("mobilenetv3_small", dilate=True)
    assert "dilated" in sentence("network-option-unknown", caught)


@pytest.mark.parametrize(
    ("name", "option", "value", "expected"),
    [
        ("mobilenetv1", "shallow", "perhaps", "true, false"),
        ("mobilenetv1", "shallow", 2, "true, false"),
        ("mobilenetv1", "act", "gelu", "relu, relu6"),
        ("mobilenetv1", "act", True, "relu, relu6"),
        ("mobilenetv3_large", "last_stage", "best", "efficient, original"),
        ("mobilenetv2", "dropout", "much", "0 <= number < 1"),
        ("mobilenetv2", "dropout", 1.0, "0 <= number < 1"),
        ("mobilenetv2", "dropout", float("nan"), "0 <= number < 1"),
    ],
)
def test_option_of_a_wrong_value(name: str, option: str, value: object, expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        build(name, **{option: value})
    assert expected in sentence("network-option-value", caught)
    assert str(value) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "as_text", "as_value"),
    [
        ("mobilenetv1", {"shallow": "true"}, {"shallow": True}),
        ("mobilenetv1", {"depthwise": "False"}, {"depthwise": False}),
        ("mobilenetv1", {"act": "relu6", "shallow": "0"}, {"act": "relu6"}),
        ("mobilenetv2", {"dropout": "0.5"}, {"dropout": 0.5}),
        ("mobilenetv2", {"dropout": 0}, {"dropout": 0.0}),
        ("mobilenetv3_small", {"dilated": "yes", "minimalistic": "on"}, {"dilated": True, "minimalistic": True}),
    ],
)
def test_text_is_read_as_the_default_s_type(name: str, as_text: dict, as_value: dict) -> None:
    assert repr(built(name, **as_text)) == repr(built(name, **as_value)) != repr(built(name, width=0.3))


@pytest.mark.parametrize("resolution", [0, -32, True, 224.0])
def test_resolution_that_is_no_number_of_pixels(resolution: object) -> None:
    with pytest.raises(UsageError):
        check_resolution("mobilenetv2", resolution)  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        check_resolution(torch.nn.Flatten(), resolution)  # type: ignore[arg-type]


def test_a_network_refuses_by_its_own_name_and_a_stranger_by_its_class() -> None:
    for model, named in ((built("mobilenetv2"), "mobilenetv2"), (torch.nn.Flatten(), "Flatten")):
        with pytest.raises(UsageError) as caught:
            check_resolution(model, 0)
        assert caught.value.values["network"] == named


def test_dilated_network_takes_smaller_images_and_a_stranger_s_any() -> None:
    check_resolution(built("mobilenetv3_large", dilated=True), 16)
    check_resolution(torch.nn.Flatten(), 1)


def test_a_name_has_one_builder_and_a_row() -> None:
    import_module("lissom.models.mobilenetv1")
    with pytest.raises(KeyError, match="two builders"):
        builder("mobilenetv1")(lambda: None)
    with pytest.raises(KeyError, match="not in the catalogue"):
        builder("mobilenetv9")(lambda: None)
