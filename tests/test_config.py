"""Settings: what is accepted, what is refused, and with which words."""

from typing import Any

import pytest

from lissom.config import EngineConfig, OptimConfig, to_dict, updated, updated_flat
from lissom.errors import UsageError
from lissom.tasks.classify.settings import ClassifyTrainConfig


def test_values_are_laid_over_the_defaults() -> None:
    config = updated(ClassifyTrainConfig(), {"optim": {"lr": 1}, "engine": {"epochs": 3}}, where="file")
    assert (config.optim.lr, config.engine.epochs, config.optim.momentum) == (1.0, 3, 0.9)
    assert isinstance(config.optim.lr, float)


def test_a_config_survives_a_round_trip() -> None:
    settings = {"lr": 0.3, "model": "mobilenetv2", "options": {"dropout": 0.1}, "crop": 2}
    config = updated_flat(ClassifyTrainConfig(), settings)
    assert updated(ClassifyTrainConfig(), to_dict(config), where="file") == config


@pytest.mark.parametrize(("values", "words"), [
    ({"optin": {}},                    ["optin", "did you mean optim?"]),
    ({"optim": {"learning_rate": 1}},  ["optim", "learning_rate"]),
    ({"optim": {"lr": "fast"}},        ["lr", "'fast'", "expected float"]),
    ({"engine": {"epochs": True}},     ["epochs", "True", "expected int"]),
    ({"engine": {"epochs": 1.5}},      ["epochs", "1.5", "expected int"]),
    ({"engine": {"device": "gpu"}},    ["device", "gpu", "cuda"]),
    ({"optim": 3},                     ["optim", "int"]),
])  # fmt: skip
def test_wrong_settings_are_named(values: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(UsageError) as raised:
        updated(ClassifyTrainConfig(), values, where="settings.yaml")
    assert all(word in str(raised.value) for word in ["settings.yaml", *words])


@pytest.mark.parametrize(("kind", "values"), [
    (OptimConfig,  {"lr": 0.0}),
    (OptimConfig,  {"lr": float("nan")}),
    (OptimConfig,  {"ema": 1.0}),
    (OptimConfig,  {"weight_decay": -1e-4}),
    (EngineConfig, {"epochs": 0}),
    (EngineConfig, {"batch_size": 127, "devices": 2}),
    (EngineConfig, {"threads": 0}),
])  # fmt: skip
def test_values_out_of_range_are_refused(kind: type, values: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="expected"):
        kind(**values)
