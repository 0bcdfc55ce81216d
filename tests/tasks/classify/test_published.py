"""Networks with published weights, through `predict` and `evaluate`: their options, files, classes and pixels."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import lissom
from lissom.cli.main import run
from lissom.errors import DataError, UsageError
from lissom.tasks.classify.data.class_folders import class_numbers
from lissom.tasks.classify.published import published_view
from photos import make_photos

V1 = "mobilenet_v2-b0353104.pth"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three photos of odd sizes in folders by class number, and the weights of a MobileNetV2 of half the width."""
    folder = tmp_path_factory.mktemp("published")
    rng = np.random.default_rng(0)
    for number, size in ((0, (70, 93)), (3, (101, 60)), (999, (64, 64))):
        (folder / "photos" / f"{number:04d}_x").mkdir(parents=True)
        Image.fromarray(rng.integers(0, 256, (*size, 3), np.uint8)).save(
            folder / "photos" / f"{number:04d}_x" / "a.png"
        )
    torch.manual_seed(0)
    torch.save(lissom.build("mobilenetv2", width=0.5).state_dict(), folder / "half.pth")
    return folder


def test_options_of_the_command_line_reach_the_network(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They arrive as words: `width` too."""
    words = ["predict", "mobilenetv2", str(place / "photos"), "--weights", str(place / "half.pth"), "--format", "json"]
    assert run([*words, "--options", "width", "0.5"]) == 0
    rows = json.loads(capsys.readouterr().out)
    by_call = lissom.predict("mobilenetv2", place / "photos", weights=str(place / "half.pth"), options={"width": 0.5})
    assert [row["label"] for row in rows] == [row["label"] for row in by_call]
    assert run(words) == 3  # the network of full width


@pytest.mark.parametrize(("options", "words"), [
    (("widht", "0.5"), ("widht", "did you mean width")),
    (("mirror", "x"), ("mirror", "dropout", "width")),
    (("num_classes", "5"), ("num_classes",)),
    (("width", "wide"), ("wide", "0 < width")),
    (("width", "0"), ("'0'", "0 < width")),
])  # fmt: skip
def test_an_option_that_is_none_is_refused(
    options: tuple[str, ...], words: tuple[str, ...], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--weights", str(place / "half.pth"), "--options", *options]
    assert run(["predict", "mobilenetv2", str(place / "photos"), *given]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert all(word in err for word in words), err


def test_a_cached_file_that_is_not_the_published_one_is_refused(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A poisoned cache changes no result, and a file of that name elsewhere passes for none."""
    monkeypatch.setenv("LISSOM_CACHE", str(tmp_path))
    torch.manual_seed(1)
    (tmp_path / "weights").mkdir()
    torch.save(lissom.build("mobilenetv2").state_dict(), tmp_path / "weights" / V1)
    for weights in ("torchvision/mobilenet_v2.v1", str(tmp_path / "weights" / V1)):
        with pytest.raises(DataError, match=r"b0353104.*lissom fetch torchvision/mobilenet_v2\.v1"):
            lissom.predict("mobilenetv2", place / "photos", weights=weights)


def test_a_file_of_no_catalogue_says_how_images_are_seen(place: Path) -> None:
    (note,) = published_view("mobilenetv2", str(place / "half.pth"), {"width": 0.5}).notes
    assert "224" in str(note)
    assert "half.pth" in str(note)


def test_weights_of_other_classes_give_no_labels(place: Path, tmp_path: Path) -> None:
    torch.save(lissom.build("mobilenetv2", width=0.5, num_classes=7).state_dict(), tmp_path / "seven.pth")
    with pytest.raises(DataError, match="1000"):
        lissom.predict("mobilenetv2", place / "photos", weights=str(tmp_path / "seven.pth"), options={"width": 0.5})


def test_the_weights_of_a_run_answer_as_the_run_does(tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", per_class=12)
    how = {"width": 0.25, "epochs": 1, "batch_size": 8, "threads": 1, "runs_dir": tmp_path / "runs"}
    trained = lissom.train("classify", data=photos, model="mobilenetv1_cifar", **how)
    for weights in (trained.path, trained.best):
        assert lissom.predict("mobilenetv1_cifar", photos, weights=weights) == lissom.predict(trained, photos)
    with pytest.raises(UsageError, match="mobilenetv1_cifar"):
        lissom.predict("mobilenetv2", photos, weights=trained.path)
    with pytest.raises(UsageError, match=r"width=0\.25"):
        lissom.predict("mobilenetv1_cifar", photos, weights=trained.path, options={"width": "0.5"})


def test_a_network_is_measured_on_labelled_photos(place: Path, tmp_path: Path) -> None:
    """The same answers as `predict` gives, against the classes that the folders name."""
    how = {"weights": str(place / "half.pth"), "options": {"width": "0.5"}}
    rows = lissom.predict("mobilenetv2", place / "photos", **how)
    names = published_view("mobilenetv2", how["weights"], {"width": 0.5}).class_names
    expected = sum(row["label"] == names[number] for row, number in zip(rows, (0, 3, 999), strict=True))
    said = []
    found = lissom.evaluate("mobilenetv2", place / "photos", **how, output=tmp_path / "out", listener=said.append)
    assert (found["images"], found["correct"]) == (3, expected)
    cells = found["confusion"]  # of a thousand classes, without zeros
    assert (cells["classes"], cells["true"], sum(cells["count"])) == (1000, [0, 3, 999], 3)
    with (tmp_path / "out" / "confusion.csv").open(newline="", encoding="utf-8") as file:
        assert [row["true"] for row in csv.DictReader(file)] == [names[0], names[3], names[999]]
    occur = {names[0], names[3], names[999]} | {row["label"] for row in rows}
    assert {row["class"] for row in found["per_class"]} == occur
    with (tmp_path / "out" / "evaluation.csv").open(newline="", encoding="utf-8") as file:
        assert [row["predicted"] for row in csv.DictReader(file)] == [row["label"] for row in rows]
    assert {"worst.png", "gradcam.png", "per_class.csv", "evaluation.json"} <= {
        f.name for f in (tmp_path / "out").iterdir()
    }
    assert any("half.pth" in str(event) for event in said)


CLASSES = ["tench", "great white shark", "Crane bird"]


def test_words_that_differ_in_case_alone_are_told_apart() -> None:
    assert class_numbers(["Missile", "missile"], ["missile", "Missile"], data="x") == [1, 0]
    with pytest.raises(DataError, match="MISSILE"):
        class_numbers(["MISSILE"], ["missile", "Missile"], data="x")


@pytest.mark.parametrize(("folders", "numbers"), [
    (["2", "0"], [2, 0]),
    (["0001_n01484850_shark", "0002"], [1, 2]),
    (["GREAT_White shark", "crane bird"], [1, 2]),
    (["n01484850", "n01440764", "n02012849"], [1, 0, 2]),
])  # fmt: skip
def test_class_folders_are_words_numbers_or_all_of_wordnet_s_ids(folders: list[str], numbers: list[int]) -> None:
    assert class_numbers(folders, CLASSES, data="x") == numbers


@pytest.mark.parametrize("folders", [["3"], ["tench", "0"], ["n01440764", "n01484850"], ["tench", "salmon"]])
def test_other_class_folders_are_refused(folders: list[str]) -> None:
    with pytest.raises(DataError, match=r"x has \d class folders.*'tench'.*0 to 2.*all 3 WordNet"):
        class_numbers(folders, CLASSES, data="x")


def agreement(real_data: Path, folder: Path, step: int) -> tuple[int, int, int]:
    """Photos, those where our top-1 label is that of torchvision's own code, and those where ours is right."""
    from torchvision.models import MobileNet_V2_Weights, mobilenet_v2

    shutil.unpack_archive(real_data / "imagenet_sample.zip", folder)
    files = sorted(folder.rglob("*.jpg"))[::step]
    weights = MobileNet_V2_Weights.IMAGENET1K_V1
    network = mobilenet_v2()
    network.load_state_dict(torch.load(real_data / "weights" / V1, weights_only=True))
    network.eval()
    names, see = weights.meta["categories"], weights.transforms()
    ours = [row["label"] for row in lissom.predict("mobilenetv2", files, weights=str(real_data / "weights" / V1))]
    theirs = []
    for start in range(0, len(files), 20):
        images = torch.stack([see(Image.open(file).convert("RGB")) for file in files[start : start + 20]])
        with torch.inference_mode():
            theirs += [names[i] for i in network(images).argmax(1).tolist()]
    right = sum(label == names[int(file.name[:4])] for label, file in zip(ours, files, strict=True))
    return len(files), sum(a == b for a, b in zip(ours, theirs, strict=True)), right


def test_real_weights_give_torchvision_s_labels(real_data: Path, tmp_path: Path) -> None:
    photos, same, _ = agreement(real_data, tmp_path, 20)
    assert (photos, same) == (25, 25)


@pytest.mark.slow
def test_real_weights_give_torchvision_s_label_on_every_photo(real_data: Path, tmp_path: Path) -> None:
    photos, same, right = agreement(real_data, tmp_path, 1)
    assert (photos, same) == (500, 500)
    assert right > 350
