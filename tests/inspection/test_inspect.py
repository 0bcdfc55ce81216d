"""`lissom inspect` on real runs: figures, pictures, a page in one file, and one-line errors."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import lissom
from lissom.blocks.cbam import CBAM
from lissom.cli.main import run as run_command
from lissom.errors import DataError, UsageError
from lissom.inspection.look import facts, look
from lissom.inspection.page import PICTURES, draw
from lissom.inspection.samples import Samples, evenly
from lissom.runs.weights import save_weights
from lissom.training.run import Run
from lissom.training.trained import trained
from photos import CLASSES, make_photos


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("inspect")
    make_photos(folder / "photos", per_class=20)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LISSOM_CACHE", str(folder / "cache"))
        yield folder


@pytest.fixture(scope="module")
def run(place: Path) -> Run:
    settings = {"data": "photos", "width": 0.25, "epochs": 1, "batch_size": 8, "device": "cpu"}
    return lissom.train("classify", model="mobilenetv3_small", name="v3", **settings)


@pytest.fixture(scope="module")
def found(run: Run) -> dict:
    return lissom.inspect(run, device="cpu")


def pictures(folder: Path) -> set[str]:
    return {file.stem.removeprefix("inspect_") for file in folder.glob("inspect_*.png")}


def test_a_row_for_each_layer_of_the_network(run: Run, found: dict) -> None:
    assert found["images"] == run.record.data.sizes["train"]  # fewer than 512, so all
    assert [len(found[key]) for key in ("kernels", "twins", "attention")] == [11, 12, 9]  # table 2
    assert [row["width"] for row in found["spiral"]] == [2, 3, 5, 15, 30]  # the paper's
    assert found["notes"] == []
    assert all(0 <= row["mean_gate"] <= 1 for row in found["attention"])


def test_page_tables_and_pictures_lie_in_the_run(run: Run, found: dict) -> None:
    assert found["folder"] == str(run.path)
    assert pictures(run.path) == set(PICTURES) - {"places", "levels"}  # no CBAM in it
    assert all((run.path / f"inspect_{name}.svg").exists() for name in pictures(run.path))
    assert json.loads((run.path / "inspect.json").read_text()) == found
    assert len((run.path / "inspect_kernels.csv").read_text().splitlines()) == 12
    page = (run.path / "inspect.html").read_text()
    assert page.count("<svg") == 6
    assert not re.findall(r'(?:src|href)="(?!#|data:)[^"]*"|url\((?!#)[^)]*\)|@import', page)


def test_the_same_run_gives_the_same_figures(run: Run, found: dict) -> None:
    again = lissom.inspect(run, device="cpu", write=False)
    assert {**again, "folder": found["folder"]} == found


def test_a_kernel_that_was_set_to_zero_is_found(run: Run, place: Path) -> None:
    model = trained(run, torch.device("cpu"))
    layer = model.get_submodule("blocks.1.depthwise.conv")
    with torch.no_grad():
        layer.weight[:3] = 0
    kept = run.best.read_bytes()
    try:
        save_weights(run.best, model.state_dict())
        rows = {row["layer"]: row for row in lissom.inspect(run, device="cpu", write=False)["kernels"]}
    finally:
        run.best.write_bytes(kept)
    assert rows["blocks.1.depthwise.conv"]["weak"] == 3
    assert sum(row["weak"] for row in rows.values()) == 3


def test_other_data_and_another_folder(run: Run, place: Path) -> None:
    make_photos(place / "others", per_class=5, classes=("seven", "zero"))
    (place / "looked").mkdir()
    (place / "looked" / "inspect_places.png").write_bytes(b"of an earlier look")
    other = lissom.inspect(run, str(place / "others"), output=place / "looked", images=6, device="cpu")
    assert (other["images"], other["source"]) == (6, str(place / "others"))
    assert pictures(place / "looked") == set(PICTURES) - {"places", "levels"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_command_prints_every_table(run: Run, language: str, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISSOM_LANG", language)
    assert run_command(["inspect", str(run.path), "--images", "9", "--dry-run", "--device", "cpu"]) == 0
    out = capsys.readouterr().out
    assert "blocks.10.depthwise.conv" in out
    assert ("Dead depthwise kernels" if language == "en" else "失效的深度卷积核") in out
    assert run_command(["inspect", str(run.path), "--images", "9", "--dry-run", "--json", "--device", "cpu"]) == 0
    assert json.loads(capsys.readouterr().out)["folder"] is None


def test_errors_are_one_line(run: Run, place: Path) -> None:
    with pytest.raises(UsageError, match="Got 1 image"):
        lissom.inspect(run, images=1)
    with pytest.raises(DataError, match="not a run folder"):
        lissom.inspect(place / "photos")
    make_photos(place / "strange", per_class=3, classes=("zero",))
    (place / "strange" / "zero").rename(place / "strange" / "eight")
    with pytest.raises(DataError, match="eight"):
        lissom.inspect(run, str(place / "strange"))


class Plain(nn.Module):
    """Full convolutions and a CBAM: no depthwise layer, and no block of the model contract."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), CBAM(8, 2))
        self.head = nn.Linear(8, len(CLASSES))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.trunk(x).mean((2, 3)))


def noise(labels: list[int]) -> Samples:
    """Pictures of random pixels, with a plain network."""
    pixels = np.random.default_rng(0).integers(0, 255, (len(labels), 12, 12, 1), np.uint8)

    def normalise(some: np.ndarray) -> torch.Tensor:
        return (torch.from_numpy(some).permute(0, 3, 1, 2) / 255 - 0.5) / 0.3

    return Samples(
        network="plain", model=Plain(), class_names=tuple(CLASSES), labels=np.array(labels),
        pixels=lambda indices: pixels[indices], normalise=normalise,
        batches=lambda size: [normalise(pixels[start : start + size]) for start in range(0, len(labels), size)],
    )  # fmt: skip


@pytest.mark.drawn
def test_a_network_without_depthwise_layers_says_so_and_cbam_shows_its_places(tmp_path: Path) -> None:
    seen = look(noise([0, 1, 2] * 6), batch_size=5)
    facts_of_it = facts(seen) | {"source": "noise"}
    assert [row["kind"] for row in facts_of_it["attention"]] == ["CBAM"]
    assert (facts_of_it["kernels"], facts_of_it["twins"]) == ([], [])
    assert len(facts_of_it["notes"]) == 1
    assert "no depthwise layer" in facts_of_it["notes"][0]
    draw(tmp_path, seen, facts_of_it)
    assert pictures(tmp_path) == {"spiral", "activations", "gates", "places"}
    with Image.open(tmp_path / "inspect_places.png") as sheet:
        assert np.asarray(sheet.convert("RGB")).std() > 20
    assert "no depthwise layer" in (tmp_path / "inspect.html").read_text()


def test_images_are_taken_evenly_from_the_classes() -> None:
    assert evenly(np.array([0, 0, 0, 0, 1, 1, 2]), 5).tolist() == [0, 1, 4, 5, 6]
    assert evenly(np.array([2, 0, 0, 1, 0]), 4).tolist() == [0, 1, 2, 3]
    assert len(evenly(np.array([0, 1]), 9)) == 2
