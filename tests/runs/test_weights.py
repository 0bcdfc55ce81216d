import pytest
import torch
from torch import nn

from lissom.errors import DataError
from lissom.runs.weights import digest, load_weights, read_weights, save_weights


def net(classes=4, channels=8):
    return nn.Sequential(nn.Conv2d(3, channels, 3), nn.BatchNorm2d(channels), nn.Linear(channels, classes))


@pytest.fixture
def saved(tmp_path):
    model = net()
    save_weights(tmp_path / "w.safetensors", model.state_dict(), {"epoch": "3"})
    return tmp_path / "w.safetensors", model


def test_what_is_saved_is_loaded(saved):
    path, model = saved
    other = net()
    assert load_weights(other, path)["epoch"] == "3"
    assert digest(other.state_dict()) == digest(model.state_dict())


def test_channels_last_weights_come_back_equal(tmp_path):
    model = net().to(memory_format=torch.channels_last)
    save_weights(tmp_path / "w", model.state_dict())
    assert digest(read_weights(tmp_path / "w")[0]) == digest(model.state_dict())


def test_shared_tensors_are_saved_under_both_names(tmp_path):
    tensor = torch.arange(3.0)
    save_weights(tmp_path / "w", {"a": tensor, "b": tensor})
    assert read_weights(tmp_path / "w")[0].keys() == {"a", "b"}


def refused(model, path, match, **named):
    before = digest(model.state_dict())
    with pytest.raises(DataError, match=match) as raised:
        load_weights(model, path, **named)
    assert "\n" not in str(raised.value)
    assert digest(model.state_dict()) == before


def test_another_number_of_classes_is_said_as_such(saved):
    refused(net(classes=7), saved[0], r"is for 4 classes \(2.weight\), but 7 are expected", classifier="2")


def test_what_the_classifier_is_is_not_guessed(saved):
    for named in ({}, {"classifier": "0"}):
        refused(net(classes=7), saved[0], r"2.weight 4x8 \(expected 7x8\), 2.bias 4 \(expected 7\)", **named)


def test_other_shapes_are_named_with_both(saved):
    refused(net(channels=16), saved[0], r"0.weight 8x3x3x3 \(expected 16x3x3x3\).* \+ 4")


def test_other_tensors_are_named(saved):
    refused(net()[:2], saved[0], r"missing: -; unknown: 2.bias, 2.weight")
    refused(nn.Sequential(*net(), nn.Linear(4, 4)), saved[0], r"missing: 3.bias, 3.weight; unknown: -")


@pytest.mark.parametrize("damage", [lambda c: c[:100], lambda c: b"", lambda c: b"not weights at all"])
def test_a_damaged_file_is_said_to_be(saved, damage):
    path, _ = saved
    path.write_bytes(damage(path.read_bytes()))
    refused(net(), path, "damaged or not a safetensors file")


def test_a_missing_file_is_said_to_be(tmp_path):
    refused(net(), tmp_path / "none", "There is no weights file")


def test_a_digest_tells_values_names_shapes_and_types_apart():
    one = {"a": torch.zeros(2, 3)}
    others = [{"a": torch.zeros(3, 2)}, {"b": torch.zeros(2, 3)}, {"a": torch.zeros(2, 3, dtype=torch.int32)}]
    others.append({"a": torch.full((2, 3), -0.0)})
    assert len({digest(weights) for weights in [one, *others]}) == 5
    assert digest(one) == digest({"a": torch.zeros(2, 3)})
