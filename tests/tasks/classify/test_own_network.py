"""A person's own network, by `module:callable`, behind every verb, from another folder too."""

import json
from pathlib import Path

import pytest
import yaml

from lissom.cli import main
from lissom.training.run import open_run
from photos import make_photos

SOURCE = """
from torch import nn


def small(num_classes, in_channels=3, hidden=8):
    return nn.Sequential(
        nn.Conv2d(in_channels, hidden, 3, stride=2, padding=1), nn.BatchNorm2d(hidden), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(hidden, num_classes),
    )


def blind(in_channels=3):
    return nn.Sequential(nn.Conv2d(in_channels, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def broken(num_classes):
    raise ValueError("no such luck")


def misspelt(num_classes):
    return nn.Sequential(undefined_name)


class Failing(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.linear = nn.Linear(1, num_classes)

    def forward(self, x):
        return x[{}["no such key"]]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own-network")
    (folder / "nets_of_mine.py").write_text(SOURCE, encoding="utf-8")
    (folder / "half_a_net.py").write_text(SOURCE[:120], encoding="utf-8")
    make_photos(folder / "photos", per_class=12)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        words = "train classify --data photos --model nets_of_mine:small --options hidden 6 --epochs 1 --batch-size 8"
        assert main.run([*words.split(), "--name", "mine", "--threads", "1", "--quiet"]) == 0
    return folder


def test_it_is_recorded_by_its_file_with_its_options(place: Path) -> None:
    run = open_run(place / "runs" / "mine")
    config = yaml.safe_load((run.path / "config.yaml").read_text(encoding="utf-8"))
    assert config["model"]["model"] == f"{(place / 'nets_of_mine.py').resolve()}:small"
    assert run.record.network == "nets_of_mine:small hidden=6"
    channels, classes = run.facts.in_channels, len(run.facts.class_names)
    assert run.record.parameters == (9 * channels + 1) * 6 + 2 * 6 + (6 + 1) * classes


@pytest.mark.parametrize("words", [
    ["evaluate", "runs/mine", "--json"],
    ["predict", "runs/mine", "photos", "--format", "json"],
    ["export", "runs/mine", "--output", "mine.onnx", "--json"],
    ["inspect", "runs/mine", "--json"],
    ["profile", "runs/mine", "--json"],
    ["resume", "runs/mine", "--json"],
])  # fmt: skip
def test_every_verb_finds_it_from_another_folder(
    words: list[str], place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [str(place / word) if word in ("runs/mine", "photos") else word for word in words]
    assert main.run(words) == 0
    assert json.loads(capsys.readouterr().out)


def test_a_finished_run_is_not_told_as_if_it_had_trained(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["resume", str(place / "runs" / "mine")]) == 0
    assert "is finished: nothing was trained" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "said"), [
    (["--model", "nets_of_mine:blind"],                                  "gives (1, 4); expected 1 x 3"),
    (["--model", "nets_of_mine:broken"],                                 "no such luck"),
    (["--model", "nets_of_mine:misspelt"],                               "undefined_name"),
    (["--model", "nets_of_mine:Failing"],                                "no such key"),
    (["--model", "half_a_net:small"],                                    "half_a_net"),
    (["--model", "nets_of_mine:missing"],                                "missing"),
    (["--model", "no_such_module:small"],                                "no_such_module"),
    (["--model", "nets_of_mine:small", "--options", "hiden", "3"],       "did you mean hidden"),
    (["--model", "nets_of_mine:small", "--width", "0.5"],                "no option 'width'"),
    (["--model", "nets_of_mine:small", "--weights", "imagenet"],         "No checkpoint of"),
])  # fmt: skip
def test_what_cannot_be_trained_is_one_line_and_no_folder(
    words: list[str], said: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    before = sorted((place / "runs").iterdir())
    assert main.run(["train", "classify", "--data", "photos", "--epochs", "1", "--batch-size", "8", *words]) in (2, 3)
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err
    assert sorted((place / "runs").iterdir()) == before


def test_a_network_whose_file_is_gone_is_one_line(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = place / "runs" / "mine"
    text = (run / "config.yaml").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (run / "config.yaml").write_text(text.replace("nets_of_mine.py", "gone.py"), encoding="utf-8")
    try:
        assert main.run(["evaluate", str(run)]) in (2, 3)
    finally:
        (run / "config.yaml").write_text(text, encoding="utf-8")
    assert "gone" in capsys.readouterr().err
