"""Whatever a person gets wrong with a scene: one line, the right exit code, nothing half-written."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from lissom.cli.main import run
from lissom.tasks.scene.data.synthetic import synthetic_scene
from scene_files import write_envi

SCENE = synthetic_scene(24, 22, 20, 3, seed=2)
CUBE, MAP = SCENE.cube, SCENE.ground_truth
assert MAP is not None
TRAIN = ("train", "scene", "--cube", "cube.npy", "--ground-truth", "map.npy")
SHORT = (*TRAIN, "--window", "9", "--components", "13", "--epochs", "1", "--threads", "1", "--quiet")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cube, its map and one finished run, to be copied for each test."""
    folder = tmp_path_factory.mktemp("scene-refused")
    np.save(folder / "cube.npy", CUBE)
    np.save(folder / "map.npy", MAP)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run([*SHORT, "--train-fraction", "0.2", "--name", "first"]) == 0
    return folder


@pytest.fixture
def place(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = shutil.copytree(template, tmp_path / "place")
    config = folder / "runs" / "first" / "config.yaml"  # which holds whole paths
    config.write_text(config.read_text("utf-8").replace(str(template), str(folder)), "utf-8")
    monkeypatch.chdir(folder)
    return folder


def refused(place: Path, capsys: pytest.CaptureFixture[str], code: int, words: tuple[str, ...], *argv: str) -> None:
    """The command leaves with `code`, one line on standard error that holds all `words`, and the folder as it was."""
    before = sorted(place.rglob("*"))
    capsys.readouterr()
    assert run(argv) == code, capsys.readouterr()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("lissom: ")
    assert err.count("\n") == 1, err
    assert all(word in err for word in words), err
    assert sorted(place.rglob("*")) == before


@pytest.mark.parametrize(("argv", "code", "words"), [
    ((*SHORT, "--window", "8"),                                    2, ("window", "8", "odd")),
    ((*SHORT, "--window", "25"),                                   3, ("25", "24 x 22")),
    ((*SHORT, "--components", "21"),                               3, ("21", "20")),
    ((*SHORT, "--train-per-class", "4", "--val-fraction", "0"),    3, ("13", "12")),
    ((*SHORT, "--window", "7"),                                    2, ("7", "9")),
    ((*SHORT, "--components", "5"),                                2, ("5", "13")),
    ((*SHORT, "--model", "mobilenetv2"),                           2, ("mobilenetv2", "hybridsn")),
    ((*SHORT, "--model", "hybridns"),                              2, ("hybridns", "hybridsn")),
    ((*SHORT, "--cube", "nowhere.mat"),                            3, ("nowhere.mat",)),
    ((*SHORT, "--ground-truth", "nowhere.mat"),                    3, ("nowhere.mat",)),
    ((*SHORT, "--ground-truth", "cube.npy"),                       3, ("cube.npy",)),
    ((*SHORT, "--split", "maps"),                                  2, ("train_map",)),
    ((*SHORT, "--unlabelled", "one"),                              2, ("one",)),
    ((*SHORT, "--name", "first"),                                  2, ("runs/first",)),
    ((*SHORT, "--runs-dir", "map.npy/runs"),                       5, ("map.npy",)),
    (("train", "scene", "--cube", "cube.npy"),                     3, ("ground truth",)),
    (("check-data", "scene", "nowhere.hdr"),                       3, ("nowhere.hdr",)),
    (("check-data", "sene", "cube.npy"),                           2, ("sene", "scene")),
    (("predict", "runs/first", "nowhere.npy"),                     3, ("nowhere.npy",)),
    (("predict", "runs/first", "map.npy"),                         3, ("map.npy",)),
    (("predict", "runs/first", "cube.npy", "cube.npy"),            2, ("one cube", "2")),
    (("predict", "runs/first", "cube.npy", "--output", "m.jpg"),   2, ("m.jpg", ".mat")),
    (("predict", "runs/first", "cube.npy", "--output", "no/m.mat"), 5, ("no",)),
    (("predict", "runs/first", "cube.npy", "--output", "runs/m"),  2, ("runs/m", ".png")),
    (("predict", "runs/first", "cube.npy", "--mc-dropout", "1"),   2, ("1", "2 or more")),
    (("predict", "runs/first", "cube.npy", "--uncertainty", "u.npy"), 2, ("u.npy", "--mc-dropout")),
    (("predict", "mobilenetv2", "a.jpg", "--output", "m.npy"),     2, ("--output", "mobilenetv2")),
    (("demo", "--task", "scenes"),                                 2, ("scenes",)),
])  # fmt: skip
def test_refused(
    place: Path, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    refused(place, capsys, code, words, *argv)


def sizes(folder: Path) -> None:
    np.save(folder / "map.npy", MAP[:20])


def no_labels(folder: Path) -> None:
    np.save(folder / "map.npy", np.zeros_like(MAP))


def one_class(folder: Path) -> None:
    np.save(folder / "map.npy", (MAP == 2) * 2)


def complex_cube(folder: Path) -> None:
    np.save(folder / "cube.npy", CUBE.astype(complex))


def text_cube(folder: Path) -> None:
    np.save(folder / "cube.npy", CUBE.astype("U5"))


@pytest.mark.parametrize(("spoil", "words"), [
    (sizes,        ("20 x 22", "24 x 22")),
    (no_labels,    ("map.npy", "has no usable labelled pixel")),
    (one_class,    ("only one class", "2 or more")),
    (complex_cube, ("complex128", "real numbers")),
    (text_cube,    ("<U5", "real numbers")),
])  # fmt: skip
def test_arrays_that_cannot_be_trained(
    place: Path, capsys: pytest.CaptureFixture[str], spoil: Callable[[Path], None], words: tuple[str, ...]
) -> None:
    spoil(place)
    refused(place, capsys, 3, words, *SHORT)


def several(folder: Path) -> Path:
    savemat(folder / "x.mat", {"raw": CUBE, "corrected": CUBE[..., :15]})
    return folder / "x.mat"


def truncated(folder: Path) -> Path:
    header = write_envi(folder / "x.hdr", CUBE)
    raw = header.with_suffix(".img")
    raw.write_bytes(raw.read_bytes()[:-100])
    return header


def lying(folder: Path) -> Path:
    return write_envi(folder / "x.hdr", CUBE, lines=12)


def unknown_interleave(folder: Path) -> Path:
    header = write_envi(folder / "x.hdr", CUBE)
    header.write_text(header.read_text().replace("interleave = bsq", "interleave = bsp"))
    return header


@pytest.mark.parametrize(("make", "words"), [
    (several,   ("raw (24 x 22 x 20)", "corrected (24 x 22 x 15)", "--variable")),
    (truncated, ("x.img", "21020", "21120")),
    (lying,     ("x.img", "21120", "10560")),
    (unknown_interleave,    ("interleave", "bsp", "bsq, bil, bip")),
])  # fmt: skip
@pytest.mark.parametrize("verb", ["train", "check-data", "predict"])
def test_files_that_are_not_what_they_say(
    place: Path, capsys: pytest.CaptureFixture[str], make: Callable[[Path], Path], words: tuple[str, ...], verb: str
) -> None:
    cube = make(place).name
    argv = {"train": (*SHORT, "--cube", cube), "check-data": ("check-data", "scene", cube)}
    refused(place, capsys, 3, words, *argv.get(verb, ("predict", "runs/first", cube)))


def test_a_run_for_another_number_of_bands(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(place / "fewer.npy", CUBE[..., :18])
    refused(place, capsys, 3, ("18 bands", "expected 20"), "predict", "runs/first", "fewer.npy")


def test_a_scene_that_has_changed_since(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = CUBE.copy()
    changed[0, 0, 0] += 1
    np.save(place / "cube.npy", changed)
    refused(place, capsys, 3, ("runs/first", "cube.npy"), "evaluate", "runs/first")


def test_a_run_without_its_preprocessing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "runs" / "first" / "preprocess.npz").unlink()
    refused(place, capsys, 3, ("preprocess.npz",), "predict", "runs/first", "cube.npy")
