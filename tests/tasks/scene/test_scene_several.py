"""Several scenes of one sensor that train together, and scenes that are never trained on."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

import lissom
from lissom.cli.main import run as command
from lissom.errors import DataError, Interrupted, UsageError
from lissom.events import EpochEnded, Stop, silent
from lissom.models.window_net import windows_at
from lissom.runs.weights import read_weights
from lissom.tasks.scene.compare import compare_pixels
from lissom.tasks.scene.data.scene import Scene
from lissom.tasks.scene.data.several import together
from lissom.tasks.scene.data.synthetic import synthetic_scene
from lissom.tasks.scene.prepare import prepare, read, resolve_from_paper
from lissom.tasks.scene.ready import pool
from lissom.tasks.scene.settings import SceneConfig, SceneTrainConfig
from lissom.training.run import Run
from lissom.training.start import resolve_config
from scene_files import write_envi

NM = np.linspace(400, 950, 12)
HAS = {"west": np.arange(12), "east": np.array([7, 3, 0, 11, 10, 5, 1, 2, 9, 6, 8]), "far": np.arange(12)[::-1]}
"""Bands of each file, in its order; the east has no band 5."""
WHOLE = synthetic_scene(20, 48, 12, 3, seed=1)
PLACE = {"west": slice(0, 18), "east": slice(18, 32), "far": slice(32, 48)}
KNN: dict[str, Any] = {"model": "knn", "train_fraction": 0.3}


def cube_of(name: str) -> np.ndarray:
    """With the bands of `NM`, in its order."""
    return np.asarray(WHOLE.cube)[:, PLACE[name]]


def truth_of(name: str) -> np.ndarray:
    return np.asarray(WHOLE.ground_truth)[:, PLACE[name]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("several")
    for name, bands in HAS.items():
        nm = ", ".join(f"{value:.1f}" for value in NM[bands])
        cube = np.ascontiguousarray(cube_of(name)[..., bands])
        write_envi(folder / f"{name}.hdr", cube, wavelength_units="nm", wavelength=f"{{{nm}}}")
        np.save(folder / f"{name}.npy", truth_of(name))
    return folder


def files(place: Path, *names: str, test: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "cube": [place / f"{name}.hdr" for name in names],
        "ground_truth": [place / f"{name}.npy" for name in names],
    }
    if test:
        found |= {"test_cube": place / f"{test}.hdr", "test_ground_truth": place / f"{test}.npy"}
    return found


def config_of(settings: dict[str, Any]) -> SceneTrainConfig:
    return resolve_from_paper(resolve_config("scene", settings))


def scenes_of(config: SceneTrainConfig) -> list[Scene]:
    return [read(config.scene, silent, each) for each in config.scene.files]


@pytest.fixture(scope="module")
def run(place: Path) -> Run:
    return lissom.train("scene", **files(place, "west", "east", test="far"), **KNN, runs_dir=place / "runs", name="r")


def halves(place: Path, name: str, *, without: int | None = None) -> dict[str, str]:
    """Maps of a scene's even rows to train and of its odd ones to test; without: a class that does not train."""
    found, truth = {}, truth_of(name)
    for setting, first in (("train_map", 0), ("test_map", 1)):
        ids = np.zeros_like(truth)
        ids[first::2] = truth[first::2]
        if setting == "train_map":
            ids[ids == without] = 0
        found[setting] = str(place / f"{name}_{setting}.npy")
        np.save(found[setting], ids)
    return found


def test_each_scene_is_split_by_its_own_two_maps(place: Path, tmp_path: Path) -> None:
    """A class may train in one scene alone, but must in one."""
    given: dict[str, Any] = {"model": "knn", "split": "maps", **files(place, "west", "east")}
    west, east, lacks = halves(place, "west", without=2), halves(place, "east"), halves(tmp_path, "east", without=2)
    paired = {key: [west[key], east[key]] for key in west}
    run = lissom.train("scene", **given, **paired, runs_dir=tmp_path, name="m")
    tested = sum(int((np.load(each["test_map"]) > 0).sum()) for each in (west, east))
    assert (run.record.data.sizes["test"], evaluation(run)["pixels"]) == (tested, tested)
    assert {"train_map", "train_map 2", "test_map", "test_map 2"} <= set(run.items)
    assert lissom.evaluate(run, write=False)["oa"] == run.test["oa"] > 0.7
    with pytest.raises(DataError, match="Classes 2 have no training pixel"):
        lissom.train("scene", **given, train_map=[west["train_map"], lacks["train_map"]], test_map=paired["test_map"])
    with pytest.raises(UsageError, match="2 cubes and 1 map of --train-map; expected one map for each"):
        lissom.train("scene", **given, train_map=west["train_map"], test_map=paired["test_map"])
    swapped = {"train_map": paired["train_map"], "test_map": paired["test_map"][::-1]}
    with pytest.raises(DataError, match=r"east_test_map.npy|14x20|20x14"):
        lissom.train("scene", **given, **swapped)


def evaluation(run: Run) -> dict[str, Any]:
    return json.loads((run.path / "evaluation.json").read_text("utf-8"))


def kept(run: Run, folder: str) -> dict[str, np.ndarray]:
    with np.load(run.path / "scenes" / folder / "classified.npz") as file:
        return dict(file)


def test_the_result_is_that_of_the_scene_never_trained_on(run: Run) -> None:
    found, far = evaluation(run), kept(run, "003-far")
    labelled = truth_of("far") > 0
    assert not (far["train"] | far["val"]).any()
    np.testing.assert_array_equal(far["test"], labelled)
    right = (np.load(run.path / "scenes/003-far/map.npy") == truth_of("far"))[labelled]
    assert (found["pixels"], found["oa"]) == (labelled.sum(), pytest.approx(right.mean()))
    assert run.record.data.sizes["test"] == labelled.sum()
    assert found["leak"] == 0
    rows = found["scenes"]
    assert [(row["scene"], row["role"], row["measured"]) for row in rows] == [
        ("west", "train", False), ("east", "train", False), ("far", "test", True),
    ]  # fmt: skip
    for row, folder in zip(rows[:2], ("001-west", "002-east"), strict=True):
        held = kept(run, folder)
        right = (held["predicted"] == held["labels"])[held["test"]]
        assert (row["pixels"], row["oa"]) == (len(right), pytest.approx(right.mean()))
    told = [str(note) for note in (run.record.data.split, *run.record.notes)]
    assert f"Tested on {labelled.sum()} labelled pixels of far, never trained on" in told[0]
    assert any(words.startswith("west, a training scene: OA") for words in told)


def test_without_a_test_scene_all_held_out_pixels_are_measured(place: Path, tmp_path: Path) -> None:
    found = lissom.train("scene", **files(place, "west", "east"), **KNN, runs_dir=tmp_path, name="two")
    held = [kept(found, folder) for folder in ("001-west", "002-east")]
    right = np.concatenate([(each["predicted"] == each["labels"])[each["test"]] for each in held])
    assert evaluation(found)["pixels"] == len(right)
    assert evaluation(found)["oa"] == pytest.approx(right.mean())
    again = lissom.train("scene", **files(place, "west", "east"), **KNN, runs_dir=tmp_path, name="again")
    compared = compare_pixels(found, again)
    assert compared
    assert (compared.oa.only_first, compared.oa.only_second) == (0, 0)


def test_no_window_reaches_another_scene(place: Path) -> None:
    config = config_of(files(place, "west", "east", test="far") | {"model": "cnn2d", "window": 7, "components": 3})
    data = prepare(config, *scenes_of(config))
    assert data.pool.labels.shape == (20 + 3 + 20, 18)  # the two that train alone
    tops = (0, 20 + 3)
    for part, top in zip(data.parts[:2], tops, strict=True):
        coords = torch.from_numpy(np.argwhere(part.scene.valid))
        shifted = coords + torch.tensor([top, 0])
        own = windows_at(part.reduced.values, coords, 7)
        assert torch.equal(windows_at(data.reduced.values, shifted, 7), own)
        np.testing.assert_array_equal(data.pool.labels[top : top + 20, : part.scene.width], part.scene.labels)
    assert data.sizes["train"] == data.split.train.sum()
    assert pool(data.parts[:1], 7).labels is data.parts[0].scene.labels


def test_the_preprocessing_is_that_of_the_training_pixels_of_all_scenes_and_of_no_other(place: Path) -> None:
    config = config_of(files(place, "west", "east", test="far") | KNN | {"standardise": True})
    data = prepare(config, *scenes_of(config))
    seen = [cube_of(part.name)[part.split.train | part.split.val] for part in data.parts[:2]]  # no epoch is chosen
    assert all(len(pixels) for pixels in seen)
    pixels = np.concatenate(seen).astype(np.float64)
    used = np.arange(12) != 4  # the east has no such band
    np.testing.assert_allclose(data.fitted.mean, np.where(used, pixels.mean(0), 0))
    np.testing.assert_array_equal(data.fitted.matrix.any(1), used)
    for part in data.parts:
        expected = ((cube_of(part.name) - pixels.mean(0)) / pixels.std(0))[..., used]
        np.testing.assert_allclose(part.reduced.values.permute(1, 2, 0), expected, atol=1e-4)
    assert "11 of the 12 bands of the first scene were found in every scene, by wavelength; left out: 5." in map(
        str, data.remarks
    )


def test_scenes_without_wavelengths_need_as_many_bands() -> None:
    whole = synthetic_scene(8, 9, 6, 2, seed=1)
    bare = Scene(cube=whole.cube, ground_truth=whole.ground_truth, class_ids=(1, 2), class_names=("1", "2"),
                 colours=whole.colours, valid=whole.valid, name="b", source="b.npy")  # fmt: skip
    found = together([bare, whole])
    assert "matched in order" in str(found.notes[0])
    np.testing.assert_array_equal(found.bands[1], np.arange(6))
    fewer = synthetic_scene(8, 9, 5, 2, seed=1)
    with pytest.raises(DataError, match=r"has 5 bands; expected 6, as b\.npy"):
        together([bare, fewer])


def named(source: str, **names: int) -> Scene:
    """A scene of 2 x K pixels, two of each class."""
    ids = np.array([list(names.values())] * 2)
    colours = tuple((10 * k, 0, 0) for k in range(len(names)))
    pairs = sorted((k, name) for name, k in names.items())
    return Scene(
        cube=np.zeros((*ids.shape, 3)), ground_truth=ids, class_ids=tuple(k for k, _ in pairs), colours=colours,
        class_names=tuple(name.removeprefix("n") for _, name in pairs), valid=ids > 0, name=source, source=source,
    )  # fmt: skip


def test_classes_with_names_are_matched_by_name_and_each_scene_may_add_some() -> None:
    first, second = named("a", corn=1, soy=2), named("b", Soy=1, rye=5)
    one, two = together([first, second]).scenes
    assert one.class_names == two.class_names == ("corn", "soy", "rye")
    assert one.class_ids == two.class_ids == (1, 2, 5)
    assert np.asarray(two.ground_truth)[0].tolist() == [2, 5]
    assert len(set(one.colours)) == 3
    assert "b: classes were matched by name" in str(together([first, second]).notes[-1])
    three = together([named("a", n1=1, n2=2), named("b", corn=1, n4=4)]).scenes[0]
    assert three.class_names == ("corn", "2", "4")  # where one has no names, ids decide


def test_an_id_that_stands_for_two_classes_is_refused() -> None:
    with pytest.raises(DataError, match=r"Class id 2 is rye in b; expected soy, as in a"):
        together([named("a", corn=1, soy=2), named("b", corn=1, rye=2)])


def test_names_of_a_file_are_for_the_ids_of_all_scenes(place: Path, tmp_path: Path) -> None:
    """Three names for three ids, of which the second map has two."""
    np.save(tmp_path / "east.npy", np.where(truth_of("east") == 1, 0, truth_of("east")))
    (tmp_path / "names.txt").write_text("corn\nsoy\nrye\n", encoding="utf-8")
    settings = files(place, "west", "east") | KNN | {"class_names": tmp_path / "names.txt"}
    settings["ground_truth"][1] = tmp_path / "east.npy"
    found = lissom.train("scene", **settings, runs_dir=tmp_path, name="r")
    assert found.facts.class_names == ("corn", "soy", "rye")
    assert [row["class"] for row in evaluation(found)["per_class"]] == ["corn", "soy", "rye"]
    (tmp_path / "names.txt").unlink()
    assert lissom.evaluate(found.path, write=False)["oa"] == evaluation(found)["oa"]


def test_another_labelled_scene_is_evaluated_as_one_never_trained_on(run: Run, place: Path, tmp_path: Path) -> None:
    two = lissom.train("scene", **files(place, "west", "east"), **KNN, runs_dir=tmp_path, name="two")
    paths = {"cube": place / "far.hdr", "ground_truth": place / "far.npy"}
    found = lissom.evaluate(two.path, **paths, write=False)
    assert (found["data"], found["oa"], found["pixels"]) == ("other", *(evaluation(run)[k] for k in ("oa", "pixels")))
    both = lissom.evaluate(two.path, cube=[place / "far.hdr", place / "west.hdr"], ground_truth=[
        place / "far.npy", place / "west.npy"], write=False)  # fmt: skip
    west = kept(two, "001-west")
    assert [row["pixels"] for row in both["scenes"]] == [found["pixels"], west["test"].sum()]  # not those that trained
    write_envi(tmp_path / "bright.hdr", cube_of("far") * 100.0)
    loud = lissom.evaluate(two.path, cube=tmp_path / "bright.hdr", ground_truth=place / "far.npy", write=False)
    assert any(note["name"] == "scene_files.unlike" for note in loud["notes"])


def test_the_map_of_each_scene_is_that_of_a_prediction(run: Run, place: Path, tmp_path: Path) -> None:
    for name, folder in (("east", "002-east"), ("far", "003-far")):
        lissom.predict(run.path, place / f"{name}.hdr", output=str(tmp_path / f"{name}.npy"))
        expected = np.load(run.path / "scenes" / folder / "map.npy")
        np.testing.assert_array_equal(np.load(tmp_path / f"{name}.npy"), expected)


def test_the_digest_covers_all_files(run: Run, place: Path, tmp_path: Path) -> None:
    assert set(run.items) == {"cube", "ground_truth", "cube 2", "ground_truth 2", "test_cube", "test_ground_truth"}
    other = truth_of("far").copy()
    other[0, 0] = 3 - other[0, 0] % 2
    np.save(tmp_path / "far.npy", other)
    moved = lissom.evaluate(run.path, **files(place, "west", "east", test="far"), write=False)
    assert moved["data"] == "moved"
    assert moved["oa"] == evaluation(run)["oa"]
    with pytest.raises(DataError, match="test_ground_truth"):
        lissom.resume(run.path, test_ground_truth=tmp_path / "far.npy")


def test_settings_stand_in_the_folder_as_lists_or_as_one_text(run: Run, place: Path) -> None:
    stored = yaml.safe_load((run.path / "config.yaml").read_text("utf-8"))["scene"]
    assert stored["cube"] == [str(place / "west.hdr"), str(place / "east.hdr")]
    assert stored["test_cube"] == str(place / "far.hdr")
    for name in ("test_cube", "test_ground_truth"):
        del stored[name]
    one = stored | {"cube": "a.hdr", "ground_truth": "a.npy"}  # as folders from before hold it
    assert [each.cube for each in SceneConfig(**one).files] == ["a.hdr"]


def test_a_stopped_training_on_several_scenes_goes_on_exactly(place: Path, tmp_path: Path) -> None:
    settings = files(place, "west", "east", test="far") | {
        "model": "cnn2d", "window": 5, "components": 3, "train_fraction": 0.3, "epochs": 2, "batch_size": 64,
        "threads": 1, "runs_dir": tmp_path,
    }  # fmt: skip
    whole = lissom.train("scene", **settings, name="whole")
    stop = Stop()
    with pytest.raises(Interrupted):
        lissom.train("scene", **settings, name="cut", stop=stop,
                     listener=lambda event: stop.ask() if isinstance(event, EpochEnded) else None)  # fmt: skip
    cut = lissom.resume(tmp_path / "cut")
    first, second = (read_weights(each.path / "last.safetensors")[0] for each in (whole, cut))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert cut.test["oa"] == whole.test["oa"]
    page = (whole.path / "report.html").read_text("utf-8")
    assert page.count("far (test only): OA") == 2  # its maps and its spectra


def test_pairs_that_do_not_fit_are_refused_in_one_line(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    west, east = str(place / "west.hdr"), str(place / "east.hdr")
    maps = [str(place / "west.npy"), str(place / "east.npy")]
    assert command(["train", "scene", "--cube", west, east, "--ground-truth", maps[0]]) == 2
    error = capsys.readouterr().err
    assert "2 cubes and 1 map of --ground-truth" in error
    assert error.count("\n") == 1
    assert command(["train", "scene", "--model", "knn", "--cube", west, west, "--ground-truth", maps[0], maps[0]]) == 3
    assert "the same content" in capsys.readouterr().err
    assert command(["train", "scene", "--cube", west, east, "--ground-truth", *maps, "--split", "maps",
                    "--train-map", maps[0], "--test-map", maps[0]]) == 2  # fmt: skip
    assert not (tmp_path / "runs").exists()
    with pytest.raises(UsageError, match="1 cubes and 2"):
        SceneConfig(test_cube="a.hdr", test_ground_truth=("a.npy", "b.npy"))
