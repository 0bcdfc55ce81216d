"""Photos as people have them: which class and split each image gets, and what is said of all that is left out."""

import io
import os
import tarfile
import unicodedata
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lissom.data import heic
from lissom.data.archives import open_archive
from lissom.data.files import image_suffixes
from lissom.data.folders import FolderFiles
from lissom.data.names import spellings
from lissom.errors import DataError
from lissom.events import Note
from lissom.tasks.classify.data.layout import Layout, arrange
from lissom.tasks.classify.data.lists import listed, read_lines
from lissom.tasks.classify.data.parts import part_of
from lissom.tasks.classify.data.sources import Source, open_source
from lissom.tasks.classify.data.splits import check_trainable
from lissom.tasks.classify.data.told import tell


def png(shade: int = 0) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((2, 2), shade, np.uint8)).save(file, "PNG")
    return file.getvalue()


def write(root: Path, *names: str | bytes) -> Path:
    for number, name in enumerate(names):
        path = os.path.join(os.fsencode(root), name if isinstance(name, bytes) else name.encode())
        os.makedirs(os.path.dirname(path), exist_ok=True)
        Path(os.fsdecode(path)).write_bytes(png(number))
    return root


def source(path: Path) -> Source:
    return open_source(str(path), cache_dir=path.parent / "cache")


def counts(layout: Layout | Source) -> dict[tuple[str, str], int]:
    """(split, class) -> images."""
    pairs = zip(layout.parts.tolist(), layout.labels.tolist(), strict=True)
    return dict(Counter((part, layout.class_names[label]) for part, label in pairs))


def reasons(layout: Layout | Source) -> dict[str, str]:
    return dict(layout.left_out)


def arranged(*names: str) -> Layout:
    return arrange(names, set(), where="here")


class TestFolders:
    @pytest.mark.parametrize(
        ("train", "test", "part"),
        [
            ("Training", "Testing", "test"), ("Train", "Test", "test"), ("TRAIN", "VAL", "val"),
            ("training_set", "test_set", "test"), ("seg_train", "seg_test", "test"), ("train", "dev", "val"),
            ("train2017", "val2017", "val"), ("TrainData", "valid", "val"), ("训练集", "测试集", "test"),
            ("x_train", "test", "test"),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("above", ["", "any/", "Train/"])
    def test_splits_as_people_spell_them(self, train: str, test: str, part: str, above: str) -> None:
        names = [f"{above}{folder}/{label}/{n}.png" for folder in (train, test) for label in "ab" for n in range(2)]
        assert counts(arranged(*names)) == {(p, label): 2 for p in ("train", part) for label in "ab"}

    def test_a_class_called_train_is_a_class(self) -> None:
        found = arranged("train/steam/1.png", "train/diesel/2.png", "bus/3.png", "test/4.png")
        assert counts(found) == {("", "bus"): 1, ("", "test"): 1, ("", "train"): 2}

    def test_splits_within_classes(self) -> None:
        found = arranged("cat/train/1.png", "cat/test/2.png", "dog/train/3.png", "dog/test/4.png")
        assert counts(found) == {(part, label): 1 for part in ("train", "test") for label in ("cat", "dog")}

    def test_what_is_in_no_split_and_in_no_class_folder_is_left_out(self) -> None:
        found = arranged(
            "t/train/a/1.png", "t/test/a/2.png", "t/seg_pred/3.png", "t/raw/4.png", "t/test/5.png", "6.png"
        )
        assert reasons(found) == {
            "t/seg_pred/3.png": "unused",
            "t/raw/4.png": "unused",
            "t/test/5.png": "stray",
            "6.png": "stray",
        }
        assert counts(found) == {("train", "a"): 1, ("test", "a"): 1}

    @pytest.mark.parametrize("above", ["", "pets/"])
    def test_a_stray_image_beside_class_folders(self, above: str) -> None:
        found = arranged(*(f"{above}{name}" for name in ("cat/1.png", "cat/2.png", "dog/3.png", "cover.png")))
        assert (found.class_names, reasons(found)) == (("cat", "dog"), {f"{above}cover.png": "stray"})
        assert found.items == ["cat/1.png", "cat/2.png", "dog/3.png"]

    @pytest.mark.parametrize(
        ("names", "kind"),
        [
            (["1.png", "2.png"], "data-flat"),
            (["train/1.png", "test/2.png"], "data-flat-splits"),
            (["a.txt"], "data-no-images"),
        ],
    )
    def test_without_class_folders_it_is_one_error(self, names: list[str], kind: str) -> None:
        with pytest.raises(DataError) as raised:
            arranged(*names)
        assert raised.value.kind == kind
        assert "\n" not in str(raised.value)

    def test_without_any_image_what_is_left_out_is_said(self) -> None:
        with pytest.raises(DataError, match=r"1 image in a format .* \(for example a/1.svg\)"):
            arranged("a/1.svg", "a/notes.txt")
        with pytest.raises(DataError, match="1 image in a format"):
            listed(read_lines(b"1.svg,a", where="l.csv"), ["1.svg"], folder="", where="l.csv")

    def test_splits_without_one_to_train_on(self, tmp_path: Path) -> None:
        write(tmp_path / "d", "val/a/1.png", "val/b/2.png", "test/a/3.png", "test/b/4.png")
        with pytest.raises(DataError, match="no training images"):
            check_trainable(source(tmp_path / "d"))

    def test_words_that_are_no_split(self) -> None:
        assert [part_of(name) for name in ("invalid", "tester", "train_test", "toy_train", "2017")] == [None] * 5


class TestLists:
    FILES = ("p/1.png", "p/2.png", "p/3.jpg", "p/4.png")

    def read(self, text: str, folder: str = "") -> Layout:
        return listed(read_lines(text.encode(), where="l.csv"), self.FILES, folder=folder, where="l.csv")

    @pytest.mark.parametrize(
        "text",
        [
            "id,label,filename\n9,cat,p/1.png\n8,dog,p/2.png\n7,cat,p/3.jpg\n",
            "p/1.png cat\np/2.png dog\n\np/3.jpg cat\n",
            "Image;Class\np/1;cat\np/2;dog\np/3;cat\n",
            "\ufeffp/1.png\tcat\np/2.png\tdog\np\\3.jpg\tcat",
        ],
    )
    def test_forms(self, text: str) -> None:
        found = self.read(text)
        assert counts(found) == {("", "cat"): 2, ("", "dog"): 1}
        assert found.items == ["cat/p/1.png", "cat/p/3.jpg", "dog/p/2.png"]
        assert reasons(found) == {"p/4.png": "unlisted"}

    @pytest.mark.parametrize("head", ["file,label,split\n", ""])
    def test_splits(self, head: str) -> None:
        found = self.read(head + "1.png,a,Training\n2.png,b,train\n3.jpg,a,dev\n4.png,b,predict\n", "p")
        assert counts(found) == {("train", "a"): 1, ("train", "b"): 1, ("val", "a"): 1}
        assert reasons(found) == {"p/4.png": "unused"}

    @pytest.mark.parametrize(
        ("text", "kind", "line"),
        [
            ("p/1.png,a\np/9.png,b\n", "list-no-file", 2),
            ("file,label\np/1.png,\n", "list-line", 2),
            ("p/1.png,a\n\np/1.png,b\n", "list-twice", 3),
            ("file,label,split\np/1.png,a,later\n", "list-split", 2),
            ("file,width\np/1.png,3\n", "list-columns", None),
            ("\n", "list-empty", None),
        ],
    )
    def test_faults_name_the_line(self, text: str, kind: str, line: int | None) -> None:
        with pytest.raises(DataError) as raised:
            self.read(text)
        assert (raised.value.kind, raised.value.values.get("line")) == (kind, line)

    def test_a_list_beside_a_folder_or_within_an_archive(self, tmp_path: Path) -> None:
        write(tmp_path / "photos", "1.png", "2.png", "3.png")
        (tmp_path / "lists").mkdir()
        (tmp_path / "lists" / "l.csv").write_text("../photos/1.png,a\n../photos/2.png,b\n")
        apart = source(tmp_path / "lists" / "l.csv")
        assert (counts(apart), reasons(apart)) == ({("", "a"): 1, ("", "b"): 1}, {"photos/3.png": "unlisted"})
        assert apart.read(1) == png(1)
        (tmp_path / "photos" / "l.txt").write_text("1.png a\n2.png b\n3.png b")
        with zipfile.ZipFile(tmp_path / "z.zip", "w") as file:
            for path in (tmp_path / "photos").iterdir():
                file.write(path, f"any/{path.name}")
        for data in ("photos", "z.zip", "photos/l.txt"):
            assert counts(source(tmp_path / data)) == {("", "a"): 1, ("", "b"): 2}


def tar(path: Path, *members: tuple[str, bytes | str, bytes]) -> Path:
    """Members as (name, content or target, type)."""
    with tarfile.open(path, "w") as file:
        for name, content, kind in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            if isinstance(content, str):
                info.linkname = content
            else:
                info.size = len(content)
            file.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return path


LINKS = {  # name -> target
    "d/b/soft.png": "../a/1.png", "d/b/chain.png": "soft.png", "d/b/out.png": "../../../etc/x.png",
    "d/b/loop.png": "loop.png", "d/c": "a", "d/a/up": "..", "d/b/void.png": "nothing.png",
}  # fmt: skip


class TestArchives:
    def zipped(self, path: Path) -> Path:
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("d/a/1.png", png(7))
            for name, target in LINKS.items():
                info = zipfile.ZipInfo(name)
                info.create_system, info.external_attr = 3, 0o120777 << 16
                file.writestr(info, target)
        return path

    def tarred(self, path: Path) -> Path:
        soft = [(name, target, tarfile.SYMTYPE) for name, target in LINKS.items()]
        hard = ("d/b/hard.png", "d/a/1.png", tarfile.LNKTYPE)
        return tar(path, ("d/a/1.png", png(7), tarfile.REGTYPE), hard, *soft)

    @pytest.mark.parametrize("form", ["zip", "tar"])
    def test_links_to_members_are_followed_and_others_named(self, tmp_path: Path, form: str) -> None:
        made = self.zipped(tmp_path / "a.zip") if form == "zip" else self.tarred(tmp_path / "a.tar")
        files = open_archive(made, cache_dir=tmp_path)
        hard = ["d/b/hard.png"] if form == "tar" else []
        assert files.names == ["d/a/1.png", "d/b/chain.png", *hard, "d/b/soft.png", "d/c/1.png"]
        assert {files.read(name) for name in files.names} == {png(7)}
        refused = {"d/b/out.png", "d/b/loop.png", "d/a/up", "d/b/void.png"}
        assert set(files.left_out) == {(name, "link") for name in refused}

    def test_of_two_members_of_one_name_the_last_counts(self, tmp_path: Path) -> None:
        twice = (("a/1.png", png(1), tarfile.REGTYPE), ("a/1.png", png(2), tarfile.REGTYPE))
        files = open_archive(tar(tmp_path / "a.tar", *twice), cache_dir=tmp_path)
        assert [files.read(name) for name in files.names] == [png(2)]

    @pytest.mark.parametrize(
        ("encoding", "system", "names"),
        [
            ("utf-8", 3, ["猫", "狗"]), ("gbk", 0, ["猫", "狗"]), ("gbk", 3, ["猫", "狗"]), ("gbk", 0, ["猫", "dog"]),
            ("cp437", 0, ["café", "niño"]), ("utf-8", 3, ["été", "naïve"]), ("utf-8", 0, ["花猫", "小狗"]),
        ],
    )  # fmt: skip
    def test_names_of_a_zip_that_does_not_say_their_encoding(
        self, tmp_path: Path, encoding: str, system: int, names: list[str]
    ) -> None:
        class Silent(zipfile.ZipInfo):
            def _encodeFilenameFlags(self) -> tuple[bytes, int]:
                return self.filename.encode(encoding), self.flag_bits & ~0x800

        with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
            for name in names:
                info = Silent(f"{name}/1.png")
                info.create_system = system
                file.writestr(info, png())
        found = source(tmp_path / "a.zip")
        assert found.class_names == tuple(sorted(names))
        assert [note.values["encoding"] for note in found.notes] == ([] if encoding == "utf-8" else [encoding])

    def test_the_name_in_unicode_beside_the_other_one_counts(self, tmp_path: Path) -> None:
        info = zipfile.ZipInfo("_/1.png")
        name = "猫/1.png".encode()
        info.extra = b"\x75\x70" + (5 + len(name)).to_bytes(2, "little") + b"\x01" + bytes(4) + name
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
            file.writestr(info, png())
        assert open_archive(tmp_path / "a.zip", cache_dir=tmp_path).names == ["猫/1.png"]


class TestNames:
    def test_both_forms_of_a_letter_are_one_class(self, tmp_path: Path) -> None:
        composed = unicodedata.normalize("NFC", "café")
        taken = unicodedata.normalize("NFD", "café")
        found = source(write(tmp_path / "d", f"{composed}/1.png", f"{taken}/1.png", f"{taken}/2.png", "tea/3.png"))
        assert counts(found) == {("", composed): 3, ("", "tea"): 1}
        assert {found.read(n) for n in range(4)} == {png(n) for n in range(4)}
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
            file.writestr(f"{composed}/1.png", png(0))
            file.writestr(f"{taken}/1.png", png(1))
        assert len(open_archive(tmp_path / "a.zip", cache_dir=tmp_path).names) == 2

    @pytest.mark.skipif(os.name == "nt" or os.uname().sysname == "Darwin", reason="names are Unicode there")
    def test_folders_whose_names_are_no_utf8(self, tmp_path: Path) -> None:
        found = source(write(tmp_path / "d", b"\xc3\xa8/1.png", b"\xb9\xb7/2.png"))  # 猫 and 狗 of Windows
        assert (found.class_names, found.read(1)) == (("狗", "猫"), png(0))
        assert [note.values["encoding"] for note in found.notes] == ["gbk"]
        with pytest.raises(DataError, match="not valid UTF-8"):
            source(write(tmp_path / os.fsdecode(b"\xff"), "a/1.png"))

    def test_an_encoding_for_each_where_none_fits_all(self) -> None:
        texts, encoding = spellings({"猫".encode(), b"caf\xe9", b"plain"}, other="latin-1")
        assert (set(texts.values()), encoding) == ({"猫", "café", "plain"}, "latin-1")


SYSTEM = {
    "cat/._1.png": "companion", "__MACOSX/cat/._1.png": "companion",
    "cat/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg": "thumbnail",
    "cat/Thumbs.db": "system", ".DS_Store": "system", "lost+found/": "system", ".git/": "system",
}  # fmt: skip


class TestLeftOut:
    def test_files_of_systems_are_counted_in_folder_and_zip(self, tmp_path: Path) -> None:
        write(tmp_path / "d", "cat/1.png", "dog/1.png", *(name + "x.png" * name.endswith("/") for name in SYSTEM))
        with zipfile.ZipFile(tmp_path / "d.zip", "w") as file:
            for path in (tmp_path / "d").rglob("*.*"):
                if path.is_file():
                    file.write(path, path.relative_to(tmp_path / "d"))
        folder = FolderFiles(tmp_path / "d")
        left = {name + "/" * (tmp_path / "d" / name).is_dir(): reason for name, reason in folder.left_out}
        assert (folder.names, left) == (["cat/1.png", "dog/1.png"], SYSTEM)
        zipped = open_archive(tmp_path / "d.zip", cache_dir=tmp_path)
        assert zipped.names == folder.names
        assert Counter(reason for _, reason in zipped.left_out) == Counter(SYSTEM.values())
        found = source(tmp_path / "d")
        assert (found.class_names, list(found.empty)) == (("cat", "dog"), [])

    def test_what_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(heic, "is_installed", lambda: False)
        image_suffixes.cache_clear()
        names = [f"c{n:02}/1.png" for n in range(12)]
        write(tmp_path / "d", *names, "c00/1.HEIC", "c00/2.heic", "c00/3.cr2", "notes.txt", "c01/.DS_Store")
        (tmp_path / "d" / "void").mkdir()
        notes: list[Note] = []
        tell(source(tmp_path / "d"), notes.append)  # type: ignore[arg-type]
        image_suffixes.cache_clear()
        assert notes[0].values == {
            "images": 12,
            "classes": 12,
            "listed": ", ".join(f"c{n:02} 1" for n in range(10)) + ", +2",
        }
        told = {note.name: (note.values["count"], note.values["example"]) for note in notes[1:]}
        assert told == {
            "left.heic": (2, "c00/1.HEIC"), "left.format": (1, "c00/3.cr2"), "left.other": (1, "notes.txt"),
            "left.system": (1, "c01/.DS_Store"), "left.empty": (1, "void"),
        }  # fmt: skip
        assert all(str(note) for note in notes)


@pytest.mark.parametrize("here", [True, False])
def test_heic_is_an_image_where_its_decoder_is(monkeypatch: pytest.MonkeyPatch, here: bool) -> None:
    monkeypatch.setattr(heic, "is_installed", lambda: here)
    image_suffixes.cache_clear()
    assert (".heic" in image_suffixes()) == here
    image_suffixes.cache_clear()
