"""What a check says of pictures with boxes: every planted fault, in numbers and in a sentence."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lissom.cli.show_boxes import show_boxes
from lissom.plain import from_json, to_json
from lissom.tasks.detect.data.check import check
from lissom.tasks.detect.data.synthetic import write_synthetic
from tasks.detect.data.box_files import coco, photo, words, yolo


@dataclass(frozen=True)
class Options:
    cache_dir: str
    resolution: int = 640


def checked(path: Path, *, resolution: int = 640, picture: Path | None = None) -> dict[str, Any]:
    return check(path, Options(str(path.parent / "cache"), resolution), picture=picture)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthetic pictures, all of them good."""
    return write_synthetic(tmp_path_factory.mktemp("check") / "set", train=24, val=8, side=64, classes=2, seed=5)


def test_nothing_is_wrong_with_good_data_and_the_numbers_are_those_of_the_labels(clean: Path) -> None:
    report = checked(clean, resolution=64)
    rows = {part: [] for part in ("train", "val")}
    for label in sorted((clean.parent / "labels").rglob("*.txt")):
        values = [float(word) for word in label.read_text().split()]
        rows[label.parent.name].append(np.array(values).reshape(-1, 5))
    assert report["parts"] == [
        {
            "part": part,
            "pictures": len(rows[part]),
            "boxes": sum(map(len, rows[part])),
            "background": sum(not len(each) for each in rows[part]),
        }
        for part in ("train", "val")
    ]
    every = np.concatenate([*rows["train"], *rows["val"]])
    for number, row in enumerate(report["classes"]):
        own = every[every[:, 0] == number]
        assert row["train"] + row["val"] == len(own)
        assert row["side"] == pytest.approx(np.median(own[:, 3:].max(1)) * 64, abs=0.06)
    assert report["statistics"]["small"] == 1.0
    assert report["statistics"]["side_50"] == pytest.approx(np.median(np.sqrt(every[:, 3] * every[:, 4])) * 64, abs=0.1)
    assert report["trainable"]
    assert report["broken"] == []
    assert [warning for warning in report["warnings"] if "fewer than" not in warning] == []
    assert from_json(to_json(report)) == report


def test_the_size_of_training_decides_what_is_tiny(tmp_path: Path) -> None:
    file = yolo(tmp_path / "set", train="0 0.5 0.5 0.5 0.074\n0 0.5 0.5 0.5 0.076\n")  # of 40 pixels, at 1: 2.96, 3.04
    assert checked(file, resolution=60)["tiny"] == 1
    assert checked(file, resolution=120)["tiny"] == 0
    assert any("3 pixels" in warning and "0.txt:1" in warning for warning in checked(file, resolution=60)["warnings"])


def test_boxes_twice_outside_and_without_area(tmp_path: Path) -> None:
    rows = "0 0.5 0.5 0.5 0.5\n0 0.5 0.5 0.5 0.5\n1 0.5 0.5 0.5 0.5\n0 0.9 0.5 0.4 0.5\n0 0.5 0.5 0 0.5\n"
    report = checked(yolo(tmp_path / "set", train=rows))
    assert report["doubled"] == 1
    assert {kind: report["counts"][kind] for kind in ("outside", "degenerate")} == {"outside": 1, "degenerate": 1}
    assert any("occur twice" in warning and "0.txt:2" in warning for warning in report["warnings"])
    assert report["boxes"] == 6


def test_every_label_that_cannot_be_right_is_named_and_nothing_ends_the_check(tmp_path: Path) -> None:
    file = yolo(tmp_path / "set", train="0 0.5 0.5\n7 0.5 0.5 0.5 0.5\n0 0.5 0.5 0.5 0.5\n0 0.5 nan 0.5 0.5\n")
    (file.parent / "images/train/1.jpg").write_bytes(b"\xff\xd8\xff")
    (file.parent / "labels/val/2.txt").write_bytes(b"\xff")
    report = checked(file)
    assert [row.get("line") for row in report["broken"]] == [None, 1, 2, 4, None]
    assert report["broken"][0]["name"] == "images/train/1.jpg"
    assert "class '7'" in report["broken"][2]["reason"]
    assert not report["trainable"]
    assert report["parts"][0]["boxes"] == 1


def test_equal_and_nearly_equal_pictures_across_parts(tmp_path: Path) -> None:
    file = write_synthetic(tmp_path / "set", train=6, val=4, side=64, seed=2)
    images = file.parent / "images"
    (images / "val/00000.png").write_bytes((images / "train/00000.png").read_bytes())
    with Image.open(images / "train/00001.png") as image:
        image.resize((90, 90)).convert("RGB").save(images / "val/00001.png")
    (images / "train/00003.png").write_bytes((images / "train/00002.png").read_bytes())
    found = checked(file)["duplicates"]
    assert found["between"] == [["images/train/00000.png", "images/val/00000.png"]]
    assert found["near"] == [["images/train/00001.png", "images/val/00001.png"]]
    assert found["within"] == [["images/train/00002.png", "images/train/00003.png"]]
    assert sum("held out" in warning for warning in checked(file)["warnings"]) == 2


def test_classes_missing_from_a_part(tmp_path: Path) -> None:
    report = checked(yolo(tmp_path / "set", names="[cat, dog, cow]"))
    assert report["missing"] == {"train": ["cow"], "val": ["cat", "cow"]}
    assert sum("without boxes in" in warning for warning in report["warnings"]) == 2


@pytest.mark.parametrize(
    ("orientation", "declared", "rotated"), [(6, False, 1), (3, True, 1), (6, True, 0), (1, False, 0)]
)
def test_pictures_that_exif_turns_under_their_labels(
    orientation: int, declared: bool, rotated: int, tmp_path: Path
) -> None:
    photo(tmp_path / "set/0.jpg", orientation=orientation)
    photo(tmp_path / "set/1.jpg", shade=200)
    size = {"width": 60, "height": 40} if declared else {}
    boxes = [{"image_id": index, "category_id": 3, "bbox": [1, 1, 9, 9]} for index in (1, 2)]
    report = checked(coco(tmp_path / "set/a.json", [{"file_name": "0.jpg", **size}, {"file_name": "1.jpg"}], boxes))
    assert report["rotated"] == rotated
    assert any("EXIF" in warning for warning in report["warnings"]) == bool(rotated)


def test_labels_for_another_size_are_listed(tmp_path: Path) -> None:
    photo(tmp_path / "set/0.jpg")
    boxes = [{"image_id": 1, "category_id": 3, "bbox": [1, 1, 9, 9]}]
    file = coco(tmp_path / "set/a.json", [{"file_name": "0.jpg", "width": 600, "height": 400}], boxes)
    assert "600 x 400" in checked(file)["broken"][0]["reason"]


@pytest.mark.drawn
def test_the_picture_and_the_terminal(clean: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = checked(clean, picture=tmp_path / "new/overview.png")
    with Image.open(tmp_path / "new/overview.png") as image:
        assert image.format == "PNG"
        assert min(image.size) > 600
    words(clean.parent / "labels/train/00000.txt", "0 0.5 0.5 2 0.5\n")
    broken = checked(clean)
    for each in (report, broken):
        show_boxes(each, tmp_path / "overview.png")
    shown = capsys.readouterr().out
    assert "disc" in shown
    assert f"x {clean.parent / 'labels/train/00000.txt'}:1: 2 lies outside" in shown
    assert str(tmp_path / "overview.png") in shown
