"""Files of weights as trainers leave them: with arguments and averages in them, or with a configuration beside."""

import argparse
import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from lissom import weights
from lissom.errors import DataError
from lissom.models import build
from lissom.weights.beside import row_of
from lissom.weights.source import source

State = dict[str, Tensor]
NET = "mobilenetv1_cifar"
PORTED = "tf_mobilenetv3_small_100"
AS_PORTED = {"mean": [0.5] * 3, "std": [0.5] * 3, "input_size": [3, 224, 224], "crop_pct": 0.875, "tag": "in1k"}


@pytest.fixture(scope="module")
def state() -> State:
    torch.manual_seed(0)
    return build(NET, width=0.25).state_dict()


@pytest.fixture(scope="module")
def of_timm() -> State:
    return timm.create_model("mobilenetv3_small_100").state_dict()


def loaded(content: Any, folder: Path) -> tuple[weights.Loaded, State]:
    torch.save(content, folder / "file.pth")
    model = build(NET, width=0.25)
    return weights.load(model, folder / "file.pth"), model.state_dict()


def same(a: State, b: State) -> bool:
    return all(torch.equal(a[name], b[name]) for name in b)


def spoilt(state: State, value: float = float("nan")) -> State:
    first = {"stem.conv.weight": state["stem.conv.weight"].clone()}
    first["stem.conv.weight"].view(-1)[:2] = value
    return state | first


class TestHarmlessTypes:
    @pytest.mark.parametrize("extra", [
        argparse.Namespace(lr=0.1, output=Path("runs"), sizes=(1, 2)),
        np.float64(71.2),
        np.float32(0.5),
        np.int64(3),
        np.bool_(True),
        np.arange(3),
        defaultdict(list, a=[1]),
    ], ids=lambda extra: type(extra).__name__)  # fmt: skip
    def test_what_trainers_keep_beside_the_weights_is_read(self, extra: Any, state: State, tmp_path: Path) -> None:
        told, got = loaded({"state_dict": state, "extra": extra}, tmp_path)
        assert same(got, state)
        assert told.notes == ()

    def test_scalars_of_a_numpy_before_its_core_was_renamed(self, state: State, tmp_path: Path) -> None:
        torch.save({"state_dict": state, "best": np.float64(1)}, tmp_path / "new.pth")
        with zipfile.ZipFile(tmp_path / "new.pth") as new, zipfile.ZipFile(tmp_path / "old.pth", "w") as old:
            for name in new.namelist():
                old.writestr(name, new.read(name).replace(b"numpy._core.multiarray\n", b"numpy.core.multiarray\n"))
        weights.load(build(NET, width=0.25), tmp_path / "old.pth")

    def test_any_other_type_is_named_without_escape_codes(self, state: State, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"would execute code when loaded \(fractions\.Fraction\)") as error:
            loaded({"state_dict": state, "extra": Fraction(1, 2)}, tmp_path)
        assert "\x1b" not in str(error.value)
        assert "two options" not in str(error.value)


class TestAverages:
    def test_the_counter_of_an_averaged_model_is_no_weight(self, state: State, tmp_path: Path) -> None:
        model = build(NET, width=0.25)
        model.load_state_dict(state)
        told, got = loaded(AveragedModel(model).state_dict(), tmp_path)
        assert same(got, state)
        assert [str(note) for note in told.notes] == ["The averaged weights (n_averaged) are used."]

    @pytest.mark.parametrize(("average", "reason"), [
        (lambda _: {}, "no tensors"),
        (lambda _: {"decay": 0.99, "updates": 7, "shadow_params": [torch.ones(2)]}, "no tensors"),
        (spoilt, r"nan or infinite values in stem\.conv\.weight \(2/"),
        (lambda state: {k: v for k, v in state.items() if "running" not in k}, "not those of the network"),
    ], ids=["empty", "list", "nan", "parameters"])  # fmt: skip
    def test_an_unusable_average_gives_way_and_that_is_said(
        self, average: Callable[[State], Any], reason: str, state: State, tmp_path: Path
    ) -> None:
        told, got = loaded({"model_ema": average(state), "model": state}, tmp_path)
        assert same(got, state)
        [said] = map(str, told.notes)
        assert said.startswith("'model_ema' cannot be used (")
        assert "'model' is used instead" in said
        assert re.search(reason, said)

    @pytest.mark.parametrize("off", [None, 0.999, False])
    def test_no_average_is_nothing_to_speak_of(self, off: Any, state: State, tmp_path: Path) -> None:
        assert loaded({"model": state, "model_ema": off}, tmp_path)[0].notes == ()


class TestNotFinite:
    @pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
    @pytest.mark.parametrize("suffix", ["pth", "safetensors"])
    def test_is_refused_by_tensor(self, value: float, suffix: str, state: State, tmp_path: Path) -> None:
        file, model = tmp_path / f"file.{suffix}", build(NET, width=0.25)
        before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        save_file(spoilt(state, value), file) if suffix == "safetensors" else torch.save(spoilt(state, value), file)
        with pytest.raises(DataError, match=rf"file\.{suffix} has values .*: stem\.conv\.weight \(2/216\)\."):
            weights.load(model, file)
        assert same(model.state_dict(), before)


class TestHub:
    def place(self, of_timm: State, folder: Path, config: Any = None, name: str = "model.safetensors") -> Path:
        save_file(of_timm, folder / name)
        if config is not None:
            (folder / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
        return folder / name

    def test_its_configuration_says_eps_padding_and_preprocessing(self, of_timm: State, tmp_path: Path) -> None:
        file = self.place(of_timm, tmp_path, {"architecture": PORTED, "pretrained_cfg": AS_PORTED})
        told = weights.load(build("mobilenetv3_small"), file)
        assert told.numerics == (1e-3, "same")
        assert told.norm == ((0.5,) * 3, (0.5,) * 3)
        assert told.checkpoint
        assert (told.checkpoint.name, told.checkpoint.resize) == (f"timm/{PORTED}.in1k", 256)
        assert [str(note) for note in told.notes] == [
            f"config.json beside the file says timm/{PORTED}.in1k: eps, padding and preprocessing are as it says.",
            "Padding is TensorFlow's, as in the training of the weights.",
        ]
        found = source(str(file), "mobilenetv3_small", {})
        assert (found.checkpoint, found.norm) == (told.checkpoint, told.norm)

    @pytest.mark.parametrize(("architecture", "numerics"), [
        ("tf_mobilenetv3_small_100", (1e-3, "same")),
        ("mobilenetv3_small_100", (1e-5, "")),
    ])  # fmt: skip
    def test_one_of_one_s_own_is_read_in_full(self, architecture: str, numerics: tuple, tmp_path: Path) -> None:
        own = {"mean": [0.1, 0.2, 0.3], "std": [0.3, 0.2, 0.1], "input_size": [3, 160, 160], "crop_pct": 1.0}
        (tmp_path / "config.json").write_text(json.dumps({"architecture": architecture, "pretrained_cfg": own}))
        (tmp_path / "model.safetensors").touch()
        row = row_of(tmp_path / "model.safetensors")
        assert row
        assert (row.eps, row.padding) == numerics
        assert (row.norm.mean, row.norm.std) == ((0.1, 0.2, 0.3), (0.3, 0.2, 0.1))
        assert (row.resolution, row.resize) == (160, 160)

    def test_without_it_what_is_assumed_is_said(self, of_timm: State, tmp_path: Path) -> None:
        told = weights.load(build("mobilenetv3_small"), self.place(of_timm, tmp_path))
        assert told.numerics == (1e-5, "")
        [said] = map(str, told.notes)
        assert "assumed are its own: batch-norm eps 1e-05" in said
        assert "in the training of the weights" not in said

    def test_nets_without_gates_are_tensorflow_s_alone(self, tmp_path: Path) -> None:
        state = timm.create_model("tf_mobilenetv3_small_minimal_100").state_dict()
        told = weights.load(build("mobilenetv3_small", minimalistic=True), self.place(state, tmp_path))
        assert told.numerics == (1e-3, "same")

    @pytest.mark.parametrize("config", [[], {"architectures": ["ResNetForImageClassification"]}, {"architecture": 3}])
    def test_a_configuration_of_others_says_nothing(self, config: Any, of_timm: State, tmp_path: Path) -> None:
        assert row_of(self.place(of_timm, tmp_path, config)) is None

    @pytest.mark.parametrize("config", [
        "{",
        {"architecture": PORTED, "pretrained_cfg": {"crop_pct": 1.5}},
        {"architecture": PORTED, "pretrained_cfg": {"mean": [0.5], "std": [0]}},
        {"architecture": PORTED, "pretrained_cfg": {"input_size": "large"}},
    ])  # fmt: skip
    def test_a_damaged_configuration_is_named(self, config: Any, of_timm: State, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"config\.json cannot be read"):
            row_of(self.place(of_timm, tmp_path, config))

    def test_it_is_not_taken_for_a_file_among_others(self, of_timm: State, tmp_path: Path) -> None:
        config = {"architecture": PORTED, "pretrained_cfg": AS_PORTED}
        mine = self.place(of_timm, tmp_path, config, "mine.pth")
        assert row_of(mine)
        (tmp_path / "other.pth").touch()
        assert row_of(mine) is None
