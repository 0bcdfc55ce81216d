"""Data sets with boxes as the labelling programs leave them: each read into the same pictures and boxes."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from lissom.errors import DataError
from lissom.tasks.detect.data.opening import BoxData, content, open_pictures
from tasks.detect.data.box_files import SIZE, coco, photo, voc, words, yolo

MIDDLE = [15, 10, 45, 30]


def opened(path: Path, **options) -> BoxData:
    return open_pictures(path, cache_dir=path.parent / "cache", **options)


def every(data: BoxData) -> dict[str, list[tuple[str, list[float]]]]:
    """Class and box by the name of each picture."""
    found = {}
    for part in (data.train, data.val, data.test):
        for index, name in enumerate(part.names):
            labels = part.labels(index)
            rows = zip(labels.classes.tolist(), np.round(labels.boxes.astype(float), 2).tolist(), strict=True)
            found[Path(name).name] = [(data.class_names[number], box) for number, box in rows]
    return found


def told(data: BoxData) -> set[str]:
    return {said.name.removeprefix("boxes.") for said in (*data.notes, *data.warnings)}


def test_yolo_with_a_description_in_its_folder(tmp_path: Path) -> None:
    file = yolo(tmp_path / "set")
    for path in (file, file.parent):
        data = opened(path)
        assert data.class_names == ("cat", "dog")
        assert every(data) == {
            "0.jpg": [("cat", MIDDLE)],
            "1.jpg": [("dog", [0, 0, 30, 20])],
            "2.jpg": [("dog", [0, 0, 60, 40])],
        }
        assert data.sizes == {"train": 1, "val": 1, "test": 1}
        assert data.name == "set"
        assert told(data) == set()
    assert data.test.names == ("images/val/2.jpg",)
    assert data.test.sizes.tolist() == [list(SIZE)]
    assert data.test.pixels(0).shape == (40, 60, 3)


@pytest.mark.parametrize(
    "names", ["{0: cat, 1: dog}", "\n  - cat\n  - dog", "{'1': dog, '0': cat}", "['cat', \"dog\"] # two"]
)
def test_names_as_list_or_mapping_keep_their_order(names: str, tmp_path: Path) -> None:
    assert opened(yolo(tmp_path / "set", names=names)).class_names == ("cat", "dog")


def test_names_stay_words_and_one_class_is_enough(tmp_path: Path) -> None:
    file = yolo(tmp_path / "a", names="[no, 1e3, 2021-01-01]", extra="nc: 3")
    assert opened(file).class_names == ("no", "1e3", "2021-01-01")
    file = yolo(tmp_path / "b", names="[one]", extra="nc: 1")
    for label in (file.parent / "labels").rglob("*.txt"):
        words(label, "0 0.5 0.5 0.5 0.5")
    assert opened(file).class_names == ("one",)


def test_marks_and_line_ends_of_windows(tmp_path: Path) -> None:
    file = yolo(tmp_path / "set", train="\ufeff0 0.5 0.5 0.5 0.5\r\n\r\n1\t0.5 0.5 1 1 \r\n")
    words(file, "\ufeff" + file.read_text().replace("\n", "\r\n"))
    assert every(opened(file))["0.jpg"] == [("cat", MIDDLE), ("dog", [0, 0, 60, 40])]


def test_polygons_become_their_boxes_and_are_counted(tmp_path: Path) -> None:
    data = opened(yolo(tmp_path / "set", train="0 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75\n0 0 0 0.5 1 1 0\n"))
    assert every(data)["0.jpg"] == [("cat", MIDDLE), ("cat", [0, 0, 60, 40])]
    assert {said.name: said.values["count"] for said in data.notes} == {"boxes.polygons": 2}


def test_keypoints_behind_a_box_are_no_polygon(tmp_path: Path) -> None:
    rows = "0 0.5 0.5 0.5 0.5 0.1 0.1 0.9 0.9\n"
    data = opened(yolo(tmp_path / "set", train=rows, extra="kpt_shape: [2, 2]\n"))
    assert every(data)["0.jpg"] == [("cat", MIDDLE)]
    assert told(data) == {"keypoints"}


def test_rounding_is_clipped_and_counted_and_boxes_beyond_are_a_warning(tmp_path: Path) -> None:
    data = opened(yolo(tmp_path / "set", train="0 0.5 0.5 1.0000001 1\n0 0.9 0.5 0.4 1\n0 0.5 0.5 0 0.5\n"))
    assert every(data)["0.jpg"] == [("cat", [0, 0, 60, 40]), ("cat", [42, 0, 60, 40])]
    assert [said.name for said in data.notes] == ["boxes.rounded"]
    assert [said.name for said in data.warnings] == ["boxes.outside", "boxes.degenerate"]
    assert "0.txt:2" in str(data.warnings[0])


def test_pictures_without_labels_are_background_and_labels_without_pictures_are_told(tmp_path: Path) -> None:
    file = yolo(tmp_path / "set", train="")
    photo(file.parent / "images/train/9.png")
    words(file.parent / "labels/train/8.txt", "0 0.5 0.5 1 1")
    words(file.parent / "labels/train/classes.txt", "cat\ndog")
    data = opened(file)
    assert every(data)["0.jpg"] == every(data)["9.png"] == []
    assert {said.name: said.values["count"] for said in (*data.notes, *data.warnings)} == {
        "boxes.background": 2,
        "boxes.labels-without-image": 1,
    }


def test_lists_and_single_pictures_as_parts(tmp_path: Path) -> None:
    folder = yolo(tmp_path / "set").parent
    words(folder / "train.txt", "./images/train/0.jpg\r\n/home/other/set/images/train/1.jpg\nimages/train/none.jpg\n")
    words(folder / "data.yaml", "train: train.txt\nval: [images/val/2.jpg]\nnames: [cat, dog]\n")
    data = opened(folder)
    assert every(data) == every(opened(yolo(tmp_path / "other")))
    assert told(data) == {"relocated", "images-missing"}


def test_roboflow_stands_one_folder_higher_than_it_says(tmp_path: Path) -> None:
    for number, part in enumerate(("train", "train", "valid", "test")):
        photo(tmp_path / f"set/{part}/images/{number}.jpg", shade=50 + number)
        words(tmp_path / f"set/{part}/labels/{number}.txt", "1 0.5 0.5 0.5 0.5")
    text = "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n\nnc: 2\nnames: ['cat', 'dog']\n"
    words(tmp_path / "set/data.yaml", text)
    words(tmp_path / "set/README.roboflow.txt", "exported")
    data = opened(tmp_path / "set")
    assert every(data) == {f"{number}.jpg": [("dog", MIDDLE)] for number in range(4)}
    assert data.sizes == {"train": 2, "val": 1, "test": 1}
    assert data.split.val_from == data.split.test_from == "own"


def test_cvat_for_darknet(tmp_path: Path) -> None:
    for number in range(3):
        photo(tmp_path / f"set/obj_train_data/{number}.jpg", shade=50 + number)
        words(tmp_path / f"set/obj_train_data/{number}.txt", "1 0.5 0.5 0.5 0.5")
    words(tmp_path / "set/obj.names", "cat\ndog\n")
    words(tmp_path / "set/train.txt", "".join(f"data/obj_train_data/{number}.jpg\n" for number in range(3)))
    words(
        tmp_path / "set/obj.data",
        "classes = 2\ntrain = data/train.txt\nnames = data/obj.names\nbackup = backup/\n",
    )
    data = opened(tmp_path / "set")
    assert every(data) == {f"{number}.jpg": [("dog", MIDDLE)] for number in range(3)}
    assert data.split.test_from == "carved"
    assert data.sizes == {"train": 1, "val": 1, "test": 1}


@pytest.mark.parametrize("place", ["labels", "."])
def test_labelimg_with_its_classes_among_the_labels(place: str, tmp_path: Path) -> None:
    images = "images" if place == "labels" else "."
    for number in range(3):
        photo(tmp_path / "set" / images / f"{number}.jpg", shade=50 + number)
        words(tmp_path / "set" / place / f"{number}.txt", "1 0.5 0.5 0.5 0.5")
    words(tmp_path / "set" / place / "classes.txt", "cat\ndog\n")
    data = opened(tmp_path / "set")
    assert data.class_names == ("cat", "dog")
    assert every(data) == {f"{number}.jpg": [("dog", MIDDLE)] for number in range(3)}
    assert told(data) == set()


def test_words_of_a_chinese_windows(tmp_path: Path) -> None:
    for number in range(3):
        photo(tmp_path / f"set/{number}.JPG", shade=50 + number)
        words(tmp_path / f"set/{number}.TXT", "1 0.5 0.5 0.5 0.5")
    (tmp_path / "set/classes.txt").write_bytes("猫\r\n狗\r\n".encode("gbk"))
    assert every(opened(tmp_path / "set"))["0.JPG"] == [("狗", MIDDLE)]
    (tmp_path / "set/classes.txt").write_bytes("猫\n狗\n".encode("utf-16"))
    assert opened(tmp_path / "set").class_names == ("猫", "狗")


def coco_rows(folder: Path) -> tuple[list, list]:
    """Three pictures, the first with a box of each class."""
    pictures = [{"file_name": f"{number}.jpg", "width": 60, "height": 40} for number in range(3)]
    for number in range(3):
        photo(folder / f"{number}.jpg", shade=50 + number)
    boxes = [
        {"image_id": 1, "category_id": 3, "bbox": [15, 10, 30, 20]},
        {"image_id": 1, "category_id": 90, "bbox": [0, 0, 60, 40]},
        {"image_id": 2, "category_id": 90, "bbox": [15, 10, 30, 20]},
        {"image_id": 3, "category_id": 3, "bbox": [15.5, 10, 20.25, 20]},
    ]
    return pictures, boxes


COCO = {
    "0.jpg": [("cat", MIDDLE), ("dog", [0, 0, 60, 40])],
    "1.jpg": [("dog", MIDDLE)],
    "2.jpg": [("cat", [15.5, 10, 35.75, 30])],
}


@pytest.mark.parametrize(
    ("images", "file"),
    [
        ("set", "set/_annotations.coco.json"),
        ("set/images", "set/result.json"),
        ("set/images/default", "set/annotations/instances_default.json"),
        ("set/train2017", "set/annotations/instances_train2017.json"),
        ("set/images/train2017", "set/annotations/instances_train2017.json"),
    ],
)
def test_coco_with_gaps_in_its_ids_wherever_its_pictures_are(images: str, file: str, tmp_path: Path) -> None:
    coco(tmp_path / file, *coco_rows(tmp_path / images))
    for path in (tmp_path / "set", tmp_path / file):
        data = opened(path)
        assert data.class_names == ("cat", "dog")
        assert every(data) == COCO
        assert told(data) == set()


def test_coco_ids_from_zero_and_parts_in_files_of_their_own(tmp_path: Path) -> None:
    pictures, boxes = coco_rows(tmp_path / "set/train")
    shutil.copytree(tmp_path / "set/train", tmp_path / "set/valid")
    for path in (tmp_path / "set/valid").glob("*.jpg"):
        path.rename(path.with_stem(f"v{path.stem}"))
    kinds = [{"id": 0, "name": "pets", "supercategory": "none"}]
    kinds += [{"id": number, "name": name, "supercategory": "pets"} for number, name in ((1, "cat"), (2, "dog"))]
    boxes = [{**box, "category_id": {3: 1, 90: 2}[box["category_id"]]} for box in boxes]
    coco(tmp_path / "set/train/_annotations.coco.json", pictures, boxes, kinds)
    valid = [{**row, "file_name": f"v{row['file_name']}"} for row in pictures]
    swapped = [kinds[0], kinds[2], kinds[1]]  # another order in the other file: the names tell
    coco(tmp_path / "set/valid/_annotations.coco.json", valid, boxes, swapped)
    data = opened(tmp_path / "set")
    assert data.class_names == ("cat", "dog")
    assert every(data) == {**COCO, **{f"v{name}": boxes for name, boxes in COCO.items()}}
    assert told(data) == {"dummy"}
    assert data.split.test_from == "val"


def test_coco_finds_a_picture_by_its_name_alone_and_takes_a_test_set_without_labels(tmp_path: Path) -> None:
    pictures, boxes = coco_rows(tmp_path / "set/photos/first batch")
    coco(tmp_path / "set/instances_train.json", pictures, boxes)
    photo(tmp_path / "set/photos/test/9.jpg")
    hidden = '{"images": [{"id": 1, "file_name": "9.jpg"}], "categories": [{"id": 1, "name": "cat"}]}'
    words(tmp_path / "set/instances_test.json", hidden)
    data = opened(tmp_path / "set")
    assert every(data) == COCO
    assert told(data) == {"relocated", "background", "test-unlabelled"}


def test_coco_crowds_and_masks(tmp_path: Path) -> None:
    pictures, boxes = coco_rows(tmp_path / "set")
    mask = {"counts": [0, 2400], "size": [40, 60]}
    boxes[0] |= {"iscrowd": 1, "segmentation": mask}
    boxes[1] = {"image_id": 1, "category_id": 90, "segmentation": [[15, 10, 45, 10, 45, 30, 15, 30]]}
    data = opened(coco(tmp_path / "set/a.json", pictures, boxes))
    crowd = np.concatenate([part.crowd for part in (data.train, data.val, data.test)])
    assert crowd.sum() == 1
    assert every(data)["0.jpg"] == [("cat", MIDDLE), ("dog", MIDDLE)]
    assert told(data) == {"crowd", "masks", "polygons"}


def test_voc_counts_from_one_and_its_lists_tell_the_parts(tmp_path: Path) -> None:
    for number in range(4):
        photo(tmp_path / f"set/JPEGImages/{number}.jpg", shade=50 + number)
    for number in range(3):
        voc(
            tmp_path / f"set/Annotations/{number}.xml",
            f"{number}.jpg",
            [("dog", (16, 11, 45, 30)), ("cat", (1, 1, 60, 40))],
        )
    words(tmp_path / "set/ImageSets/Main/train.txt", "0\n1\n")
    words(tmp_path / "set/ImageSets/Main/trainval.txt", "0\n1\n2\n")
    words(tmp_path / "set/ImageSets/Main/val.txt", "2\n3\n")
    words(tmp_path / "set/ImageSets/Main/cat_train.txt", "0  1\n1 -1\n")
    words(tmp_path / "set/ImageSets/Segmentation/train.txt", "2\n")
    data = opened(tmp_path / "set")
    assert data.class_names == ("cat", "dog")
    boxes = [("dog", MIDDLE), ("cat", [0, 0, 60, 40])]
    assert every(data) == {"0.jpg": boxes, "1.jpg": boxes, "2.jpg": boxes, "3.jpg": []}
    assert data.sizes == {"train": 1, "val": 1, "test": 2}
    assert told(data) == {"background"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("classes.txt", "dog\nhorse\ncat: small\n"),
        ("labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\ndog:1,2,3::\nhorse:::\ncat:::\n"),
    ],
)
def test_a_list_of_classes_beside_voc_gives_their_order(name: str, text: str, tmp_path: Path) -> None:
    cat = "cat: small" if "small" in text else "cat"
    for number in range(2):
        photo(tmp_path / f"set/JPEGImages/{number}.jpg", shade=50 + number)
        voc(tmp_path / f"set/Annotations/{number}.xml", f"{number}.jpg", [(cat, (1, 1, 9, 9)), ("dog", (1, 1, 9, 9))])
    words(tmp_path / "set/ImageSets/Main/default.txt", "0\n1\n")
    words(tmp_path / "set" / name, text)
    data = opened(tmp_path / "set")
    assert data.class_names == ("dog", "horse", cat)
    assert data.sizes["train"] == 1


def test_voc_beside_its_pictures_without_sizes_from_zero_and_difficult(tmp_path: Path) -> None:
    for number in range(3):
        photo(tmp_path / f"set/{number}.png", shade=50 + number)
        size, more = [None, (0, 0), SIZE][number], "<difficult>1</difficult>" if number else ""
        voc(tmp_path / f"set/{number}.xml", f"{number}.jpg", [("dog", (0, 0, 30, 20))], size=size, more=more)
    data = opened(tmp_path / "set")
    assert every(data) == {f"{number}.png": [("dog", [0, 0, 30, 20])] for number in range(3)}
    assert sum(int(part.crowd.sum()) for part in (data.train, data.val, data.test)) == 2
    assert told(data) == {"from-zero", "difficult"}


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_boxes_drawn_before_the_picture_was_turned_are_turned_with_it(orientation: int, tmp_path: Path) -> None:
    pictures, boxes = coco_rows(tmp_path / "set")
    photo(tmp_path / "set/0.jpg", orientation=orientation)
    boxes[0]["bbox"] = [0, 0, 8, 8]  # its bright corner
    data = opened(coco(tmp_path / "set/a.json", pictures, boxes))
    assert told(data) == {"turned"}
    for part in (data.train, data.val, data.test):
        for index, name in enumerate(part.names):
            if name == "0.jpg":
                left, top, right, bottom = part.labels(index).boxes[0].astype(int)
                pixels = part.pixels(index)
                assert pixels.shape == (60, 40, 3)
                assert part.sizes[index].tolist() == [40, 60]
                assert pixels[top + 1 : bottom - 1, left + 1 : right - 1].min() > 200


def test_labels_for_another_size_are_refused(tmp_path: Path) -> None:
    pictures, boxes = coco_rows(tmp_path / "set")
    pictures[1] |= {"width": 120, "height": 80}
    with pytest.raises(DataError, match=r"120 x 80.*60 x 40"):
        opened(coco(tmp_path / "set/a.json", pictures, boxes))


def test_cmyk_is_read_and_a_picture_without_bytes_is_named(tmp_path: Path) -> None:
    file = yolo(tmp_path / "set")
    photo(file.parent / "images/train/0.jpg", mode="CMYK")
    data = opened(file)
    assert data.test.pixels(0).shape == (40, 60, 3)
    (file.parent / "images/train/1.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"1\.jpg"):
        opened(file)


def test_the_digest_is_of_pictures_and_boxes_wherever_and_however_they_lie(tmp_path: Path) -> None:
    file = yolo(tmp_path / "set")
    data = opened(file)
    shutil.copytree(file.parent, tmp_path / "moved")
    label = tmp_path / "moved/labels/train/0.txt"
    words(label, label.read_text().replace("\n", "\r\n"))
    assert opened(tmp_path / "moved").used.digest == data.used.digest
    found = content(file, cache_dir=tmp_path / "cache")
    assert found == {name: item.digest for name, item in data.items.items()}
    words(label, "0 0.5 0.5 0.5 0.6")
    changed = content(tmp_path / "moved", cache_dir=tmp_path / "cache")
    assert {name for name in found if found[name] != changed[name]} == {"images/train/0.jpg"}
    words(tmp_path / "moved/data.yaml", file.read_text().replace("cat", "cow"))
    renamed = content(tmp_path / "moved", cache_dir=tmp_path / "cache")
    assert {name for name in found if changed[name] != renamed[name]} == {"names"}


def test_a_second_reading_opens_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where the folder was looked at meanwhile as one of photos by classes."""
    import os

    from lissom.data.digests import look_at
    from lissom.data.folders import FolderFiles
    from lissom.events import silent
    from lissom.tasks.detect.data import opening

    file = yolo(tmp_path / "set")
    for path in (file.parent / "images").rglob("*.jpg"):
        os.utime(path, (1e9, 1e9))
    monkeypatch.setattr("lissom.data.folders.YOUNG_NS", -(10**18))
    first = opened(file)
    photos = FolderFiles(file.parent)
    look_at(photos, sorted(photos.names)[:1], cache_dir=tmp_path / "set" / "cache", listener=silent)

    def refuse(path: Path) -> bytes:
        raise AssertionError(path)

    monkeypatch.setattr(opening, "read_bytes", refuse)
    assert opened(file).used == first.used


def test_which_part_chooses(tmp_path: Path) -> None:
    for number in range(40):
        part = "train" if number < 30 else "val" if number < 35 else "test"
        photo(tmp_path / f"set/images/{part}/{number:02d}.png", shade=number)
        words(tmp_path / f"set/labels/{part}/{number:02d}.txt", "0 0.5 0.5 0.5 0.5")
    file = tmp_path / "set/data.yaml"
    words(file, "train: images/train\nval: images/val\nnames: [cat]\n")
    two = opened(file)
    assert two.sizes == {"train": 27, "val": 3, "test": 5}
    assert two.used.split == opened(file).used.split
    assert {name.split("/")[1] for name in two.test.names} == {"val"}
    assert opened(file, val_fraction=0).sizes == {"train": 30, "val": 0, "test": 5}
    assert opened(file, split_seed=1).val.names != two.val.names
    assert {item.part for item in two.items.values()} == {"train", "val", "test", ""}
    words(file, "train: images/train\nval: images/val\ntest: images/test\nnames: [cat]\n")
    three = opened(file)
    assert three.sizes == {"train": 30, "val": 5, "test": 5}
    assert (three.split.val_from, three.split.test_from) == ("own", "own")
    assert opened(file, val_fraction=0).sizes == {"train": 30, "val": 0, "test": 5}
    words(file, "train: images/train\nnames: [cat]\n")
    assert opened(file, test_fraction=0.2).sizes == {"train": 22, "val": 2, "test": 6}


def test_a_picture_in_two_parts_is_a_warning(tmp_path: Path) -> None:
    file = yolo(tmp_path / "set")
    words(file, file.read_text().replace("images/val", "images/train"))
    data = opened(file)
    assert told(data) == {"shared"}
    assert data.items["images/train/0.jpg"].part == ""
