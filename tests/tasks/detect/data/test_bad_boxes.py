"""Labels and descriptions that cannot be right: one line each, with the file, the line and what was expected."""

from pathlib import Path
from typing import Any

import pytest

from lissom.errors import DataError, DataMissing
from lissom.tasks.detect.data.opening import open_pictures
from tasks.detect.data.box_files import coco, photo, voc, words, yolo


def refused(path: Path, *expected: str, kind: type[DataError] = DataError) -> str:
    """The sentence, which is one line and has all these words."""
    with pytest.raises(kind) as caught:
        open_pictures(path, cache_dir=path.parent / "cache")
    sentence = str(caught.value)
    assert "\n" not in sentence
    for word in expected:
        assert word in sentence
    return sentence


@pytest.mark.parametrize(
    ("row", "words_of_it"),
    [
        ("0", ["1 column;", "expected 5"]),
        ("0 0.5 0.5", ["3 columns", "expected 5"]),
        ("0 0.5 0.5 0.5 0.5 0.9", ["6 columns", "score"]),
        ("0 0.5 0.5 0.5 0.5 0.9 0.1 0.2", ["8 columns"]),
        ("cat 0.5 0.5 0.5 0.5", ["'cat' is not a finite number"]),
        ("0 0.5 x 0.5 0.5", ["'x' is not a finite number"]),
        ("0,0.5,0.5,0.5,0.5", ["'0,0.5,0.5,0.5,0.5'"]),
        ("0 0.5 nan 0.5 0.5", ["'nan' is not a finite number"]),
        ("0 0.5 0.5 inf 0.5", ["'inf' is not a finite number"]),
        ("0 0.5 0.5 -0.5 0.5", ["-0.5 0.5", "from 0 to 1"]),
        ("2 0.5 0.5 0.5 0.5", ["class '2'", "2 classes", "0 to 1"]),
        ("-1 0.5 0.5 0.5 0.5", ["class '-1'"]),
        ("0.5 0.5 0.5 0.5 0.5", ["class '0.5'"]),
        ("0 30 0.5 0.5 0.5", ["30 lies outside", "pixels"]),
        ("0 0.1 0.1 40 0.1 0.9 0.9", ["40 lies outside", "pixels"]),
    ],
)
def test_a_row_of_yolo(row: str, words_of_it: list[str], tmp_path: Path) -> None:
    file = yolo(tmp_path / "set", train=f"0 0.5 0.5 0.5 0.5\n{row}\n")
    refused(file, f"{file.parent / 'labels/train/0.txt'}:2:", *words_of_it)


@pytest.mark.parametrize(
    ("text", "words_of_it"),
    [
        ("train: images/train\nval: images/val\n", ["no class names"]),
        ("train: images/train\nval: images/val\nnames: 3\n", ["no class names"]),
        ("train: images/train\nval: images/val\nnames: []\n", ["no class names"]),
        ("train: images/train\nval: images/val\nnc: 3\nnames: [cat, dog]\n", [":3:", "2 class names for 3 classes"]),
        ("train: images/train\nval: images/val\nnc: few\nnames: [cat, dog]\n", [":3:", "'few'"]),
        ("train: images/train\nval: images/val\nnames: {1: cat, 2: dog}\n", [":3:", "1, 2", "from 0"]),
        ("train: images/train\nval: images/val\nnames: [cat, cat]\n", ["two classes are called cat"]),
        ("train: images/train\nval: images/val\nnames: [cat, [dog]]\n", [":3:", "names contains a list"]),
        ("names: [cat, dog]\n", ["no train", "The file has: names"]),
        ("val: images/val\nnames: [cat, dog]\n", ["only for val"]),
        ("train: images/none\nval: images/val\nnames: [cat, dog]\n", [":1:", "images/none does not exist"]),
        ("path: /nowhere/at/all\ntrain: images/train\nnames: [cat]\n", [":1:", "looked at /nowhere/at/all"]),
        ("train: images/train\nnames: [cat, dog\n", [":3:", "not plain YAML"]),
        ("[1, 2]\n", ["not plain YAML"]),
        ("", ["not plain YAML"]),
        ("train: !!python/object/apply:os.system [true]\nnames: [cat]\n", [":1:", "python/object/apply:os.system"]),
        ("train: images/train\nnames: [!!python/name:os.system cat]\n", [":2:", "construct an object"]),
        ("train: images/train\nnames: &a [cat, *a]\n", [":2:", "names contains a list"]),
        ("train: images/train\nnames: &a {0: *a}\n", [":2:", "names contains a mapping"]),
        ("&a *a : cat\n", ["not plain YAML"]),
        ("train: " + "[" * 3000 + "\nnames: [cat]\n", ["not plain YAML"]),
    ],
)
def test_a_description(text: str, words_of_it: list[str], tmp_path: Path) -> None:
    file = yolo(tmp_path / "set")
    refused(words(file, text), str(file), *words_of_it)


def test_the_path_that_was_looked_at_is_named(tmp_path: Path) -> None:
    file = yolo(tmp_path / "set")
    words(file, "path: .\ntrain: pictures/train\nval: images/val\nnames: [cat, dog]\n")
    refused(file, f"{file}:2:", "pictures/train does not exist", f"looked at {file.parent / 'pictures/train'}")


def test_what_is_no_data_set(tmp_path: Path) -> None:
    refused(tmp_path / "none", "There is no", "data.yaml", kind=DataMissing)
    refused(words(tmp_path / "set.zip", "PK"), "archive", "Unpack")
    refused(words(tmp_path / "set.csv", ""), "not a data set with boxes", "COCO")
    photo(tmp_path / "pictures/0.jpg")
    refused(tmp_path / "pictures", "1 picture but no labels")
    words(tmp_path / "pictures/0.txt", "0 0.5 0.5 1 1")
    refused(tmp_path / "pictures", "no class names", "classes.txt")
    words(tmp_path / "pictures/a.yaml", "train: .\nnames: [a]")
    words(tmp_path / "pictures/b.yaml", "train: .\nnames: [a]")
    refused(tmp_path / "pictures", "a.yaml, b.yaml")
    (tmp_path / "utf").mkdir()
    (tmp_path / "utf/data.yaml").write_bytes(b"names: [\xff]")
    refused(tmp_path / "utf", "UTF-8")


def test_nothing_to_train_on(tmp_path: Path) -> None:
    file = yolo(tmp_path / "set", train="")
    words(file.parent / "labels/train/1.txt", "")
    refused(file, "no boxes for training")
    (tmp_path / "set/empty").mkdir()
    words(file, "train: empty\nval: images/val\nnames: [cat, dog]\n")
    refused(file, f"{file}:1:", "no pictures found")
    photo(tmp_path / "one/0.jpg")
    words(tmp_path / "one/0.txt", "0 0.5 0.5 1 1")
    words(tmp_path / "one/classes.txt", "cat")
    refused(tmp_path / "one", "1 picture;", "one for testing")


ROW: dict[str, Any] = {"image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4]}


@pytest.mark.parametrize(
    ("annotation", "words_of_it"),
    [
        ({"bbox": [1, 2, 3]}, ["the bbox [1, 2, 3]"]),
        ({"bbox": [1, 2, 3, "4"]}, ["bbox"]),
        ({"bbox": None}, ["the bbox None"]),
        ({"bbox": [1, 2, -3, 4]}, ["-3 4"]),
        ({"category_id": 4}, ["category_id 4"]),
        ({"image_id": 7}, ["image_id 7"]),
        ({"image_id": None}, ["expected image_id"]),
    ],
)
def test_an_annotation_of_coco(annotation: dict[str, Any], words_of_it: list[str], tmp_path: Path) -> None:
    photo(tmp_path / "set/0.jpg")
    file = coco(tmp_path / "set/a.json", [{"file_name": "0.jpg"}], [ROW, ROW | annotation])
    refused(file, f"{file}: annotation 2", *words_of_it)


def test_a_file_of_coco(tmp_path: Path) -> None:
    photo(tmp_path / "set/0.jpg")
    file = coco(tmp_path / "set/a.json", [{"file_name": "0.jpg"}, {"file_name": "0.jpg", "id": 1}], [ROW])
    refused(file, "image 2 has the id 1")
    refused(coco(file, [{"file_name": "0.jpg"}, {"width": 3}], [ROW]), "image 2", "file_name")
    refused(coco(file, [{"file_name": "0.jpg"}], [ROW], [{"id": 3}]), "category 1")
    refused(coco(file, [{"file_name": "none.jpg"}], [ROW]), "no pictures found")
    refused(words(file, '{"images": [], "annotations": []}'), "categories is -")
    refused(words(file, "[]"), "images is list")
    refused(words(file, '{"images": [NaN'), "not JSON")


@pytest.mark.parametrize(
    ("text", "words_of_it"),
    [
        ("<object><bndbox/></object>", [":2:", "no name"]),
        ("<object><name>a</name></object>", [":2:", "xmin is -"]),
        ("<object><name>a</name><bndbox><xmin>1</xmin><ymin>nan</ymin></bndbox></object>", [":2:", "ymin is 'nan'"]),
    ],
)
def test_an_object_of_voc(text: str, words_of_it: list[str], tmp_path: Path) -> None:
    photo(tmp_path / "set/0.jpg")
    file = words(tmp_path / "set/0.xml", f"<annotation><filename>0.jpg</filename>\n{text}</annotation>")
    refused(tmp_path / "set", str(file), *words_of_it)


def test_a_file_of_voc(tmp_path: Path) -> None:
    photo(tmp_path / "set/0.jpg")
    file = voc(tmp_path / "set/0.xml", "0.jpg", [("a", (1, 1, 9, 9)), ("a", (9, 1, 5, 9))])
    refused(tmp_path / "set", f"{file}:5:", "9 1 5 9")
    words(file, "<!DOCTYPE a [<!ENTITY b 'c'>]><annotation>&b;</annotation>")
    refused(tmp_path / "set", str(file), "DOCTYPE")
    words(file, "<annotation><object>")
    refused(tmp_path / "set", str(file), "not plain XML")
