"""Data sets with boxes from one form into another: nothing of them changes, and nothing is overwritten or left half."""

import os
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lissom.cli import main
from lissom.errors import DataError, MachineError, UsageError
from lissom.plain import from_json
from lissom.tasks.detect.data.convert import FORMS, convert
from lissom.tasks.detect.data.opening import Opened, read_all
from lissom.tasks.detect.data.told import Told
from tasks.detect.data.box_files import coco, photo, voc, words, yolo

FRACTIONS = "0 0.4321098 0.5123456 0.3333333 0.7654321\n1 0.25 0.25 0.5 0.5\n"


def read(path: Path) -> Opened:
    return read_all(path, cache_dir=path.parent / "cache", told=Told())


def converted(source: Path, to: str, output: Path, **options: Any) -> dict[str, Any]:
    return convert(source, to=to, output=output, cache_dir=output.parent / "cache", **options)


def every(opened: Opened) -> dict[tuple[str, str], tuple[bytes, list]]:
    """By part and name, each picture's bytes and its rows."""
    found = {}
    for index, (file, part) in enumerate(zip(opened.pictures.files, opened.parts.tolist(), strict=True)):
        boxes, classes, crowd = opened.pictures.labels(index)
        rows = sorted(zip(classes.tolist(), boxes.tolist(), crowd.tolist(), strict=True))
        found[part, file.name] = file.read_bytes(), rows
    return found


@pytest.mark.parametrize("forms", list(permutations(FORMS)), ids=">".join)
def test_there_and_back_again_through_every_form(forms: tuple[str, ...], tmp_path: Path) -> None:
    source = yolo(tmp_path / "set", train=FRACTIONS, names="[cat, dog, 'it: is, \"no\" & <cow>']")
    photo(source.parent / "images/val/empty.png", orientation=6)
    first, here = read(source), source
    for number, form in enumerate((*forms, forms[0])):
        report = converted(here, form, tmp_path / f"{number}-{form}")
        here = tmp_path / f"{number}-{form}"
        again = read(here)
        assert again.raw.class_names == first.raw.class_names
        assert every(again) == every(first)
        assert report["pictures"] == 4
        assert report["boxes"] == 4
        assert report["parts"] == {"train": 2, "val": 2}


def test_what_the_other_forms_expect(tmp_path: Path) -> None:
    source = yolo(tmp_path / "set")
    for form in FORMS:
        converted(source, form, tmp_path / form)
    content = from_json((tmp_path / "coco/annotations/instances_train.json").read_bytes())
    assert content["categories"] == [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    assert content["images"][0] == {"id": 1, "file_name": "0.jpg", "width": 60, "height": 40}
    assert content["annotations"][0]["bbox"] == [15, 10, 30, 20]
    assert content["annotations"][0]["area"] == 600
    assert (tmp_path / "coco/images/train/0.jpg").is_file()
    text = (tmp_path / "voc/Annotations/0.xml").read_text()
    corners = "".join(text.split()).split("<bndbox>")[1].split("</bndbox>")[0]
    assert corners == "<xmin>16</xmin><ymin>11</ymin><xmax>45</xmax><ymax>30</ymax>"
    assert (tmp_path / "voc/ImageSets/Main/val.txt").read_text() == "2\n"
    assert (tmp_path / "yolo/labels/train/0.txt").read_text() == "0 0.5 0.5 0.5 0.5\n"
    assert "train: images/train\nval: images/val\nnc: 2\n" in (tmp_path / "yolo/data.yaml").read_text()


def test_crowds_stay_where_the_form_has_a_word_for_them(tmp_path: Path) -> None:
    for number in range(2):
        photo(tmp_path / f"set/{number}.jpg", shade=60 + number)
    boxes = [{"image_id": index, "category_id": 3, "bbox": [1, 2, 9, 9], "iscrowd": index - 1} for index in (1, 2)]
    source = coco(tmp_path / "set/a.json", [{"file_name": "0.jpg"}, {"file_name": "1.jpg"}], boxes)
    converted(source, "voc", tmp_path / "voc")
    converted(tmp_path / "voc", "coco", tmp_path / "coco")
    assert read(tmp_path / "coco").pictures.crowd.tolist() == [False, True]
    report = converted(tmp_path / "voc", "yolo", tmp_path / "yolo")
    assert report["left_out"] == 1
    assert report["boxes"] == 1
    assert len(read(tmp_path / "yolo").pictures.classes) == 1


def test_pictures_of_one_name_keep_their_own_labels(tmp_path: Path) -> None:
    for number, name in enumerate(("a/0.jpg", "b/0.jpg", "b/0.png")):
        photo(tmp_path / "set" / name, shade=60 + number)
    for number, folder in enumerate("ab"):
        voc(tmp_path / f"set/{folder}/0.xml", "0.jpg", [("cat", (1, 1, 9, 9 + number))])
    report = converted(tmp_path / "set", "yolo", tmp_path / "yolo")
    assert report["renamed"] == 2
    rows = {"0.jpg": [[0, 0, 9, 9]], "0~2.jpg": [[0, 0, 9, 10]], "0~3.png": []}
    assert {name: found for (_, name), (_, found) in every(read(tmp_path / "yolo")).items()} == {
        name: [(0, [float(value) for value in box], False) for box in boxes] for name, boxes in rows.items()
    }


def test_a_picture_of_two_parts_is_in_both(tmp_path: Path) -> None:
    source = yolo(tmp_path / "set")
    words(source, source.read_text().replace("images/val", "images/train"))
    for form in FORMS:
        converted(source, form, tmp_path / form)
        assert sorted(read(tmp_path / form).parts.tolist()) == ["train", "train", "val", "val"]
    assert len(list((tmp_path / "voc/JPEGImages").iterdir())) == 2


def test_links_are_second_names_of_the_same_files(tmp_path: Path) -> None:
    source = yolo(tmp_path / "set")
    converted(source, "coco", tmp_path / "linked", images="link")
    converted(source, "coco", tmp_path / "copied")
    own = source.parent / "images/train/0.jpg"
    assert os.path.samefile(own, tmp_path / "linked/images/train/0.jpg")
    assert not os.path.samefile(own, tmp_path / "copied/images/train/0.jpg")


def test_nothing_is_overwritten_and_nothing_half_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = yolo(tmp_path / "set")
    (tmp_path / "there").mkdir()
    with pytest.raises(UsageError, match="exists"):
        converted(source, "voc", tmp_path / "there")
    with pytest.raises(UsageError, match="yolo"):
        converted(source, "yol", tmp_path / "new")
    before = sorted(tmp_path.iterdir())
    assert converted(source, "voc", tmp_path / "new", dry_run=True)["pictures"] == 3
    assert not (tmp_path / "new").exists()

    def full(path: Path, *_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(MachineError, match="full"):
            converted(source, "voc", tmp_path / "new")
    words(source.parent / "labels/train/0.txt", "0 0.5\n")
    with pytest.raises(DataError, match=r"0\.txt:1"):
        converted(source, "voc", tmp_path / "new")
    words(source.parent / "labels/train/0.txt", "")
    (source.parent / "images/train/0.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"0\.jpg"):
        converted(source, "voc", tmp_path / "new")
    assert {path for path in tmp_path.iterdir() if path.name != "cache"} <= set(before)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = str(yolo(tmp_path / "set"))
    more = ["--cache-dir", str(tmp_path / "cache")]
    assert main.run(["convert-data", source, "--to", "coco", "--output", str(tmp_path / "coco"), *more]) == 0
    assert "3 pictures (train 2, val 1), 3 boxes, 2 classes" in capsys.readouterr().out
    words_of_it = ["convert-data", str(tmp_path / "coco"), "--to", "yolo", "--output", str(tmp_path / "yolo"), *more]
    assert main.run([*words_of_it, "--dry-run", "--json"]) == 0
    assert from_json(capsys.readouterr().out)["classes"] == ["cat", "dog"]
    assert not (tmp_path / "yolo").exists()
    assert main.run(words_of_it) == 0
    assert np.array_equal(read(tmp_path / "yolo").pictures.boxes, read(Path(source)).pictures.boxes)
    assert main.run(words_of_it) == 2
